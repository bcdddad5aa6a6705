"""A plan in a terminal: the answer first, then what it takes, then what it is computed from."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from onionrig.records.plan import HostsNeeded
from onionrig.views.plan.bill import side_by_side
from onionrig.views.plan.inputs import inputs_by_origin
from onionrig.views.plan.terminal import brief_plan_view, plan_view
from onionrig.views.plan.words import (
    answer,
    doubts,
    hardware_sentence,
    money_text,
    price_text,
    question,
)
from support.records.plans import (
    PI3,
    PI5,
    ZERO,
    bill,
    given,
    hosts_asked,
    pi3,
    pi5,
    plan,
    span,
    unpriced,
    zero,
)
from support.records.plans import side_by_side as three
from support.views.terminal import printed_lines


def lines(made):
    return printed_lines(plan_view(made))


def test_the_question_and_its_answer_come_first():
    first, second, *_ = lines(plan())
    assert first == (
        "What would it take to serve 500 Mbit/s, with 20 % to spare, from one onion address?"
    )
    assert (
        second
        == f"500 Mbit/s: 7 of {PI3}: 616 Mbit/s sustained; the bottleneck is the hosts' links."
    )


def test_the_brief_answer_repeats_what_the_run_says_against_its_own_figures():
    doubtful = msgspec.structs.replace(plan(), run_doubts=("pi1 reported throttled", "a", "b"))
    shown = printed_lines(brief_plan_view(doubtful))
    assert (
        "do not rely on it, the run that it is computed from doubts itself: pi1 reported "
        "throttled, and 2 more doubts (--verbose has them)"
    ) in shown
    assert "doubts itself" not in " ".join(printed_lines(brief_plan_view(plan())))


def test_everything_that_must_be_there_is_listed():
    shown = lines(plan())
    assert f"hosts 7 × {PI3} 7 at best, 8 at worst" in shown
    for line in (
        "would serve 570–670, likely 620 Mbit/s",
        "daemons per host 1",
        "link per host 93–103, likely 98 Mbit/s",
        "introduction points 14 of 7 instances, in 1 descriptor of the stock balancer",
        "streams 40",
        "memory per host 63–70, likely 66 MiB",
        "client side 3 client tors on 0.62–0.82, likely 0.71 cores takes 560–660, likely 610 Mbit/s",
        "relays 2.3–3.1, likely 2.7 cores",
        "power 10–26, likely 20 W",
        "price 245 USD 35 USD each, as of 2024; boards alone: no switch, power supply, card or case",
    ):
        assert any(each.startswith(line) for each in shown), line


def test_each_limit_is_shown_with_what_binds_and_what_is_next():
    shown = lines(plan())
    assert "bottleneck links 570–670, likely 620 Mbit/s why the NIC limits it" in shown
    assert "next CPU 590–1090, likely 840 Mbit/s why the CPU limits it" in shown
    assert "later memory 6.3–7.3, likely 6.8 Gbit/s why the memory limits it" in shown


def test_every_figure_is_shown_by_its_origin_with_how_to_replace_an_estimate():
    shown = lines(plan())
    at = shown.index("estimated (1): a guess, for the reason given beside it")
    assert shown[at + 1 : at + 4] == [
        "from memory:",
        f"{PI3}: AES-256-CBC of 16 KiB 34.4–38.0, likely 36.2 MB per second of a core",
        "to replace these: `onionrig probe --json` on such a board, then --probe FILE",
    ]
    assert (
        "to replace a backend instance's CPU: `onionrig run --repeat 3`, then --from RUN" in shown
    )
    origins = [line.partition(" (")[0] for line in shown if " (" in line and "): " in line]
    assert origins == ["measured elsewhere", "read", "estimated", "asked"]


def test_assumptions_and_the_measurement_are_told():
    shown = lines(plan())
    assert "computed from the measurement that onionrig ships, of 2026-11-25" in shown
    assert shown[-2:] == ["- The switch carries the sum.", "- No board is throttled by its heat."]


def test_several_kinds_of_hardware_stand_side_by_side():
    rows = {name: cells for name, *cells in side_by_side(three())}
    assert rows["hosts [fewest–most]"] == ["7 [7–8]", "1 [1–2]", "no number"]
    assert rows["would serve"] == ["570–670, likely 620 Mbit/s", "490–910, likely 700 Mbit/s", "–"]
    assert rows["bottleneck"] == ["links", "CPU", "–"]
    assert rows["next bottleneck"] == ["CPU, at 840 Mbit/s", "links, at 880 Mbit/s", "–"]
    assert rows["power"] == ["10–26, likely 20 W", "not known", "–"]
    assert rows["price"] == ["245 USD (2024)", "not known", "–"]
    assert rows["estimated"] == ["1 of 5 figures"] * 3


def test_the_answer_for_several_names_each_with_what_it_takes():
    assert answer(three()) == (
        f"500 Mbit/s, with 20 % to spare, from one onion address takes 7 × {PI3} or 1 × {PI5}; "
        f"no number of hosts can be given for {ZERO}."
    )
    assert answer(plan(zero(), zero())) == (
        f"No number of hosts can be given for {ZERO} and {ZERO}."
    )


def test_what_cannot_be_done_says_why_and_what_can_in_red():
    out = io.StringIO()
    Console(file=out, width=300, force_terminal=True).print(plan_view(plan(zero())))
    said = next(line for line in out.getvalue().splitlines() if "no number of hosts" in line)
    assert "\x1b[1;31m" in said
    assert f"{ZERO}: no number of hosts reaches 600 Mbit/s" in said
    assert "with --balancer extended, 18 would" in said
    assert not any(line.startswith("hosts ") for line in lines(plan(zero())))


def test_hosts_that_were_asked_for_are_answered_with_what_they_would_serve():
    made = hosts_asked()
    assert question(made) == "What would 3 hosts serve from one onion address?"
    assert f"hosts 3 × {PI3} as asked" in lines(made)
    two = plan(pi3(3, needed=None), pi5(), target_mbit=None)
    assert question(two) == "What would these hosts serve from one onion address?"
    assert answer(two) == (
        f"3 × {PI3} would serve 240–290, likely 260 Mbit/s; "
        f"1 × {PI5} would serve 490–910, likely 700 Mbit/s."
    )


def test_what_has_no_price_and_no_watts_is_said_to_be_not_known():
    shown = lines(unpriced())
    assert "price not known the catalogue has no figure" in shown
    assert "power not known the catalogue has no figure" in shown


@pytest.mark.parametrize(
    ("needed", "text"),
    [
        (HostsNeeded(fewest=6, likely=7, most=9), "6 at best, 9 at worst"),
        (HostsNeeded(fewest=6, likely=7, most=None), "6 at best; at worst no number is enough"),
        (HostsNeeded(fewest=7, likely=7, most=7), "at best and at worst"),
    ],
)
def test_how_far_the_ranges_may_bring_the_number_of_hosts_is_said(needed, text):
    assert f"hosts 7 × {PI3} {text}" in lines(plan(pi3(needed=needed)))


def test_a_reader_is_warned_of_the_worse_end_and_of_estimates():
    at_worst, estimates = doubts(plan())
    assert at_worst == (
        f"{PI3}: if every figure is at the worse end of its range, it takes 8 hosts, not 7."
    )
    assert f"nobody has measured: 1 of 5 figures for {PI3}." in estimates
    never = doubts(plan(pi3(needed=HostsNeeded(fewest=7, likely=7, most=None))))[0]
    assert never.endswith("no number of hosts is enough.")
    certain = msgspec.structs.replace(
        pi3(needed=HostsNeeded(fewest=7, likely=7, most=7)), inputs=()
    )
    assert doubts(plan(certain)) == ()


def test_a_figure_that_all_kinds_share_is_shown_once_and_others_with_their_kind():
    own = [given("cores", span(count), "", "read") for count in (4, 2)]
    kinds = [
        msgspec.structs.replace(kind, inputs=(*kind.inputs, one))
        for kind, one in zip((pi3(), pi5()), own, strict=True)
    ]
    names = [each.name for group in inputs_by_origin(plan(*kinds)) for each in group.inputs]
    assert names.count("a backend instance's CPU") == 1
    assert names.count("goodput over a full link") == 1
    assert [name for name in names if "cores" in name] == [f"{PI3}: cores", f"{PI5}: cores"]


def test_an_answer_is_a_sentence_that_names_its_hardware():
    assert hardware_sentence(zero()).startswith(f"{ZERO}: no number")
    assert hardware_sentence(
        msgspec.structs.replace(zero(), answer=f"no number of {ZERO} will do.")
    ) == (f"No number of {ZERO} will do.")


@pytest.mark.parametrize(
    ("amount", "text"),
    [(315.0, "315"), (1050.4, "1050"), (35.0, "35"), (3.79, "3.79"), (4.5, "4.50"), (0.0168, "0.0168")],
)  # fmt: skip
def test_money_has_cents_where_they_count(amount, text):
    assert money_text(amount) == text


@pytest.mark.parametrize(
    ("per", "text"),
    [("piece", "245 USD"), ("month", "245 USD per month"), ("hour", "245 USD per hour")],
)  # fmt: skip
def test_a_price_says_for_how_long_it_is_paid(per, text):
    price = msgspec.structs.replace(bill(7, 97.8).price, per=per)
    assert price_text(price) == text
    shown = lines(plan(pi3(bill=bill(7, 97.8, price=price))))
    (line,) = [each for each in shown if each.startswith("price ")]
    assert ("boards alone" in line) == (per == "piece")
    assert ("traffic" in line) == (per != "piece")


def test_a_name_with_markup_stays_text():
    made = plan(msgspec.structs.replace(pi3(), name="[red]board[/red]"))
    assert any("hosts 7 × [red]board[/red]" in line for line in lines(made))
