"""How the code is documented: attribute docs are sentences or noun phrases about the attribute."""

import ast
import itertools

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
