"""Each function that the extended balancer replaces, on descriptors made with stem."""

import base64
import hashlib
import io
import logging
from types import SimpleNamespace

import pytest
import stem.descriptor
from hypothesis import given
from hypothesis import strategies as st
from onionbalance.hs_v3 import descriptor as onionbalance_descriptor
from onionbalance.hs_v3.descriptor import IntroductionPointSetV3
from onionbalance.hs_v3.instance import InstanceIsOffline
from onionbalance.hs_v3.onionbalance import my_onionbalance

from onionrig.balancer.extended.distinct_descriptors import distribute, hsdirs_by_variant
from onionrig.balancer.extended.distinct_relays import choose
from onionrig.balancer.extended.fast_start import (
    FirstPublication,
    held_back,
    publishing_when_all_are_known,
)
from onionrig.balancer.extended.flow_control import CarryingInnerLayer, agreed_lines
from onionrig.balancer.extended.instances import key_of, owners, relay_of
from onionrig.balancer.extended.liveness import Silent, leaving_out
from onionrig.balancer.extended.publications import one_revision, rising
from onionrig.balancer.extended.whole_ring import microdescriptors, relays_for_replicas
from onionrig.balancer.program import refuse_unknown_version
from onionrig.engine.local import equipment
from onionrig.errors import Unequipped
from support.descriptors import FLOW_CONTROL, instance
from support.rigs import experiment_of

SINGLE_HOP = {**FLOW_CONTROL, "single-onion-service": ""}


@pytest.fixture
def serves(monkeypatch):
    """Have Onionbalance serve one address with these instances."""

    def put(*instances):
        service = SimpleNamespace(instances=list(instances))
        monkeypatch.setattr(my_onionbalance, "services", [service], raising=False)
        return service

    return put


def points_of(*instances):
    return [
        point
        for some_instance in instances
        for point in some_instance.descriptor.get_intro_points()
    ]


def header(layer):
    return layer.get_bytes().decode().partition("\nintroduction-point ")[0].splitlines()


def test_the_inner_layer_carries_what_every_instance_says(serves):
    first, second = instance(1, 2, 3, lines=SINGLE_HOP), instance(4, 5, 6, lines=SINGLE_HOP)
    serves(first, second)
    layer = CarryingInnerLayer.create(introduction_points=points_of(first, second))
    assert [line.rstrip() for line in header(layer)] == [
        "create2-formats 2", "flow-control 1-2 31", "single-onion-service",
    ]  # fmt: skip
    assert layer.is_single_service
    assert len(layer.introduction_points) == 6


def test_a_line_of_only_some_instances_is_not_promised(serves, caplog):
    first, second = instance(1, 2, 3, lines=SINGLE_HOP), instance(4, 5, 6, lines=FLOW_CONTROL)
    serves(first, second)
    with caplog.at_level(logging.WARNING, logger="onionbalance"):
        layer = CarryingInnerLayer.create(introduction_points=points_of(first, second))
    assert header(layer) == ["create2-formats 2", "flow-control 1-2 31"]
    assert "single-onion-service line (bare, none)" in caplog.text


def test_an_instance_without_used_points_does_not_affect_the_lines(serves):
    first, second = instance(1, 2, 3, lines=FLOW_CONTROL), instance(4, 5, 6)
    serves(first, second)
    layer = CarryingInnerLayer.create(introduction_points=points_of(first))
    assert header(layer) == ["create2-formats 2", "flow-control 1-2 31"]


@given(st.lists(st.sampled_from(["", "flow-control 1-2 31", "flow-control 1 31"]), min_size=1))
def test_lines_are_carried_exactly_where_all_agree(headers):
    alike = len(set(headers)) == 1 and headers[0] != ""
    expected = {"flow-control": headers[0].partition(" ")[2]} if alike else {}
    assert agreed_lines(headers) == expected


def test_stock_drops_the_line_that_is_carried_over(serves):
    first = instance(1, 2, 3, lines=FLOW_CONTROL)
    serves(first)
    stock = onionbalance_descriptor.InnerLayer.create(introduction_points=points_of(first))
    assert header(stock) == ["create2-formats 2"]


def test_no_two_points_of_a_descriptor_share_a_relay(serves):
    instances = [instance(1, 2, 3), instance(1, 2, 3), instance(3, 4, 5)]
    serves(*instances)
    chosen = choose(
        IntroductionPointSetV3([points_of(some_instance) for some_instance in instances]), 6
    )
    relays = [relay_of(point) for point in chosen]
    assert len(set(relays)) == len(relays) == 5  # five relays are there for six
    owner = owners()
    assert {owner[key_of(point)].onion_address for point in chosen} == {
        some_instance.onion_address for some_instance in instances
    }


def test_an_instance_without_a_relay_of_its_own_is_named(serves, caplog):
    instances = [instance(1), instance(2), instance(1, 2)]
    serves(*instances)
    points = IntroductionPointSetV3([points_of(some_instance) for some_instance in instances])
    with caplog.at_level(logging.WARNING, logger="onionbalance"):
        chosen = choose(points, 6)
    starved = {some_instance.onion_address for some_instance in instances} - {
        owners()[key_of(point)].onion_address for point in chosen
    }
    assert len(chosen) == 2
    assert len(starved) == 1
    assert f"Instance {starved.pop()} starves" in caplog.text


@given(st.integers(1, 60), st.sampled_from([1, 2, 3, 6]))
def test_instances_are_shared_out_evenly_over_the_descriptors(instances, variants):
    groups = distribute(range(instances), variants)
    sizes = [len(group) for group in groups]
    assert sorted(item for group in groups for item in group) == list(range(instances))
    assert max(sizes) - min(sizes) <= 1
    assert len(groups) == min(variants, instances)


@given(st.sampled_from([1, 2, 3, 6]))
def test_each_descriptor_is_on_as_many_places_that_clients_fetch_from(variants):
    fetched = ["a1", "a2", "a3", "b1", "b2", "b3"]
    by_variant = hsdirs_by_variant(
        fetched, ["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"], variants
    )
    assert len({len(set(hsdirs) & set(fetched)) for hsdirs in by_variant}) == 1
    assert sorted(hsdir for hsdirs in by_variant for hsdir in hsdirs) == sorted(
        [*fetched, "a4", "b4"]
    )


def test_revisions_rise_even_within_a_second():
    seconds = iter([100, 100, 100, 250])
    counter = rising(lambda *_: next(seconds), time_period=lambda _: 7)
    assert [counter(None, None, True) for _ in range(4)] == [100, 101, 102, 250]


def test_each_time_period_counts_for_itself():
    counter = rising(lambda _, __, is_first: 500 if is_first else 40, time_period=int)
    assert [counter(None, None, first) for first in (True, False, True, False)] == [
        500, 40, 501, 41,
    ]  # fmt: skip


def test_descriptors_of_one_set_share_a_revision():
    seconds = iter(range(100, 200))
    counter = rising(lambda *_: next(seconds), time_period=lambda _: 7)
    with one_revision():
        shared = [counter(None, None, True) for _ in range(3)]
    assert shared == [100, 100, 100]
    assert counter(None, None, True) == 101


def test_a_silent_instance_is_offline_and_comes_back(serves):
    first, second = instance(1), instance(2)
    serves(first, second)
    silent = Silent()
    points = leaving_out(lambda some_instance: [some_instance.onion_address], silent)
    silent.say(first.onion_address, False)
    assert silent.changed.is_set()
    with pytest.raises(InstanceIsOffline):
        points(first)
    assert points(second) == [second.onion_address]
    silent.changed.clear()
    silent.say(first.onion_address, False)  # nothing new
    assert not silent.changed.is_set()
    silent.say(first.onion_address, True)
    assert silent.changed.is_set()
    assert points(first) == [first.onion_address]


def test_no_instance_is_left_out_when_none_answers(serves):
    first, second = instance(1), instance(2)
    serves(first, second)
    silent = Silent()
    for some_instance in (first, second):
        silent.say(some_instance.onion_address, False)
    points = leaving_out(lambda some_instance: [some_instance.onion_address], silent)
    assert points(first) == [first.onion_address]


class Balancer:
    """Onionbalance with these instances, none of which it knows, and what it publishes."""

    def __init__(self, *instances):
        self.instances = instances
        self.known = [some_instance.descriptor for some_instance in instances]
        self.asked = []
        for number, some_instance in enumerate(instances):
            some_instance.descriptor = None
            some_instance.fetch_descriptor = lambda number=number: self.asked.append(number)
        self.seconds = 0.0
        self.start = FirstPublication(lambda: self.seconds)
        self.published = []
        self.services = [SimpleNamespace(first_descriptor=None)]
        self.consensus = SimpleNamespace(is_live=lambda: True)
        self.told_to_forget = 0
        self.controller = SimpleNamespace(controller=self)
        self._publish = held_back(self._publish_what_is_known, self.start)
        self._handle = publishing_when_all_are_known(self._register)

    def signal(self, _newnym):
        self.told_to_forget += 1

    def publish_all_descriptors(self):
        self._publish(self)

    def comes(self, number):
        self._handle(self, number)

    def _publish_what_is_known(self, _self):
        self.published.append(
            [some_instance.descriptor is not None for some_instance in self.instances]
        )
        self.services[0].first_descriptor = "published"

    def _register(self, _self, number):
        self.instances[number].descriptor = self.known[number]


@pytest.fixture
def balancer(serves):
    instances = (instance(1), instance(2))
    serves(*instances)
    return Balancer(*instances)


def test_the_last_instance_that_becomes_known_has_all_published(balancer):
    balancer.publish_all_descriptors()  # the scheduler's, too early
    balancer.comes(0)
    balancer.publish_all_descriptors()
    assert balancer.published == []
    balancer.comes(1)
    balancer.comes(1)
    assert balancer.published == [[True, True]]


def test_an_instance_that_does_not_come_is_not_waited_for_for_ever(balancer):
    balancer.comes(0)
    balancer.seconds = 14
    balancer.start.ask_again(balancer)
    assert balancer.published == []
    balancer.seconds = 15
    balancer.start.ask_again(balancer)
    balancer.start.ask_again(balancer)
    assert balancer.published == [[True, False]]
    assert balancer.asked == [1, 1, 1]
    balancer.comes(1)
    assert balancer.published == [[True, False], [True, True]]


def test_tor_is_told_to_forget_whom_it_asked_only_while_something_is_missing(balancer):
    for second in range(10):
        balancer.seconds = second
        balancer.start.ask_again(balancer)
    assert balancer.told_to_forget == 1
    balancer.comes(0)
    balancer.comes(1)
    balancer.seconds = 60
    balancer.start.ask_again(balancer)
    assert balancer.told_to_forget == 1


RING = {bytes([10 * number]): f"relay-{number}" for number in range(1, 9)}


def test_places_go_on_from_the_rings_end_at_its_beginning():
    assert relays_for_replicas(RING, [bytes([75])], 3) == ["relay-8", "relay-1", "relay-2"]
    assert relays_for_replicas(RING, [bytes([200])], 2) == ["relay-1", "relay-2"]


def test_a_second_replica_skips_the_places_of_the_first():
    assert relays_for_replicas(RING, [bytes([25]), bytes([15])], 3) == [
        "relay-3", "relay-4", "relay-5", "relay-2", "relay-6", "relay-7",
    ]  # fmt: skip


@given(
    st.dictionaries(st.binary(min_size=2, max_size=2), st.integers(), min_size=1, max_size=12),
    st.lists(st.binary(min_size=2, max_size=2), min_size=2, max_size=2),
    st.integers(1, 4),
)
def test_replicas_get_distinct_relays_as_far_as_the_ring_has_them(indices, replicas, spread):
    ring = {index: f"relay-{number}" for number, index in enumerate(indices)}
    chosen = relays_for_replicas(ring, replicas, spread)
    assert len(set(chosen)) == len(chosen) == min(len(ring), 2 * spread)


def microdescriptor(letter):
    return (
        "onion-key\n-----BEGIN RSA PUBLIC KEY-----\n"
        f"{letter * 64}\n-----END RSA PUBLIC KEY-----\nntor-onion-key {letter * 43}\n"
    )


def test_the_last_microdescriptor_keeps_its_digest():
    texts = [microdescriptor("a"), microdescriptor("b")]
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        for text in texts
    ]
    # the control port's answer lacks the last newline
    answer_text = "".join(texts).strip().encode()
    tor = SimpleNamespace(get_info=lambda *_, **__: answer_text)
    assert [microdescriptor.digest() for microdescriptor in microdescriptors(tor)] == digests
    stock = stem.descriptor.parse_file(io.BytesIO(answer_text), "microdescriptor 1.0")
    assert [microdescriptor.digest() for microdescriptor in stock][-1] != digests[-1]


def test_an_onionbalance_that_was_not_read_is_refused_by_name():
    refuse_unknown_version("0.2.4")
    with pytest.raises(Unequipped, match=r"Onionbalance 0\.3\.0 is installed"):
        refuse_unknown_version("0.3.0")


def test_a_run_with_another_onionbalance_is_refused_before_anything_starts(monkeypatch):
    monkeypatch.setattr(equipment, "find_onionbalance", lambda: ("/there", "0.3.0"))
    monkeypatch.setattr(equipment, "find_tor", lambda: None)
    experiment = experiment_of({"frontend": {"balancer": "extended"}})
    with pytest.raises(Unequipped, match=r'frontend\.balancer = "stock"'):
        equipment.Equipment.for_experiment(experiment)
    stock = equipment.Equipment.for_experiment(experiment_of({}))
    assert stock.onionbalance_version == "0.3.0"
