"""What README and docs quote is what the commands above it print now."""

import subprocess
import sys

import pytest

from support.files import PROJECT
from support.waiting import HANG_SECONDS

pytestmark = pytest.mark.process


def test_quoted_outputs_are_what_their_commands_print():
    done = subprocess.run(
        [sys.executable, PROJECT / "scripts/make_docs.py", "--check"],
        capture_output=True, text=True, timeout=HANG_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"type make docs: {done.stdout}{done.stderr}"


def test_the_readme_quotes_a_run_and_a_plan():
    readme = (PROJECT / "README.md").read_text()
    assert "<!-- output: onionrig show docs/results/default " in readme
    assert "<!-- output: onionrig plan " in readme
