"""Describe the rig as it carried the load: clients, relays, backend instances, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import rate_text
from onionrig.views.report.colours import MUTED, series_colour
from onionrig.views.report.drawings.stages import Drawing, Flow, Stage
from onionrig.views.report.value_text import cores

if TYPE_CHECKING:
    from onionrig.analysis.load.rig_rates import RatesByService, RigRates
    from onionrig.records.result import Result

MOST_NODES = 12
"""Most nodes drawn in one stage; the others are drawn as one."""
TITLE = "The rig, and how much goodput each part carried in the hold"


def rig_drawing(result: Result, rates: RigRates) -> Drawing:
    """Return the drawing of the rig, with what each part carried in the hold."""
    if result.mode == "without tor":
        return Drawing(
            title=TITLE,
            stages=(
                _stage(result, "sink", nodes=("sink",)),
                _stage(result, "source", nodes=("source",)),
            ),
            links=(
                (Flow(bits_per_second=rates.goodput_bits_per_second, colour=series_colour(0)),),
            ),
        )
    clients, served = _folded(rates.clients), _folded(rates.backends)
    sent = _folded({name: rates.sources.get(name) for name in rates.backends})
    return Drawing(
        title=TITLE,
        stages=(
            _stage(result, "client", nodes=tuple(clients)),
            _stage(result, "relay", _forwarded(rates)),
            _stage(result, "backend", nodes=tuple(served)),
            _stage(result, "source", _sent_texts(rates)),
        ),
        links=(
            tuple(Flow(bits_per_second=rate, colour=MUTED) for rate in clients.values()),
            _flows_of(served),
            _flows_of(sent),
        ),
    )


def _stage(
    result: Result, role: str, inside: tuple[str, ...] = (), nodes: tuple[str, ...] = ()
) -> Stage:
    cost = result.costs.get(role)
    count = cost.processes if cost else len(nodes)
    title = f"{count} {role}{'' if count == 1 else 's'}" if count else f"{role}s"
    used = (cores(cost.cores),) if cost else ()
    return Stage(title=title, details=used, inside=inside, nodes=nodes)


def _flows_of(rates: RatesByService) -> tuple[Flow, ...]:
    return tuple(
        Flow(bits_per_second=rate, colour=series_colour(index))
        for index, rate in enumerate(rates.values())
    )


def _folded(rates: RatesByService) -> RatesByService:
    """Return as many rates as can be drawn; the last stands for all others."""
    if len(rates) <= MOST_NODES:
        return rates
    names = list(rates)
    shown_names, other_names = names[: MOST_NODES - 1], names[MOST_NODES - 1 :]
    known = [rate for name in other_names if (rate := rates[name]) is not None]
    return {
        **{name: rates[name] for name in shown_names},
        f"{len(other_names)} more": sum(known) if known else None,
    }


def _sent_texts(rates: RigRates) -> tuple[str, ...]:
    sent = rates.sent_bits_per_second
    return () if sent is None else (rate_text(sent), "sent to the backends")


def _forwarded(rates: RigRates) -> tuple[str, ...]:
    """Return what the relays forwarded, as a multiple of goodput, and how evenly."""
    relays, forwarded = rates.relays, rates.forwarded_bits_per_second
    if forwarded is None:
        return ()
    times = rates.forwarded_over_goodput
    busiest, idlest = max(relays, key=relays.__getitem__), min(relays, key=relays.__getitem__)
    return (
        f"{rate_text(forwarded)} forwarded,",
        *((f"{times:.1f} times the goodput",) if times is not None else ()),
        f"busiest {busiest}:",
        rate_text(relays[busiest]),
        f"least busy {idlest}:",
        rate_text(relays[idlest]),
    )
