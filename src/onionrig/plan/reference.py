"""The measurement that a plan is computed from: the shipped one, or a user's own run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.plan.inputs import BITS_PER_MBIT, BYTES_PER_MIB, RERUN_SPREAD
from onionrig.plan.question import Mode
from onionrig.plan.ranges import no_narrower, times
from onionrig.plan.reference_file import ReferenceFile, range_of
from onionrig.plan.slowdown import Shares
from onionrig.plan.speeds import Speeds, speeds_of_table
from onionrig.records.plan import Input, Range

if TYPE_CHECKING:
    from onionrig.plan.reference_file import ModeTable, SharesTable, Spread

RUN_IT = "`onionrig run --repeat 3`, then --from RUN"


class MeasuredHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host that backend instances ran on in a user's run."""

    name: str
    cores: float
    link_bits_per_second: float | None
    """Frames counted; None where nothing shaped it and no interface is known."""
    memory_bytes: int
    sampled_inside: bool
    """Whether the sampler used the host's own cores: not where it had a share of a machine's."""
    source: str
    remark: str
    """What is to be said of such hosts; empty where there is nothing."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured; costs are CPU-seconds of the machine's cores per Gbit of goodput."""

    sentence: str
    """Which run, when, on which machine."""
    mode: Mode
    backend_cost: Input
    shares: Shares
    """Of that."""
    wire_cost: Input
    """What a backend instance's CPU time is multiplied by where its traffic leaves the machine:
    1 where it did."""
    source_cost: Input
    client_cost: Input
    relay_cost: Input
    sampler_cores: Input
    backend_rss_bytes: Input
    source_rss_bytes: Input
    sampler_rss_bytes: Input
    steadiness: Input
    """Sustained rate over the mean of a hold, where a CPU was full."""
    link_steadiness: Input
    """The same, where links were full."""
    payload_share: Input
    """Mean goodput over the rate of links that were full, which count frames."""
    stream_bits_per_second: Input
    """What one stream alone carried."""
    round_trip_seconds: Input
    machine: Speeds | None
    """What a core of the machine can do; None where that is not known."""
    hosts: MeasuredHost | None = None
    """None for the shipped measurement."""
    remarks: tuple[str, ...] = ()


def shipped_reference(file: ReferenceFile, mode: Mode) -> Reference:
    """Take one mode of the shipped measurement. Raises UsageError for a figure that is wrong."""
    measured = file.anonymous if mode == "anonymous" else file.single_hop
    take = _Taken(file.dated, measured)
    costs, rss = measured.cpu_seconds_per_gbit, measured.rss_mib
    return Reference(
        sentence=f"the measurement that onionrig ships, of {file.dated}: `{measured.command}` on "
        f"{file.machine.cores} cores of an {file.machine.cpu_model}",
        mode=mode,
        backend_cost=take.cost("a backend instance's CPU", costs["backend"]),
        shares=_shares(measured.cpu_shares, file.dated),
        wire_cost=take("what a network costs beyond loopback", file.links.wire_cost, "", of=file),
        source_cost=take.cost("the source's CPU", costs["source"]),
        client_cost=take.cost("the client tors' CPU", costs["client"]),
        relay_cost=take.cost("all relays' CPU", costs["relay"]),
        sampler_cores=take("the sampler's CPU", measured.sampler_cores, "cores"),
        backend_rss_bytes=take("a backend instance's memory", rss["backend"], "B", BYTES_PER_MIB),
        source_rss_bytes=take("the source's memory", rss["source"], "B", BYTES_PER_MIB),
        sampler_rss_bytes=take("the sampler's memory", rss["sampler"], "B", BYTES_PER_MIB),
        steadiness=take("sustained over mean, CPU full", measured.steadiness, ""),
        link_steadiness=take("sustained over mean, links full", file.links.steadiness, "", of=file),
        payload_share=take("goodput over a full link", file.links.payload_share, "", of=file),
        stream_bits_per_second=take(
            "one stream alone", measured.stream_mbit, "bit/s", BITS_PER_MBIT
        ),
        round_trip_seconds=take("round trip under load", measured.round_trip_seconds, "s"),
        machine=speeds_of_table(file.machine, file.dated),
    )


def _shares(measured: SharesTable, dated: str) -> Shares:
    """Take what a backend instance's CPU time goes to; a run does not show it, only perf does."""

    def share(name: str, figure: Spread) -> Input:
        name = f"of a backend instance's CPU: {name}"
        return Input(
            name=name,
            value=range_of(figure, what=name),
            unit="",
            origin="measured elsewhere",
            source=f"`{measured.command}` (docs/planning.md), shipped, {dated}",
        )

    return Shares(
        sha3=share("SHA3", measured.sha3),
        aes=share("AES", measured.aes),
        kernel=share("the kernel", measured.kernel),
        rest=share("the rest", measured.rest),
    )


class _Taken:
    """Makes inputs of the file's figures, each with the command that it is from."""

    def __init__(self, dated: str, measured: ModeTable) -> None:
        self._dated = dated
        self._command = measured.command

    def cost(self, name: str, figure: Spread) -> Input:
        taken = self(name, figure, "CPU-seconds a Gbit")
        return msgspec.structs.replace(taken, value=no_narrower(taken.value, RERUN_SPREAD))

    def __call__(
        self,
        name: str,
        figure: Spread,
        unit: str,
        factor: float = 1.0,
        *,
        of: ReferenceFile | None = None,
    ) -> Input:
        value: Range = times(range_of(figure, what=name), factor)
        return Input(
            name=name,
            value=value,
            unit=unit,
            origin="measured elsewhere",
            source=f"`{of.links.command if of else self._command}`, shipped, {self._dated}",
            replaced_by=RUN_IT,
        )
