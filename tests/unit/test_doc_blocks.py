"""Every fenced block of the docs is generated, recorded on a named day, or no output at all."""

import datetime
import re

import pytest

from support.files import PROJECT

PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("**/*.md")))
GENERATED = re.compile(r"<!-- output: onionrig [^\n]+ -->")
RECORDED = re.compile(r"<!-- recorded (?P<day>\d{4}-\d\d-\d\d): (?P<command>\S[^\n]*) -->")
DRAWN = "<!-- drawn by hand -->"
INPUTS = ("toml", "yaml", "ini", "json")
"""Languages of what a reader writes, and no program prints."""
PROGRAMS = re.compile(
    r"(?:\w+\$ )?(?:PYTHONPATH=\S+ )?"
    r"(?:onionrig|make|git|cd|sudo|apt-get|ssh-keyscan|ssh-keygen|\.venv/bin/\w+|nc|curl)\b"
)
"""The beginning of a line that is typed."""


def blocks(text):
    """Yield the line above each fenced block, its language and its lines."""
    above = ""
    lines = iter(text.split("\n"))
    for line in lines:
        if line.startswith("```"):
            inside = []
            for within in lines:
                if within.startswith("```"):
                    break
                inside.append(within)
            yield above, line.removeprefix("```"), inside
        above = line


def trouble(above, language, inside):
    """Explain what is wrong with a block, or return None."""
    if GENERATED.fullmatch(above) or above == DRAWN or language in INPUTS:
        return None
    if recorded := RECORDED.fullmatch(above):
        if datetime.date.fromisoformat(recorded["day"]) > datetime.date.today():  # noqa: DTZ011 - a day
            return "was recorded in the future"
        typed = [line.partition("$ ")[2] for line in inside if "$ " in line]
        known = any(line.startswith(recorded["command"]) for line in typed)
        return None if known else f"does not show its command: {recorded['command']}"
    if all(PROGRAMS.match(line) for line in inside if line and not line.startswith(" ")):
        return None
    return "is an output that is neither generated nor recorded: see scripts/make_docs.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_block_is_typed_or_says_which_command_printed_it(page):
    found = [
        f"{inside[0]}: {why}"
        for above, language, inside in blocks(page.read_text(encoding="utf-8"))
        if (why := trouble(above, language, inside))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("above", "language", "inside"),
    [
        ("", "", ["$ onionrig show latest", "200 Mbit/s sustained"]),
        ("", "", ["200 Mbit/s sustained"]),
        ("", "", ["onionrig show latest", "200 Mbit/s sustained"]),
        ("<!-- recorded: onionrig show latest -->", "", ["$ onionrig show latest", "200 Mbit/s"]),
        ("<!-- recorded 2026-11-29: onionrig show a -->", "", ["$ onionrig show b", "1 Mbit/s"]),
        ("<!-- recorded 9999-01-01: onionrig show a -->", "", ["$ onionrig show a", "1 Mbit/s"]),
    ],
)
def test_an_output_of_unknown_origin_is_refused(above, language, inside):
    assert trouble(above, language, inside) is not None


@pytest.mark.parametrize(
    ("above", "language", "inside"),
    [
        ("", "", ["onionrig run", "make test          # everything"]),
        ("", "", ["you$ ssh-keygen -lf ~/.ssh/known_hosts"]),
        ("", "toml", ["[load]", "streams = 64"]),
        ("<!-- output: onionrig plan --hosts 6 -->", "", ["$ onionrig plan --hosts 6", "6"]),
        ("<!-- recorded 2026-11-29: onionrig show a -->", "", ["$ onionrig show a", "1 Mbit/s"]),
        (DRAWN, "", ["a ─▶ b"]),
    ],
)
def test_inputs_and_outputs_of_known_origin_are_accepted(above, language, inside):
    assert trouble(above, language, inside) is None
