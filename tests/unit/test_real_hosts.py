"""Real hosts: how much runs on them, what is rendered for them, and how the command line has them."""

import json
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from onionrig.cli import question as command_line
from onionrig.cli.inventory import located
from onionrig.cli.main import application
from onionrig.cli.question import BASELINE, ask, flags_layer, layers_of
from onionrig.engine.registry import capabilities_for
from onionrig.errors import UsageError
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.experiment.hosts import serving_alone, shared_out
from onionrig.experiment.schema import Experiment, NamedHost
from onionrig.rig.model import Role
from onionrig.rig.orders import SamplerOrders, SinkOrders
from support.inventories import PATH, PRIVATE, SHELF, inventory_of, question, refused
from support.rigs import direct_rig_of, orders, rig_of, service_of, torrc

# counts


def test_there_is_a_backend_instance_for_each_core():
    resolved_question = question(cores={"pi2.local": 4, "Pi_3": 2})
    assert resolved_question.experiment.backends.daemons == 6
    assert resolved_question.resolved["backends.daemons"] == (
        "6 backend instances: one for each core of pi2.local (4), Pi_3 (2)"
    )
    hosts = Counter(
        service.host for service in rig_of(resolved_question.experiment).with_role(Role.BACKEND)
    )
    assert hosts == {"pi2.local": 4, "Pi_3": 2}


def test_there_are_four_backend_instances_where_cores_are_not_known():
    resolved_question = question(cores={"pi2.local": 4})
    assert resolved_question.experiment.backends.daemons == 4
    assert "how many cores Pi_3 has is not known" in resolved_question.resolved["backends.daemons"]
    table_text = '[[hosts]]\nname = "Pi_3"\nroles = ["backend"]\ncores = 3'
    assert question(text=table_text, cores={"pi2.local": 4}).experiment.backends.daemons == 7


def test_there_are_no_more_backend_instances_than_the_frontend_holds():
    cores = {"pi2.local": 4, "Pi_3": 8}
    resolved_question = question(cores=cores)
    assert resolved_question.experiment.backends.daemons == 10
    assert (
        "12 in all, as many as the frontend holds" in resolved_question.resolved["backends.daemons"]
    )
    assert "--balancer extended" in resolved_question.resolved["backends.daemons"]
    extended = question(cores=cores, frontend={"balancer": "extended"})
    assert extended.experiment.backends.daemons == 12


def test_a_count_that_is_asked_for_is_kept_and_no_host_is_idle_by_itself():
    clients = {f"desk{number}": ["clients"] for number in range(3)}
    resolved_question = question({**SHELF, **clients}, backends={"daemons": 3})
    assert resolved_question.experiment.backends.daemons == 3
    assert resolved_question.experiment.load.clients == 4
    assert {
        service.host for service in rig_of(resolved_question.experiment).with_role(Role.CLIENT)
    } == {"laptop", *clients}  # fmt: skip
    relays = {f"relay{number}": ["relays"] for number in range(33)}
    assert question({**SHELF, **relays}).experiment.network.relays == 33


def test_what_was_recorded_without_an_inventory_is_as_before_there_were_any():
    assert "cluster" not in plain(experiment_from([]))
    for text in ('grace = "20s"', 'inventory = "there"'):
        experiment = experiment_from([layer_from_toml(f"[cluster]\n{text}", origin="test")])
        assert experiment_from([plain(experiment)]) == experiment


def test_without_an_inventory_auto_is_four():
    resolved_question = ask(None, None, ["backends.daemons=auto"], {})
    assert resolved_question.experiment.backends.daemons == 4
    assert "backends.daemons" not in resolved_question.resolved


@given(
    cores=st.dictionaries(st.sampled_from(string.ascii_letters), st.integers(1, 8), min_size=1),
    rounds=st.integers(1, 3),
)
def test_each_host_gets_services_by_its_cores(cores, rounds):
    services = [str(number) for number in range(sum(cores.values()) * rounds)]
    counts = Counter(shared_out(services, list(cores), cores).values())
    assert counts == {host: count * rounds for host, count in cores.items()}


# rendered


def test_daemons_answer_on_their_hosts_address_and_loopback_and_nowhere_else():
    rig = rig_of(question(PRIVATE).experiment)
    assert {host.kind for host in rig.hosts} == {"remote"}
    for service in rig.services:
        if service.control_path is None:
            continue
        lines = torrc(rig, service.name)
        own = ("127.0.0.1:", f"ADDRESS-OF-{service.host}:", "0")
        ports = [
            line.split()[1]
            for line in lines
            if line.split()[0] in {"ORPort", "DirPort", "SocksPort", "MetricsPort"}
        ]
        assert ports
        assert all(port.startswith(own) for port in ports)
        assert f"ControlSocket CONTROLS/{service.name}" in lines
        assert "ControlSocketsGroupWritable 1" in lines


def test_a_baseline_goes_from_backends_to_clients():
    resolved_question = question(network={"kind": "none"}, cores={"pi2.local": 4, "Pi_3": 4})
    rig = direct_rig_of(resolved_question.experiment)
    assert {service.name: service.host for service in rig.services} == {
        "source-pi2.local": "pi2.local",
        "source-Pi_3": "Pi_3",
        "sampler-pi2.local": "pi2.local",
        "sampler-Pi_3": "Pi_3",
        "sampler-laptop": "laptop",
        "yardstick-pi1": "pi1",
        "yardstick-pi2.local": "pi2.local",
        "yardstick-Pi_3": "Pi_3",
        "yardstick-laptop": "laptop",
        "sink-1": "laptop",
        "sink-2": "laptop",
    }
    dialled = [orders(sink, SinkOrders).address for sink in rig.with_role(Role.SINK)]
    assert dialled == ["ADDRESS-OF-pi2.local", "ADDRESS-OF-Pi_3"]


def test_of_hosts_that_serve_one_is_left_and_those_without_a_role_go():
    hosts = (
        NamedHost(name="pi1", roles=("backend", "balancer")),
        NamedHost(name="pi2", roles=("backend",)),
        NamedHost(name="pi3", roles=("backend",)),
        NamedHost(name="pi4", roles=("client",)),
    )

    alone = serving_alone(Experiment(hosts=hosts), "pi2")

    assert {host.name: host.roles for host in alone.hosts} == {
        "pi1": ("balancer",), "pi2": ("backend",), "pi4": ("client",),
    }  # fmt: skip


def test_a_sampler_asks_the_kernel_of_a_real_hosts_links():
    rig = rig_of(question().experiment)
    sampler_orders = orders(service_of(rig, "sampler-laptop"), SamplerOrders)
    assert sampler_orders.link_bits_per_second is None
    assert sampler_orders.rig_path is None


# the command line


@pytest.fixture
def shelf(monkeypatch):
    """Any inventory that is read on the command line is the shelf; the paths that were read."""
    paths_read = []

    def inventory(path):
        paths_read.append(path)
        return inventory_of(SHELF)

    monkeypatch.setattr(command_line, "inventory", inventory)
    return paths_read


def test_an_inventory_of_a_file_is_beside_it_and_one_of_a_flag_or_setting_where_one_is(
    shelf, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asked").mkdir()
    file = tmp_path / "asked" / "my.toml"
    file.write_text('[cluster]\ninventory = "my.yml"')
    ask(file, None, [], {})
    ask(None, None, ["cluster.inventory=my.yml"], {})
    ask(file, None, [], flags_layer(inventory=tmp_path / "other.yml"))
    ask(
        None,
        None,
        [],
        flags_layer(inventory=tmp_path / "b"),
        fixed=BASELINE,
    )
    assert shelf == [str(tmp_path / name) for name in ("asked/my.yml", "my.yml", "other.yml", "b")]
    (_, layer) = layers_of(file, None, [])
    assert layer["cluster"]["inventory"] == str(tmp_path / "asked" / "my.yml")


def test_a_check_prints_the_rig_with_placeholders_for_what_real_hosts_are(shelf):
    outcome = CliRunner().invoke(application(), ["check", "-i", "shelf.yml", "--json"])
    assert outcome.exit_code == 0, outcome.output
    rig = json.loads(outcome.stdout)
    assert {host["name"]: host["address"] for host in rig["hosts"]} == {
        name: f"ADDRESS-OF-{name}" for name in SHELF if name != "printer"
    }
    tors = [service for service in rig["services"] if service["control_path"]]
    assert {service["argv"][0] for service in tors} == {"tor"}
    printed = CliRunner().invoke(
        application(), ["check", "-i", "shelf.yml"], env={"COLUMNS": "400"}
    )
    assert (
        "hosts: authorities and relays are placed beside the clients, on laptop" in printed.stdout
    )


@pytest.mark.parametrize(
    "command",
    [
        ("run",),
        ("baseline",),
        ("sweep", "--over", "load.streams=1,4"),
        ("compare", "smoke", "default"),
    ],
)
def test_a_scale_beside_an_inventory_is_refused_before_anything_is_made(
    shelf, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(application(), [*command, "-i", "shelf.yml", "--scale", "1/4"])
    assert isinstance(outcome.exception, UsageError)
    assert str(outcome.exception).startswith('emulation.scale = "1/4" (--scale) with')
    assert set(shelf) == {str(tmp_path / "shelf.yml")}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("layer", [{"cluster": 3}, {"cluster": {"inventory": 3}}, {}])
def test_what_is_no_path_is_left_for_the_checks(layer, tmp_path):
    assert located(layer, directory=tmp_path) == layer


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (
            'link_rate = "Pi_3"\nrate = "10Mbit"',
            "the hosts of this run cannot have the rates of their links changed",
        ),
    ],
)
def test_a_fault_that_the_engine_cannot_do_is_refused_before_anything_is_started(
    shelf, event, reason
):
    flags = {
        **layer_from_toml(f'[[faults]]\nat = "5s"\n{event}', origin="test"),
        **flags_layer(inventory=command_line.Path(PATH)),
    }
    with pytest.raises(UsageError) as caught:
        ask(None, None, [], {key: value for key, value in flags.items() if value})
    assert reason in str(caught.value)


def test_only_real_hosts_are_rebooted():
    at = '[[faults]]\nat = "5s"\nreboot = '
    emulated = '[[hosts]]\nname = "pi1"\nroles = ["backend"]\n'
    rest = '[[hosts]]\nname = "rest"\nroles = ["authority", "relay", "balancer", "client"]\n'
    for text, reason in (
        (f'{emulated}{rest}{at}"pi1"', "the hosts of this run cannot be rebooted"),
        (f'{at}"pi1"', 'reboot = "pi1": no such host; everything runs on this machine'),
        (f'{at}"backend-1"', "it is done to a host, and backend-1 is a service"),
        (f'{emulated}{rest}{at}"rest"', "it has the role client"),
    ):
        with pytest.raises(UsageError) as caught:
            ask(None, None, [], layer_from_toml(text, origin="test"))
        assert reason in str(caught.value)
    assert question(text=f'{at}"Pi_3"').experiment.faults[0].verb == "reboot"


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        ('start = "Pi_3"', 'start = "Pi_3" at 6s: Pi_3 has rebooted at that time'),
        ('start = "backend-2"', 'start = "backend-2" at 6s: its host Pi_3 has rebooted'),
        ('reboot = "Pi_3"', "Pi_3 has rebooted"),
    ],
)
def test_nothing_is_started_again_on_a_host_that_has_rebooted(later, reason):
    text = f'[[faults]]\nat = "5s"\nreboot = "Pi_3"\n[[faults]]\nat = "6s"\n{later}'
    assert reason in refused(text=text)


def test_emulated_hosts_have_links_and_this_machine_has_none_to_change():
    assert capabilities_for(experiment_from([])) == frozenset()
    hosts = [{"name": "pi1", "roles": ["backend"]}]
    assert capabilities_for(experiment_from([{"hosts": hosts}]))
