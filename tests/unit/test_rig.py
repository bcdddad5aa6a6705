from graphlib import TopologicalSorter

import msgspec
import pytest

from onionrig.experiment.names import DIALLER
from onionrig.rig.allocation import placeholder_allocation, ports_needed
from onionrig.rig.model import Bootstrapped, Role, in_turns
from onionrig.rig.movers import dialler
from onionrig.rig.orders import (
    DiallerOrders,
    PingerOrders,
    SamplerOrders,
    SinkOrders,
    SourceOrders,
)
from onionrig.rig.placement import Placement
from onionrig.rig.render import render
from onionrig.rig.torrc import KEPT_CONSENSUS_SECONDS, VOTING_INTERVAL_SECONDS
from support.rigs import (
    PROGRAMS,
    allocated,
    direct_rig_of,
    experiment_of,
    orders,
    rendered,
    torrc,
)


def test_the_default_rig_has_every_role():
    rig = rendered()
    counts = {role: len(rig.with_role(role)) for role in Role}
    relays = counts.pop(Role.RELAY)
    assert relays >= 5
    assert counts == {
        Role.AUTHORITY: 3, Role.BACKEND: 4, Role.BALANCER_TOR: 1, Role.BALANCER: 1, Role.CLIENT: 2,
        Role.SOURCE: 1, Role.SINK: 1, Role.SAMPLER: 1, Role.YARDSTICK: 1, Role.PINGER: 1, Role.DIALLER: 0,
    }  # fmt: skip
    assert len({service.name for service in rig.services}) == len(rig.services)


def test_backends_are_on_tors_defaults_beyond_what_the_rig_needs():
    allowed = {
        "TestingTorNetwork", "TestingEnableCellStatsEvent", "TestingEnableConnBwEvent", "DirAuthority", "DataDirectory", "ControlSocket", "Log", "SafeLogging",
        "LogTimeGranularity", "ShutdownWaitLength", "DisableDebuggerAttachment", "SocksPort",
        "MetricsPort", "MetricsPortPolicy",
        "HiddenServiceDir", "HiddenServiceOnionBalanceInstance", "HiddenServicePort",
    }  # fmt: skip
    lines = torrc(rendered(), "backend-1")
    assert {line.split()[0] for line in lines} == allowed
    assert "HiddenServicePort 9000 unix:WORKSPACE/source/backend-1.socket" in lines
    assert "HiddenServicePort 9001 unix:WORKSPACE/source/backend-1.echo" in lines


def test_single_hop_adds_two_torrc_lines_and_sets_the_mode():
    rig = rendered(backends={"single_hop": True})
    assert rig.mode == "single-hop"
    assert "HiddenServiceSingleHopMode 1" in torrc(rig, "backend-4")
    assert "HiddenServiceNonAnonymousMode 1" in torrc(rig, "backend-4")
    assert not any("SingleHop" in line for line in torrc(rendered(), "backend-4"))


def test_each_table_adds_its_lines_to_its_roles_alone():
    rig = rendered(
        network={"torrc": ["Schedulers Vanilla"]},
        backends={"torrc": ["NumCPUs 3"]},
        load={"torrc": ["Log info stdout"]},
    )
    for line, roles in {
        "Schedulers Vanilla": {"authority", "relay"},
        "NumCPUs 3": {"backend"},
        "Log info stdout": {"client"},
    }.items():
        roles_with_line = {
            service.role.value
            for service in rig.services
            if any(line in file.text.splitlines() for file in service.files)
        }
        assert roles_with_line == roles


def test_the_authorities_carry_the_consensus_parameters():
    assert "ConsensusParams cc_alg=2" in torrc(rendered(), "authority-1")
    chosen = rendered(network={"consensus": {"b": 2, "a": 1}})
    assert "ConsensusParams a=1 b=2" in torrc(chosen, "authority-3")


def test_directory_caches_keep_consensuses_for_a_minute_and_an_experiment_may_say_otherwise():
    for name in ("authority-1", "relay-1"):
        assert "MaxConsensusAgeForDiffs 60 seconds" in torrc(rendered(), name)
    chosen = torrc(rendered(network={"torrc": ["MaxConsensusAgeForDiffs 0"]}), "relay-1")
    # tor goes by the last of several lines
    assert [line for line in chosen if line.startswith("MaxConsensusAge")][-1].endswith(" 0")


def test_the_newest_consensus_is_kept_until_caches_have_fetched_the_one_after_a_failed_vote():
    """They fetch until 11 seconds after it became valid (tor: networkstatus.c), and try again."""
    assert KEPT_CONSENSUS_SECONDS > 2 * VOTING_INTERVAL_SECONDS + 11


def test_every_daemon_knows_every_authority():
    rig = rendered()
    for service in rig.services:
        if service.argv[0] == PROGRAMS.tor:
            lines = torrc(rig, service.name)
            assert sum(line.startswith("DirAuthority ") for line in lines) == 3
            assert service.control_path == service.directory / "control"
            assert "/dev/null" in service.argv


def test_stock_onionbalance_is_started_by_its_python():
    (balancer,) = rendered().with_role(Role.BALANCER)
    assert balancer.argv[:2] == (PROGRAMS.python, PROGRAMS.onionbalance)


def test_backends_get_the_front_address_before_their_first_start():
    (backend, *_) = rendered().with_role(Role.BACKEND)
    (ob_config,) = (file for file in backend.files if file.path.name == "ob_config")
    assert ob_config.text == "MasterOnionAddress ADDRESS.onion\n"
    assert str(ob_config.path) == "WORKSPACE/backend-1/service/ob_config"


def test_the_balancer_is_told_every_instance_in_yaml_that_is_json():
    balancer = rendered(backends={"daemons": 3}).one(Role.BALANCER)
    (config,) = balancer.files
    settings = msgspec.json.decode(config.text)
    assert [instance["name"] for instance in settings["services"][0]["instances"]] == [
        "backend-1", "backend-2", "backend-3",
    ]  # fmt: skip
    assert "--is-testnet" in balancer.argv


def test_sources_and_sinks_are_told_what_they_serve_and_pull():
    rig = rendered(load={"streams": 5, "clients": 2})
    source = orders(rig.one(Role.SOURCE), SourceOrders)
    assert [backend.name for backend in source.backends] == [f"backend-{n}" for n in range(1, 5)]
    sink = orders(rig.one(Role.SINK), SinkOrders)
    assert (len(sink.clients), sink.port, sink.takes_foreign) == (2, 9000, False)
    assert sink.transfers_path == "RUN/transfers/sink.jsonl"


def test_a_port_fixed_by_hand_is_the_first_clients():
    experiment = experiment_of({"load": {"socks_port": 9050, "clients": 2}})
    needed = {port_wanted.key: port_wanted.fixed for port_wanted in ports_needed(experiment)}
    assert needed["client-1.socks"] == 9050
    assert needed["client-2.socks"] is None


def test_ports_are_needed_to_be_reached_at_and_for_every_tors_counters():
    experiment = experiment_of({"network": {"relays": 5}})
    reached = 3 * 2 + 5 + 2 + 1
    tors = 3 + 5 + 4 + 2 + 1
    assert len(ports_needed(experiment)) == reached + tors


def test_every_tor_answers_on_loopback_alone_and_the_sampler_is_told_where():
    rig = rendered()
    asked_tors = orders(rig.one(Role.SAMPLER), SamplerOrders).tors
    tors = {service.name for service in rig.services if isinstance(service.ready, Bootstrapped)}
    assert {tor.name for tor in asked_tors} == tors
    for tor in asked_tors:
        lines = torrc(rig, tor.name)
        assert f"MetricsPort 127.0.0.1:{tor.port}" in lines
        assert "MetricsPortPolicy accept 127.0.0.1" in lines


def test_round_trips_go_through_every_client_to_the_echo_port():
    rig = rendered(load={"clients": 2})
    pinger = orders(rig.one(Role.PINGER), PingerOrders)
    assert (pinger.address, pinger.port) == (rig.address, 9001)
    assert [client.name for client in pinger.clients] == ["client-1", "client-2"]


def test_dials_that_are_asked_for_go_through_every_client_so_often_an_instance():
    rig = rendered(backends={"daemons": 3}, load={"clients": 2, "dials_a_backend": 7})
    service = rig.one(Role.DIALLER)
    dialler_orders = orders(service, DiallerOrders)
    assert (dialler_orders.count, dialler_orders.every_seconds) == (21, None)
    assert (dialler_orders.address, dialler_orders.port) == (rig.address, 9000)
    assert [client.name for client in dialler_orders.clients] == ["client-1", "client-2"]
    assert dialler_orders.record_path == "RUN/dials/dialler.jsonl"
    assert service.argv[1:3] == ("-m", "onionrig.movers.dialler")


def test_dials_at_an_interval_have_room_for_all_that_may_hang():
    experiment = experiment_of({"load": {"clients": 1}})
    place = Placement(experiment, allocated(experiment))
    service = dialler(place, DIALLER, "ADDRESS.onion", ["client-1"], every_seconds=0.25)
    dialler_orders = orders(service, DiallerOrders)
    assert (dialler_orders.count, dialler_orders.every_seconds) == (None, 0.25)
    assert dialler_orders.at_once > dialler_orders.timeout_seconds / 0.25


def direct(**baseline):
    tables = {"network": {"kind": "none"}, "backends": {"daemons": 1}, "baseline": baseline}
    experiment = experiment_of(tables)
    return experiment, direct_rig_of(experiment)


def test_a_baseline_is_a_source_a_sink_and_no_tor():
    experiment, rig = direct()
    assert [service.role for service in rig.services] == [
        Role.SOURCE,
        Role.SAMPLER,
        Role.YARDSTICK,
        Role.SINK,
    ]
    assert [port_wanted.key for port_wanted in ports_needed(experiment)] == ["source.direct"]
    sink = orders(rig.one(Role.SINK), SinkOrders)
    (door,) = orders(rig.one(Role.SOURCE), SourceOrders).doors
    assert (sink.address, sink.port, sink.clients) == (door.host, door.port, ())
    assert rig.mode == "without tor"


def test_a_baseline_is_rendered_as_any_experiment_is_and_needs_no_identities():
    experiment, rig = direct()
    assert render(experiment, None, placeholder_allocation(experiment, PROGRAMS)) == rig


def test_a_baseline_with_a_peer_has_no_source_and_takes_a_foreign_one():
    experiment, rig = direct(peer="[2001:db8::7]:9000")
    assert [service.role for service in rig.services] == [Role.SAMPLER, Role.YARDSTICK, Role.SINK]
    assert ports_needed(experiment) == ()
    sink = orders(rig.one(Role.SINK), SinkOrders)
    assert (sink.address, sink.port, sink.takes_foreign) == ("2001:db8::7", 9000, True)


def test_a_baseline_that_listens_has_no_sink():
    _, rig = direct(listen="0.0.0.0:9000")
    assert [service.role for service in rig.services] == [Role.SOURCE, Role.SAMPLER, Role.YARDSTICK]
    assert rig.one(Role.SOURCE).ready.tcp == (("0.0.0.0", 9000),)


def test_every_tor_has_a_control_socket_and_nothing_else_has():
    rig = rendered()
    assert {service.name for service in rig.services if service.control_path} == {
        service.name for service in rig.services if service.argv[0] == PROGRAMS.tor
    }


def test_our_programs_read_the_orders_as_they_were_written():
    service = rendered().one(Role.SINK)
    (file,) = (file for file in service.rendered_files if file.path == service.orders_path)
    assert service.argv[-1] == str(file.path)
    assert msgspec.json.decode(file.text, type=SinkOrders) == service.orders


def test_dependencies_are_declared_and_have_no_cycle():
    rig = rendered(load={"dials_a_backend": 1, "dial_every": "1s"})
    names = {service.name for service in rig.services}
    assert all(names.issuperset(service.depends) for service in rig.services)
    depends = {service.name: service.depends for service in rig.services}
    assert len(list(TopologicalSorter(depends).static_order())) == len(names)
    assert "source" in depends["backend-1"]
    assert "balancer-tor" in depends["balancer"]
    assert {"client-1", "client-2"} == set(depends["sink"])


def test_a_service_that_ends_without_another_starts_in_a_later_turn():
    rig = rendered()
    assert all(set(service.ends_without) <= set(service.depends) for service in rig.services)
    first, second = in_turns(rig.services)
    assert [service.name for service in second] == ["balancer"]
    assert {service.name for service in first} == {s.name for s in rig.services} - {"balancer"}
    assert rig.named("balancer-tor").ready.answers_from_percent < 100


def test_services_that_end_without_one_another_are_refused():
    first, second, *_ = rendered().services
    first = msgspec.structs.replace(first, ends_without=(second.name,))
    second = msgspec.structs.replace(second, ends_without=(first.name,))
    with pytest.raises(ValueError, match="depend on one another"):
        in_turns([first, second])


def test_every_tor_that_is_not_a_relay_needs_the_network():
    assert {service.role for service in rendered().on_the_network()} == {
        Role.BACKEND, Role.CLIENT, Role.BALANCER_TOR,
    }  # fmt: skip


def test_introduction_points_are_written_only_when_not_tors_default():
    assert not any("IntroductionPoints" in line for line in torrc(rendered(), "backend-1"))
    chosen = rendered(backends={"introduction_points": 5})
    assert "HiddenServiceNumIntroductionPoints 5" in torrc(chosen, "backend-1")


def on_hosts(**hosts):
    """A rig with nothing but these roles on these hosts."""
    whole = rendered()
    services = tuple(
        msgspec.structs.replace(service, host=host)
        for host, roles in hosts.items()
        for role in roles
        for service in whole.with_role(role)[:1]
    )
    return msgspec.structs.replace(whole, services=services)


def test_a_rig_can_do_without_a_host_while_another_has_its_roles():
    rig = on_hosts(a=["backend", "source", "relay"], b=["backend", "source"], c=["client", "relay"])
    assert rig.role_missing_without([]) is None
    assert rig.role_missing_without(["a"]) is None
    assert rig.role_missing_without(["b"]) is None
    assert rig.role_missing_without(["c"]) is Role.CLIENT
    assert rig.role_missing_without(["a", "b"]) is Role.SOURCE


def test_roles_that_only_measure_are_never_missing():
    rig = on_hosts(a=["client", "sink", "pinger", "sampler", "dialler"], b=["client", "sink"])
    assert rig.role_missing_without(["a"]) is None
    assert rig.role_missing_without(["b"]) is None
    assert rig.role_missing_without(["a", "b"]) is Role.CLIENT
