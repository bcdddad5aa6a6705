"""What is planned for a kind of hardware, and what is said where nothing can be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.errors import UsageError
from onionrig.hardware.boards import BoardFigure, Rate
from onionrig.plan import plan as plan_module
from onionrig.plan.bill import streams_for_all
from onionrig.plan.hosts import host_of
from onionrig.plan.plan import plan, plan_for_either_balancer
from onionrig.plan.question import Candidate
from onionrig.records.plan import Plan
from support.plan_inputs import board, candidate, question, read, reference, spread

SLOW = {"backend_cost": 4.0}
"""A main thread serves 250 Mbit/s."""


def planned(measured=None, *, of=None, **asked):
    found = _plan(measured, of=of, **asked)
    return found.hardware[0]


def _plan(measured=None, *, of=None, **asked) -> Plan:
    return plan(
        question(**asked),
        [of or candidate()],
        measured or reference(),
        made="2026-11-25T12:00:00Z",
        version="1",
    )


def ethernet(mbit):
    return Rate(value=mbit, counts="frames", mark="measured", source="a test")


def test_as_many_hosts_as_their_links_need():
    # 90 Mbit/s each
    found = planned(target_bits_per_second=500e6)
    assert found.possible
    assert found.bill is not None
    assert found.bill.hosts == 6
    assert found.binding is not None
    assert found.binding.kind == "NIC"
    assert found.projected_bits_per_second.likely == pytest.approx(540e6)


def test_headroom_is_had_beyond_the_target():
    assert planned(target_bits_per_second=500e6, headroom=0.2).bill.hosts == 7


def test_the_hosts_needed_are_a_range_like_everything_else():
    needed = planned(target_bits_per_second=500e6).hosts_needed
    # 94.5 and 85.5 Mbit/s each
    assert (needed.fewest, needed.likely, needed.most) == (6, 6, 6)
    needed = planned(target_bits_per_second=540e6).hosts_needed
    assert (needed.fewest, needed.likely, needed.most) == (6, 6, 7)


def test_no_number_may_be_enough_at_the_worse_end():
    needed = planned(target_bits_per_second=890e6).hosts_needed
    assert needed.likely == 10
    assert needed.most is None


def test_so_many_hosts_are_projected_where_those_are_asked_for():
    found = planned(target_bits_per_second=None, hosts=3)
    assert found.hosts_needed is None
    assert found.projected_bits_per_second.likely == pytest.approx(270e6)
    assert "3 × Some Board with 1 backend instance each would serve 270 Mbit/s" in found.answer


def test_the_binding_constraint_and_the_next_are_named():
    found = planned(reference(**SLOW), target_bits_per_second=500e6, of=candidate())
    assert "the bottleneck is the hosts' links" in found.answer
    assert found.next_binding.kind in found.answer or "introduction points" in found.answer
    assert found.constraints[:2] == (found.binding, found.next_binding)


def test_the_bill_of_the_rig_that_is_planned():
    found = planned(
        reference(**SLOW, client_cost=2.0), target_bits_per_second=500e6, balancer="extended"
    ).bill
    assert found.daemons_per_host == 1
    assert found.instances == 6
    assert found.introduction_points == 12
    assert found.descriptors == 1
    # 540 Mbit/s over 20 a stream are 27; that no instance is left out needs more
    assert found.streams == 36
    # 0.54 Gbit/s at 2 cores a Gbit/s
    assert found.client_side.client_tors == 2
    assert found.client_side.client_cores.likely == pytest.approx(1.08)
    assert found.client_side.relay_cores.likely == pytest.approx(2.7)
    assert found.client_side.link_bits_per_second.likely == pytest.approx(600e6)
    assert found.price.amount == pytest.approx(6 * 35)


def test_streams_are_what_their_windows_need_over_a_long_round_trip():
    found = planned(target_bits_per_second=500e6, round_trip_seconds=0.5).bill
    window_bits = 500 * 498 * 8
    assert found.streams == -(-540e6 * 0.5 // window_bits)


def test_there_are_streams_enough_that_no_instance_is_left_out():
    wide = planned(
        reference(stream_bits_per_second=1e9, round_trip_seconds=1e-4),
        target_bits_per_second=500e6,
    )
    assert wide.bill.streams == streams_for_all(6) == 36


@pytest.mark.parametrize("instances", [1, 2, 4, 24, 60])
def test_streams_for_all_leave_one_out_once_in_a_hundred_times(instances):
    """Counted by drawing: inclusion and exclusion over those that are missed."""
    streams = streams_for_all(instances)

    def left_out(streams):
        return sum(
            (-1) ** (missed + 1)
            * math.comb(instances, missed)
            * (1 - missed / instances) ** streams
            for missed in range(1, instances + 1)
        )

    assert left_out(streams) <= 0.01
    assert instances == 1 or left_out(streams - 2) > 0.0095


def test_client_tors_are_as_many_for_each_descriptor():
    found = planned(
        reference(backend_cost=40.0, client_cost=2.0),
        target_bits_per_second=1000e6,
        balancer="extended",
        of=candidate(ethernet_mbit=ethernet(1000.0)),
    ).bill
    assert found.descriptors > 1
    assert found.client_side.client_tors % found.descriptors == 0
    assert found.client_side.client_tors >= found.client_side.client_cores.highest


def test_watts_lie_between_idle_and_all_cores_busy():
    # 540 Mbit/s of the 24 Gbit/s that 24 cores serve
    found = planned(target_bits_per_second=500e6).bill.watts
    assert (found.lowest, found.highest) == (12.0, 36.0)
    assert found.likely == pytest.approx(12 + 24 * 0.54 / 24)


def test_what_the_catalogue_does_not_have_is_left_out():
    found = planned(target_bits_per_second=500e6, of=candidate(idle_watts=None, price=None)).bill
    assert found.watts is None
    assert found.price is None


def test_the_curve_goes_beyond_the_planned_hosts_as_far_as_there_are_instances():
    found = planned(target_bits_per_second=800e6)
    assert [one.hosts for one in found.curve] == list(range(1, 11))
    wider = planned(target_bits_per_second=800e6, balancer="extended")
    assert [one.hosts for one in wider.curve] == list(range(1, 19))


def test_where_stock_onionbalance_holds_too_few_the_extended_one_is_named():
    found = planned(target_bits_per_second=1200e6)
    assert not found.possible
    assert "no number of hosts reaches 1.20 Gbit/s" in found.answer
    assert "10 hosts would serve the most, 900 Mbit/s" in found.answer
    assert "with --balancer extended, 14 hosts would serve" in found.answer
    again = planned(target_bits_per_second=1200e6, balancer="extended")
    assert again.possible
    assert again.bill.hosts == 14


def test_more_streams_are_named_where_their_windows_bind():
    found = planned(target_bits_per_second=500e6, streams=4, round_trip_seconds=0.5)
    assert not found.possible
    assert "the bottleneck is the streams' windows" in found.answer
    assert "balancer" not in found.answer
    # 249 kB every half second
    assert "with --streams 126, 6 hosts would serve" in found.answer


def test_headroom_is_named_where_doing_without_would_do():
    found = planned(target_bits_per_second=5000e6, balancer="extended", headroom=0.2)
    assert "with --headroom 0%, 56 hosts would serve" in found.answer


def test_a_target_beyond_every_address_is_refused_with_the_most_there_is():
    found = planned(target_bits_per_second=50e9, balancer="extended")
    assert not found.possible
    assert "60 hosts would serve the most, 5.40 Gbit/s" in found.answer
    assert len(found.curve) == 60


def test_more_hosts_than_instances_are_refused_with_what_would_hold_them():
    found = planned(target_bits_per_second=None, hosts=14)
    assert not found.possible
    assert "holds 10 behind one address" in found.answer
    assert "with --balancer extended they would serve 1.26 Gbit/s" in found.answer
    beyond = planned(target_bits_per_second=None, hosts=90, balancer="extended")
    assert "60 hosts would serve 5.40 Gbit/s" in beyond.answer


def test_a_board_too_small_for_one_daemon_is_said_to_be():
    small = BoardFigure[tuple[float, ...]](value=(0.125,), mark="read", source="a test")
    found = planned(of=candidate(memory_gb=small, price=None))
    assert not found.possible
    assert "memory" in found.answer


def test_a_board_of_which_too_little_is_known_says_what_to_do():
    found = planned(of=candidate(cores=None))
    assert not found.possible
    assert "probe" in found.answer


def test_one_kind_that_cannot_be_planned_does_not_keep_another_from_it():
    made = plan(
        question(),
        [candidate(cores=None), Candidate(id="other", board=board(name="Other"), probe=None)],
        reference(),
        made="2026-11-25T12:00:00Z",
        version="1",
    )
    assert [one.possible for one in made.hardware] == [False, True]


def test_a_plan_says_where_each_input_is_from_and_how_an_estimate_is_replaced():
    found = planned(
        of=candidate(
            aes_mb_per_second=BoardFigure[float](value=36.0, mark="estimate", source="a sibling")
        )
    )
    guessed = [one for one in found.inputs if one.source == "a sibling"]
    assert [one.origin for one in guessed] == ["estimated"]
    assert "probe" in guessed[0].replaced_by
    assert {one.origin for one in found.inputs} >= {"measured elsewhere", "read", "estimated"}


def test_what_is_asked_on_the_command_line_is_marked_so():
    found = planned(link_bits_per_second=1e9, round_trip_seconds=0.2)
    assert {one.source for one in found.inputs if one.origin == "asked"} == {
        "--link",
        "--round-trip",
    }


def test_a_question_without_target_or_hosts_is_none():
    with pytest.raises(UsageError, match="either"):
        _plan(target_bits_per_second=None, hosts=None)


def test_what_is_taken_for_granted_depends_on_what_was_asked():
    said = " ".join(_plan(scale=0.25).assumptions)
    assert "multiplied by 0.25" in said
    assert "multiplied" not in " ".join(_plan().assumptions)


def test_wi_fi_is_taken_where_there_is_no_ethernet_and_said_to_be():
    made = _plan(
        of=candidate(ethernet_mbit=None, wifi_mbit=ethernet(45.0)),
        hosts=1,
        target_bits_per_second=None,
    )
    assert made.hardware[0].projected_bits_per_second.likely == pytest.approx(0.9 * 45e6)
    assert any("Wi-Fi" in sentence for sentence in made.assumptions)


@given(
    target_mbit=st.floats(min_value=1, max_value=20_000),
    cost=st.floats(min_value=0.2, max_value=50),
    off=st.floats(min_value=0, max_value=0.4),
    link_mbit=st.floats(min_value=10, max_value=10_000),
    balancer=st.sampled_from(["stock", "extended"]),
)
def test_the_fewest_hosts_are_planned_that_are_likely_to_be_enough(
    target_mbit, cost, off, link_mbit, balancer
):
    found = planned(
        reference(backend_cost=spread(cost * (1 - off), cost, cost * (1 + off))),
        target_bits_per_second=target_mbit * 1e6,
        balancer=balancer,
        of=candidate(ethernet_mbit=ethernet(link_mbit), aes_mb_per_second=read(1000.0)),
    )
    enough = [
        one.hosts for one in found.curve if one.goodput_bits_per_second.likely >= target_mbit * 1e6
    ]
    if not found.possible:
        assert enough == []
        return
    needed = found.hosts_needed
    assert needed.likely == found.bill.hosts == enough[0]
    assert needed.fewest <= needed.likely
    assert needed.most is None or needed.most >= needed.likely


def test_the_extended_balancer_is_planned_for_only_if_stock_is_not_enough(monkeypatch):
    planned_for = []

    def noted(candidate, question, measured):
        planned_for.append(question.balancer)
        return host_of(candidate, question, measured)

    monkeypatch.setattr(plan_module, "host_of", noted)
    for target, balancers in ((1e6, ["stock"]), (1e12, ["stock", "extended"])):
        planned_for.clear()
        plan_for_either_balancer(
            question(target_bits_per_second=target), [candidate()], reference(), made="", version=""
        )
        assert planned_for == balancers
