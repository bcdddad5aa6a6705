"""The tors of real hosts are asked about added lines, each version once."""

from types import SimpleNamespace

import pytest

from onionrig.engine.ansible import opening
from onionrig.engine.ansible.access import Access
from onionrig.errors import UsageError
from onionrig.programs import Ended
from onionrig.tor import program
from support.rigs import experiment_of

LINES = {"backends": {"torrc": ["NoSuchOption 1"]}}
REFUSED = """\
x [warn] Failed to parse/validate config: Unknown option 'NoSuchOption'.  Failing.
x [err] Reading config failed--see warnings above.
"""


def host(name, version, path="/usr/sbin/tor"):
    facts = SimpleNamespace(
        versions=SimpleNamespace(tor=version), programs={} if path is None else {"tor": path}
    )
    return SimpleNamespace(access=Access(name=name, destination=f"{name}.example"), facts=facts)


@pytest.fixture
def asked(monkeypatch):
    """Have three hosts, one without a tor, and return the command lines that they are given."""
    command_lines = []
    hosts = {
        "pi1": host("pi1", "0.4.8.16"),
        "pi2": host("pi2", "0.4.8.16"),
        "pi3": host("pi3", "0.4.9.11"),
        "pi4": host("pi4", None, path=None),
    }

    def answers(argv, **_):
        command_lines.append(argv)
        return Ended(code=0 if "pi2.example" in argv else 1, out=REFUSED, err="")

    monkeypatch.setattr(opening, "read_inventory", lambda _: ())
    monkeypatch.setattr(opening, "found_hosts", lambda *_, **__: hosts)
    monkeypatch.setattr(program, "run_program", answers)
    return command_lines


def test_a_host_whose_tor_takes_no_such_line_is_named_with_what_it_says(asked):
    with pytest.raises(UsageError) as refused:
        opening.AnsibleOpening.for_experiment(experiment_of(LINES))
    assert str(refused.value) == (
        'backends.torrc = ["NoSuchOption 1"]: tor 0.4.9.11 on pi3 does not take it: '
        "Failed to parse/validate config: Unknown option 'NoSuchOption'.  Failing."
    )
    assert [argv[-2] for argv in asked] == ["pi2.example", "pi3.example"]
    assert all(argv[0] == "ssh" and argv[-1].endswith("--verify-config") for argv in asked)


def test_no_host_is_asked_where_no_lines_are_added(asked):
    opening.AnsibleOpening.for_experiment(experiment_of({}))
    assert asked == []
