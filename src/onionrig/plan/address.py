"""What one address serves from a number of hosts of one kind, and which limit is the bottleneck."""

from __future__ import annotations

import msgspec

from onionrig.experiment.frontend import (
    POINTS_AN_INSTANCE,
    is_on,
    most_instances,
    variants_for,
)
from onionrig.experiment.loads.streams import STREAM_WINDOW_BYTES
from onionrig.plan.capacity import Capacity
from onionrig.plan.question import PlanQuestion
from onionrig.plan.ranges import least, over, plus, times
from onionrig.plan.reference import Reference
from onionrig.records.plan import Constraint, ConstraintKind, Input, Projection, Range
from onionrig.units import BITS_PER_BYTE, cores_text, counted, percent_text, rate_text


class PlannedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One address in front of identical hosts."""

    question: PlanQuestion
    reference: Reference
    host: Capacity
    round_trip: Input

    @property
    def most_hosts(self) -> int:
        """Most hosts of the address, which must be able to publish an instance of each."""
        return most_instances(self.question.frontend)

    def instances_of(self, hosts: int) -> tuple[int, ...]:
        """Return the number of backend instances of each host.

        It is the smallest number with which main threads are not the bottleneck, since each
        instance takes places in the descriptors that other hosts could have. If there are fewer
        places than that, all of them are used, spread over the hosts as evenly as possible.
        """
        places = min(self.most_hosts, hosts * self._wanted_instances)
        per_host, remainder = divmod(places, hosts)
        return (per_host + 1,) * remainder + (per_host,) * (hosts - remainder)

    @property
    def _wanted_instances(self) -> int:
        most = min(self.host.most_by_cores, self.host.most_by_memory)
        enough = least(self.host.link, self.host.cpu).highest
        return next(
            (count for count in range(1, most) if count * self.host.thread.lowest >= enough), most
        )

    def serves(self, hosts: int) -> Range:
        """Return what this many hosts sustain, each within its own limits."""
        by_hosts = self._by_hosts(hosts)
        return least(by_hosts, *(window.goodput_bits_per_second for window in self._windows()))

    def projection(self, hosts: int) -> Projection:
        """Return what this many hosts would serve, and what would be the bottleneck."""
        constraints = self.constraints(hosts)
        return Projection(
            hosts=hosts,
            daemons_per_host=max(self.instances_of(hosts)),
            goodput_bits_per_second=self.serves(hosts),
            constraint=constraints[0].kind,
        )

    def constraints(self, hosts: int) -> tuple[Constraint, ...]:
        """Return what each limit alone would let this many hosts serve, the lowest first."""
        constraints = [
            self._nic(hosts),
            self._cpu(hosts),
            self._memory(hosts),
            self._points(hosts),
            *self._windows(),
        ]
        return tuple(
            sorted(constraints, key=lambda constraint: constraint.goodput_bits_per_second.likely)
        )

    def descriptors(self, instances: int) -> int:
        """Return the number of distinct descriptors that contain this many instances."""
        return variants_for(self.question.frontend, instances)

    def _nic(self, hosts: int) -> Constraint:
        share = self.reference.payload_share.value.likely
        return _constraint(
            "NIC",
            times(self.host.link, hosts),
            f"{counted(hosts, 'link')} of which {percent_text(share)} is goodput",
        )

    def _cpu(self, hosts: int) -> Constraint:
        return _constraint(
            "CPU",
            times(self.host.cpu, hosts),
            f"{counted(hosts, 'host')} with {cores_text(self.host.cores)} each; a core serves "
            f"{rate_text(self.host.thread.likely)}",
        )

    def _memory(self, hosts: int) -> Constraint:
        daemons = self.host.most_by_memory
        return _constraint(
            "memory",
            times(self.host.thread, hosts * daemons),
            f"it holds {counted(daemons, 'daemon')} a host, were there a core for each",
        )

    def _points(self, hosts: int) -> Constraint:
        """Return the limit by introduction points; if they are scarce, with the other limits."""
        most = self.most_hosts
        places = (
            f"the {self.question.balancer} balancer holds {most} instances with "
            f"{POINTS_AN_INSTANCE} introduction points each"
        )
        if hosts * self._wanted_instances <= most:
            rate = times(self.host.thread, most)
            return _constraint("introduction points", rate, f"{places}, and fewer are needed")
        instances = self.instances_of(hosts)
        return _constraint(
            "introduction points",
            self._by_hosts(hosts),
            f"{places}, which leaves {_between(instances)} a host, and a daemon's main thread "
            f"serves {rate_text(self.host.thread.likely)}",
        )

    def _by_hosts(self, hosts: int) -> Range:
        return plus(
            *(
                least(self.host.link, self.host.cpu, times(self.host.thread, instances))
                for instances in self.instances_of(hosts)
            )
        )

    def _windows(self) -> list[Constraint]:
        """Return the limit by windows, if the number of streams is given and not as needed."""
        streams = self.question.streams
        if streams is None:
            return []
        rate, explanation = self.stream_rate()
        return [
            _constraint(
                "windows", times(rate, streams), f"{counted(streams, 'stream')}, {explanation}"
            )
        ]

    def stream_rate(self) -> tuple[Range, str]:
        """Return the most that one stream carries, and why."""
        single_rate = self.reference.stream_bits_per_second.value
        if self.congestion_control:
            return single_rate, "each of which carries what one alone carried where it was measured"
        bits = float(BITS_PER_BYTE * STREAM_WINDOW_BYTES)
        by_window = over(bits, self.round_trip.value)
        return least(single_rate, by_window), (
            f"each of which may have {STREAM_WINDOW_BYTES // 1000} kB on their way over a round "
            f"trip of {self.round_trip.value.likely:.3g} s"
        )

    @property
    def congestion_control(self) -> bool:
        """Whether clients learn from the descriptor that the service has congestion control."""
        return is_on(self.question.frontend, "flow_control")


def _constraint(kind: ConstraintKind, rate: Range, sentence: str) -> Constraint:
    return Constraint(kind=kind, goodput_bits_per_second=rate, sentence=sentence)


def _between(instances: tuple[int, ...]) -> str:
    lowest, highest = min(instances), max(instances)
    return counted(highest, "daemon") if lowest == highest else f"{lowest} or {highest} daemons"
