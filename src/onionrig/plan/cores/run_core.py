"""How fast the cores were that a user's run was made on, by which its costs can be carried over.

By a probe if there is one, else by the yardstick that the run read, else by the shipped measurement
if that was made on the same CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.errors import UsageError
from onionrig.plan.cores.slowdown import Slowdown, slowdown
from onionrig.plan.cores.speeds import Speeds, speeds_of_probe, speeds_of_yardstick
from onionrig.plan.inputs import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onionrig.plan.reference import Reference
    from onionrig.records.manifest import HostFacts
    from onionrig.records.probe import Probe
    from onionrig.records.result import Result


class RunCore(msgspec.Struct, frozen=True, kw_only=True):
    """A core of a run's machine, and what it is compared with."""

    speeds: Speeds | None
    """Speeds of the core that boards are compared with; None if costs cannot be carried over."""
    slowdown: Slowdown | None = None
    """Ratio of the time that a core of the run's machine takes to that core's; None if that core is
    one of the machine's own."""
    remark: str
    """Explanation of which speeds are used, or why none are known."""


def core_of_run(
    run: str,
    machines: Sequence[HostFacts],
    results: Sequence[Result],
    *,
    shipped: Reference,
    probe: Probe | None,
) -> RunCore:
    """Return what is known of a core of the machines that served in a run.

    The machines are alike. Raises UsageError if the probe is not of one of them.
    """
    machine = machines[0]
    if probe is not None:
        if probe.host.cpu_model != machine.cpu_model:
            raise UsageError(
                f"--run-probe is of {probe.host.name} ({probe.host.cpu_model}), but "
                f"{run} was measured on {machine.name} ({machine.cpu_model}): "
                "probe that machine"
            )
        return RunCore(
            speeds=speeds_of_probe(probe),
            remark=f"the costs of {run} are carried over by the probe of {probe.host.name}",
        )
    by_yardstick = _by_yardstick(run, machines, results, shipped)
    if isinstance(by_yardstick, RunCore):
        return by_yardstick
    model = None if shipped.machine is None else shipped.machine.cpu_model
    if model is not None and model == machine.cpu_model:
        return RunCore(
            speeds=shipped.machine,
            remark=f"the costs of {run} are carried over as if its cores were as fast as those of "
            f"the shipped measurement, which was made on the same CPU ({model}): {by_yardstick}",
        )
    return RunCore(speeds=None, remark=by_yardstick)


def _by_yardstick(
    run: str, machines: Sequence[HostFacts], results: Sequence[Result], shipped: Reference
) -> RunCore | str:
    """Return the core by its yardstick, or the reason why that does not tell."""
    yardsticks = [result.yardstick for result in results if result.yardstick is not None]
    if not yardsticks or shipped.machine is None:
        return f"{run} has no reading of the yardstick"
    names = {machine.name for machine in machines}
    hosts = [host for yardstick in yardsticks for host in yardstick.hosts if host.host in names]
    parts = [part for host in hosts for part in host.parts]
    version = yardsticks[0].version
    if not any(part.hold_bytes_per_cpu_second for part in parts):
        hosts_text = ", ".join(sorted(names))
        return f"the yardstick was not read in the hold of {run} on {hosts_text}, which served"
    if not any(part.reference_bytes_per_cpu_second for part in parts):
        return (
            f"{run} read version {version} of the yardstick, for which this onionrig has no "
            "reference core"
        )
    reference, run_speeds = speeds_of_yardstick(version, hosts)
    over_loopback = known("what a network costs beyond loopback", 1.0, "", "as the yardstick")
    slower = slowdown(reference, run_speeds, shipped.shares, over_loopback)
    if slower is None:
        return f"the yardstick was not read in full in the hold of {run}"
    return RunCore(
        speeds=shipped.machine,
        slowdown=Slowdown(
            value=slower.value,
            inputs=tuple(figure for figure in slower.inputs if figure is not over_loopback),
        ),
        remark=f"the costs of {run} are carried over by the yardstick of the run, version "
        f"{version}, in the hold",
    )
