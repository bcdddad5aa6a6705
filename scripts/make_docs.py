"""Write the outputs that README and docs quote again, from the commands that stand above them.

usage: python scripts/make_docs.py [--check]
  --check  writes nothing, and fails where a quoted output is not what its command prints now

A quoted output is a fenced block below a line such as "<!-- output: onionrig plan --hosts 6 -->".
The command runs in the project's directory. "| head -n 20" after it keeps the first lines, and
"| sed -n 8,12p" those lines, below an ellipsis. A table between "<!-- table: scripts/NAME.py -->"
and "<!-- end of table -->" is what the script prints.

What no command can print again, because it takes hosts or a rig that is up, stands below a line
such as "<!-- recorded 2026-11-29: onionrig cluster status -->", with the command that printed it
on that day. tests/unit/test_doc_blocks.py refuses an output that has neither line.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")))
COMMAND_SECONDS = 120
_UNFOLDED = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
_BLOCK = re.compile(
    r"(?P<head><!-- output: (?P<command>onionrig [^|\n]+?)"
    r"(?: \| (?:head -n (?P<lines>\d+)|sed -n (?P<first>\d+),(?P<last>\d+)p))? -->\n```\n)"
    r"(?P<output>.*?)(?P<tail>\n```\n)",
    re.DOTALL,
)

_TABLE = re.compile(
    r"(?P<head><!-- table: (?P<script>scripts/\w+\.py) -->\n)"
    r".*?(?P<tail>\n<!-- end of table -->\n)",
    re.DOTALL,
)


def main() -> int:
    """Write every page again, or name those that are out of date."""
    stale = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fresh = _TABLE.sub(_tabled, _BLOCK.sub(_regenerated, text))
        if fresh != text:
            stale.append(str(page.relative_to(PROJECT)))
            if "--check" not in sys.argv:
                page.write_text(fresh, encoding="utf-8")
    if stale:
        print("\n".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


def _regenerated(block: re.Match[str]) -> str:
    lines = _printed(block["command"]).rstrip("\n").split("\n")
    shown = lines
    if block["lines"]:
        shown = lines[: int(block["lines"])]
    elif block["first"]:
        shown = ["\u2026", *lines[int(block["first"]) - 1 : int(block["last"])]]
    shown = [f"$ {block['command']}", *shown]
    text = "\n".join(line.rstrip() for line in shown)
    return f"{block['head']}{text}{block['tail']}"


def _tabled(block: re.Match[str]) -> str:
    table = _printed_by([block["script"]], block["script"]).rstrip("\n")
    return f"{block['head']}{table}{block['tail']}"


def _printed(command: str) -> str:
    return _printed_by(["-m", *shlex.split(command)], command)


def _printed_by(words: list[str], command: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        env={**_UNFOLDED, "PYTHONPATH": str(PROJECT / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode not in {0, 3}:  # 3: measured, and the target is missed
        raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
