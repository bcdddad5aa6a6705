"""Reports of runs: what they say, in which order, and that they ask nothing of anybody."""

from __future__ import annotations

import msgspec
import pytest

from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse, load_number, results_by_load
from onionrig.records.events import Failed
from onionrig.views.report.run.report import run_report
from support.records.events import finished, held, scheduled
from support.records.realistic_run import rate_mbit, realistic_run
from support.records.recordings import recording
from support.records.results import result as plain_result
from support.records.results import with_findings
from support.records.samples import BYTES_PER_MBIT, HOLD, RAMP, sink_sample
from support.views.page import Page, figure_of, reported


@pytest.fixture(scope="module")
def whole():
    made = realistic_run()
    return with_findings(analyse(made)), made


@pytest.fixture(scope="module")
def whole_report(whole):
    result, made = whole
    return run_report(result, made, series(made))


def points(figure):
    """The rows of a figure's main data, without the two that stand at its edges."""
    rows = max(figure.spec["datasets"].values(), key=len)
    return rows[1:-1]


def marked_from(report):
    """Where the mark of the sustained rate begins, in seconds from the first hold's start."""
    rows = [row for rows in figure_of(report, "goodput").spec["datasets"].values() for row in rows]
    (begin,) = {row["begin"] for row in rows if row.get("name", "").startswith("sustained")}
    return begin


def test_the_verdict_comes_first_then_the_sections_in_order(whole_report):
    page = Page(whole_report.html)
    assert page.open == []
    (verdict,) = page.of("h1")
    assert verdict.startswith("320 Mbit/s sustained through one onion address")
    assert verdict.endswith("meets the target of 250 Mbit/s")
    assert page.of("h2") == [
        "Thresholds",
        "Goodput",
        "CPU by role",
        "Each backend's share",
        "How long streams took to start",
        "Round trips",
        "What each role cost",
        "The bottleneck",
        "Agreement and trust",
        "Failures and circuits",
        "The rig",
        "What is missing",
        "How this was measured",
        "How to repeat it",
    ]


def test_a_doubt_stands_beside_the_verdict_and_no_tick_does(whole):
    result, made = whole
    html = run_report(with_findings(result, trusted=False), made, series(made)).html
    page = Page(html)
    assert page.of("h1")[0].endswith("meets the target of 250 Mbit/s — do not trust it")
    assert '<h1 class="doubted">' in html
    head = html[: html.index("<nav")]
    assert "the sources&#39; bytes exceed the sinks&#39; by 3.4 %, unexplained" in head


def test_every_second_of_a_short_run_is_drawn_as_it_was_counted(whole_report):
    drawn = points(figure_of(whole_report, "goodput"))
    expected = [
        sum(rate_mbit(second, index) for index in range(4)) for second in range(RAMP, HOLD + 60)
    ]
    assert [row["total"] for row in drawn] == expected
    assert [row["begin"] for row in drawn] == list(range(-5, 60))


def test_a_long_run_is_drawn_with_fewer_points_that_stand_for_all_of_it():
    made = realistic_run(hold_seconds=1800)
    drawn = points(figure_of(run_report(analyse(made), made, series(made)), "goodput"))
    assert 300 < len(drawn) <= 600
    minutes = sum(row["total"] * (row["end"] - row["begin"]) for row in drawn)
    counted = sum(
        rate_mbit(second, index) for second in range(RAMP, HOLD + 1800) for index in range(4)
    )
    assert minutes * 60 == pytest.approx(counted, rel=1e-3)


def test_the_lowest_ten_seconds_are_marked_where_they_are():
    rates = [300] * 20 + [200] * 10 + [300] * 30
    samples = [sink_sample(HOLD + at, {"backend-1": rate}) for at, rate in enumerate(rates)]
    made = recording(samples)
    page = reported(analyse(made), made)
    assert "The lowest 10 s began 20 s into the hold, with a mean of 1.60 kbit/s" in page.words


def test_of_several_holds_the_median_one_is_shown():
    told, samples = [], []
    for number, size in enumerate((500, 100, 300)):
        load = scheduled(hold_seconds=12, ramp=RAMP + number * 20)
        told += [load, held()]
        samples += [sink_sample(load.hold_second + at, {"backend-1": size}) for at in range(12)]
    made = recording(samples, loads=[], events=[*told, finished()], done=False)
    assert load_number(analyse(made), made) == 3
    load = series(made).loads[2]
    assert (load.held.begin, load.held.end) == (HOLD + 40, HOLD + 52)
    assert load.lowest.bits_per_second == 2400
    report = run_report(analyse(made), made, series(made))
    assert "first hold" in report.html
    assert marked_from(report) == 40


def two_equal_loads():
    """Two loads of the same bytes; a result of each."""
    told, samples = [], []
    for number in range(2):
        load = scheduled(hold_seconds=12, ramp=RAMP + number * 20)
        told += [load, held()]
        samples += [sink_sample(load.hold_second + at, {"backend-1": 300}) for at in range(12)]
    return recording(samples, loads=[], events=[*told, finished()], done=False)


@pytest.mark.parametrize("index", [0, 1])
def test_of_loads_with_equal_rates_the_one_that_a_result_is_of_is_shown(index):
    made = two_equal_loads()
    result = results_by_load(made)[index]
    assert load_number(result, made) == index + 1
    assert marked_from(run_report(result, made, series(made))) == (0, 20)[index]


def test_a_result_that_does_not_say_its_load_is_shown_with_the_one_that_it_is_made_from():
    made = two_equal_loads()
    from_before = msgspec.structs.replace(analyse(made), load=None)
    assert analyse(made).load == 1
    assert load_number(from_before, made) == 1


def test_the_lowest_ten_seconds_of_a_later_hold_count_from_its_start():
    told, samples = [], []
    for number, size in enumerate((500, 100)):
        load = scheduled(hold_seconds=15, ramp=RAMP + number * 30)
        told += [load, held()]
        samples += [
            sink_sample(load.hold_second + at, {"backend-1": size if at < 4 else size // 2})
            for at in range(15)
        ]
    made = recording(samples, loads=[], events=[*told, finished()], done=False)
    assert "The lowest 10 s began 4 s into the hold" in reported(analyse(made), made).words


def test_shares_and_costs_are_said(whole, whole_report):
    page = Page(whole_report.html)
    sizes = [
        sum(rate_mbit(second, index) for second in range(HOLD, HOLD + 60)) for index in range(4)
    ]
    for size in sizes:
        assert f"{100 * size / sum(sizes):.1f} %" in page.of("td")
    used = 4 * 0.11 / (sum(sizes) / 60 / 1000)
    result, _ = whole
    assert result.costs["backend"].cpu_seconds_per_gbit == pytest.approx(used, rel=0.02)
    assert f"{result.costs['backend'].cpu_seconds_per_gbit:.2f} CPU-s/Gbit" in page.words


def test_what_is_at_its_limit_is_said_in_words_and_not_by_colour_alone(whole_report):
    page = Page(whole_report.html)
    assert "98.0 %: the bottleneck" in page.words
    assert "95.0 %: full, not the bottleneck" in page.words
    assert "41.0 %" in page.words


def test_failures_are_listed_by_reason(whole_report):
    page = Page(whole_report.html)
    assert "1 attempt failed; 1 delivered again after a failure." in page.words
    assert "SOCKS refused: onion service introduction failed (F2)" in page.of("th")
    assert "rendezvous circuits failed: timeout" in page.of("th")


def test_the_rig_is_drawn_with_the_rate_on_each_edge(whole_report):
    page = Page(whole_report.html)
    rates = [
        8
        * BYTES_PER_MBIT
        * sum(rate_mbit(second, index) for second in range(HOLD, HOLD + 60))
        / 60e6
        for index in range(4)
    ]
    said = page.of("span")
    for rate in rates:
        assert said.count(f"{rate:.1f} Mbit/s") >= 2, "at the sink and at the source"
    # each relay forwards 150 Mbit/s, twelve of them
    assert "1.80 Gbit/s forwarded," in said
    assert f"{1800 / sum(rates):.1f} times the goodput" in said


def test_a_rig_of_many_clients_is_drawn_as_twelve():
    made = realistic_run(hold_seconds=12, clients=30, streams=60)
    said = reported(analyse(made), made).of("span")
    assert "client-11" in said
    assert "client-12" not in said
    assert "19 more" in said


def test_of_many_lines_the_highest_are_drawn():
    made = realistic_run(hold_seconds=12, clients=30, streams=60)
    drawn = figure_of(run_report(analyse(made), made, series(made)), "round-trips")
    assert drawn.title == "Round trip by client (the 12 highest of 30)"
    assert len(drawn.keys) == 12


def test_the_ceiling_is_named_with_what_was_reached_of_it(whole):
    result, made = whole
    ceiling = plain_result(6400, run="a-baseline")
    page = reported(result, made, ceiling=ceiling)
    assert (
        "6.40 Gbit/s on this host, in the baseline of 2026-01-01 00:00:00 UTC. This run reached 5.0 % of it."
        in page.words
    )


def test_everything_to_repeat_the_run_is_there(whole_report):
    page = Page(whole_report.html)
    assert "onionrig run --target 250Mbit" in page.of("pre")
    assert any(
        'description = "One address, \\"four\\" backends"' in text for text in page.of("pre")
    )
    assert {"0.4.9.11", "OpenSSL 3.0.19"} <= set(page.of("td"))
    assert any("cc_alg = 2" in text for text in page.of("pre"))


def test_gaps_and_notes_are_said_once(whole):
    result, made = whole
    gap = "transfers.jsonl is missing"
    page = reported(result, msgspec.structs.replace(made, gaps=(gap,)), notes=(gap, "odd"))
    assert page.of("li").count(gap) == 1
    assert {"odd", "no thermal zone on this machine"} <= set(page.of("li"))


def test_a_run_that_was_cut_short_shows_what_there_is():
    made = realistic_run(cut_short=4)
    page = reported(analyse(made), made)
    assert page.of("h1")[0].startswith("Aborted: ")
    assert "The hold has no 10 consecutive seconds." in page.words
    assert "CPU by role" in page.of("h2")


def test_a_run_that_failed_before_its_load_has_a_report():
    failed = Failed(
        wall_seconds=0.0, since_start_seconds=9.0, error="Died", message="relay-1 died", exit_code=7
    )
    made = recording([], loads=[], events=[failed], done=False)
    page = reported(analyse(made), made)
    assert page.of("h1") == ["Aborted: relay-1 died"]
    assert "Goodput" not in page.of("h2")
    assert "How to repeat it" in page.of("h2")


def test_a_run_of_which_only_the_result_is_left_has_a_report(whole):
    result, _ = whole
    page = Page(run_report(result, None, None, notes=("manifest.json is missing",)).html)
    assert "Each backend's share" in page.of("h2")
    assert "manifest.json is missing" in page.of("li")


def test_a_result_of_an_earlier_version_says_that_it_was_not_judged(whole):
    result, made = whole
    old = msgspec.structs.replace(
        result, bottleneck=None, trust=None, round_trip=None, tor_circuits=None, repetitions=None
    )
    page = reported(old, made)
    assert "Trust was not judged" in page.words
    assert "The bottleneck" not in page.of("h2")
