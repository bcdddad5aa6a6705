"""The lists of processes, by service, that samplers watch on their host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from onionrig.rig.orders import SamplerOrders
from onionrig.store.whole_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onionrig.rig.model import Rig, Service


class SampledProcesses:
    """The lists of a rig's samplers, written again whenever something has been started."""

    def __init__(self, rig: Rig, *, others: Mapping[str, int], unsampled: Iterable[int]) -> None:
        """Set up the lists; the first sampler gets ``others``; ``unsampled`` only count as ours."""
        self._samplers = [
            (service, service.orders)
            for service in rig.services
            if isinstance(service.orders, SamplerOrders)
        ]
        self._hosts = {service.name: service.host for service in rig.services}
        self._others = others
        self._unsampled = tuple(unsampled)

    def write(self, processes: Mapping[str, int]) -> None:
        """Write the lists of these processes, by service."""
        everyone = [*processes.values(), *self._others.values(), *self._unsampled]
        others = self._others
        for sampler, orders in self._samplers:
            if orders.rig_path is not None:
                _replace(Path(orders.rig_path), everyone)
            own = {name: pid for name, pid in processes.items() if self._beside(sampler, name)}
            _replace(Path(orders.processes_path), {**own, **others})
            others = {}

    def _beside(self, sampler: Service, name: str) -> bool:
        return self._hosts.get(name, sampler.host) == sampler.host


def _replace(path: Path, content: object) -> None:
    # the file is in the workspace, which is worthless after a power cut
    replace_file(path, msgspec.json.encode(content), lasting=False)
