"""The measurement that a plan is computed from: the shipped one, or a user's own run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.plan.cores.slowdown import Shares, Slowdown
from onionrig.plan.cores.speeds import Speeds, speeds_of_table
from onionrig.plan.inputs import BITS_PER_MBIT, BYTES_PER_MIB, RERUN_SPREAD
from onionrig.plan.question import PlannedMode
from onionrig.plan.ranges import no_narrower, times
from onionrig.plan.reference_file import ReferenceFile, range_of
from onionrig.records.plan import Input, Range

if TYPE_CHECKING:
    from onionrig.plan.reference_file import ModeTable, SharesTable, Spread

RUN_IT = "`onionrig run --repeat 3`, then --from RUN"


class MeasuredHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host that backend instances ran on in a user's run."""

    name: str
    cores: float
    link_bits_per_second: float | None
    """Link rate counting frames; None if nothing shaped it and no interface is known."""
    memory_bytes: int
    sampled_inside: bool
    """Whether the sampler used the host's own cores, as it does unless hosts had a share of a
    machine's."""
    source: str
    remark: str
    """Remark on such hosts; empty if there is none."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured; costs are CPU-seconds of the machine's cores per Gbit of goodput."""

    sentence: str
    """Description of the run: which, when, on which machine."""
    mode: PlannedMode
    backend_cost: Input
    shares: Shares
    """Shares of the backend cost."""
    wire_cost: Input
    """Factor for a backend instance's CPU time if its traffic leaves the machine; 1 if it already
    did."""
    source_cost: Input
    client_cost: Input
    relay_cost: Input
    sampler_cores: Input
    backend_rss_bytes: Input
    source_rss_bytes: Input
    sampler_rss_bytes: Input
    steadiness: Input
    """Ratio of sustained rate to a hold's mean, measured with a full CPU."""
    link_steadiness: Input
    """Ratio of sustained rate to a hold's mean, measured with full links."""
    payload_share: Input
    """Ratio of mean goodput to the rate of full links, which counts frames."""
    stream_bits_per_second: Input
    """Rate of a stream that was alone."""
    round_trip_seconds: Input
    machine: Speeds | None
    """Speeds of the core that boards are compared with; None if they are not known."""
    machine_slowdown: Slowdown | None = None
    """Ratio of the time that a core of the measured machine takes to that core's; None if that core
    is one of the machine's own."""
    machine_remark: str = ""
    """Explanation of where the speeds of a run's machine are from, or why they are not known."""
    hosts: MeasuredHost | None = None
    """The hosts of the run; None for the shipped measurement."""
    remarks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    """Reasons of the run itself not to trust its figures."""


def shipped_reference(file: ReferenceFile, mode: PlannedMode) -> Reference:
    """Return one mode of the shipped measurement. Raises UsageError for a wrong figure."""
    table = file.anonymous if mode == "anonymous" else file.single_hop
    take = _ShippedInputs(file.dated, table)
    costs, rss = table.cpu_seconds_per_gbit, table.rss_mib
    return Reference(
        sentence=f"the measurement that onionrig ships, of {file.dated}: `{table.command}` on "
        f"{file.machine.cores} cores of an {file.machine.cpu_model}",
        mode=mode,
        backend_cost=take.cost("a backend instance's CPU", costs["backend"]),
        shares=_shares(table.cpu_shares, file.dated),
        wire_cost=take("what a network costs beyond loopback", file.links.wire_cost, "", file=file),
        source_cost=take.cost("the source's CPU", costs["source"]),
        client_cost=take.cost("the client tors' CPU", costs["client"]),
        relay_cost=take.cost("all relays' CPU", costs["relay"]),
        sampler_cores=take("the sampler's CPU", table.sampler_cores, "cores"),
        backend_rss_bytes=take("a backend instance's memory", rss["backend"], "B", BYTES_PER_MIB),
        source_rss_bytes=take("the source's memory", rss["source"], "B", BYTES_PER_MIB),
        sampler_rss_bytes=take("the sampler's memory", rss["sampler"], "B", BYTES_PER_MIB),
        steadiness=take("sustained over mean, CPU full", table.steadiness, ""),
        link_steadiness=take(
            "sustained over mean, links full", file.links.steadiness, "", file=file
        ),
        payload_share=take("goodput over a full link", file.links.payload_share, "", file=file),
        stream_bits_per_second=take("one stream alone", table.stream_mbit, "bit/s", BITS_PER_MBIT),
        round_trip_seconds=take("round trip under load", table.round_trip_seconds, "s"),
        machine=speeds_of_table(file.machine, file.dated),
    )


def _shares(table: SharesTable, date: str) -> Shares:
    """Return the parts of a backend instance's CPU time; only perf shows them, not a run."""

    def share(name: str, figure: Spread) -> Input:
        name = f"of a backend instance's CPU: {name}"
        return Input(
            name=name,
            value=range_of(figure, name=name),
            unit="",
            origin="measured elsewhere",
            source=f"`{table.command}` (docs/planning.md), shipped, {date}",
        )

    return Shares(
        sha3=share("SHA3", table.sha3),
        aes=share("AES", table.aes),
        kernel=share("the kernel", table.kernel),
        rest=share("the rest", table.rest),
    )


class _ShippedInputs:
    """Converts the file's figures to inputs, each with the command that measured it."""

    def __init__(self, date: str, table: ModeTable) -> None:
        self._date = date
        self._command = table.command

    def cost(self, name: str, figure: Spread) -> Input:
        cost_input = self(name, figure, "CPU-seconds per Gbit")
        return msgspec.structs.replace(
            cost_input, value=no_narrower(cost_input.value, RERUN_SPREAD)
        )

    def __call__(
        self,
        name: str,
        figure: Spread,
        unit: str,
        factor: float = 1.0,
        *,
        file: ReferenceFile | None = None,
    ) -> Input:
        value: Range = times(range_of(figure, name=name), factor)
        return Input(
            name=name,
            value=value,
            unit=unit,
            origin="measured elsewhere",
            source=f"`{file.links.command if file else self._command}`, shipped, {self._date}",
            replaced_by=RUN_IT,
        )
