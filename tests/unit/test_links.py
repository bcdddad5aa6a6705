"""What links of emulated hosts carried, whether they were full, and what that says of a rate."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.hosts.link_rates import link_rates
from onionrig.analysis.hosts.links import busier_direction, carried_share, links
from onionrig.analysis.load.loads import load_of
from onionrig.analysis.result import analyse
from onionrig.analysis.trust.interface_agreement import interface_agreement
from onionrig.analysis.wording import named_runs, part_text
from onionrig.records.hosts import HostLink
from support.bottlenecks import bottleneck_of, evidence
from support.records.emulated_hosts import bramble, direct, emulated
from support.records.events import happened
from support.records.manifests import manifest
from support.records.recordings import recording

FULL_CPU = 2.0
"""Both of the machine's cores."""


def found(whole):
    return links(load_of(whole))


def evidence_of(whole, what):
    return evidence(bottleneck_of(whole), what)


def test_the_limit_of_a_link_is_what_was_asked_for_not_what_the_kernel_says():
    piece = evidence_of(bramble([60, 30]), "link of pi1")
    assert (piece.what, piece.limit, piece.at_limit) == ("link of pi1, sent", 100e6, False)
    assert piece.measured == pytest.approx(60e6)
    assert evidence_of(bramble([60, 30]), "link of network").limit is None


def test_links_of_all_hosts_that_serve_are_named_together():
    said = bottleneck_of(bramble([96, 95, 94, 96, 95, 96]))
    assert (said.kind, said.subject) == ("interface", "links of pi1 to pi6")
    assert said.sentence == (
        "the links of all 6 hosts with backend instances were full: "
        "pi1 to pi6 sent 572 of 600 Mbit/s together"
    )


def test_the_one_link_of_the_one_host_that_serves_is_named():
    said = bottleneck_of(bramble([96.1], link=96.8e6))
    assert said.subject == "link of pi1"
    assert said.sentence == "the link of pi1 was full: sent 96.1 of 96.8 Mbit/s"


def test_all_links_full_come_before_a_full_machine_which_is_named_as_well():
    said = bottleneck_of(bramble([96, 95, 94], busy=FULL_CPU))
    assert said.kind == "interface"
    assert said.sentence.endswith("; the machine's CPU was full as well")
    assert "as well" not in bottleneck_of(bramble([96, 95, 94])).sentence


def test_a_full_machine_comes_before_some_full_links_which_are_counted():
    said = bottleneck_of(bramble([96, 60, 95, 40], busy=FULL_CPU))
    assert said.kind == "machine CPU"
    assert said.sentence.endswith(
        "; 2 of the 4 links of hosts with backend instances were full as well"
    )


def test_where_only_some_links_are_full_it_is_said_of_how_many():
    said = bottleneck_of(bramble([96, 60, 95, 40]))
    assert (said.kind, said.subject) == ("interface", "links of pi1 and pi3")
    assert said.sentence == (
        "2 of the 4 links of hosts with backend instances were full: "
        "pi1 and pi3 sent 191 of 200 Mbit/s together"
    )
    assert bottleneck_of(bramble([96, 60])).sentence == (
        "1 of the 2 links of hosts with backend instances was full: pi1 sent 96.0 of 100 Mbit/s"
    )


def test_the_link_that_all_clients_are_behind_binds_alone():
    said = bottleneck_of(bramble([60, 50], clients=(99, 100e6), busy=FULL_CPU))
    assert said.subject == "link of clients"
    assert said.sentence.startswith("the link of clients was full: received 99.0 of 100 Mbit/s")


def test_full_links_of_different_kinds_are_not_counted_of_either():
    """The clients are on two hosts, one of which is behind a full link."""
    whole = bramble([96, 60], clients=(99, 100e6))
    more = msgspec.structs.replace(
        whole.manifest,
        hosts=(*whole.manifest.hosts, emulated("elsewhere", 1e9)),
        services=(
            *whole.manifest.services,
            msgspec.structs.replace(whole.manifest.services[2], name="client-2", host="elsewhere"),
        ),
    )
    said = bottleneck_of(msgspec.structs.replace(whole, manifest=more))
    assert said.sentence == (
        "the links of clients and pi1 were full: they carried 195 of 200 Mbit/s together"
    )


@pytest.mark.parametrize(("sent", "full"), [(89.9, False), (90.1, True)])
def test_a_link_is_full_from_nine_tenths(sent, full):
    assert found(bramble([sent])).hosts[2].full is full


@pytest.mark.parametrize(
    ("sent", "received", "busier", "share"),
    [(60e6, 20e6, "sent", 0.6), (10e6, 50e6, "received", 0.5), (None, None, "sent", None)],
)
def test_a_links_share_is_of_its_rate_in_the_direction_that_is_asked_for(
    sent, received, busier, share
):
    link = HostLink(
        host="pi1", board=None, link_bits_per_second=100e6, sent_bits_per_second=sent,
        received_bits_per_second=received, full=False, serves=True,
    )  # fmt: skip
    assert busier_direction(link) == busier
    assert carried_share(link, busier) == share
    unshaped = msgspec.structs.replace(link, link_bits_per_second=None)
    assert carried_share(unshaped, busier) is None


def test_goodput_is_held_against_what_the_serving_links_carry_together():
    whole = bramble([60, 40], goodput_mbit=0.9)
    said = found(whole)
    assert said.sum_bits_per_second == 200e6
    assert said.payload_bits_per_second == pytest.approx(200e6 * 1448 / 1514)
    assert said.mean_share == pytest.approx(0.45)
    assert said.sustained_share == pytest.approx(0.45)
    piece = evidence_of(whole, "goodput")
    assert piece.what.endswith("the links of the 2 hosts that serve together can carry")
    assert piece.measured == pytest.approx(90e6)
    assert piece.limit == said.payload_bits_per_second


def test_there_is_no_sum_where_a_serving_link_is_not_shaped():
    said = found(bramble([60, 40], link=None))
    assert (said.sum_bits_per_second, said.mean_share) == (None, None)
    assert said.hosts[2].sent_bits_per_second == pytest.approx(60e6)
    assert not [piece for piece in bottleneck_of(bramble([60, 40], link=None)).evidence
                if piece.what.startswith("goodput")]  # fmt: skip


def test_a_result_has_the_links_and_a_run_without_emulated_hosts_none():
    assert analyse(bramble([60])).links.hosts[2].host == "pi1"
    assert analyse(recording([])).links is None


def test_a_host_without_samples_is_known_by_its_rate_alone():
    whole = bramble([96, 96])
    whole = msgspec.structs.replace(
        whole, samplers={n: s for n, s in whole.samplers.items() if n != "sampler-pi2"}
    )
    link = found(whole).hosts[3]
    assert (link.host, link.sent_bits_per_second, link.full) == ("pi2", None, False)
    assert link.link_bits_per_second == 100e6


# rates that change


def changed(*events, link=100e6):
    made = manifest(emulated=(emulated("pi1", link), emulated("pi2", 7.0)))
    whole = recording([], hold_seconds=10, manifest=made, events=events)
    return link_rates(load_of(whole))


def test_a_rate_that_changes_counts_for_as_long_as_it_holds():
    slower = happened("link_rate", "pi1", 4.0, bits_per_second=50e6)
    assert changed(slower) == {"pi1": pytest.approx((4 * 100e6 + 6 * 50e6) / 10), "pi2": 7.0}


def test_a_pulled_link_carries_nothing_until_it_is_put_in():
    down, up = happened("link_down", "pi1", 2.0), happened("link_up", "pi1", 5.0)
    assert changed(down, up)["pi1"] == pytest.approx(70e6)
    assert changed(down)["pi1"] == pytest.approx(20e6)


def test_what_was_done_before_the_hold_lasts():
    slower = happened("link_rate", "pi1", -30.0, bits_per_second=25e6)
    assert changed(slower)["pi1"] == pytest.approx(25e6)


def test_a_link_that_was_shaped_for_a_part_of_the_hold_has_no_mean():
    shaped = happened("link_rate", "pi1", 4.0, bits_per_second=50e6)
    assert changed(shaped, link=None) == {"pi2": 7.0}
    before = happened("link_rate", "pi1", -4.0, bits_per_second=50e6)
    assert changed(before, link=None)["pi1"] == pytest.approx(50e6)


@given(
    st.lists(
        st.tuples(
            st.integers(-5, 15),
            st.sampled_from(["link_down", "link_up", "link_rate"]),
            st.integers(1, 9),
        ),
        max_size=8,
    )
)
def test_a_mean_rate_is_that_of_its_seconds(done):
    done = sorted(done, key=lambda each: each[0])
    rate, up, seconds = 5, True, {}
    for second in range(-6, 10):
        for at, verb, new in done:
            if at == second:
                rate, up = (new, up) if verb == "link_rate" else (rate, verb == "link_up")
        seconds[second] = rate if up else 0
    events = [
        happened(verb, "pi1", float(at), bits_per_second=float(new)) for at, verb, new in done
    ]
    expected = sum(seconds[second] for second in range(10)) / 10
    assert changed(*events, link=5.0)["pi1"] == pytest.approx(expected)


# the baseline


def test_a_baseline_between_emulated_hosts_is_held_against_its_interfaces():
    whole = direct([95, 40])
    agreed = interface_agreement(load_of(whole))
    assert agreed.sink_bytes == 135 * 125_000 * 10
    assert agreed.difference == pytest.approx(0.046, abs=1e-3)
    assert (agreed.explained, agreed.cause) == (True, "TCP and IP headers")


def test_a_baseline_whose_hosts_sent_too_much_is_not_explained():
    whole = direct([95], overhead=1.12)
    assert interface_agreement(load_of(whole)).explained is False


def test_a_baselines_sources_are_on_the_hosts_they_are_named_after():
    assert [share.host for share in analyse(direct([95, 40])).backends] == ["pi1", "pi2"]


def test_a_baselines_full_link_is_named():
    assert (
        bottleneck_of(direct([95])).sentence == "the link of pi1 was full: sent 99.4 of 100 Mbit/s"
    )
    assert "hosts with a source" in bottleneck_of(direct([95, 40])).sentence


# wording


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["pi1", "pi2"], "pi1 and pi2"),
        (["pi1", "pi2", "pi3"], "pi1 to pi3"),
        (["pi9", "pi10", "pi11", "x"], "pi9 to pi11 and x"),
        (["a", "pi1", "pi2", "pi4"], "a, pi1, pi2 and pi4"),
        (["pi01", "pi02", "pi03"], "pi01 to pi03"),
        (["b", "a"], "b and a"),
    ],
)
def test_names_that_are_numbered_on_are_named_by_the_first_and_the_last(names, text):
    assert named_runs(names) == text


def test_a_part_and_its_whole_share_their_unit():
    assert part_text(96.1e6, 96.8e6) == "96.1 of 96.8 Mbit/s"
    assert part_text(961e3, 96.8e6) == "961 kbit/s of 96.8 Mbit/s"
