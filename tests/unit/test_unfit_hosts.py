"""Hosts that are not fit for a run are named all at once, each with what is to be done."""

import msgspec
import pytest

from onionrig.engine.ansible import found
from onionrig.engine.ansible.access import Access
from onionrig.engine.ansible.clocks import ClockReading
from onionrig.errors import Unequipped
from onionrig.node.facts import node_facts
from onionrig.programs import Ended
from support.inventories import question

VERSION = "1+abc"


@pytest.fixture(scope="module")
def facts():
    """Return the facts of a provisioned host with all that a run needs."""
    return msgspec.structs.replace(
        node_facts("127.0.0.1"),
        version=VERSION,
        programs={"python": "/opt/onionrig/venv/bin/python", "tor": "/usr/bin/tor"},
        available_memory_bytes=8 << 30,
        free_disk_bytes=8 << 30,
    )


@pytest.fixture
def refused(monkeypatch, facts):
    """Return what a run says of hosts that differ from a fit one in these ways."""

    def lines(*, text="", **changes):
        names = dict.fromkeys(("pi1", "pi2.local", "Pi_3", "laptop")) | changes

        def answers(argv, **_):
            changed = names[next(name for name in names if name in argv)] or {}
            own = {key: value for key, value in changed.items() if key != "ahead"}
            text = msgspec.json.encode(msgspec.structs.replace(facts, **own)).decode()
            return Ended(code=0, out=text, err="")

        def clock(access):
            ahead = (names[access.name] or {}).get("ahead", 0.0)
            return ClockReading(ahead_seconds=ahead, uncertainty_seconds=0.0, by="round trips")

        monkeypatch.setattr(found, "run_program", answers)
        monkeypatch.setattr(found, "clock_reading", clock)
        accesses = [(Access(name=name, destination=name), None) for name in names]
        with pytest.raises(Unequipped) as caught:
            found.found_hosts(accesses, question(text=text).experiment, version=VERSION)
        return str(caught.value).splitlines()

    return lines


def test_every_host_that_is_not_fit_is_named_with_what_to_do(refused):
    lines = refused(
        **{
            "pi1": {"version": "0+old"},
            "pi2.local": {"version": "unfinished"},
            "Pi_3": {"free_disk_bytes": 1 << 20},
            "laptop": {"ahead": -3.5},
        }
    )
    assert lines[0] == (
        f"pi1 was provisioned by another version (0+old, this is {VERSION}): "
        "onionrig cluster provision"
    )
    assert lines[1] == "pi2.local: provision was interrupted: onionrig cluster provision"
    assert lines[2].startswith("Pi_3: 1.00 MiB of disk are free")
    assert "laptop is 3.5 s behind this machine's" in lines[3]


def test_a_host_whose_tor_is_gone_and_one_without_memory_are_named(refused, facts):
    without_tor = {name: path for name, path in facts.programs.items() if name != "tor"}
    lines = refused(pi1={"programs": without_tor}, laptop={"available_memory_bytes": 300 << 20})
    assert lines[0] == "pi1 has no tor: onionrig cluster provision"
    assert "busy ones fit" in lines[1]


def test_a_host_whose_link_is_to_be_cut_needs_nft_and_others_do_not(refused, facts):
    cuts = '[[faults]]\nat = "5s"\nlink_down = "Pi_3"'
    lines = refused(text=cuts, laptop={"version": "unfinished"})
    assert lines[0].startswith('Pi_3: link_down = "Pi_3" needs nft, which is missing there')
    assert [line.partition(":")[0] for line in lines] == ["Pi_3", "laptop"]
    with_nft = {"programs": facts.programs | {"nft": "/usr/sbin/nft"}}
    (line,) = refused(text=cuts, Pi_3=with_nft, laptop={"version": "unfinished"})
    assert line.startswith("laptop")


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("bash: line 1: sudo: command not found", "pi1: sudo is not installed; install it"),
        ("sh: 1: doas: not found", "pi1: doas is not installed;"),
        ("sudo: a password is required", "pi1: sudo asks for a password; allow"),
        (
            "sudo: /opt/onionrig/venv/bin/python: command not found",
            "pi1 is not provisioned: onionrig cluster provision",
        ),
    ],
)
def test_a_host_where_nothing_runs_as_root_is_not_taken_for_one_to_provision(
    monkeypatch, printed, text
):
    monkeypatch.setattr(found, "run_program", lambda *_, **__: Ended(code=127, out="", err=printed))
    accesses = [(Access(name="pi1", destination="pi1"), None)]
    with pytest.raises(Unequipped) as caught:
        found.found_hosts(accesses, question().experiment, version=VERSION)
    assert str(caught.value).startswith(text)
