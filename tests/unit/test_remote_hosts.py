"""What is said of a rig on real hosts: their interfaces, links, CPU and clocks, each by its name."""

import msgspec
import pytest

from onionrig.analysis.hosts.interfaces import carried_bytes, main_interface
from onionrig.analysis.result import analyse
from onionrig.analysis.trust.interface_agreement import BESIDE, CELLS, REAL
from onionrig.records.samples import BoardState
from onionrig.rig.model import Role
from support.bottlenecks import bottleneck_of, evidence, trust_of
from support.inventories import PRIVATE, question
from support.records.emulated_hosts import bramble
from support.records.recordings import watched
from support.records.remote_hosts import CLOCKS_AHEAD_SECONDS, cluster
from support.records.samples import HOLD, host_sample
from support.rigs import rig_of
from support.views.page import reported
from support.views.terminal import summary_of


def interfaces(whole):
    (piece,) = [piece for piece in trust_of(whole).agreement if piece.what == "interfaces"]
    return piece


def test_what_interfaces_carried_is_compared_with_what_their_hosts_served():
    piece = interfaces(cluster())
    assert piece.sink_bytes == 100_000_000
    assert piece.difference == pytest.approx(0.06)
    assert piece.expected == pytest.approx((CELLS[0], CELLS[1] + REAL))
    assert piece.explained is True


@pytest.mark.parametrize(
    ("overhead", "explained"), [(1.0, False), (1.03, True), (1.16, True), (1.3, False)]
)
def test_less_than_tor_adds_or_far_more_is_a_doubt(overhead, explained):
    whole = cluster(overhead=overhead)
    assert interfaces(whole).explained is explained
    doubted = any("the interfaces carried" in doubt for doubt in trust_of(whole).doubts)
    assert doubted is not explained


def test_a_host_with_the_balancer_beside_its_instances_is_compared_too():
    whole = cluster()
    services = [
        msgspec.structs.replace(one, host="pi1", role="balancer") if one.name == "relay-1" else one
        for one in whole.manifest.services
    ]
    manifest = msgspec.structs.replace(whole.manifest, services=tuple(services))
    assert interfaces(msgspec.structs.replace(whole, manifest=manifest)).sink_bytes == 100_000_000
    relaying = [
        msgspec.structs.replace(one, host="pi1") if one.name == "relay-1" else one
        for one in whole.manifest.services
    ]
    manifest = msgspec.structs.replace(whole.manifest, services=tuple(relaying))
    assert interfaces(msgspec.structs.replace(whole, manifest=manifest)).sink_bytes == 50_000_000


def test_whatever_a_run_places_beside_backend_instances_sends_next_to_nothing():
    services = rig_of(question(PRIVATE).experiment).services
    assert {service.role for service in services if service.host == "Pi_3"} <= {
        Role.BACKEND, *BESIDE,
    }  # fmt: skip


def carried(**interfaces_by_name):
    return [
        host_sample(
            second,
            {},
            interfaces={
                name: {"received": received * run, "sent": sent * run}
                for name, (received, sent) in interfaces_by_name.items()
            },
        )
        for run, second in enumerate((HOLD, HOLD + 1))
    ]


def test_a_bridge_and_what_is_below_it_count_once():
    samples = carried(lo=(9, 9000), eth0=(5, 1000), br0=(5, 990), wlan0=(3, 3))
    assert main_interface(samples) == "eth0"
    assert carried_bytes(samples, "sent") == 1000
    assert main_interface(carried(lo=(9, 9))) is None
    assert carried_bytes([], "sent") == 0


def test_a_full_link_is_a_bottleneck_that_names_its_host():
    verdict = bottleneck_of(cluster(mbit=(90, 40), links={"pi1": 100e6, "pi2": 100e6}))
    assert (verdict.kind, verdict.subject) == ("interface", "link of pi1")
    assert verdict.sentence == (
        "1 of the 2 links of hosts with backend instances was full: pi1 sent 95.4 of 100 Mbit/s"
    )
    assert evidence(verdict, "link of pi1").at_limit
    assert not evidence(verdict, "link of pi2").at_limit
    both = bottleneck_of(cluster(mbit=(90, 90), links={"pi1": 100e6, "pi2": 100e6}))
    assert both.subject == "links of pi1 and pi2"


@pytest.mark.parametrize(
    ("links", "recorded", "expected"),
    [
        ({"pi1": 100e6}, {}, 100e6),
        ({}, {"pi1": 100e6}, 100e6),
        ({"pi1": 10e9}, {"pi1": 100e6}, 100e6),
        ({"pi1": 100e6}, {"pi1": 1e9}, 100e6),
        ({}, {}, None),
        ({"pi1": 10e6}, {}, None),  # it carried far more: nominal
    ],
)
def test_a_links_rate_is_the_lower_of_what_kernel_and_manifest_say(links, recorded, expected):
    whole = cluster(mbit=(90, 40), links=links, recorded_links=recorded)
    by_name = {link.host: link for link in analyse(whole).links.hosts}
    assert by_name["pi1"].link_bits_per_second == expected
    assert by_name["pi1"].full is (expected == 100e6)
    assert by_name["pi2"].link_bits_per_second is None


def test_a_full_cpu_is_that_of_a_host_with_its_own_cores():
    verdict = bottleneck_of(cluster(cores={"pi2": 3.9}, pi2={"cores": 4}, laptop={"cores": 64}))
    assert (verdict.kind, verdict.subject) == ("machine CPU", "pi2")
    assert verdict.sentence.startswith("the CPU of pi2 was full: the rig used 3.90 of 4 cores")
    assert evidence(verdict, "CPU of laptop, by process").limit == 64
    alone = bottleneck_of(cluster(cores={"pi1": 3.9}, lost=None, mbit=(40, 0)))
    assert alone.sentence.startswith("the CPU of pi1 was full")


def test_links_that_are_full_name_whose_cpu_was_full_as_well():
    verdict = bottleneck_of(
        cluster(mbit=(90, 90), links={"pi1": 100e6, "pi2": 100e6}, cores={"pi1": 3.9})
    )
    assert verdict.sentence.endswith("; the CPU of pi1 was full as well")


def test_a_full_main_thread_is_on_a_host():
    verdict = bottleneck_of(cluster(cores={"pi1": 0.97}))
    assert (verdict.kind, verdict.subject) == ("main thread", "backend-1")
    assert verdict.sentence == "the main thread of backend-1 on pi1 used a full core (0.97)"


def test_a_stalled_instance_is_on_a_host():
    whole = cluster(seconds=20)
    silent = [
        msgspec.structs.replace(sample, verified_bytes={"backend-1": 9, "backend-2": 0})
        if sample.second > HOLD + 8
        else sample
        for sample in whole.sinks["sink-laptop"]
    ]
    verdict = bottleneck_of(msgspec.structs.replace(whole, sinks={"sink-laptop": silent}))
    assert verdict.sentence.startswith("backend-2 on pi2 stalled: it had served")


def test_clocks_that_blur_seconds_are_a_doubt():
    assert trust_of(cluster()).doubts == ()
    assert trust_of(cluster(pi1={"ahead": 0.15})).doubts == ()  # 0.19 s ahead of pi2
    (doubt,) = trust_of(cluster(pi1={"ahead": 0.31})).doubts
    assert doubt == (
        "the clock of pi1 is 0.35 s ahead of that of pi2: what one counts in a second the other "
        "counts partly in the next"
    )


def test_the_summary_and_the_report_know_real_hosts_from_emulated_ones():
    whole = cluster(mbit=(90, 40), links={"pi1": 100e6, "pi2": 100e6})
    text = " ".join(summary_of(whole).split())
    assert "of the 200 Mbit/s that the links of 2 of 3 hosts carry" in text
    assert "of unknown rate 3 hosts" in " ".join(summary_of(cluster()).split())
    page = reported(analyse(whole), whole)
    assert "Hosts and links" in page.of("h2")
    assert not any("emulated" in text for text in page.of("td"))


def told(board):
    """The same run with what pi1's board tells, from the second of the hold on."""
    whole = cluster(cores={"pi1": 1.25})
    samples = [
        msgspec.structs.replace(sample, board=board(sample.second - HOLD))
        for sample in whole.samplers["sampler-pi1"]
    ]
    return msgspec.structs.replace(whole, samplers={**whole.samplers, "sampler-pi1": samples})


def hot(at):
    """A board that throttles from the fifth second on; under-voltage is of an earlier time."""
    now = ("throttled now", "throttled since boot") if at >= 5 else ()
    return BoardState(
        temperature_celsius=60.0 + at,
        clock_hertz=1.2e9 if at < 5 else 0.6e9,
        governor="ondemand",
        throttling=("under-voltage since boot", *now),
    )


def test_each_host_has_its_figures():
    pi1, pi2, laptop = analyse(told(hot)).hosts
    services = {"backend": 1, "sampler": 1, "source": 1, "yardstick": 1}
    assert (pi1.name, pi1.services) == ("pi1", services)
    assert pi1.goodput_bits_per_second == pytest.approx(40e6)
    assert (pi1.cores, pi1.rig_cores) == (4, pytest.approx(1.25))
    assert pi1.used_cores == pytest.approx(1.25)
    assert (pi1.highest_temperature_celsius, pi1.lowest_clock_hertz) == (69.0, 0.6e9)
    assert pi1.throttling == ("throttled now", "throttled since boot")
    assert pi1.clock_offset_seconds == CLOCKS_AHEAD_SECONDS["pi1"]
    assert (pi2.highest_temperature_celsius, pi2.throttling) == (None, ())
    assert (laptop.goodput_bits_per_second, laptop.services["relay"]) == (0.0, 1)


def test_emulated_hosts_have_none_of_the_machines_own():
    pi1 = {host.name: host for host in analyse(bramble([60])).hosts}["pi1"]
    assert pi1.goodput_bits_per_second == pytest.approx(54e6)
    assert (pi1.cores, pi1.used_cores, pi1.clock_offset_seconds) == (None, None, None)


def test_a_run_on_one_machine_has_no_hosts_of_their_own():
    assert analyse(watched()).hosts == ()


def test_the_summary_has_a_row_per_host():
    text = [" ".join(line.split()) for line in summary_of(told(hot), width=200).splitlines()]
    assert (
        "pi1 backend instance, source 40.0 Mbit/s 1.25 of 4 sent 42.4 Mbit/s 69.0 °C throttled "
        "now, "
        "throttled since boot +12 ms"
    ) in text
    assert "laptop relay, sink - 0.30 of 4 received 84.8 Mbit/s - - +0 ms" in text
    assert not any("runs" in line.split() for line in summary_of(bramble([60])).splitlines())


def test_the_report_has_a_row_per_host_and_says_which_was_lost():
    whole = told(hot)
    cells = reported(analyse(whole), whole).of("td")
    assert {
        "1.25 of 4",
        "69.0 °C",
        "0.60 GHz",
        "+12 ms",
        "throttled now, throttled since boot",
    } <= {*cells}
    lost = cluster(lost="pi2")
    assert "6 s into the hold" in reported(analyse(lost), lost).of("td")
