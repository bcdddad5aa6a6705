"""What is said of recorded runs is what was said of them before, to the byte.

A change that is meant is made with ``python tests/support/golden.py``, and read before it is committed.
"""

import re
import sys

import pytest

from onionrig.store.run_directory import RunDirectory
from support.golden import RECORDED, RUNS, said_of

EXPECTED = {
    "aborted", "baseline", "damaged", "dials", "emulated-hosts", "events", "smoke", "two-loads",
}  # fmt: skip


def test_a_run_of_every_kind_is_recorded():
    assert set(RUNS) == EXPECTED


@pytest.mark.parametrize("name", RUNS)
def test_the_same_is_said_of_a_recorded_run_as_before(name):
    said = said_of(RunDirectory(RECORDED / name / "run"))
    before = {file: (RECORDED / name / file).read_text() for file in said}
    for file, text in said.items():
        assert exactly(text) == exactly(before[file]), f"{name}/{file}"


def exactly(text):
    """Return a text to the byte; Pythons after 3.11 add floats more exactly, so to ten digits there."""
    if sys.version_info[:2] == (3, 11):
        return text
    return re.sub(r"\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.10g}", text)
