"""What one address serves from so many hosts, and which limit binds."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.plan.address import PlannedAddress
from onionrig.plan.capacity import Capacity
from support.plan_inputs import figure, question, reference, spread


def hosts_with(*, link=90e6, thread=100e6, cores=4, most_by_memory=50):
    return Capacity(
        link_rate=spread(link, link, link),
        link=spread(link * 0.95, link, link * 1.05),
        cpu=spread(cores * thread * 0.8, cores * thread, cores * thread * 1.25),
        thread=spread(thread * 0.8, thread, thread * 1.25),
        cores=cores,
        most_by_cores=cores,
        most_by_memory=most_by_memory,
        inputs=(),
    )


def address(host=None, *, measured=None, **asked):
    measured = measured or reference()
    return PlannedAddress(
        question=question(**asked),
        reference=measured,
        host=host or hosts_with(),
        round_trip=figure("round trip", asked.get("round_trip_seconds") or 0.1, "s"),
    )


def test_links_bind_where_the_rest_allows_more():
    found = address().projection(6)
    assert found.constraint == "NIC"
    assert found.goodput_bits_per_second.likely == pytest.approx(6 * 90e6)


def test_cpus_bind_where_links_are_wide():
    found = address(hosts_with(link=1e9)).projection(2)
    assert found.constraint == "CPU"
    assert found.goodput_bits_per_second.likely == pytest.approx(2 * 400e6)


def test_introduction_points_bind_where_stock_onionbalance_has_too_few_places():
    # 10 instances for 6 hosts, and a main thread serves less than a link carries
    found = address(hosts_with(link=300e6)).projection(6)
    assert found.constraint == "introduction points"
    assert found.daemons_per_host == 2
    assert found.goodput_bits_per_second.likely == pytest.approx(10 * 100e6)


def test_the_extended_balancer_has_instances_for_all_of_them():
    found = address(hosts_with(link=300e6), balancer="extended").projection(6)
    assert found.constraint == "NIC"
    assert found.daemons_per_host == 4


def test_memory_binds_where_it_holds_fewer_daemons_than_there_are_cores():
    found = address(hosts_with(link=1e9, most_by_memory=2)).projection(1)
    assert found.constraint == "memory"
    assert found.goodput_bits_per_second.likely == pytest.approx(200e6)


def test_windows_bind_only_where_the_streams_are_counted():
    assert all(one.kind != "windows" for one in address().constraints(6))
    found = address(streams=4, round_trip_seconds=0.5).constraints(6)[0]
    assert found.kind == "windows"
    assert found.goodput_bits_per_second.likely == pytest.approx(4 * 500 * 498 * 8 / 0.5)


def test_a_stream_carries_no_more_than_one_alone_did_however_short_the_round_trip():
    found = address(measured=reference(stream_bits_per_second=20e6), round_trip_seconds=1e-3)
    assert found.stream_rate()[0].likely == pytest.approx(20e6)


def test_under_congestion_control_no_fixed_window_binds():
    found = address(balancer="extended", round_trip_seconds=10.0, streams=10)
    assert found.stream_rate()[0].likely == pytest.approx(20e6)


def test_there_are_no_more_daemons_than_it_takes():
    # a main thread's worst is 160 Mbit/s, a link's best 94.5
    assert address(hosts_with(thread=200e6)).instances_of(3) == (1, 1, 1)
    assert address(hosts_with(thread=100e6)).instances_of(3) == (2, 2, 2)


def test_places_that_are_too_few_are_spread_as_evenly_as_they_go():
    found = address(hosts_with(link=1e9))
    assert found.instances_of(4) == (3, 3, 2, 2)
    assert found.serves(4).likely == pytest.approx(10 * 100e6)
    assert found.constraints(4)[0].kind == "introduction points"


def test_one_host_with_more_cores_than_there_are_places_is_bound_by_them():
    found = address(hosts_with(link=1e10, cores=64)).constraints(1)[0]
    assert found.kind == "introduction points"
    assert "leaves 10 daemons a host" in found.sentence


def test_hosts_with_more_instances_than_their_link_needs_do_not_make_up_for_the_others():
    # two main threads serve more than a link of 150 Mbit/s, one does not
    found = address(hosts_with(link=150e6, cores=2))
    assert found.instances_of(7) == (2, 2, 2, 1, 1, 1, 1)
    assert found.serves(7).likely == pytest.approx(3 * 150e6 + 4 * 100e6)
    assert found.constraints(7)[0].goodput_bits_per_second == found.serves(7)


def test_stock_onionbalance_holds_ten_hosts_and_the_extended_one_sixty():
    assert address().most_hosts == 10
    assert address(balancer="extended").most_hosts == 60


@pytest.mark.parametrize(("instances", "descriptors"), [(4, 1), (10, 1), (11, 2), (24, 3), (60, 6)])
def test_the_extended_balancer_makes_the_fewest_descriptors_that_hold_all(instances, descriptors):
    assert address(balancer="extended").descriptors(instances) == descriptors


CAPACITIES = st.builds(
    hosts_with,
    link=st.floats(min_value=1e6, max_value=1e10),
    thread=st.floats(min_value=1e6, max_value=1e9),
    cores=st.integers(min_value=1, max_value=64),
    most_by_memory=st.integers(min_value=1, max_value=500),
)


@given(
    host=CAPACITIES,
    hosts=st.integers(min_value=1, max_value=10),
    balancer=st.sampled_from(["stock", "extended"]),
)
def test_what_is_served_is_what_the_lowest_constraint_allows(host, hosts, balancer):
    one = address(host, balancer=balancer)
    constraints = one.constraints(hosts)
    likely = [found.goodput_bits_per_second.likely for found in constraints]
    assert likely == sorted(likely)
    assert one.serves(hosts).likely == pytest.approx(likely[0])
    instances = one.instances_of(hosts)
    assert min(instances) >= 1
    assert sum(instances) <= one.most_hosts
    assert max(instances) <= host.most_by_cores


@given(host=CAPACITIES, balancer=st.sampled_from(["stock", "extended"]))
def test_more_hosts_never_serve_less(host, balancer):
    one = address(host, balancer=balancer)
    served = [one.serves(hosts).likely for hosts in range(1, one.most_hosts + 1)]
    assert all(after >= before * (1 - 1e-9) for before, after in pairwise(served))


def test_a_wider_balancer_never_serves_less():
    host = hosts_with(link=300e6)
    stock = address(host)
    extended = msgspec.structs.replace(stock, question=question(balancer="extended"))
    for hosts in range(1, 11):
        assert extended.serves(hosts).likely >= stock.serves(hosts).likely
