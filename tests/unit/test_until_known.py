"""Repetitions until a rate is known: on drawn networks and holds, and on an engine that is nowhere."""

from __future__ import annotations

import math
import random
import statistics

import msgspec
import pytest

from onionrig.analysis.several_runs.holds_known import holds_known
from onionrig.analysis.several_runs.known_within import (
    first_stage_for,
    known_figure,
    needed_for,
    within_after,
)
from onionrig.analysis.several_runs.until_known import repeat_result
from onionrig.cli.main import application
from onionrig.cli.question import ask
from onionrig.errors import DaemonDied, RecordsUnreadable, UsageError
from onionrig.records.events import Held
from onionrig.records.manifest import UntilKnown
from onionrig.records.series.repetition import RepeatPlan
from onionrig.run import phases
from onionrig.series import until_known
from onionrig.series.base import Repeated, Stopped
from onionrig.series.until_known import repeated_until_known
from onionrig.store.runs import find_run
from onionrig.store.series_directory import REPEAT_RESULT, SeriesDirectory
from onionrig.views.summary.repetition import holds_ahead, repetition_ahead, repetition_summary
from onionrig.views.summary.run import summary
from support.fake_engine.runs import BASELINE, Ran, script
from support.records.results import result, with_findings
from support.views.terminal import printed

DRAWN = 3000
TRUE_MBIT = 200
RATES = (200, 201, 199, 202, 200)


def plan(**changed):
    asked = {"within": 0.05, "budget_seconds": 1800.0, "first_stage": 10, **changed}
    return RepeatPlan(
        name="default", started="2026-01-01T00:00:00+00:00", command=("onionrig", "run"),
        experiment={}, **asked,
    )  # fmt: skip


def rates(seed, count, *, spread):
    draw = random.Random(seed)  # noqa: S311 - a seed that makes the test repeatable
    return [TRUE_MBIT * math.exp(draw.gauss(0, spread)) for _ in range(count)]


def networks(mbits):
    return {f"{number:03d}-network": result(mbit) for number, mbit in enumerate(mbits, start=1)}


def until_known_by(drawn, *, first_stage, within=0.05):
    """Take as many of the drawn as it takes."""
    first = statistics.stdev(map(math.log, drawn[:first_stage]))
    return drawn[: needed_for(first, within, first_stage=first_stage)]


@pytest.mark.parametrize("spread", [0.05, 0.10, 0.15])
def test_the_interval_holds_although_its_repetitions_depended_on_what_was_measured(spread):
    drawn = rates(3, DRAWN * 200, spread=spread)
    right = within = 0
    for at in range(0, len(drawn), 200):
        taken = until_known_by(drawn[at : at + 200], first_stage=10)
        figure = known_figure("rate", "", taken, first_stage=10)
        low, high = figure.interval
        right += low <= TRUE_MBIT <= high
        within += len(taken) == 200 or figure.within <= 0.05 + 1e-9
    assert right >= 0.94 * DRAWN  # 95 %, but for what so many draws may be off by
    assert within == DRAWN


def test_networks_that_differ_and_whose_holds_agree_are_not_known_after_holds_of_one():
    """The case that must not be called known: several holds of one network, and then a second."""
    draw = random.Random(2)  # noqa: S311 - a seed that makes the test repeatable
    first, second = rates(2, 2, spread=0.10)
    holds = [result(first * math.exp(draw.gauss(0, 0.005))) for _ in range(12)]

    one = repeat_result(plan(), {"001-network": holds[0]})
    assert (one.known, one.needed) == (False, None)
    assert one.figures[0].interval is None
    assert "on one network, which says nothing about how much networks differ" in one.sentence

    of_holds = holds_known(UntilKnown(within=0.05, budget_seconds=600, first_stage=4), holds)
    assert of_holds.known
    assert of_holds.within < 0.01
    assert "12 holds of one network" in of_holds.sentence
    assert "Other networks can differ by more: this says nothing about them" in of_holds.sentence

    two = repeat_result(plan(), networks([first, second]))
    assert not two.known
    assert two.figures[0].within > 0.05


def test_a_single_hold_that_the_budget_allowed_is_said_to_say_nothing():
    asked = UntilKnown(within=0.05, budget_seconds=60, first_stage=4)
    known = holds_known(asked, [result(200)])
    made = msgspec.structs.replace(
        with_findings(result(200)),
        repetitions=msgspec.structs.replace(
            with_findings(result(200)).repetitions, count=1, known=known
        ),
    )
    text = printed(summary(made, "there", ()))
    assert "1 hold of one network: it is unknown how much holds differ" in text
    assert "the budget of 60 s allowed no more" in text


def test_a_rate_is_known_after_as_many_networks_as_the_first_stage_asks_for():
    drawn = rates(3, 200, spread=0.10)
    taken = until_known_by(drawn, first_stage=10)
    almost = repeat_result(plan(), networks(taken[:-1]))
    assert (almost.known, almost.needed) == (False, len(taken))
    known = repeat_result(plan(), networks(taken))
    assert known.known
    assert known.repeated == "networks"
    assert f"sustained over {len(taken)} networks, within" in known.sentence
    assert "it is known as precisely as asked, within 5.0 %" in known.sentence
    assert [figure.what for figure in known.figures] == [
        "sustained rate",
        "CPU-s per Gbit, everything",
    ]


@pytest.mark.parametrize("within", [0.05, 0.02, 0.001])
def test_the_first_stage_is_half_of_what_the_known_spread_lets_expect(within):
    count = 2 * first_stage_for(0.10, within)
    assert within_after(0.10, count, first_stage=count) <= within
    assert within_after(0.10, count - 2, first_stage=count - 2) > within


def test_the_first_stage_is_never_less_than_four():
    assert first_stage_for(0.10, 0.5) == 4


def test_rigs_without_a_network_are_called_rigs():
    without = msgspec.structs.replace(plan(), experiment={"network": {"kind": "none"}})
    made = repeat_result(without, networks([200, 205]))
    assert made.repeated == "rigs"
    assert "over 2 rigs" in made.sentence
    assert "takes about 22 rigs" in repetition_ahead(without, seconds=10)


def test_a_budget_that_was_spent_is_said_with_what_is_known_by_then():
    spent = repeat_result(plan(), networks(rates(4, 11, spread=0.10)), spent=True)
    assert not spent.known
    assert "over 11 networks, within" in spent.sentence
    assert f"which would take {spent.needed} networks in all" in spent.sentence
    assert "the budget of 30 min was spent" in spent.sentence


def test_a_network_without_a_rate_is_left_out_and_doubted():
    made = repeat_result(plan(), networks([200, None, 210]))
    assert made.runs == ("001-network", "003-network")
    assert made.doubts == ("002-network: it has no sustained rate, and is left out",)


def test_nothing_measured_is_nothing_known():
    made = repeat_result(plan(), networks([None]))
    assert made.sentence == "Nothing is known: no network has a sustained rate."
    assert made.figures == ()
    assert "Nothing is known" in printed(repetition_summary(made, "there"))


def test_what_it_will_take_is_said_beforehand_by_the_spread_known_so_far():
    first = first_stage_for(0.10, 0.05)
    needed = needed_for(0.10, 0.05, first_stage=first)
    ahead = repetition_ahead(plan(first_stage=first, budget_seconds=7200), seconds=112)
    assert f"takes about {needed} networks and {needed * 112 / 60:.0f} min" in ahead
    assert "if networks spread by 10 % as recorded networks do; the budget is 2.0 h" in ahead
    short = repetition_ahead(plan(first_stage=first), seconds=112)
    fitting = 1800 // 112
    part = within_after(0.10, fitting, first_stage=first)
    assert f"enough for {fitting} networks: within about {100 * part:.1f} % by then" in short
    one = repetition_ahead(plan(first_stage=first, budget_seconds=1), seconds=112)
    assert one.endswith("enough for one network, which says nothing about how they differ")
    asked = UntilKnown(within=0.05, budget_seconds=1800, first_stage=4)
    assert "rate of one network within 5.0 %" in holds_ahead(asked, hold_seconds=67, fitting=26)


class Clock:
    """A clock that each run moves on by its length."""

    def __init__(self, monkeypatch, seconds=100):
        self.now, self.seconds = 0.0, seconds
        monkeypatch.setattr(until_known.time, "monotonic", lambda: self.now)


class Series:
    """Repetitions of drawn networks, in a directory."""

    def __init__(self, path, clock, mbits, *, fails_at=None):
        self.directory = SeriesDirectory.create(path)
        self.titles, self.told = [], []
        self._clock, self._mbits, self._fails_at = clock, iter(mbits), fails_at

    def run(self, asked):
        question = ask(None, "smoke", [], {})
        return repeated_until_known(
            question, asked, self.directory, run_one=self._one, tell=self.told.append
        )

    def _one(self, _question, _run_directory, part_of):
        self.titles.append(part_of.title)
        if len(self.titles) == self._fails_at:
            raise DaemonDied("relay-3 died")
        self._clock.now += self._clock.seconds
        return result(next(self._mbits))


def test_networks_are_drawn_until_the_rate_is_known_and_how_many_is_said_as_soon_as_it_is_known(
    tmp_path, monkeypatch
):
    series = Series(tmp_path / "s", Clock(monkeypatch), rates(3, 200, spread=0.10))
    made = series.run(plan(budget_seconds=1e6))
    assert made.known
    assert len(made.runs) == made.needed == len(series.titles)
    assert series.titles[9:11] == ["network 10", f"network 11 of {made.needed}"]
    assert (tmp_path / "s" / REPEAT_RESULT).is_file()


def test_no_network_is_begun_that_the_budget_does_not_allow(tmp_path, monkeypatch):
    series = Series(tmp_path / "s", Clock(monkeypatch), rates(3, 200, spread=0.10))
    made = series.run(plan(budget_seconds=550))
    assert len(made.runs) == 5
    assert "the budget of 9 min was spent" in made.sentence


def test_a_run_that_fails_ends_it_and_what_was_measured_is_kept(tmp_path, monkeypatch):
    series = Series(tmp_path / "s", Clock(monkeypatch), rates(3, 200, spread=0.10), fails_at=4)
    with pytest.raises(DaemonDied):
        series.run(plan())
    assert [type(news) for news in series.told] == [Repeated, Repeated, Repeated, Stopped]
    kept = msgspec.json.decode((tmp_path / "s" / REPEAT_RESULT).read_bytes())
    assert len(kept["runs"]) == 3
    assert "the series is not finished" in kept["sentence"]


def test_repetitions_are_no_run(tmp_path):
    directory = SeriesDirectory.create(tmp_path / "s")
    directory.write_repeat_plan(plan())
    with pytest.raises(RecordsUnreadable, match="is a repetition, not a run"):
        find_run(str(tmp_path / "s"))


def test_holds_of_one_network_end_as_soon_as_its_rate_is_known(tmp_path, monkeypatch):
    def measured(recording):
        return [result(mbit) for mbit, _ in zip(RATES, of_holds(recording), strict=False)]

    def of_holds(recording):
        return [event for event in recording.events if isinstance(event, Held)]

    monkeypatch.setattr(phases, "results_by_load", measured)
    asked = UntilKnown(within=0.05, budget_seconds=600, first_stage=4)
    ran = Ran(
        tmp_path / "run",
        BASELINE,
        script(),
        asked=lambda question: msgspec.structs.replace(question.repeated(9), until_known=asked),
    )
    assert ran.error is None
    assert ran.result.repetitions.count == 4
    assert ran.result.repetitions.known.asked_within == 0.05
    assert "4 holds of one rig" in ran.result.repetitions.known.sentence
    assert ran.directory.read_manifest().until_known == asked


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("compare", "smoke", "smoke", "--repeat", "auto"), "--repeat auto: a comparison that"),
        (("sweep", "--over", "load.streams=1,2", "--repeat", "auto"), "--repeat auto: a sweep"),
        (("baseline", "--repeat", "auto"), "--repeat auto: a baseline has no network"),
        (("baseline", "--repeat", "0"), "--repeat 0: at least 1"),
        (("run", "--repeat", "often"), "--repeat often: write how many times"),
        (("run", "--within", "5%", "--holds"), "--within, --holds: only --repeat auto"),
        (("run", "--repeat", "3", "--budget", "1h"), "--budget: only --repeat auto"),
        (("run", "--repeat", "auto", "--within", "0"), "--within 0: write a share from 0.1 %"),
        (("run", "--repeat", "auto", "--within", "5"), "--within 5: write a share from 0.1 %"),
        (("run", "--repeat", "auto", "--within", "x"), "--within: cannot read"),
        (("run", "--repeat", "auto", "--budget", "3"), '--budget: "3" is no duration'),
        (("run", "--repeat", "auto", "--budget", "0s"), "--budget 0s: there must be some time"),
        (("run", "--repeat", "auto", "--set", "network.kind=none", "--set",
          "baseline.listen=127.0.0.1:9000"), "--repeat auto: baseline.listen serves"),
        (("run", "--resume", "x", "--within", "5%"), "--within: --resume goes on"),
    ],
)  # fmt: skip
def test_where_it_has_no_meaning_it_is_refused_by_name(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        application()(arguments, standalone_mode=False)
    assert str(caught.value).startswith(message)
    assert not list(tmp_path.iterdir())


def test_what_was_asked_is_read_again_to_go_on_with_it(tmp_path):
    directory = SeriesDirectory.create(tmp_path / "s")
    asked = msgspec.structs.replace(plan(), experiment={"load": {"streams": 4}})
    directory.write_repeat_plan(asked)
    assert directory.read_repeat_plan() == asked
    with pytest.raises(RecordsUnreadable, match=r"has no repeat\.json"):
        SeriesDirectory.create(tmp_path / "other").read_repeat_plan()
