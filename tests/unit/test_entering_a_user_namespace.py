"""Where hosts are emulated, a command may start itself again: before it has made anything."""

import pytest

from onionrig.analysis.several_runs.grid import axis_from
from onionrig.cli.commands import baseline, compare, run, sweep
from onionrig.cli.main import application
from onionrig.errors import Unequipped
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.records.series.sweep import SweepPlan
from onionrig.store.series_directory import SeriesDirectory

HOSTS = """
network.kind = "none"
[[hosts]]
name = "pi1"
roles = ["backend"]
[[hosts]]
name = "here"
roles = ["client"]
"""


class Entered(Unequipped):
    """Stands in for starting again."""


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """An experiment with hosts; starting again is told, and nothing else can be made."""

    def enter():
        raise Entered

    for command in (baseline, compare, run, sweep):
        monkeypatch.setattr(command, "enter_user_namespace_if_needed", enter)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "hosts.toml"
    path.write_text(HOSTS)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("run", "hosts.toml"),
        ("baseline", "hosts.toml"),
        ("compare", "hosts.toml", "hosts.toml"),
        ("sweep", "hosts.toml", "--over", "load.streams=1,2"),
    ],
    ids=["run", "baseline", "compare", "sweep"],
)
def test_a_command_enters_before_it_makes_anything(experiment, tmp_path, words):
    with pytest.raises(Entered):
        application()(words, standalone_mode=False)
    assert list(tmp_path.iterdir()) == [experiment]


def test_a_sweep_that_is_gone_on_with_enters_too(experiment, tmp_path):
    directory = SeriesDirectory.create(tmp_path / "sweep")
    directory.write_plan(
        SweepPlan(
            name="hosts",
            started="2026-01-01T00:00:00+00:00",
            command=("onionrig", "sweep"),
            experiment=plain(experiment_from([layer_from_toml(HOSTS, origin="test")])),
            axes=(axis_from("load.streams=1,2"),),
            repeat=1,
        )
    )
    with pytest.raises(Entered):
        application()(("sweep", "--resume", "sweep"), standalone_mode=False)
    assert directory.runs() == []
