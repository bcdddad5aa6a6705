"""Whom the descriptor command looks at: a run by its manifest, or an address through any tor."""

from pathlib import PurePosixPath

import msgspec
import pytest

from onionrig.cli.onlooker import look_request
from onionrig.errors import RecordsUnreadable, UsageError
from onionrig.rig.allocation import placeholder_identities
from onionrig.rig.model import Role
from onionrig.rig.render import render
from onionrig.run.manifest import known_of_rig
from onionrig.store.manifest_file import as_this_version
from onionrig.store.run_directory import RunDirectory
from support.descriptors import descriptor
from support.records.manifests import manifest
from support.rigs import allocated, experiment_of


@pytest.fixture
def rig_manifest(tmp_path):
    """The manifest of a rig of two clients and three backends, rendered below a directory."""
    experiment = experiment_of({"backends": {"daemons": 3}, "load": {"clients": 2}})
    allocation = allocated(experiment)
    ((host, layout),) = allocation.layouts.items()
    layout = msgspec.structs.replace(layout, workspace=PurePosixPath(tmp_path / "work"))
    allocation = msgspec.structs.replace(allocation, layouts={host: layout})
    rig = render(experiment, placeholder_identities(experiment), allocation)
    return msgspec.structs.replace(manifest(), **known_of_rig(rig, {}))


@pytest.fixture
def run(tmp_path, rig_manifest):
    directory = RunDirectory.create(tmp_path / "a-run")
    directory.write_manifest(rig_manifest)
    return directory


def test_a_manifest_says_where_its_tors_are_asked(rig_manifest, tmp_path):
    work = tmp_path / "work"
    assert rig_manifest.control_sockets(Role.CLIENT) == (
        f"{work}/client-1/control",
        f"{work}/client-2/control",
    )
    assert rig_manifest.control_sockets(Role.BALANCER) == ()


def test_a_manifest_says_who_is_behind_the_address(rig_manifest):
    assert rig_manifest.instances == {
        f"backend-{number}": f"ADDRESS-OF-backend-{number}.onion" for number in (1, 2, 3)
    }


def test_a_run_is_looked_at_through_the_balancers_tor_and_its_instances_through_a_client(
    run, tmp_path
):
    socket = tmp_path / "work" / "client-1" / "control"
    socket.parent.mkdir(parents=True)
    socket.touch()
    request = look_request(str(run.path), None)
    assert request.subject.address == "ADDRESS.onion"
    assert request.subject.run == "a-run"
    assert list(request.subject.instances) == ["backend-1", "backend-2", "backend-3"]
    assert request.places[0] == str(tmp_path / "work" / "balancer-tor" / "control")
    assert request.instance_places[0] == str(socket)


def test_a_run_that_is_over_or_not_up_is_refused(run):
    with pytest.raises(UsageError, match="the rig of this run is not up"):
        look_request(str(run.path), None)
    (run.path / "result.json").write_text("{}")
    with pytest.raises(UsageError, match="this run is over"):
        look_request(str(run.path), None)
    # another tor of the same network may still be asked
    assert look_request(str(run.path), "127.0.0.1:9051").places == ("127.0.0.1:9051",)


def test_a_run_without_an_address_is_refused(tmp_path):
    directory = RunDirectory.create(tmp_path / "baseline")
    directory.write_manifest(msgspec.structs.replace(manifest(), address=None, services=()))
    with pytest.raises(UsageError, match="no onion address"):
        look_request(str(directory.path), None)


def test_an_address_is_asked_for_through_the_tor_that_is_named_or_the_usual_ones():
    _, name = descriptor(1)
    assert look_request(name, "/a/socket").places == ("/a/socket",)
    assert look_request(name, "/a/socket").subject.address == f"{name}.onion"
    assert look_request(name, None).places == ("/run/tor/control", "127.0.0.1:9051")
    assert look_request(name, None).subject.instances == {}


def test_a_word_that_is_neither_address_nor_run_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecordsUnreadable, match="no run nonsense"):
        look_request("nonsense", None)


def test_a_manifest_of_an_earlier_version_says_it_too():
    earlier = {
        "hosts": [{"name": "here"}],
        "emulated": [],
        "services": [
            {"role": "client", "files": {"torrc": "SocksPort 1\nControlSocket /work/client-1/control\n"}},
            {"role": "balancer", "files": {"config.yaml": '{"services": [{"instances": [{"address": "a.onion", "name": "backend-1"}]}]}'}},
            {"role": "sink", "files": {"orders.json": "{}"}},
        ],
    }  # fmt: skip
    client, balancer, sink = as_this_version(earlier)["services"]
    assert client["control_socket"] == "/work/client-1/control"
    assert balancer["instances"] == {"backend-1": "a.onion"}
    assert "control_socket" not in sink
    assert "instances" not in sink
