"""Where each service's directory, log and orders are, and how a service of each kind is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.names import is_one
from onionrig.experiment.placement import beside
from onionrig.rig.model import BOOTSTRAPPED, Bootstrapped, File, KeyFile, Role, Service, Started

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from onionrig.experiment.schema import Experiment
    from onionrig.rig.allocation import Allocation
    from onionrig.rig.layout import Layout
    from onionrig.rig.model import Host, Readiness
    from onionrig.rig.orders import AnyOrders

STARTED = Started()


class Placement:
    """The place of each service of one rig, and what it is made of there."""

    def __init__(self, experiment: Experiment, allocation: Allocation) -> None:
        self._experiment = experiment
        self.allocation = allocation

    def host(self, service: str) -> Host:
        """Return the host of a service."""
        return self.allocation.host_of(service)

    def layout(self, service: str) -> Layout:
        """Return the layout of a service's host."""
        return self.allocation.layouts[self.host(service).name]

    def directory(self, name: str) -> PurePosixPath:
        """Return a service's own directory."""
        return self.layout(name).directory(name)

    def beside(self, own: str, services: Iterable[str]) -> dict[str, list[str]]:
        """Group services by the rig's own process of a name that runs beside them."""
        return beside(self._experiment, own, services, self.allocation.places)

    def own(self, name: str) -> list[str]:
        """Return all of the rig's own processes of a name."""
        return [service for service in self.allocation.places if is_one(name, service)]

    def service(  # noqa: PLR0913 - what a service is made of
        self,
        name: str,
        role: Role,
        argv: tuple[str, ...],
        *,
        files: tuple[File, ...] = (),
        keys: tuple[KeyFile, ...] = (),
        orders: AnyOrders | None = None,
        ready: Readiness = STARTED,
        depends: Iterable[str] = (),
        ends_without: tuple[str, ...] = (),
        needs_network: bool = False,
        directories: tuple[PurePosixPath, ...] = (),
        control_path: PurePosixPath | None = None,
    ) -> Service:
        """Return a service with the paths of its directory and log filled in."""
        layout = self.layout(name)
        return Service(
            name=name,
            role=role,
            host=self.host(name).name,
            argv=argv,
            directory=layout.directory(name),
            other_directories=directories,
            files=files,
            orders=orders,
            orders_path=None if orders is None else layout.orders(name),
            keys=keys,
            ready=ready,
            depends=tuple(depends),
            ends_without=ends_without,
            needs_network=needs_network,
            control_path=control_path,
            log_path=layout.log(name),
        )

    def tor(  # noqa: PLR0913 - what a tor is made of
        self,
        name: str,
        role: Role,
        torrc: str,
        *,
        files: tuple[File, ...] = (),
        keys: tuple[KeyFile, ...] = (),
        percent: int = BOOTSTRAPPED,
        answers_from_percent: int = BOOTSTRAPPED,
        depends: Iterable[str] = (),
        needs_network: bool = True,
    ) -> Service:
        """Return a tor daemon that is configured by this torrc alone."""
        layout = self.layout(name)
        path = layout.directory(name) / "torrc"
        return self.service(
            name,
            role,
            # no defaults file: the distribution's settings for its own tor must not apply
            (layout.programs.tor, "-f", str(path), "--defaults-torrc", "/dev/null"),
            files=(File(path=path, text=torrc), *files),
            keys=keys,
            ready=Bootstrapped(percent=percent, answers_from_percent=answers_from_percent),
            depends=depends,
            needs_network=needs_network,
            directories=(layout.directory(name) / "data",),
            control_path=layout.control(name),
        )

    def ours(  # noqa: PLR0913 - what a process of ours is made of
        self,
        name: str,
        role: Role,
        module: str,
        orders: AnyOrders,
        *,
        ready: Readiness = STARTED,
        depends: Iterable[str] = (),
        directories: tuple[PurePosixPath, ...] = (),
    ) -> Service:
        """Return one of our own processes, with its orders in a file."""
        layout = self.layout(name)
        return self.service(
            name,
            role,
            (layout.programs.python, "-m", module, str(layout.orders(name))),
            orders=orders,
            ready=ready,
            depends=depends,
            directories=directories,
        )
