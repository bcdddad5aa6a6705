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

CODES = {found.__name__: found.exit_code for found in CLASSES} | {
    "NotRun": errors.Unequipped.exit_code
}
NOT_FOR_USERS = {
    # the rig's own programs, which its own orders start
    "a dialler is told either how many dials, or how many seconds between two",
    "give one argument, the orders file",
    "the names \n and \n are too long together",
    "\n cannot name a host or backend: use visible ASCII, no spaces",
    "port \n is outside 1-\n",
    "the \n has \n bytes, SOCKS carries 1-\n",
    "the \n \n is not ASCII",
    # the shipped measurement, and what the plan command has refused before
    "give either a target rate or a number of hosts",
    "reference.toml: \n",
    "reference.toml: \n: lowest, likely and highest, in this order",
}
"""Errors that nobody meets on a command line: only a defect of ours could raise them."""


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


def errors_made():
    """Return the code and the text of each error that the sources make with words of their own."""
    made = []
    for path in (PROJECT / "src/onionrig").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            code = CODES.get(node.func.id)
            text = text_of(node.args[0])
            if code is not None and re.search(r"\w{2}\W+\w{2}", text):
                made.append((code, text))
    return made


def text_of(node):
    """Return the words that are certain of a text; what is put into it is a line break."""
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(map(text_of, node.values))
        case ast.BinOp():
            return text_of(node.left) + text_of(node.right)
        case ast.IfExp():
            return f"{text_of(node.body)}\n{text_of(node.orelse)}"
        case _:
            return "\n"


def test_every_error_is_in_the_section_of_its_code():
    quoted = {
        int(code): re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
        for section in PAGE.split("\n## ")
        for code in re.findall(r"\b\d+\b", section.partition("\n")[0])
    }
    missing = [
        (code, text)
        for code, text in errors_made()
        if not any(words in text for words in quoted.get(code, []))
    ]
    assert [found for found in missing if found[1] not in NOT_FOR_USERS] == []
    # an exception that is no longer needed is told as well
    assert {text for _, text in missing} >= NOT_FOR_USERS
