"""docs/troubleshooting.md quotes messages that the program really has, and has every exit code."""

import ast
import re

import pytest

from onionrig import errors
from support.files import PROJECT

PAGE = (PROJECT / "docs/troubleshooting.md").read_text()
QUOTED = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)
CLASSES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, errors.OnionrigError)
]


def literal_texts():
    """Return every text of the program's sources; what is put into one is a line break."""
    texts = []
    for path in (PROJECT / "src/onionrig").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "\n" for part in node.values
                )
                texts.append("".join(parts))
    return "\n".join(texts)


def test_every_quoted_message_is_in_the_program():
    texts = literal_texts()
    assert QUOTED
    assert [quoted for quoted in QUOTED if quoted not in texts] == []


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_every_exit_code_has_its_section(error):
    headings = [line for line in PAGE.splitlines() if line.startswith("## ")]
    codes = {int(code) for line in headings for code in re.findall(r"\b\d+\b", line)}
    assert error.exit_code in codes
