"""What one host of a kind contributes to a plan: cores, link, memory and speed.

Figures come from the catalogue, a probe, the command line and the user's own run, in that order:
each overrides those before it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from onionrig.hardware.boards import BoardFigure
from onionrig.plan.cores.slowdown import Slowdown, between, slowdown, unchanged
from onionrig.plan.cores.speeds import Speeds, laid_over, speeds_of_board, speeds_of_probe
from onionrig.plan.inputs import (
    BITS_PER_MBIT,
    BYTES_PER_GIB,
    IN_BOARDS_TOML,
    PROBE_IT,
    asked_input,
    catalogued,
    known,
)
from onionrig.plan.question import MEASURED
from onionrig.records.plan import Input
from onionrig.records.probe import CELL_BYTES

if TYPE_CHECKING:
    from onionrig.hardware.boards import Board
    from onionrig.plan.question import Candidate, PlanQuestion
    from onionrig.plan.reference import MeasuredHost, Reference
    from onionrig.records.probe import Probe


class PlannedHost(msgspec.Struct, frozen=True, kw_only=True):
    """One host of a kind, before scaling."""

    name: str
    core_count: int
    """Whole cores, at least one: a fraction stands for a shared core."""
    cores: Input
    """All cores working at once, in multiples of one working alone: fewer than there are if they
    share units, or if heat or power limits them."""
    link: Input
    """Rate of the link each way in bits per second, counting frames."""
    memory_bytes: Input
    sampler_cores: Input
    """Cores that sampling a host takes, on the measured machine."""
    slowdown: Slowdown
    remarks: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Everything that is known about the host."""
        figures = (self.cores, self.link, self.memory_bytes, self.sampler_cores)
        return (*figures, *self.slowdown.inputs)


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """The reason why a kind of hardware cannot be planned for, and what to do."""

    name: str
    sentence: str


def host_of(
    candidate: Candidate, question: PlanQuestion, reference: Reference
) -> PlannedHost | Lacking:
    """Return what is known about one kind of hardware, or what is lacking."""
    if candidate.id == MEASURED and reference.hosts is not None:
        return _as_measured(reference.hosts, question, reference)
    name = name_of(candidate)
    board, probe = candidate.board, candidate.probe
    cores, memory = _cores(name, board, probe), _memory(name, board, probe)
    link, remarks = _link(name, board, probe, question)
    missing = [
        quantity
        for quantity, figure in (
            ("how many cores", cores),
            ("how much memory", memory),
            ("what link", link),
        )
        if figure is None
    ]
    if cores is None or memory is None or link is None:
        return Lacking(
            name=name,
            sentence=f"it is not known {' and '.join(missing)} it has: give {PROBE_IT}, or write "
            f"{IN_BOARDS_TOML}{'; --link RATE says the link' if link is None else ''}",
        )
    if reference.machine is None:
        return Lacking(
            name=name,
            sentence="how fast the cores of your run were is not known, so its costs cannot be "
            f"carried over to other hardware: {reference.machine_remark or 'nothing says it'}; "
            "make the run again with this onionrig, which reads the yardstick, or run `onionrig "
            "probe --out FILE` on that machine and give --run-probe FILE; or plan for its like, "
            f"--hardware {MEASURED}",
        )
    slower = slowdown(
        reference.machine, _speeds(board, probe), reference.shares, reference.wire_cost
    )
    if slower is None:
        return Lacking(
            name=name,
            sentence=f"how fast its cores are is not known: {PROBE_IT}; or write its AES and "
            f"clock or 7-zip figures as {IN_BOARDS_TOML}",
        )
    return PlannedHost(
        name=name,
        core_count=probe.host.cores if probe is not None else round(cores.value.likely),
        cores=cores,
        link=link,
        memory_bytes=memory,
        sampler_cores=reference.sampler_cores,
        slowdown=between(slower, reference.machine_slowdown),
        remarks=((*remarks, reference.machine_remark) if reference.machine_remark else remarks),
    )


def name_of(candidate: Candidate) -> str:
    """Return the name of a candidate."""
    if candidate.board is not None:
        return candidate.board.name
    if candidate.probe is not None:
        return candidate.probe.board_model or candidate.probe.host.name
    return candidate.id


def _as_measured(
    hosts: MeasuredHost, question: PlanQuestion, reference: Reference
) -> PlannedHost | Lacking:
    link = _asked_link(question) or (
        None
        if hosts.link_bits_per_second is None
        else known("link", hosts.link_bits_per_second, "bit/s", hosts.source)
    )
    if link is None:
        return Lacking(
            name=hosts.name,
            sentence="the run says nothing of a link of its hosts: give --link RATE",
        )
    return PlannedHost(
        name=hosts.name,
        core_count=max(1, math.floor(hosts.cores)),
        cores=known("cores", hosts.cores, "", hosts.source),
        link=link,
        memory_bytes=known("memory", float(hosts.memory_bytes), "B", hosts.source),
        sampler_cores=reference.sampler_cores
        if hosts.sampled_inside
        else known("the sampler's CPU", 0.0, "cores", f"outside the hosts' share, {hosts.source}"),
        slowdown=unchanged(reference.wire_cost),
        remarks=(hosts.remark,) if hosts.remark else (),
    )


def _cores(name: str, board: Board | None, probe: Probe | None) -> Input | None:
    if probe is not None:
        cores, single_core = probe.host.usable_cores, probe.speed("sha3-256", CELL_BYTES)
        at_once = probe.all_cores_sha3_bytes_per_second / single_core if single_core else cores
        return known(f"{name}: cores", min(cores, at_once), "", _probe_source(probe))
    return None if board is None else catalogued(f"{name}: cores", board.cores, "", spread=False)


def _memory(name: str, board: Board | None, probe: Probe | None) -> Input | None:
    """Return the memory that was probed, else the size that was priced, else the smallest."""
    if probe is not None:
        return known(f"{name}: memory", float(probe.host.memory_bytes), "B", _probe_source(probe))
    if board is None or board.memory_gb is None:
        return None
    sizes = board.memory_gb
    priced = board.price.memory_gb if board.price is not None else None
    figure = BoardFigure[float](
        value=min(sizes.value) if priced is None else priced, mark=sizes.mark, source=sizes.source
    )
    return catalogued(f"{name}: memory", figure, "B", BYTES_PER_GIB, spread=False)


def _link(
    name: str, board: Board | None, probe: Probe | None, question: PlanQuestion
) -> tuple[Input | None, tuple[str, ...]]:
    asked_link = _asked_link(question)
    if asked_link is not None:
        return asked_link, ()
    if board is not None:
        for rate, kind in ((board.ethernet_mbit, "Ethernet"), (board.wifi_mbit, "Wi-Fi")):
            if rate is not None and rate.value > 0:
                figure = msgspec.structs.replace(rate, value=rate.link / BITS_PER_MBIT)
                link = catalogued(f"{name}: {kind}", figure, "bit/s", BITS_PER_MBIT)
                return link, (_wireless_remark(name),) if kind == "Wi-Fi" else ()
    rates = [
        interface.link_bits_per_second
        for interface in (probe.interfaces if probe is not None else ())
        if interface.kind == "wired" and interface.link_bits_per_second
    ]
    if probe is None or not rates:
        return None, ()
    nominal = known(f"{name}: Ethernet", max(rates), "bit/s", _probe_source(probe))
    return nominal, (_nominal_remark(name),)


def _asked_link(question: PlanQuestion) -> Input | None:
    rate = question.link_bits_per_second
    return None if rate is None else asked_input("link", rate, "bit/s", "--link")


def _speeds(board: Board | None, probe: Probe | None) -> Speeds:
    catalogue_speeds = (
        Speeds(figures={}, aes_instructions=None) if board is None else speeds_of_board(board)
    )
    return (
        catalogue_speeds if probe is None else laid_over(speeds_of_probe(probe), catalogue_speeds)
    )


def _probe_source(probe: Probe) -> str:
    return f"the probe of {probe.host.name}, {probe.made}"


def _nominal_remark(name: str) -> str:
    return (
        f"{name}: what its driver says of its Ethernet is taken; a board may carry less, as one "
        "whose Ethernet shares a USB bus does"
    )


def _wireless_remark(name: str) -> str:
    return (
        f"{name} has no Ethernet in the catalogue: its Wi-Fi is taken as if each had the air to "
        "itself, which a shelf of them does not"
    )
