"""Turn a user's own run into the reference of a plan; another reference supplies what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import UsageError
from onionrig.plan.cores.run_core import core_of_run
from onionrig.plan.inputs import RERUN_SPREAD, known
from onionrig.plan.ranges import around, no_narrower, spanning
from onionrig.plan.reference import MeasuredHost
from onionrig.records.plan import Input
from onionrig.units import cores_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from onionrig.plan.question import PlannedMode
    from onionrig.plan.reference import Reference
    from onionrig.records.manifest import HostFacts, Manifest
    from onionrig.records.probe import Probe
    from onionrig.records.result import Result

ONE_HOLD_SPREAD = 0.05
"""Relative uncertainty of a figure of a run that had a single hold (a judgement)."""
COSTS = ("backend", "source", "client", "relay")


def mode_of(manifest: Manifest) -> PlannedMode:
    """Return how a run's backend instances built their circuits. Raises UsageError without tor."""
    if manifest.mode == "without tor":
        raise UsageError(
            f"{manifest.run} is a baseline, without tor: a plan needs a run (onionrig run)"
        )
    return manifest.mode


def reference_from(
    results: Sequence[Result], manifest: Manifest, *, otherwise: Reference, probe: Probe | None
) -> Reference:
    """Return the reference of a user's run, with one result per hold.

    What the run lacks is taken from ``otherwise``. Raises UsageError if it has no costs to plan
    with.
    """
    usable_results = [
        result
        for result in results
        if result.settings == results[0].settings  # for a sweep, only its first point
        and result.goodput.mean_bits_per_second
        and _costs(result).get("backend")
    ]
    if not usable_results:
        raise UsageError(
            f"{manifest.run} shows no cost of its backend instances: it was cut short or its "
            "sampler recorded nothing; run it again, or leave --from out"
        )
    run_inputs = _OwnRunInputs(manifest, usable_results)
    machines = _serving_machines(manifest)
    machine = machines[0]
    core = core_of_run(manifest.run, machines, usable_results, shipped=otherwise, probe=probe)
    costs = {
        f"{role}_cost": run_inputs.cost(role, getattr(otherwise, f"{role}_cost")) for role in COSTS
    }
    rss = {
        f"{role}_rss_bytes": run_inputs.largest(role, getattr(otherwise, f"{role}_rss_bytes"))
        for role in ("backend", "source", "sampler")
    }
    return msgspec.structs.replace(
        otherwise,
        sentence=f"your run {manifest.run} of {manifest.started} on "
        f"{cores_text(machine.usable_cores)} of {machine.cpu_model or machine.architecture}",
        mode=mode_of(manifest),
        **costs,
        **rss,
        sampler_cores=run_inputs.spanned(
            otherwise.sampler_cores,
            [
                result.costs["sampler"].cores
                for result in usable_results
                if "sampler" in result.costs
            ],
        ),
        **_rates(run_inputs, usable_results, otherwise),
        wire_cost=_wire_cost(manifest, otherwise),
        machine=core.speeds,
        machine_slowdown=core.slowdown,
        machine_remark=core.remark,
        hosts=_measured_host(manifest, machine),
        remarks=_remarks(manifest, usable_results),
        doubts=_doubts(usable_results),
    )


class _OwnRunInputs:
    def __init__(self, manifest: Manifest, results: Sequence[Result]) -> None:
        self._run = manifest.run
        self._results = results

    def cost(self, role: str, otherwise: Input) -> Input:
        """Return what a role cost; a run may lack one, such as relays on a public network."""
        costs = [cost for result in self._results if (cost := _costs(result).get(role)) is not None]
        cost_input = self.spanned(otherwise, [value for value in costs if value > 0])
        if cost_input is otherwise:
            return otherwise
        return msgspec.structs.replace(
            cost_input, value=no_narrower(cost_input.value, RERUN_SPREAD)
        )

    def largest(self, role: str, otherwise: Input) -> Input:
        return self.spanned(
            otherwise,
            [
                float(result.costs[role].peak_rss_bytes)
                for result in self._results
                if role in result.costs
            ],
        )

    def spanned(self, otherwise: Input, values: Sequence[float]) -> Input:
        if not values:
            return otherwise
        several = len(values) > 1
        return Input(
            name=otherwise.name,
            value=spanning(values) if several else around(values[0], ONE_HOLD_SPREAD),
            unit=otherwise.unit,
            origin="measured here",
            source=f"{self._run}, {len(values)} hold{'s' if several else ''}",
        )


def _rates(
    run_inputs: _OwnRunInputs, results: Sequence[Result], otherwise: Reference
) -> dict[str, Input]:
    """Return the rates of holds with full links and of those without: each kind shows its own."""
    bound_by_links = [result for result in results if _links_were_full(result)]
    other_results = [result for result in results if not _links_were_full(result)]
    return {
        "steadiness": run_inputs.spanned(
            otherwise.steadiness, _known_values(other_results, _steadiness)
        ),
        "link_steadiness": run_inputs.spanned(
            otherwise.link_steadiness, _known_values(bound_by_links, _steadiness)
        ),
        "payload_share": run_inputs.spanned(
            otherwise.payload_share, _known_values(bound_by_links, _payload_share)
        ),
        "round_trip_seconds": _round_trip(run_inputs, results, otherwise),
    }


def _round_trip(
    run_inputs: _OwnRunInputs, results: Sequence[Result], otherwise: Reference
) -> Input:
    seconds = [
        value
        for result in results
        if result.round_trip is not None
        for value in (
            result.round_trip.lowest_seconds,
            result.round_trip.median_in_hold_seconds,
            result.round_trip.highest_in_hold_seconds,
        )
        if value is not None
    ]
    return run_inputs.spanned(otherwise.round_trip_seconds, seconds)


def _serving_machines(manifest: Manifest) -> Sequence[HostFacts]:
    """Return the machines that served, which are alike. Raises UsageError if they differ."""
    serving = {
        host.machine or host.name
        for host in manifest.hosts
        if host.name in manifest.backends.values()
    }
    machines = [host for host in manifest.machines if host.name in serving]
    if len({machine.cpu_model for machine in machines}) > 1:
        unlike = ", ".join(f"{machine.name} ({machine.cpu_model})" for machine in machines)
        raise UsageError(
            f"{manifest.run} was served from machines that are not alike, {unlike}: what a core "
            "of one of them takes cannot be told"
        )
    return machines or manifest.machines[:1]


def _wire_cost(manifest: Manifest, otherwise: Reference) -> Input:
    """Return 1 if the run's backend instances had links to cross, or else the other cost."""
    if not set(manifest.backends.values()) <= {host.name for host in manifest.apart}:
        return otherwise.wire_cost
    return known(otherwise.wire_cost.name, 1.0, "", f"{manifest.run} had links to cross")


def _measured_host(manifest: Manifest, machine: HostFacts) -> MeasuredHost:
    served_from = set(manifest.backends.values())
    emulated = [host for host in manifest.emulated if host.name in served_from]
    source = f"manifest.json of {manifest.run}"
    if not emulated:
        return MeasuredHost(
            name=machine.name,
            cores=machine.usable_cores,
            link_bits_per_second=None,
            memory_bytes=machine.memory_bytes,
            sampled_inside=True,
            source=source,
            remark=""
            if manifest.has_real_hosts
            else "the run had its whole rig on one machine; a planned host has such a machine for "
            "its backend instances alone",
        )
    host = emulated[0]
    shared = host.cpu_cores is None
    return MeasuredHost(
        name=f"emulated hosts like {host.name}",
        cores=machine.usable_cores if host.cpu_cores is None else host.cpu_cores,
        link_bits_per_second=host.link_bits_per_second,
        memory_bytes=machine.memory_bytes,
        sampled_inside=shared,
        source=source,
        remark="the run's hosts were emulated without a share of the CPU of their own; a planned "
        "host has all the machine's cores to itself"
        if shared
        else "",
    )


def _doubts(results: Sequence[Result]) -> tuple[str, ...]:
    """Return every reason of the run itself not to trust its figures, once."""
    trusts = [result.trust for result in results if result.trust is not None]
    return tuple(dict.fromkeys(doubt for trust in trusts for doubt in trust.doubts))


def _remarks(manifest: Manifest, results: Sequence[Result]) -> tuple[str, ...]:
    """Return remarks on what a plan should not rely on in the run."""
    remarks = [f"the run {manifest.run} itself doubts: {doubt}" for doubt in _doubts(results)]
    if any(result.aftermaths for result in results):
        remarks.append(
            f"in {manifest.run} services or links were stopped or changed: its costs are not those "
            "of a steady state"
        )
    kinds = {result.bottleneck.kind for result in results if result.bottleneck is not None}
    if not kinds <= {"machine CPU", "main thread"}:
        remarks.append(
            f"in {manifest.run} no CPU was full: a tor with little to do takes more CPU time for "
            "the same bytes, so the CPU may carry more than planned"
        )
    return tuple(dict.fromkeys(remarks))


def _costs(result: Result) -> dict[str, float]:
    return {
        role: cost.cpu_seconds_per_gbit
        for role, cost in result.costs.items()
        if cost.cpu_seconds_per_gbit is not None
    }


def _links_were_full(result: Result) -> bool:
    if result.links is None:
        return False
    serving = [link for link in result.links.hosts if link.serves]
    return bool(serving) and all(link.full for link in serving)


def _steadiness(result: Result) -> float | None:
    rates = result.goodput
    if rates.sustained_bits_per_second is None or not rates.mean_bits_per_second:
        return None
    return min(1.0, rates.sustained_bits_per_second / rates.mean_bits_per_second)


def _payload_share(result: Result) -> float | None:
    return None if result.links is None else result.links.mean_share


def _known_values(
    results: Sequence[Result], figure: Callable[[Result], float | None]
) -> list[float]:
    return [value for result in results if (value := figure(result)) is not None]
