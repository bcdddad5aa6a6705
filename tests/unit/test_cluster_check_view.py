"""How the findings of onionrig cluster check are shown."""

import io

from rich.console import Console

from onionrig.cli.commands.cluster.check import _counts_text, _tables
from onionrig.cluster.check import Checked
from onionrig.cluster.judgement import HostFinding


def checked():
    return Checked(
        inventory="inventory.yml",
        hosts=("pi1", "pi2"),
        findings=(
            HostFinding(
                host="pi1", what="clock", verdict="ok", found="0.001 s ahead of this machine's"
            ),
            HostFinding(
                host="pi1",
                what="ports",
                verdict="missing",
                found="port 10000 of 192.0.2.1 not reached from pi2 (timeout)",
                advice="let its firewall accept [TCP]",
            ),
            HostFinding(
                host="pi2", what="time", verdict="warning", found="not set from the network"
            ),
        ),
        roles={"pi1": ("balancer", "backend")},
    )


def test_each_host_has_its_findings_under_it_within_eighty_columns():
    console = Console(file=io.StringIO(), width=80)
    for part in _tables(checked()):
        console.print(part)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines == [
        "pi1  balancer, backend",
        "  ok       clock        0.001 s ahead of this machine's",
        "  missing  ports        port 10000 of 192.0.2.1 not reached from pi2 (timeout)",
        "                        let its firewall accept [TCP]",
        "pi2  no role",
        "  warning  time         not set from the network",
    ]


def test_the_last_line_counts_what_is_to_be_done():
    assert _counts_text(checked()) == "2 hosts: 1 missing, 1 warning"
