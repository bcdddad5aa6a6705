"""The words of the code: what a class name means, and how attributes are documented."""

import ast
import itertools
from collections import defaultdict

from support.files import PROJECT

PREPOSITIONS = {
    "of", "by", "from", "for", "in", "on", "at", "to", "with", "as", "where", "that", "so", "what",
    "whose", "which", "how", "until", "since", "between", "among", "without", "beside", "beyond",
    "after", "before", "if",
}  # fmt: skip
"""What a fragment begins with, rather than a sentence or a noun phrase."""
SOURCE = PROJECT / "src/onionrig"


def attribute_docs(path):
    """Yield the line and text of each text that stands below an assignment."""
    for node in ast.walk(ast.parse(path.read_text())):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for statement, below in itertools.pairwise(body):
            if (
                isinstance(statement, ast.Assign | ast.AnnAssign)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                yield below.lineno, below.value.value


def test_no_attribute_doc_is_a_fragment():
    fragments = [
        f"{path.relative_to(SOURCE)}:{line}: {text}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, text in attribute_docs(path)
        if text.split()[0].strip('`",').lower() in PREPOSITIONS
    ]
    assert fragments == []


def named_types(module):
    """Yield the name of each class of a module, nested ones too, and of each alias of a type."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            is_type = name.lstrip("_")[:1].isupper() and not name.isupper()
            is_type_variable = isinstance(value, ast.Call)
            is_same_class = isinstance(value, ast.Attribute) and value.attr == name
            if is_type and not is_type_variable and not is_same_class:
                yield name


def test_no_class_has_the_name_of_another_class_or_alias():
    # a private class counts under its name without the underscore: a reader says both alike
    places, class_names = defaultdict(list), set()
    for path in sorted(SOURCE.rglob("*.py")):
        module = ast.parse(path.read_text())
        for name in named_types(module):
            places[name.lstrip("_")].append(path.relative_to(SOURCE).as_posix())
        class_names |= {
            node.name.lstrip("_") for node in ast.walk(module) if isinstance(node, ast.ClassDef)
        }
    assert class_names
    assert {name: places[name] for name in class_names if len(places[name]) > 1} == {}
