"""Connecting to somebody's tor, with real ones that have no network."""

import subprocess

import pytest

from onionrig.errors import NoTorToAsk
from onionrig.tor.control_address import control_at
from onionrig.tor.directory import known_network
from onionrig.tor.program import find_tor
from support.descriptors import descriptor
from support.processes.children import child
from support.waiting import until

NOBODY = "127.0.0.1:1"
SESAME = "sesame"


@pytest.fixture(scope="module")
def tor(tmp_path_factory):
    """A tor that asks for a password; return its control port and its control socket."""
    directory = tmp_path_factory.mktemp("tor")
    program = find_tor().path
    hashed = subprocess.run(
        [program, "--hash-password", SESAME, "--quiet"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (directory / "torrc").write_text(
        f"DataDirectory {directory}/data\nDisableNetwork 1\nSocksPort 0\n"
        f"ControlPort auto\nControlPortWriteToFile {directory}/port\n"
        f"ControlSocket {directory}/control\nHashedControlPassword {hashed}\nLog notice stdout\n"
    )
    argv = (program, "-f", str(directory / "torrc"), "--defaults-torrc", "/dev/null")
    with (directory / "log").open("w") as log, child(*argv, stdout=log):
        until((directory / "port").exists, (directory / "log").read_text)
        (first, *_) = (directory / "port").read_text().splitlines()
        yield first.removeprefix("PORT="), str(directory / "control")


async def version(places, password=None):
    async with control_at(places, password=password) as (control, place):
        return await control.info("version"), place


async def test_a_port_and_a_socket_are_reached_with_the_password(tor):
    for place in tor:
        said, reached = await version([place], SESAME)
        assert said.startswith("0.4")
        assert reached == place


async def test_the_first_that_answers_is_asked(tor):
    _, reached = await version([NOBODY, "/nowhere/control", tor[0]], SESAME)
    assert reached == tor[0]


async def test_where_none_answers_each_is_told_with_its_reason():
    with pytest.raises(NoTorToAsk) as caught:
        await version([NOBODY, "/nowhere/control"])
    said = str(caught.value)
    assert f"{NOBODY}: Connection refused" in said
    assert "/nowhere/control: No such file or directory" in said


async def test_a_missing_password_is_asked_for_and_a_wrong_one_told(tor):
    with pytest.raises(NoTorToAsk, match="ONIONRIG_CONTROL_PASSWORD"):
        await version([tor[0]])
    with pytest.raises(NoTorToAsk, match="does not let us in"):
        await version([tor[0]], "wrong")


async def test_a_tor_without_a_consensus_says_so(tor):
    async with control_at([tor[1]], password=SESAME) as (control, _):
        with pytest.raises(NoTorToAsk, match="no consensus"):
            await known_network(control)


def test_the_command_line_takes_the_password_from_the_environment(tor, onionrig):
    _, name = descriptor(1)
    ended = onionrig("descriptor", name, "--control", tor[0], ONIONRIG_CONTROL_PASSWORD=SESAME)
    assert ended.returncode == 12
    assert "no consensus" in ended.stderr
    assert "Traceback" not in ended.stderr
