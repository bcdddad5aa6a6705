"""The rig as it carried the load: clients, relays, backend instances, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.units import BITS_PER_BYTE, rate_text
from onionrig.views.report.colours import MUTED, series_colour
from onionrig.views.report.drawings.stages import Drawing, Flow, Stage
from onionrig.views.report.missing import cores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onionrig.analysis.load.windows import Window
    from onionrig.records.recording import Recording
    from onionrig.records.result import Result
    from onionrig.records.samples import TorCounters, TorSample

MOST_NODES = 12
"""Drawn of one stage; the others are drawn as one."""
TITLE = "The rig, and how much goodput each part carried in the hold"

Rates = dict[str, float | None]


def rig_drawing(
    result: Result, recording: Recording, hold: Window, client_bytes: Mapping[str, int]
) -> Drawing:
    """Put together what each part of the rig moved in the held seconds."""
    mean = result.goodput.mean_bits_per_second
    if result.mode == "without tor":
        return Drawing(
            title=TITLE,
            stages=(
                _stage(result, "sink", nodes=("sink",)),
                _stage(result, "source", nodes=("source",)),
            ),
            links=((Flow(bits_per_second=mean, colour=series_colour(0)),),),
        )
    clients = _folded(_client_rates(recording, client_bytes, mean))
    backends = _backend_rates(result)
    sources = _source_rates(recording, hold)
    served = _folded(backends)
    sent = _folded({name: sources.get(name) for name in backends})
    return Drawing(
        title=TITLE,
        stages=(
            _stage(result, "client", nodes=tuple(clients)),
            _stage(result, "relay", _relayed(recording, hold, mean)),
            _stage(result, "backend", nodes=tuple(served)),
            _stage(result, "source", _sent(sources)),
        ),
        links=(
            tuple(Flow(bits_per_second=rate, colour=MUTED) for rate in clients.values()),
            _coloured(served),
            _coloured(sent),
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


def _coloured(rates: Rates) -> tuple[Flow, ...]:
    return tuple(
        Flow(bits_per_second=rate, colour=series_colour(index))
        for index, rate in enumerate(rates.values())
    )


def _folded(rates: Rates) -> Rates:
    """Keep as many as can be drawn; the last stands for all others."""
    if len(rates) <= MOST_NODES:
        return rates
    names = list(rates)
    kept, others = names[: MOST_NODES - 1], names[MOST_NODES - 1 :]
    known = [rate for name in others if (rate := rates[name]) is not None]
    return {
        **{name: rates[name] for name in kept},
        f"{len(others)} more": sum(known) if known else None,
    }


def _client_rates(
    recording: Recording, client_bytes: Mapping[str, int], mean: float | None
) -> Rates:
    """Share the hold's goodput among clients as all their bytes are shared."""
    names = [name for name, role in recording.manifest.roles.items() if role == "client"]
    total = sum(client_bytes.values())
    return {
        name: mean * client_bytes.get(name, 0) / total if mean is not None and total else None
        for name in names or client_bytes
    }


def _backend_rates(result: Result) -> Rates:
    seconds = result.goodput.steady_seconds
    return {
        backend.name: backend.bytes * BITS_PER_BYTE / seconds if seconds else None
        for backend in result.backends
    }


def _source_rates(recording: Recording, hold: Window) -> Rates:
    sent: dict[str, int] = {}
    for samples in recording.sources.values():
        for sample in samples:
            if sample.second in hold.seconds:
                for name, size in sample.sent_bytes.items():
                    sent[name] = sent.get(name, 0) + size
    return {name: size * BITS_PER_BYTE / len(hold.seconds) for name, size in sent.items()}


def _sent(sources: Rates) -> tuple[str, ...]:
    known = [rate for rate in sources.values() if rate is not None]
    return (rate_text(sum(known)), "sent in all") if known else ()


def _relayed(recording: Recording, hold: Window, mean: float | None) -> tuple[str, ...]:
    """Say what the relays forwarded, how often that is each byte of goodput, and how evenly."""
    relays = [name for name, role in recording.manifest.roles.items() if role == "relay"]
    rates = {
        name: rate
        for samples in recording.tors.values()
        for name in relays
        if (rate := _relayed_by(samples, name, hold)) is not None
    }
    if not rates:
        return ()
    total = sum(rates.values())
    busiest, idlest = max(rates, key=rates.__getitem__), min(rates, key=rates.__getitem__)
    return (
        f"{rate_text(total)} forwarded,",
        *((f"{total / mean:.1f} times the goodput",) if mean else ()),
        f"busiest {busiest}:",
        rate_text(rates[busiest]),
        f"idlest {idlest}:",
        rate_text(rates[idlest]),
    )


def _relayed_by(samples: Sequence[TorSample], name: str, hold: Window) -> float | None:
    """Return what a relay wrote a second between its first and last answer of the hold."""
    answers: list[TorCounters] = [
        counters
        for sample in samples
        if hold.begin - 1 <= sample.second <= hold.end
        and (counters := sample.daemons.get(name)) is not None
        and counters.relayed_written_bytes is not None
    ]
    if not answers:
        return None
    first, last = answers[0], answers[-1]
    seconds = last.read_wall_seconds - first.read_wall_seconds
    moved = (last.relayed_written_bytes or 0) - (first.relayed_written_bytes or 0)
    return moved * BITS_PER_BYTE / seconds if seconds > 0 else None
