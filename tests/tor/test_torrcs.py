"""What tor itself says of the torrcs of the rig: read, never started."""

import shutil
import subprocess
from pathlib import PurePosixPath

import pytest

from onionrig.engine.torrcs import example_torrcs, refuse_unknown_lines
from onionrig.errors import UsageError
from onionrig.experiment.torrc_lines import LINES_OF_THE_RIG
from onionrig.programs import NotRun
from onionrig.tor.program import refusal, verifying
from support.inventories import question
from support.rigs import experiment_of

pytestmark = pytest.mark.tor
TOR = shutil.which("tor", path="/usr/sbin:/usr/bin:/usr/local/bin")
ASKED = verifying(TOR)
"""How the tor that is here is asked."""


EMULATED = {
    "hosts": [
        {"name": "pi1", "roles": ["backend", "balancer"], "link": "100Mbit"},
        {"name": "pc", "roles": ["client", "relay", "authority"]},
    ]
}


@pytest.mark.parametrize("table", ["network", "backends", "load"])
@pytest.mark.parametrize(
    "experiment",
    [
        experiment_of({"backends": {"single_hop": True}}),
        experiment_of(EMULATED),
        question().experiment,
    ],
    ids=["here", "on emulated hosts", "on real hosts"],
)
def test_tor_takes_the_torrcs_of_the_rig_as_they_are(experiment, table):
    torrcs = example_torrcs(experiment, table)
    assert [refusal(ASKED, text) for text in torrcs] == [None] * len(torrcs)


ODD = PurePosixPath("/nonexistent/a b#c \"d\" 'e' \\f %g $h é")


@pytest.mark.parametrize(
    ("table", "options"),
    [
        ("network", {"ControlSocket", "DataDirectory", "V3BandwidthsFile"}),
        ("backends", {"ControlSocket", "DataDirectory", "HiddenServiceDir", "HiddenServicePort"}),
    ],
)
def test_tor_reads_odd_paths_as_they_are(monkeypatch, table, options):
    monkeypatch.setattr("onionrig.engine.torrcs.NOWHERE", ODD)
    text = example_torrcs(experiment_of({}), table)[0]
    assert refusal(ASKED, text) is None
    read = subprocess.run(
        [*ASKED[:-1], "--dump-config", "short"], input=text.encode(), capture_output=True,
        check=True,
    ).stdout.decode().splitlines()  # fmt: skip
    paths = {}
    for line in read:
        option, _, value = line.partition(" ")
        if option in options:
            paths[option] = inside(value)
    assert paths.keys() == options
    # a socket's path has quotes of its own inside the value
    told = [
        value.partition(' unix:"')[2] or value.removeprefix('unix:"') for value in paths.values()
    ]
    escaped = str(ODD).replace("\\", "\\\\").replace('"', '\\"')
    assert all(path.startswith((f"{ODD}/", f"{escaped}/")) for path in told)


def inside(value):
    """Return what a value in quotes is, as tor writes it."""
    return value[1:-1].encode("latin-1").decode("unicode_escape").encode("latin-1").decode()


@pytest.mark.parametrize("table", ["network", "backends", "load"])
def test_a_line_that_tor_does_not_know_is_refused_with_what_tor_says(table):
    asked = experiment_of({table: {"torrc": ["NumCPUs 2", "NoSuchOption 1"]}})
    with pytest.raises(UsageError) as refused:
        refuse_unknown_lines(asked, ASKED, "tor")
    assert str(refused.value).startswith(f'{table}.torrc = ["NumCPUs 2","NoSuchOption 1"]: tor')
    assert "Unknown option 'NoSuchOption'" in str(refused.value)
    assert "see warnings above" not in str(refused.value)


def test_the_warning_that_another_refers_to_is_told_with_it():
    said = refusal(ASKED, "SocksPort 0\nLog nonsense stdout\n")
    assert "Couldn't parse log levels" in said
    assert "Failed to validate Log options" in said


def test_lines_that_tor_takes_are_added():
    refuse_unknown_lines(experiment_of({"load": {"torrc": ["NumCPUs 2"]}}), ASKED, "tor")


def test_a_tor_that_says_nothing_is_not_taken_for_a_refusal():
    with pytest.raises(NotRun, match="does not say what it takes"):
        refusal(("sh", "-c", "kill -9 $$"), "")


def test_no_option_of_tor_begins_one_of_the_rigs_own_and_is_another():
    printed = subprocess.run([TOR, "--list-torrc-options"], capture_output=True, check=True)
    options = set(printed.stdout.decode().lower().split())
    assert options >= LINES_OF_THE_RIG.keys()
    shorter = {own[:length] for own in LINES_OF_THE_RIG for length in range(1, len(own))}
    assert shorter & options <= LINES_OF_THE_RIG.keys()
