"""Runs that are called alike: told apart in what is printed, and never in one directory."""

import io

import pytest
from rich.console import Console

from onionrig.cli.live import default_out
from onionrig.cli.main import application
from onionrig.cli.series.printer import SeriesPrinter
from onionrig.errors import RunDirectoryError, UsageError
from onionrig.series.base import Begins
from onionrig.series.comparison import runs_compared
from onionrig.store.run_directory import RunDirectory, new_beside_others
from onionrig.store.runs import distinct_names
from support.records.realistic_run import realistic_run
from support.records.run_directories import write_run


@pytest.fixture
def alike(tmp_path, monkeypatch):
    """Two runs whose directories have one name."""
    monkeypatch.chdir(tmp_path)
    made = realistic_run(hold_seconds=12)
    return [write_run(tmp_path / side / "r", made) for side in ("a", "b")]


def report(*arguments):
    application()(("report", *arguments), standalone_mode=False)


def test_reports_of_runs_called_alike_are_beside_each_other(alike, tmp_path, capsys):
    report("a/r", "b/r", "a/../a/r", "--out", "both")
    assert capsys.readouterr().out == "both/a/r/report.html\nboth/b/r/report.html\n"
    assert (tmp_path / "both" / "b" / "r" / "report.html").is_file()


def test_a_report_is_not_written_over_that_of_another_run(alike):
    with pytest.raises(UsageError, match="--out b/r: the report of a/r would overwrite"):
        report("a/r", "--out", "b/r")


def test_sides_called_alike_are_told_apart(alike):
    comparison = runs_compared(*alike)
    assert (comparison.a.title, comparison.b.title) == ("a/r", "b/r")


def test_names_are_as_short_as_they_can_be(tmp_path):
    assert distinct_names([tmp_path / "x", tmp_path / "y"]) == ["x", "y"]
    assert distinct_names([tmp_path / "p/x/r", tmp_path / "q/x/r"]) == ["p/x/r", "q/x/r"]
    assert distinct_names([tmp_path / "x"]) == ["x"]
    assert distinct_names([tmp_path / "x", tmp_path / "x"]) == ["x", "x"]


def test_runs_of_one_second_get_directories_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = [default_out("default") for _ in range(3)]
    assert len(set(made)) == 3
    assert [RunDirectory.create(path).path.is_dir() for path in made] == [True] * 3


def test_a_name_that_is_taken_gets_a_number(tmp_path):
    names = [new_beside_others(tmp_path / "runs" / "t-x").name for _ in range(3)]
    assert names == ["t-x", "t-x-2", "t-x-3"]


def test_where_nothing_can_be_made_that_is_said(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(RunDirectoryError):
        new_beside_others(tmp_path / "runs" / "t-x")


@pytest.mark.parametrize(("rigs", "text"), [(1, "on 1 rig, about"), (2, "on 2 rigs, about")])
def test_one_rig_is_not_called_rigs(tmp_path, rigs, text):
    out = io.StringIO()
    telling = SeriesPrinter(Console(file=out, width=200), tmp_path, resume="")
    telling.tell(Begins(holds_left=1, holds=2, rigs=rigs, seconds=60))
    assert text in out.getvalue()
