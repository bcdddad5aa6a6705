"""A fault is what its module and the registry say: one that tests/support adds goes all the way."""

import ast
import asyncio
import re
from types import SimpleNamespace

import pytest

from onionrig.analysis.load.faults import absences, ended_in_hold
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.result import analyse
from onionrig.errors import UsageError
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.experiment.faults.base import Scope
from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.faults.registry import FAULTS, fault_recorded
from onionrig.experiment.faults.steps import Signal
from onionrig.records.events import Happened, Phase, PhaseBegan
from onionrig.run import journal
from onionrig.views.live.progress import Progress
from onionrig.views.summary.aftermath import done_text
from onionrig.views.summary.run import summary
from support.fake_engine import runs
from support.fake_engine.engine import FakeEngine, FakeOpening
from support.fake_engine.runs import BUSY, Ran, know_the_network, script
from support.fake_engine.virtual_time import VirtualClock
from support.files import PROJECT
from support.records.events import happened
from support.records.recordings import recording
from support.records.samples import sink_sample
from support.reload_fault import RELOAD
from support.views.terminal import printed_lines

ASKED = '[[faults]]\nat = "6s"\nreload = "relay-1"\n'
QUIET = {key: value for key, value in BUSY.items() if key != "events"}


@pytest.fixture(autouse=True)
def known_network(monkeypatch):
    know_the_network(monkeypatch)


@pytest.fixture
def reload(monkeypatch):
    """The fault, in the registry."""
    monkeypatch.setitem(FAULTS, "reload", RELOAD)


@pytest.fixture
def told_in_the_hold(monkeypatch):
    """Who was told what while a load was on, and at which second of its hold."""
    told, tell = [], FakeEngine.signal

    async def signal(engine, service, signal):
        if engine._schedule is not None:
            at = VirtualClock().wall_seconds() - engine._schedule.hold_second
            told.append((service.name, signal, at))
        await tell(engine, service, signal)

    monkeypatch.setattr(FakeEngine, "signal", signal)
    return told


@pytest.fixture
def timed_journal(monkeypatch):
    """The journal's clock goes as the run's does."""
    clock = SimpleNamespace(
        time=lambda: VirtualClock().wall_seconds(),
        monotonic=lambda: asyncio.get_running_loop().time(),
    )
    monkeypatch.setattr(journal, "time", clock)


def tables(text=ASKED):
    return {**QUIET, **layer_from_toml(text, origin="test")}


def refused(text):
    with pytest.raises(UsageError) as caught:
        refuse_impossible(experiment_from([tables(text)]))
    return str(caught.value)


# From the experiment to the summary


def test_a_fault_is_asked_for_in_toml_and_written_down_as_it_was_asked(reload):
    experiment = experiment_from([tables()])
    (planned,) = planned_faults(experiment)
    assert (planned.at_seconds, planned.verb, planned.subject) == (6, "reload", "relay-1")
    assert experiment_from([plain(experiment)]) == experiment
    (written,) = plain(experiment)["events"]
    assert {key for key, value in written.items() if value is not None} == {"at", "reload"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            'at = "6s"\nreload = "south"',
            'faults, number 1: reload = "south": it is done to a service, and south is a host',
        ),
        (
            'at = "6s"\nreload = "relay1"',
            'reload = "relay1": no such service; did you mean relay-1?',
        ),
        (
            'at = "6s"\nreload = "relay-1"\nrate = "1Mbit"',
            'faults, number 1: rate = "1Mbit": only a link has one',
        ),
        (
            'at = "5s"\nhang = "relay-1"\n[[faults]]\nat = "6s"\nreload = "relay-1"',
            'faults, reload = "relay-1" at 6s: relay-1 hangs at that time',
        ),
        (
            'at = "5s"\nkill = "north"\n[[faults]]\nat = "6s"\nreload = "relay-1"',
            'faults, reload = "relay-1" at 6s: its host north has ended at that time',
        ),
        ('at = "6s"', ", reload, as in"),
        ('at = "6s"\nreloa = "relay-1"', "did you mean faults[0].reload?"),
    ],
)
def test_what_a_fault_cannot_be_done_to_is_refused_with_the_reason(reload, text, reason):
    assert reason in refused(f"[[faults]]\n{text}\n")


def test_a_fault_that_nobody_has_added_is_refused():
    assert refused(ASKED).startswith("unknown key faults[0].reload")


def test_a_fault_is_done_at_its_second_recorded_judged_and_told(
    reload, told_in_the_hold, timed_journal, tmp_path
):
    ran = Ran(tmp_path / "run", tables(), script())
    assert ran.error is None
    assert ran.wrong() == []
    assert told_in_the_hold == [("relay-1", Signal.RELOAD, 6.0)]
    whole = ran.directory.recording()
    (event,) = (event for event in whole.events if isinstance(event, Happened))
    assert (event.verb, event.subject, event.of_host) == ("reload", "relay-1", False)
    (aftermath,) = analyse(whole).aftermaths
    assert (aftermath.verb, aftermath.at_seconds, aftermath.lasted_seconds) == ("reload", 6, 4)
    assert aftermath.before_bits_per_second == pytest.approx(16e6)
    (line,) = (line for line in printed_lines(summary(ran.result, "here")) if "relay-1" in line)
    assert line.startswith("6 s relay-1 reads its configuration again 16.0 Mbit/s")


def test_the_live_view_tells_it_as_the_summary_does(reload):
    progress = Progress(target_bits_per_second=None, streams=1)
    progress.tell(PhaseBegan(wall_seconds=0.0, since_start_seconds=0.0, phase=Phase.HOLD))
    progress.tell(happened("reload", "relay-1", 6.0))
    assert "relay-1 reads its configuration again" in progress.notes


# How recordings are judged


def judged(*events):
    whole = recording([sink_sample(1, {"backend-1": 1})], hold_seconds=10, events=events)
    load = load_of(whole)
    return absences(whole.events, {"backend-1": "here"}), ended_in_hold(load)


@pytest.mark.parametrize("verb", ["reload", "a verb of a later version"])
def test_what_leads_to_no_other_state_keeps_nobody_from_answering(reload, verb):
    assert judged(happened(verb, "backend-1", 2.0)) == ({}, frozenset())


def test_a_verb_of_another_version_is_told_by_its_own_name():
    assert "reload" not in FAULTS
    assert done_text("reload", "relay-1") == "relay-1 reload"
    assert done_text("{braces}", "relay-1", 1e6) == "relay-1 {braces}"


def test_what_is_judged_follows_from_the_state_that_a_fault_leads_to():
    assert {verb for verb in FAULTS if FAULTS[verb].ends_process} == {"kill", "stop", "reboot"}
    away = {verb for verb in FAULTS if FAULTS[verb].takes_away}
    assert away == {"kill", "stop", "reboot", "hang", "link_down"}
    back = {verb for verb in FAULTS if FAULTS[verb].brings_back}
    assert back == {"start", "resume", "link_up"}


# What an engine is asked


class NothingSpecial(FakeOpening):
    """An engine that has its hosts' links not in its hand, and cannot reboot them."""

    def __init__(self, script):
        super().__init__(script)
        self.capabilities = frozenset()


@pytest.mark.parametrize(
    ("verb", "subject", "more"),
    [
        ("link_down", "south", {}),
        ("link_rate", "south", {"rate": "10Mbit"}),
        ("kill", "south", {}),
        ("stop", "north", {}),
        ("reboot", "south", {}),
    ],
)
def test_a_fault_that_the_engine_cannot_do_is_refused_by_name_before_anything_is_started(
    monkeypatch, tmp_path, verb, subject, more
):
    monkeypatch.setattr(runs, "FakeOpening", NothingSpecial)
    possible = {"at": "1s", "hang": "backend-1"}
    asked = {**QUIET, "faults": [possible, {"at": "5s", verb: subject, **more}]}
    ran = Ran(tmp_path / "run", asked, script())
    assert isinstance(ran.error, UsageError)
    undoable = {
        "reboot": "be rebooted",
        "link_rate": "have the rates of their links changed",
    }.get(verb, "have their links cut")
    assert str(ran.error).startswith(
        f'faults, {verb} = "{subject}" at 5s: the hosts of this run cannot {undoable}'
    )
    assert ran.script.asked == []
    assert ran.script.engines == []
    assert ran.directory.read_result().status == "aborted"


def test_what_every_engine_can_do_needs_no_links(monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "FakeOpening", NothingSpecial)
    events = [
        {"at": "1s", "hang": "south"},
        {"at": "2s", "resume": "south"},
        {"at": "3s", "kill": "balancer"},
        {"at": "4s", "start": "balancer"},
        {"at": "5s", "stop": "relay-1"},
    ]
    ran = Ran(tmp_path / "run", {**QUIET, "faults": events}, script())
    assert ran.error is None


@pytest.mark.parametrize(
    ("verb", "link_goes_first"),
    [("kill", True), ("stop", False)],
)
def test_of_a_host_whose_power_is_cut_the_link_goes_first_and_of_one_that_shuts_down_last(
    tmp_path, verb, link_goes_first
):
    ran = Ran(tmp_path / "run", {**QUIET, "faults": [{"at": "5s", verb: "south"}]}, script())
    assert ran.error is None
    done = [
        asked.what
        for asked in ran.script.asked
        if asked.about == "south down"
        or (asked.what.startswith("end") and asked.about in {"backend-1", "backend-2"})
    ]
    signal = {"kill": "end kill", "stop": "end terminate"}[verb]
    ends = [signal, signal]
    assert done == (["set link", *ends] if link_goes_first else [*ends, "set link"])


# The registry


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_done_to_a_link_or_to_services_and_hosts(fault):
    assert set(fault.steps) in ({Scope.LINK}, {Scope.HOST}, {Scope.SERVICE, Scope.HOST})
    assert all(steps for steps in fault.steps.values())


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_in_words_of_its_own(fault):
    told = done_text(fault.verb, "pi1", 10e6)
    assert told.startswith("pi1")
    assert told != f"pi1 {fault.verb}"
    assert fault_recorded(fault.verb) is fault
    if fault.takes_away:
        assert fault.cause != fault_recorded("unknown").cause


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_keys_of_a_faults_own_have_defaults_and_words_for_where_they_do_not_belong(fault):
    assert fault.keys() == fault.keys()
    assert bool(fault.keys.__struct_fields__) == bool(fault.misplaced)


SOURCES = PROJECT / "src" / "onionrig"
FAULTS_ROOM = SOURCES / "experiment" / "faults"
SHARED = {"__init__", "base", "checks", "planned", "registry", "steps", "tables"}


def strings_in(tree):
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def imports_in(tree):
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_nothing_else_in_the_program_knows_a_fault_by_its_name():
    # an edge of a chart and a section of the report are called "start" too
    verbs = set(FAULTS) - {"start"}
    asked = re.compile(rf"\b({'|'.join(FAULTS)}) = \"")
    modules = {
        f"onionrig.experiment.faults.{path.stem}"
        for path in FAULTS_ROOM.glob("*.py")
        if path.stem not in SHARED
    }
    knowing = []
    for path in SOURCES.rglob("*.py"):
        if path.parent == FAULTS_ROOM:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        strings = {text for text in strings_in(tree) if isinstance(text, str)}
        named = strings & verbs | {text for text in strings if asked.search(text)}
        knowing += [(path.name, name) for name in named | (imports_in(tree) & modules)]
    assert modules
    assert knowing == []
