"""The phases of a run on an engine that is nowhere: failed at every step, cancelled at every await."""

import asyncio
from pathlib import Path

import pytest

import onionrig.run
from onionrig.analysis.load.lost_hosts import loss_moment
from onionrig.errors import BringUpTimeout, DaemonDied, HostLost
from onionrig.records.events import HostGone, Phase, Scheduled
from support.fake_engine.engine import CLOCKS_AHEAD_SECONDS
from support.fake_engine.runs import (
    BASELINE,
    BUSY,
    EXTENDED,
    SERVING,
    SLOW,
    SPARE,
    Ran,
    know_the_network,
    script,
)
from support.fake_engine.steps import Steps, awaits_in, first_of_each

ROOM = str(Path(onionrig.run.__file__).parent)


@pytest.fixture(autouse=True)
def known_network(monkeypatch):
    know_the_network(monkeypatch)


def said_wrong(failures):
    return "\n".join(f"{where}: {what}" for where, found in failures.items() for what in found)


SCENARIOS = {
    "everything": (BUSY, {}),
    "slow tors, late and poor descriptors": (BUSY, {"slow": SLOW, "late": 3, "poor": 4}),
    "two variants": (EXTENDED, {}),
    "no tor": (BASELINE, {}),
    "serving only": (SERVING, {}),
    "a relay that never comes": ({**BUSY, "events": []}, {"lists": 5}),
}


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request):
    tables, changed = SCENARIOS[request.param]
    return tables, lambda: script(**changed)


def test_a_run_on_hosts_that_are_nowhere_goes_through_all_its_phases(tmp_path):
    ran = Ran(tmp_path / "run", BUSY, script())
    assert ran.error is None
    assert ran.wrong() == []
    assert ran.result.goodput.sustained_bits_per_second == pytest.approx(16e6)
    manifest = ran.directory.read_manifest()
    ahead = {host.name: host.clock_offset_seconds for host in manifest.hosts}
    assert ahead == CLOCKS_AHEAD_SECONDS
    assert {host.kind for host in manifest.hosts} == {"remote"}
    (note,) = (event.text for event in ran.told if getattr(event, "text", "").startswith("to read"))
    assert "by hand: ssh east nc -X 5 -x 127.0.0.1:" in note


def test_a_relay_that_never_comes_is_named_with_the_last_line_of_its_log(tmp_path):
    ran = Ran(tmp_path / "run", {**BUSY, "events": []}, script(lists=5))
    assert isinstance(ran.error, BringUpTimeout)
    assert "it lists 5, relay-3 is missing, its last line: the last line of relay-3" in str(
        ran.error
    )
    assert "its log: here/relay-3.log" in str(ran.error)


def test_whatever_fails_is_what_is_raised_and_everything_is_ended(tmp_path, scenario):
    tables, scripted = scenario
    asked = Ran(tmp_path / "whole", tables, scripted()).script.asked
    failures = {}
    for number in first_of_each(asked):
        failing, each = scripted(), asked[number - 1]
        failing.fails_at, failing.failure = number, DaemonDied(f"{each} failed")
        ran = Ran(tmp_path / f"{number}", tables, failing)
        assert failing.asked[number - 1].what == each.what
        failures[f"{number} {each}"] = ran.wrong()
        if ran.error is not failing.failure and not ran.noted("were not watched to the end"):
            failures[f"{number} {each}"].append(f"{ran.error!r} was raised")
    assert said_wrong(failures) == ""


def test_wherever_it_is_cancelled_everything_is_ended(tmp_path, scenario):
    tables, scripted = scenario
    whole = Ran(tmp_path / "whole", tables, scripted(), traced=ROOM)
    failures = {}
    for number in first_of_each(whole.steps.places):
        ran = Ran(tmp_path / f"{number}", tables, scripted(), Steps(at=number))
        failures[f"{number} {whole.steps.places[number - 1]}"] = ran.wrong()
        first = asyncio.CancelledError, type(whole.error or whole)
        if not isinstance(ran.error, first) and not ran.is_over():
            failures[f"{number} {whole.steps.places[number - 1]}"].append(
                f"{ran.error!r} was raised"
            )
    assert said_wrong(failures) == ""


def test_whenever_a_daemon_dies_that_is_what_is_raised(tmp_path, scenario):
    tables, scripted = scenario
    whole = Ran(tmp_path / "whole", tables, scripted(), traced=ROOM)
    failures = {}
    for number in first_of_each(whole.steps.places, most=1):
        dying, error = scripted(), DaemonDied(f"relay-1 died at {number}")
        kill = lambda dying=dying, error=error: [each.die(error) for each in dying.engines]  # noqa: E731
        ran = Ran(tmp_path / f"{number}", tables, dying, Steps(at=number, do=kill))
        failures[f"{number}"] = ran.wrong()
        if dying.engines and ran.error is not error and not (ran.is_over() or whole.error):
            failures[f"{number}"].append(f"{ran.error!r} was raised")
    assert said_wrong(failures) == ""


def losing(path, tables, host, at):
    """Run with a host lost at a step."""
    going = script()
    lose = lambda: [engine.lose(host) for engine in going.engines]  # noqa: E731
    return Ran(path, tables, going, Steps(at=at, do=lose))


def steps_of_load(path, tables):
    """Return the numbers of the steps between a load's schedule and the tear-down."""
    ran = Ran(path, tables, script())
    told = list(zip(ran.told, ran.told_at, strict=True))
    (first,) = (at for event, at in told if isinstance(event, Scheduled))
    (last,) = (at for event, at in told if getattr(event, "phase", None) is Phase.TEAR_DOWN)
    return range(first + 2, last)


def steps_of_first_reading(path, tables):
    """Return the numbers of the steps from the yardstick's start to the load's schedule."""
    ran = Ran(path, tables, script())
    told = list(zip(ran.told, ran.told_at, strict=True))
    (began,) = (at for event, at in told if "yardstick" in getattr(event, "subject", ""))
    (scheduled,) = (at for event, at in told if isinstance(event, Scheduled))
    return range(began + 1, scheduled)


def test_a_run_goes_on_without_a_host_that_is_lost_as_its_cores_are_first_read(tmp_path):
    steps = steps_of_first_reading(tmp_path / "whole", SPARE)
    assert steps
    for number in steps:
        ran = losing(tmp_path / f"{number}", SPARE, "south", number)
        assert (ran.error, ran.wrong()) == (None, []), number
        (lost,) = ran.result.lost_hosts
        assert lost.name == "south"
        assert loss_moment(lost) == "before the hold"


def test_a_run_goes_on_without_a_host_that_is_lost_anywhere_in_its_load(tmp_path):
    failures = {}
    for number in steps_of_load(tmp_path / "whole", SPARE)[::5]:
        ran = losing(tmp_path / f"{number}", SPARE, "south", number)
        failures[f"{number}"] = [*ran.wrong(), *([f"{ran.error!r}"] if ran.error else [])]
        gone = [(event.host, event.reason) for event in ran.told if isinstance(event, HostGone)]
        if gone != [("south", "its connection closed")]:
            failures[f"{number}"].append(f"{gone} was journaled")
        (lost,) = ran.result.lost_hosts if ran.result else [None]
        if lost is None or not -4 <= lost.second <= 13:
            failures[f"{number}"].append(f"{lost} is in the result")
    assert said_wrong(failures) == ""
    assert len(failures) > 10


@pytest.mark.parametrize(
    ("tables", "host", "role"),
    [(BUSY, "south", "source"), (BUSY, "east", "client"), (SPARE, "north", "balancer")],
)
def test_the_only_host_of_a_role_that_serving_takes_ends_the_run(tmp_path, tables, host, role):
    in_hold = steps_of_load(tmp_path / "whole", tables)[-50]
    ran = losing(tmp_path / "run", tables, host, in_hold)
    assert isinstance(ran.error, HostLost)
    assert str(ran.error) == (
        f"{host}: its connection closed; no other host has a {role}, and nothing is served "
        "without one"
    )
    assert ran.wrong() == []
    assert ran.directory.read_result().failure.exit_code == HostLost.exit_code
    assert ran.directory.read_result().bytes.verified > 0


def test_a_second_host_can_be_the_last_of_its_role(tmp_path):
    in_hold = steps_of_load(tmp_path / "whole", SPARE)[-50]
    going = script()
    lose = lambda: [going.engines[0].lose(host) for host in ("south", "east")]  # noqa: E731
    ran = Ran(tmp_path / "run", SPARE, going, Steps(at=in_hold, do=lose))
    assert str(ran.error).startswith("east: its connection closed; no other host has a client")


def test_a_host_that_is_lost_before_the_load_ends_the_run(tmp_path):
    before = steps_of_first_reading(tmp_path / "whole", SPARE)[0] - 5
    ran = losing(tmp_path / "run", SPARE, "south", before)
    assert isinstance(ran.error, HostLost)
    assert not any(isinstance(event, HostGone) for event in ran.told)
    assert ran.wrong() == []


def line_of(name, text):
    lines = (Path(ROOM) / name).read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_the_scenarios_wait_at_every_await_that_there_is(tmp_path):
    waited = set()
    for number, (tables, changed) in enumerate(SCENARIOS.values()):
        steps = Steps()
        Ran(tmp_path / f"{number}", tables, script(**changed), steps, traced=ROOM)
        waited |= {line for place in steps.places for line in place}
    never = [
        f"{path.name}: {lines.start}"
        for path in sorted(Path(ROOM).glob("*.py"))
        for lines in awaits_in(path)
        if not any((str(path), line) in waited for line in lines)
    ]
    # it starts a task and goes on
    assert never == [f"load.py: {line_of('load.py', 'enter_async_context(watched(')}"]
