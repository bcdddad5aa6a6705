"""Hold a bed open for a person: ``PYTHONPATH=src:tests python -m support.bed --hosts 3``."""

from __future__ import annotations

import argparse
import signal

from support.bed import Bed, HostSpec, why_not

USAGE = """\
hosts:      {hosts}
inventory:  {directory}/inventory.yml   (balancer: the first; backends: all but the last; clients, authorities, relays: the last)
controller: {directory}/as-controller COMMAND...
ssh:        {directory}/as-controller ssh -F {directory}/ssh_config {first}
ansible:    {directory}/as-controller ansible -i {directory}/inventory.yml all -m ping
as root in a host, past ssh: {inside}
files:      {root}
served to hosts: {directory}/served, log {directory}/server.log
Ctrl-C, or the end of this process in any other way, removes all of it."""


def main():
    parser = argparse.ArgumentParser(prog="python -m support.bed", description=__doc__)
    parser.add_argument("--hosts", type=int, default=3, help="number of hosts (default: 3)")
    parser.add_argument("--suite", action="append", help="suites, in turn (default: bookworm)")
    parser.add_argument("--rate", help='rate of each link, as in "100mbit" (default: unlimited)')
    arguments = parser.parse_args()
    if reason := why_not():
        parser.exit(1, f"{reason}\n")
    suites = arguments.suite or ["bookworm"]
    specs = [
        HostSpec(name=f"pi{number + 1}", suite=suites[number % len(suites)], rate=arguments.rate)
        for number in range(arguments.hosts)
    ]
    with Bed(specs) as bed:
        names = list(bed.hosts)
        first, last = bed[names[0]], names[-1:]
        bed.inventory(
            {
                "balancer": names[:1],
                "backends": names[:-1] or names,
                "clients": last,
                "authorities": last,
                "relays": last,
            }
        )
        print(
            USAGE.format(
                hosts=", ".join(
                    f"{host.name} {host.address} ({host.spec.suite})" for host in bed.hosts.values()
                ),
                directory=bed.directory,
                first=first.name,
                inside=" ".join(first.entering("COMMAND...")),
                root=first.root,
            ),
            flush=True,
        )
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("removing the bed", flush=True)


if __name__ == "__main__":
    main()
