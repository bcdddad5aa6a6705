"""Where each service's directory, log and orders are, and how a service of each kind is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.rig.model import Bootstrapped, File, KeyFile, Role, Service, Started
from onionrig.rig.names import on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.rig.allocation import Allocation
    from onionrig.rig.model import Readiness
    from onionrig.rig.orders import Orders

STARTED = Started()


class Placement:
    """Where each service's directory, log and orders are."""

    def __init__(self, allocation: Allocation) -> None:
        self.allocation = allocation

    def directory(self, name: str) -> str:
        """Return a service's own directory."""
        return f"{self.allocation.workspace}/{name}"

    def sample_path(self, name: str) -> str:
        """Return where a service appends its samples."""
        return f"{self.allocation.run_directory}/samples/{name}.jsonl"

    def beside(self, own: str, services: Iterable[str]) -> dict[str, list[str]]:
        """Group services by which of the rig's own processes stands beside them, by its name.

        There is one of each on every host that has such services.
        """
        if not self.allocation.emulated:
            return {own: list(services)}
        grouped: dict[str, list[str]] = {}
        for service in services:
            name = on(own, self.allocation.host_of(service).name)
            grouped.setdefault(name, []).append(service)
        return grouped

    def service(  # noqa: PLR0913 - what a service is made of
        self,
        name: str,
        role: Role,
        argv: tuple[str, ...],
        *,
        files: tuple[File, ...] = (),
        keys: tuple[KeyFile, ...] = (),
        ready: Readiness = STARTED,
    ) -> Service:
        """Return a service with its directory and log in place."""
        return Service(
            name=name,
            role=role,
            host=self.allocation.host_of(name).name,
            argv=argv,
            directory=self.directory(name),
            files=files,
            keys=keys,
            ready=ready,
            log_path=f"{self.allocation.run_directory}/logs/{name}.log",
        )

    def tor(
        self,
        name: str,
        role: Role,
        torrc: str,
        *,
        files: tuple[File, ...] = (),
        keys: tuple[KeyFile, ...] = (),
    ) -> Service:
        """Return a tor daemon that is configured by this torrc alone."""
        path = f"{self.directory(name)}/torrc"
        return self.service(
            name,
            role,
            # no defaults file: what the distribution configures for its own tor is not ours
            (self.allocation.programs.tor, "-f", path, "--defaults-torrc", "/dev/null"),
            files=(File(path=path, text=torrc), *files),
            keys=keys,
            ready=Bootstrapped(control_path=f"{self.directory(name)}/control"),
        )

    def ours(
        self,
        name: str,
        role: Role,
        module: str,
        orders: Orders,
        *,
        ready: Readiness = STARTED,
    ) -> Service:
        """Return a process of our own, with its orders in a file."""
        path = f"{self.directory(name)}/orders.json"
        text = json_text(orders)
        return self.service(
            name,
            role,
            (self.allocation.programs.python, "-m", module, path),
            files=(File(path=path, text=text),),
            ready=ready,
        )


def json_text(content: object) -> str:
    """Return what a process is told as JSON that a person can read too."""
    return msgspec.json.format(msgspec.json.encode(content)).decode()
