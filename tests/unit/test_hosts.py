"""Emulated hosts as they are asked for, placed and rendered."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.engine.emulation.links import Link, delayed_bytes, host_lines, rate_line
from onionrig.errors import UsageError
from onionrig.experiment.auto import resolved
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.decode import (
    experiment_from,
    layer_from_setting,
    layer_from_toml,
    merged,
    plain,
)
from onionrig.experiment.placement import placement
from onionrig.rig.allocation import ports_needed
from onionrig.rig.model import Host, Role
from onionrig.rig.orders import (
    DiallerOrders,
    PingerOrders,
    SamplerOrders,
    SinkOrders,
    SourceOrders,
)
from support.rigs import direct_rig_of, experiment_of, orders, rig_of, service_of, torrc

BRAMBLE = """
[[hosts]]
name = "rest"
roles = ["authority", "relay", "balancer"]
[[hosts]]
name = "pi1"
roles = ["backend"]
link = "100Mbit"
[[hosts]]
name = "pi2"
roles = ["backend"]
link = "100Mbit"
[[hosts]]
name = "here"
roles = ["client"]
delay = "25ms"
[[hosts]]
name = "there"
roles = ["client"]
delay = "0.5s"
"""


def bramble(text=BRAMBLE, **tables):
    experiment = experiment_of(layer_from_toml(text, origin="test"), tables)
    refuse_impossible(experiment)
    return experiment


def rendered(text=BRAMBLE, **tables):
    return rig_of(bramble(text, **tables))


# asked for


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('name = "pi2"', 'name = "pi1"'), 'two hosts are called "pi1"'),
        (('name = "pi2"', 'name = "Pi 2"'), "hosts[2].name = 'Pi 2'"),
        (('link = "100Mbit"', 'link = "0Mbit"'), 'link = "0bit": a link carries 1Mbit to 10Gbit'),
        (('link = "100Mbit"', 'link = "100kbit"'), "1Mbit to 10Gbit"),
        (('link = "100Mbit"', 'link = "40Gbit"'), "host pi1"),
        (('link = "100Mbit"', 'link = "100"'), "the unit"),
        (('delay = "25ms"', 'delay = "2s"'), 'host here: delay = "2s": a link delays by 0.1ms to'),
        (('delay = "25ms"', 'delay = "0.05ms"'), "or not at all"),
        (('delay = "25ms"', 'dealy = "25ms"'), "unknown key hosts[3].dealy; did you mean"),
        (('roles = ["backend"]', 'roles = ["relay"]'), "no host has the role backend"),
        (('"authority", "relay", "balancer"', '"authority", "balancer"'), "the role relay"),
        (('roles = ["backend"]', 'roles = ["backends"]'), "roles[0] = 'backends': write "),
        (('roles = ["backend"]', "roles = []"), "hosts[1].roles = []"),
    ],
)
def test_what_is_wrong_with_a_host_is_said(change, message):
    with pytest.raises(UsageError) as caught:
        bramble(BRAMBLE.replace(*change))
    assert message in str(caught.value)


def test_no_delay_may_be_said_out_loud():
    assert bramble(BRAMBLE.replace("25ms", "0ms")).hosts[3].delay == 0


def test_more_hosts_than_addresses_are_refused():
    more = "".join(f'[[hosts]]\nname = "h{n}"\nroles = ["relay"]\n' for n in range(250))
    with pytest.raises(UsageError, match="255 hosts: there are 254 addresses"):
        bramble(BRAMBLE + more)


def test_emulated_hosts_lead_nowhere():
    with pytest.raises(UsageError, match="reach one another and nothing else"):
        bramble(network={"kind": "none"}, baseline={"peer": "192.0.2.1:9000"})
    with pytest.raises(UsageError, match=r"load\.socks_port = 9050"):
        bramble(load={"socks_port": 9050})


def test_a_baseline_needs_hosts_for_both_ends_only():
    both = '[[hosts]]\nname = "a"\nroles = ["backend"]\n[[hosts]]\nname = "b"\nroles = ["client"]\n'
    assert len(bramble(both, network={"kind": "none"}).hosts) == 2
    with pytest.raises(UsageError, match="no host has the role client"):
        bramble(both.replace("client", "backend"), network={"kind": "none"})


def test_a_setting_is_of_the_host_it_names():
    layers = [layer_from_toml(BRAMBLE, origin="test"), layer_from_setting("hosts.pi2.link=50Mbit")]
    experiment = experiment_from(layers)
    assert [str(host.link) for host in experiment.hosts[1:3]] == ["100Mbit", "50Mbit"]
    assert experiment.hosts[2].roles == ("backend",)
    with pytest.raises(UsageError, match=r"hosts.pi3: no such name among hosts: rest, pi1, pi2"):
        experiment_from([*layers, layer_from_setting("hosts.pi3.link=50Mbit")])


def test_hosts_of_a_later_file_stand_for_all_of_an_earlier_one():
    one = {"hosts": [{"name": "a"}, {"name": "b"}]}
    assert merged(one, {"hosts": [{"name": "c"}]}) == {"hosts": [{"name": "c"}]}


def test_hosts_stand_in_the_manifest_as_in_a_file():
    experiment = bramble()
    assert plain(experiment)["hosts"][1] == {
        "name": "pi1", "roles": ("backend",), "cores": None, "link": "100Mbit", "board": None,
        "delay": "0s", "cpu": None,
    }  # fmt: skip
    assert experiment_from([plain(experiment)]) == experiment


# placed


def test_without_hosts_everything_is_on_this_machine():
    experiment, _ = resolved(experiment_from([]))
    assert set(placement(experiment).values()) == {"localhost"}
    assert {service.host for service in rendered("").services} == {"localhost"}


@given(daemons=st.integers(1, 10), clients=st.integers(1, 9), relays=st.integers(3, 20))
def test_services_of_a_role_are_shared_out_evenly(daemons, clients, relays):
    rig = rendered(
        backends={"daemons": daemons}, load={"clients": clients}, network={"relays": relays}
    )
    for role in (Role.BACKEND, Role.CLIENT):
        counts = Counter(service.host for service in rig.with_role(role))
        assert max(counts.values()) - min(counts.values()) <= 1
        assert sum(counts.values()) == (daemons if role is Role.BACKEND else clients)
        assert len(counts) == min(2, sum(counts.values()))
    assert {service.host for service in rig.with_role(Role.RELAY)} == {"rest"}
    assert len({service.name for service in rig.services}) == len(rig.services)


@given(clients=st.integers(1, 9), streams=st.integers(9, 100))
def test_sinks_take_every_stream_once_each_through_the_client_it_would_have_anyway(
    clients, streams
):
    rig = rendered(load={"clients": clients, "streams": streams})
    through = {}
    for sink in rig.with_role(Role.SINK):
        told = orders(sink, SinkOrders)
        of, remainders = (told.share.of, told.share.remainders) if told.share else (1, (0,))
        for stream in range(streams):
            if stream % of in remainders:
                client = told.clients[remainders.index(stream % of) % len(told.clients)]
                through.setdefault(stream, []).append(client.name)
    assert through == {stream: [f"client-{stream % clients + 1}"] for stream in range(streams)}


def test_the_rigs_own_processes_stand_beside_what_they_serve():
    rig = rendered(load={"clients": 3, "dials_a_backend": 5})
    hosts = {service.name: service.host for service in rig.services}
    for role, names in (
        (Role.SAMPLER, ["rest", "pi1", "pi2", "here", "there"]),
        (Role.SOURCE, ["pi1", "pi2"]),
        (Role.SINK, ["here", "there"]),
        (Role.PINGER, ["here", "there"]),
        (Role.DIALLER, ["here", "there"]),
    ):
        assert {s.name: s.host for s in rig.with_role(role)} == {f"{role}-{h}": h for h in names}
    assert hosts["balancer"] == hosts["balancer-tor"] == "rest"
    for source in rig.with_role(Role.SOURCE):
        told = orders(source, SourceOrders)
        assert told.host == source.host
        assert {hosts[backend.name] for backend in told.backends} == {source.host}
        for backend in told.backends:
            assert f"HiddenServicePort 9000 unix:{backend.socket_path}" in torrc(rig, backend.name)
    for sink in rig.with_role(Role.SINK):
        assert {hosts[c.name] for c in orders(sink, SinkOrders).clients} == {sink.host}
    for pinger in rig.with_role(Role.PINGER):
        assert {hosts[c.name] for c in orders(pinger, PingerOrders).clients} == {pinger.host}
    diallers = [orders(dialler, DiallerOrders) for dialler in rig.with_role(Role.DIALLER)]
    assert [told.count for told in diallers] == [13, 7]  # of 20, two in three here


def test_a_host_that_takes_no_service_has_no_process_of_ours():
    rig = rendered(backends={"daemons": 1})
    assert "pi2" not in {service.host for service in rig.services}
    assert "pi2" in {host.name for host in rig.hosts}


def test_samplers_know_their_links_and_ask_the_tors_of_their_host():
    rig = rendered()
    tors = []
    for sampler in rig.with_role(Role.SAMPLER):
        told = orders(sampler, SamplerOrders)
        rate = 100e6 if sampler.host.startswith("pi") else None
        assert told.link_bits_per_second == {"eth0": rate}
        assert told.tors_record_path == f"RUN/samples/tors-{sampler.host}.jsonl"
        assert told.rig_path == "WORKSPACE/rig.json"
        assert {service_of(rig, tor.name).host for tor in told.tors} == {sampler.host}
        assert {tor.host for tor in told.tors} == {"127.0.0.1"}
        tors += [tor.name for tor in told.tors]
    assert len(tors) == len(set(tors)) == 3 + len(rig.with_role(Role.RELAY)) + 4 + 2 + 1


# rendered


def test_relays_are_reached_at_their_hosts_address_and_nothing_else_is():
    rig = rendered(BRAMBLE.replace('roles = ["backend"]', 'roles = ["backend", "relay"]', 1))
    addresses = {host.name: host.address for host in rig.hosts}
    assert addresses == {
        "rest": "10.77.0.1", "pi1": "10.77.0.2", "pi2": "10.77.0.3", "here": "10.77.0.4",
        "there": "10.77.0.5",
    }  # fmt: skip
    for service in rig.with_role(Role.AUTHORITY, Role.RELAY, Role.BACKEND, Role.CLIENT):
        address = addresses[service.host]
        listens = [
            line for line in torrc(rig, service.name) if line.split()[0] in {"ORPort", "DirPort"}
        ]
        reached = service.role in {Role.AUTHORITY, Role.RELAY}
        assert all(line.split()[1].startswith(f"{address}:") for line in listens)
        assert bool(listens) == reached
        assert (f"Address {address}" in torrc(rig, service.name)) == reached
        assert "MetricsPortPolicy accept 127.0.0.1" in torrc(rig, service.name)
    authorities = [
        line.split()[5] for line in torrc(rig, "client-1") if line.startswith("DirAuthority")
    ]
    assert all(place.startswith("10.77.0.1:") for place in authorities)
    assert len(authorities) == 3


def test_a_baseline_has_a_source_a_host_for_backends_and_sinks_that_dial_them_in_turn():
    experiment = bramble(network={"kind": "none"}, load={"streams": 7})
    assert [wanted.key for wanted in ports_needed(experiment)] == [
        "source-pi1.direct", "source-pi2.direct",
    ]  # fmt: skip
    rig = direct_rig_of(experiment)
    assert {s.name: s.host for s in rig.services} == {
        "source-pi1": "pi1", "source-pi2": "pi2", "sampler-pi1": "pi1", "sampler-pi2": "pi2",
        "sampler-here": "here", "sampler-there": "there", "sink-1": "here", "sink-2": "there",
        "yardstick-rest": "rest",
    }  # fmt: skip
    told = [orders(sink, SinkOrders) for sink in rig.with_role(Role.SINK)]
    assert [sink.address for sink in told] == ["10.77.0.2", "10.77.0.3"]
    assert [(sink.share.remainders, sink.share.of) for sink in told] == [((0,), 2), ((1,), 2)]
    (door,) = orders(rig.with_role(Role.SOURCE)[0], SourceOrders).doors
    assert (door.name, door.host) == ("pi1", "10.77.0.2")


def test_one_host_for_clients_pulls_from_every_host_for_backends():
    text = BRAMBLE.replace('roles = ["client"]', 'roles = ["relay"]', 1)
    experiment = bramble(text, network={"kind": "none"})
    rig = direct_rig_of(experiment)
    sinks = rig.with_role(Role.SINK)
    assert [sink.host for sink in sinks] == ["there", "there"]
    assert [orders(s, SinkOrders).address for s in sinks] == ["10.77.0.2", "10.77.0.3"]


# links


def link(rate=None, delay=0.0):
    host = Host(name="pi", address="10.77.0.9", link_bits_per_second=rate, delay_seconds=delay)
    return Link(number=9, host=host)


@given(rate=st.floats(1e6, 10e9))
def test_a_queue_holds_a_few_frames_and_no_more_than_some_tens_of_milliseconds(rate):
    line = rate_line("eth0", rate)
    words = line.partition(" tbf ")[2].split()
    said = dict(zip(words[::2], words[1::2], strict=True))
    assert float(said["rate"].removesuffix("bit")) == pytest.approx(rate, abs=1)
    assert int(said["burst"]) >= 2 * 1514  # else tbf drops whole frames for ever
    assert int(said["limit"]) >= 10 * 1514
    if rate >= 10e6:
        assert int(said["limit"]) * 8 / rate <= 0.030


def test_no_route_is_set():
    assert not any("route" in line for line in host_lines(link(1e8, 0.1)))


@given(rate=st.floats(1e6, 10e9), delay=st.floats(1e-4, 1.0))
def test_a_delay_line_has_room_for_all_that_its_link_may_have_on_its_way(rate, delay):
    assert delayed_bytes(link(rate, delay).host) >= rate * delay / 8
