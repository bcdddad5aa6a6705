"""What the program says of recorded runs, as text: to be compared with what it said before.

``python tests/support/golden.py`` says it again into tests/data/recorded, for a change that is meant.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import msgspec
from rich.console import Console

from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse
from onionrig.store.run_directory import RunDirectory
from onionrig.views.export.tables import TABLES
from onionrig.views.report.run.report import run_report
from onionrig.views.summary.run import summary

RECORDED = Path(__file__).parents[1] / "data" / "recorded"
"""A directory for each run: ``run`` is what was recorded, beside it is what is said of it."""
RUNS = tuple(sorted(path.name for path in RECORDED.iterdir())) if RECORDED.exists() else ()
UNSEEN = {"script", "style", "title"}


def said_of(run: RunDirectory) -> dict[str, str]:
    """Return what is said of a run by file: result.json, show.txt, report.txt and CSV files."""
    recording = run.recording()
    result = analyse(recording)
    page = run_report(result, recording, series(recording), notes=tuple(recording.gaps)).html
    return {
        "result.json": msgspec.json.format(msgspec.json.encode(result)).decode() + "\n",
        "show.txt": _printed(summary(result, Path("runs/it"), tuple(recording.gaps))),
        "report.txt": text_of(page),
        **{f"csv/{table.name}.csv": _csv(table, recording) for table in TABLES},
    }


def text_of(page: str) -> str:
    """Return what a reader finds on a page, a line for each piece of text."""
    reader = _Reader()
    reader.feed(page)
    return "\n".join(reader.lines) + "\n"


def _printed(shown: object) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None, force_terminal=False)
    console.print(shown, highlight=False)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def _csv(table, recording) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows(recording))
    return lines.getvalue()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag, _attributes) -> None:
        self._unseen += tag in UNSEEN

    def handle_endtag(self, tag) -> None:
        self._unseen -= tag in UNSEEN

    def handle_data(self, data) -> None:
        if not self._unseen and (text := " ".join(data.split())):
            self.lines.append(text)


def say_again() -> None:
    """Write what is now said of every recorded run."""
    for name in RUNS:
        with tempfile.TemporaryDirectory() as place:
            run = RunDirectory(Path(shutil.copytree(RECORDED / name / "run", Path(place) / "it")))
            for file, text in said_of(run).items():
                path = RECORDED / name / file
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)


if __name__ == "__main__":
    say_again()
