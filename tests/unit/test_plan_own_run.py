"""A user's own run as what a plan is made from."""

import msgspec
import pytest

from onionrig.errors import UsageError
from onionrig.plan.own_run import mode_of, reference_from
from onionrig.records.findings import Bottleneck
from onionrig.records.hosts import HostLink, LinkSum
from support.plan_inputs import reference, speeds
from support.records.manifests import emulated_host, manifest
from support.records.results import result


def test_costs_span_what_the_holds_showed():
    found = own([result(100, costs={"backend": cost}) for cost in (1.0, 1.6, 1.3)])
    cost = found.backend_cost
    assert (cost.value.lowest, cost.value.likely, cost.value.highest) == (1.0, 1.3, 1.6)
    assert cost.origin == "measured here"


@pytest.mark.parametrize("costs", [(2.0,), (1.99, 2.0, 2.01)])
def test_a_cost_is_no_surer_than_another_days_run_would_show(costs):
    cost = own([result(100, costs={"backend": one}) for one in costs]).backend_cost.value
    assert (cost.lowest, cost.likely, cost.highest) == pytest.approx((1.8, 2.0, 2.2))


def test_what_is_no_cost_and_was_held_once_may_be_off_by_a_twentieth():
    memory = own([result(100)]).backend_rss_bytes.value
    assert (memory.lowest, memory.highest) == pytest.approx((9.5 * (1 << 20), 10.5 * (1 << 20)))


def test_a_role_that_the_run_lacks_is_taken_from_the_shipped_measurement():
    shipped = reference(relay_cost=4.5)
    found = own([result(100, costs={"backend": 1.0})], otherwise=shipped)
    assert found.relay_cost == shipped.relay_cost
    assert found.payload_share == shipped.payload_share


def test_full_links_show_what_of_them_is_payload_and_how_steady_that_is():
    found = own([with_links(0.91, full=True)])
    assert found.payload_share.value.likely == pytest.approx(0.91)
    assert found.payload_share.origin == "measured here"
    assert found.steadiness.origin == "measured elsewhere"


def test_links_that_were_not_full_show_nothing_of_the_sort():
    found = own([with_links(0.5, full=False)])
    assert found.payload_share.origin == "measured elsewhere"
    assert found.link_steadiness.origin == "measured elsewhere"


def test_round_trips_reach_from_the_lowest_to_the_highest():
    found = own([result(100)]).round_trip_seconds.value
    assert (found.lowest, found.likely, found.highest) == (0.01, 0.02, 0.05)


def test_a_machine_like_the_shipped_one_needs_no_probe():
    assert own([result(100)], otherwise=reference(machine=speeds(cpu_model="AMD EPYC"))).machine
    assert (
        own([result(100)], otherwise=reference(machine=speeds(cpu_model="other"))).machine is None
    )


def test_a_run_in_which_no_cpu_was_full_is_said_to_be_one():
    bound = Bottleneck(kind="load", subject=None, sentence="nothing was full", evidence=())
    (sentence,) = own([msgspec.structs.replace(result(100), bottleneck=bound)]).remarks
    assert "no CPU was full" in sentence
    assert own([result(100)]).remarks == ()


def test_what_a_run_doubts_of_itself_stands_in_the_plan():
    made = own([result(100, doubts=("the machine was busy",))])
    (sentence,) = made.remarks
    assert "the machine was busy" in sentence
    assert made.doubts == ("the machine was busy",)


def test_of_a_sweep_the_first_point_alone_is_taken():
    points = [
        result(100, costs={"backend": cost}, settings={"load.streams": streams})
        for streams, cost in (("16", 1.0), ("1", 5.0))
    ]
    assert own(points).backend_cost.value.likely == 1.0


def test_hosts_like_those_of_the_run_have_its_share_and_its_link():
    found = own([result(100)], manifest_=emulated(cpu_cores=0.05)).hosts
    assert found.cores == 0.05
    assert found.link_bits_per_second == 25e6
    assert not found.sampled_inside


def test_emulated_hosts_without_a_share_are_said_to_have_the_machine_to_themselves():
    found = own([result(100)], manifest_=emulated(cpu_cores=None)).hosts
    assert found.cores == manifest().hosts[0].cores
    assert "without a share" in found.remark


def test_links_that_were_crossed_are_in_the_cost_already():
    shipped = reference(wire_cost=1.25)
    emulated_run = own([result(100)], manifest_=emulated(cpu_cores=None), otherwise=shipped)
    assert emulated_run.wire_cost.value.likely == 1
    assert own([result(100)], otherwise=shipped).wire_cost == shipped.wire_cost


def test_a_run_without_costs_is_refused():
    with pytest.raises(UsageError, match="no cost"):
        own([result(None)])
    with pytest.raises(UsageError, match="no cost"):
        own([result(100, costs={"relay": 4.0})])


def test_a_baseline_is_no_run_to_plan_from():
    with pytest.raises(UsageError, match="baseline"):
        mode_of(msgspec.structs.replace(manifest(), mode="without tor"))


def own(results, *, otherwise=None, manifest_=None):
    return reference_from(
        results, manifest_ or manifest(), otherwise=otherwise or reference(), probe=None
    )


def with_links(share, *, full):
    link = HostLink(
        host="pi1",
        board=None,
        link_bits_per_second=100e6,
        sent_bits_per_second=98e6,
        received_bits_per_second=2e6,
        full=full,
        serves=True,
    )
    links = LinkSum(
        scale=1.0,
        hosts=(link,),
        sum_bits_per_second=100e6,
        payload_bits_per_second=95e6,
        mean_share=share,
        sustained_share=share,
    )
    return msgspec.structs.replace(result(100), links=links)


def emulated(*, cpu_cores):
    host = emulated_host("pi1", "here", link_bits_per_second=25e6, cpu_cores=cpu_cores)
    return manifest(emulated=(host,), backends={"backend-1": "pi1"})
