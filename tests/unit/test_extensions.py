"""What is added in tests/support alone goes all the way: a shape of a load, a series."""

import msgspec
import pytest

from onionrig.analysis.result import analyse
from onionrig.cli.question import ask
from onionrig.errors import NothingServed, UsageError
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.experiment.loads.registry import SHAPES
from onionrig.records.streams.transfers import Ending
from onionrig.rig.model import Role
from onionrig.store.series_directory import SeriesDirectory
from onionrig.views.summary.run import summary
from support.extensions import CONNECTIONS, three_runs
from support.fake_engine.engine import Script
from support.fake_engine.runs import BUSY, Ran, fake_question, know_the_network, script
from support.records.run_directories import append
from support.records.samples import transfer
from support.rigs import rig_of
from support.views.terminal import printed

ASKED = """
[load]
kind = "connections"
connections_per_second = 20.0
ramp = "1s"
hold = "10s"
"""


@pytest.fixture(autouse=True)
def known_network(monkeypatch):
    know_the_network(monkeypatch)


@pytest.fixture
def connections(monkeypatch):
    """The shape, in the registry."""
    monkeypatch.setitem(SHAPES, "connections", CONNECTIONS)


def tables(text=ASKED):
    without_load = {key: value for key, value in BUSY.items() if key not in {"load", "events"}}
    return {**without_load, **layer_from_toml(text, origin="test")}


def dialled(run_directory, rig, schedule):
    """Have the diallers record two dials a second, of which one in five fails."""
    (dialler,) = rig.with_role(Role.DIALLER)
    dials = [
        transfer(number, started=float(second), ended_after=0.5, **failing)
        for second in range(schedule.ramp_second, schedule.end_second)
        for number, failing in enumerate(
            [{}] * 4 + [{"backend": None, "ending": Ending.CONNECT_TIMEOUT}]
        )
    ]
    append(run_directory.dials_path / f"{dialler.name}.jsonl", dials)


# a shape of a load


def test_a_shape_is_asked_for_in_toml_and_written_down_as_it_was_asked(connections):
    experiment = experiment_from([tables()])
    assert experiment.load.connections_per_second == 20
    assert experiment_from([plain(experiment)]) == experiment
    assert plain(experiment)["load"]["kind"] == "connections"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[load]\nkind = "connections"\nconnections_per_second = 0.0', "above 0, at most 1000"),
        (
            '[load]\nkind = "connections"\nstreams = 3',
            "unknown key load.streams; .* has connections_per",
        ),
        (
            '[load]\nkind = "conections"',
            "load.kind = 'conections': there are streams, .*connections",
        ),
        ('network.kind = "none"\n[load]\nkind = "connections"', "without tor there are only sinks"),
    ],
)
def test_what_a_shape_cannot_have_is_refused_by_name(connections, text, message):
    with pytest.raises(UsageError, match=message):
        ask(None, None, [], tables(text))


def test_a_shape_that_nobody_has_added_is_refused():
    with pytest.raises(UsageError, match=r"load.kind = 'connections': there are streams"):
        experiment_from([tables()])


def test_a_shape_is_rendered_into_its_movers_and_no_sink(connections):
    rig = rig_of(ask(None, None, [], tables()).experiment)
    assert rig.with_role(Role.SINK) == ()
    (dialler,) = rig.with_role(Role.DIALLER)
    assert dialler.orders.every_seconds == pytest.approx(1 / 20)


def test_a_load_without_goodput_is_run_recorded_judged_and_told(connections, tmp_path):
    ran = Ran(tmp_path / "run", tables(), Script(recorded=[dialled]))
    assert ran.error is None
    assert ran.wrong() == []
    (figure,) = ran.result.figures
    assert (figure.name, figure.value, figure.note) == ("connections", 4.0, "10 failed")
    assert ran.result.goodput.sustained_bits_per_second is None
    assert analyse(ran.directory.recording()).figures == ran.result.figures
    assert msgspec.json.decode((ran.directory.path / "result.json").read_bytes())["figures"]
    assert printed(summary(ran.result, "here"), width=120).startswith(
        "connections: 4 connections/s through one onion address"
    )


def test_a_load_that_came_to_nothing_is_an_error(connections, tmp_path):
    ran = Ran(tmp_path / "run", tables(), Script())
    assert isinstance(ran.error, NothingServed)


# a series


def test_a_series_is_a_function_of_how_one_question_is_run(tmp_path):
    directory = SeriesDirectory.create(tmp_path / "series")
    titles = []

    def run_one(question, run_directory, part_of):
        titles.append(part_of.title)
        return Ran(run_directory, BUSY, script()).result

    results = three_runs(fake_question(BUSY), directory, run_one)
    assert titles == ["1 of 3", "2 of 3", "3 of 3"]
    assert {result.status for result in results} == {"complete"}
    assert [run.name for run in directory.runs()] == [
        "001-run-1", "002-run-2", "003-run-3",
    ]  # fmt: skip
