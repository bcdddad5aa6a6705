"""Whether a line that people add to a torrc could set what the rig sets itself."""

import pytest

from onionrig.errors import UsageError
from onionrig.experiment.checks import refuse_impossible
from onionrig.experiment.torrc_lines import LINES_OF_THE_RIG, wrong_line, wrong_torrc_lines
from support.rigs import experiment_of


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("DirAuthority x", "DirAuthority is the rig's own to set"),
        ("dirauthority x", "DirAuthority is the rig's own to set"),
        ("DirAuthority\tx", "DirAuthority is the rig's own to set"),
        ("\t DirAuthority x", "DirAuthority is the rig's own to set"),
        ("+DirAuthority x", "DirAuthority is the rig's own to set"),
        ("/DirAuthority", "DirAuthority is the rig's own to set"),
        ("DirAuthority#x", "DirAuthority is the rig's own to set"),
        ("DirServer x", "tor may read DirServer as DirAuthority, and DirAuthority is the rig's"),
        ("+dirserver\tx", "tor may read dirserver as DirAuthority"),
        ("DirAuthorit x", "tor may read DirAuthorit as DirAuthority"),
        ("ControlSock /x", "tor may read ControlSock as ControlSocket"),
        ("__SocksPort 9050", "tor may read __SocksPort as SocksPort"),
        ("+__ControlPort 9051", "tor may read __ControlPort as ControlPort"),
        ("__SocksPor 9050", None),
        ("HiddenServiceSingleHopMode 1", "set backends.single_hop instead"),
        ("ConsensusParams cc_alg=0", "set network.consensus instead"),
        ("%include /etc/tor/torrc", "lines that nobody has checked"),
        ("  +%include /etc/tor/torrc", "lines that nobody has checked"),
        ("NumCPUs 2\nSocksPort 9050", "a line break"),
        ("NumCPUs 2\r", "a line break"),
        ("NumCPUs 2\x00", "a line break"),
        ("NumCPUs 2 \\", "behind the backslash"),
        ("NumCPUs\\", "behind the backslash"),
        ("# a remark \\", "behind the backslash"),
        ("/Log", "has tor forget the log that the rig reads"),
        (" /log notice file /tmp/x", "has tor forget the log that the rig reads"),
        ("Log info file /tmp/x", None),
        ("/LogMessageDomains", None),
        ("NumCPUs 2", None),
        ("NumCPUs\t2 # SocksPort 9050", None),
        ("Log info file /tmp/a\\b", None),
        ("++SocksPort 9050", None),  # tor takes off one, and knows no +SocksPort
        ("# SocksPort 9050", None),
        ("", None),
    ],
)
def test_a_line_is_read_as_tor_reads_it(line, text):
    wrong = wrong_line(line)
    assert wrong is None if text is None else text in wrong


@pytest.mark.parametrize("table", ["network", "backends", "load"])
@pytest.mark.parametrize(
    "line", ["DirServer x", "SocksPort\t1", "%include x", "Log notice stdout\\"]
)
def test_every_list_of_lines_is_guarded(table, line):
    asked = experiment_of({table: {"torrc": ["NumCPUs 1", line]}})
    assert f"{table}.torrc: {line!r}: " in wrong_torrc_lines(asked)
    with pytest.raises(UsageError, match=rf"{table}\.torrc"):
        refuse_impossible(asked)


def test_a_consensus_parameter_cannot_bring_a_line_of_its_own():
    asked = experiment_of({"network": {"consensus": {"a=1\nSocksPort 9050": 1}}})
    assert "not the name of a consensus parameter" in wrong_torrc_lines(asked)
    usual = experiment_of({"network": {"consensus": {"cc_alg": 2, "x-y": 1}}})
    assert wrong_torrc_lines(usual) is None


def test_every_line_that_is_guarded_is_guarded_in_every_case():
    for name in LINES_OF_THE_RIG.values():
        assert wrong_line(f"{name.upper()} 1")
        assert wrong_line(f"+{name.lower()}\t1")
