"""Have happen to the rig what the experiment says, at its second of the hold."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, assert_never

from onionrig.experiment.happenings import OF_A_HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.engine.journal import Journal
    from onionrig.engine.local import LocalEngine
    from onionrig.experiment.happenings import Planned
    from onionrig.recorder.clock import SteadyClock


async def have_happen(
    engine: LocalEngine,
    planned: Iterable[Planned],
    hold_second: int,
    clock: SteadyClock,
    journal: Journal,
) -> None:
    """Do each thing when its time has come; from then on its end is nobody's failure."""
    for each in planned:
        await asyncio.sleep(clock.until(hold_second + each.at_seconds))
        if each.verb in OF_A_HOST:
            await engine.set_link(each.subject, up=each.verb == "link_up")
        else:
            await _do_to_service(engine, each)
        journal.happened(each)


async def _do_to_service(engine: LocalEngine, planned: Planned) -> None:
    fleet = engine.fleet
    (service,) = (one for one in engine.rig.services if one.name == planned.subject)
    match planned.verb:
        case "kill":
            await fleet.end(service, signal.SIGKILL)
        case "stop":
            await fleet.end(service, signal.SIGTERM)
        case "start":
            engine.start([service])
        case "hang":
            fleet.signal(service, signal.SIGSTOP)
        case "resume":
            fleet.signal(service, signal.SIGCONT)
        case "link_down" | "link_up":
            raise TypeError(f"{planned.verb} is done to a host")
        case verb:
            assert_never(verb)
