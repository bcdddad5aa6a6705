"""Plans made by hand, for tests of how they are shown; their figures fit together."""

from __future__ import annotations

import msgspec

from onionrig.records.plan import (
    Bill,
    Cash,
    ClientSide,
    Constraint,
    HardwarePlan,
    HostsNeeded,
    Input,
    Plan,
    Projection,
    Range,
)

MBIT = 1e6
PI3, PI5, ZERO = "Raspberry Pi 3 Model B", "Raspberry Pi 5", "Raspberry Pi Zero 2 W"


def span(lowest, likely=None, highest=None, factor=1.0):
    """A range; of one figure, without a spread."""
    ends = (lowest, lowest, lowest) if likely is None else (lowest, likely, highest)
    return Range(lowest=ends[0] * factor, likely=ends[1] * factor, highest=ends[2] * factor)


def given(name, value, unit, origin="measured elsewhere", **more):
    return Input(
        name=name, value=value, unit=unit, origin=origin,
        source=more.get("source", f"where {name} stands"), replaced_by=more.get("replaced_by", ""),
    )  # fmt: skip


COST = given(
    "a backend instance's CPU", span(1.36, 1.41, 1.5), "CPU-seconds per Gbit",
    source="`onionrig run --repeat 3`, shipped, 2026-11-25",
    replaced_by="`onionrig run --repeat 3`, then --from RUN",
)  # fmt: skip


def inputs(name, link_mbit):
    return (
        given(f"{name}: Ethernet", span(0.95 * link_mbit, link_mbit, 1.05 * link_mbit, MBIT), "bit/s",
              "read", source="a review, https://example.org/review"),
        given(f"{name}: AES-256-CBC of 16 KiB", span(34.4, 36.2, 38, MBIT),
              "bytes per second of a core", "estimated", source="from memory",
              replaced_by="`onionrig probe --json` on such a board, then --probe FILE"),
        COST,
        given("goodput over a full link", span(0.89, 0.905, 0.922), ""),
        given("headroom", span(0.2), "", "asked", source="--headroom"),
    )  # fmt: skip


def limit(kind, likely_mbit, *, spread=0.08, sentence=None):
    return Constraint(
        kind=kind,
        goodput_bits_per_second=span(1 - spread, 1, 1 + spread, likely_mbit * MBIT),
        sentence=sentence or f"why the {kind} limits it",
    )


def bill(hosts, link_mbit, **more):
    daemons = more.get("daemons", 1)
    return Bill(
        hosts=hosts,
        daemons_per_host=daemons,
        instances=hosts * daemons,
        introduction_points=2 * hosts * daemons,
        descriptors=1,
        streams=40,
        memory_bytes_per_host=span(63, 66, 70, 1 << 20),
        client_side=ClientSide(
            client_tors=3, client_cores=span(0.62, 0.71, 0.82), relay_cores=span(2.3, 2.7, 3.1),
            link_bits_per_second=span(560, 610, 660, MBIT),
        ),
        watts=more.get("watts", span(1.5 * hosts, 2.8 * hosts, 3.7 * hosts)),
        price=more.get(
            "price",
            Cash(amount=35.0 * hosts, currency="USD", per="piece", date="2024"),
        ),
        link_bits_per_second=span(0.95 * link_mbit, link_mbit, 1.05 * link_mbit, MBIT),
    )  # fmt: skip


def curve(a_host_mbit, hosts, *, most_mbit=float("inf")):
    return tuple(
        Projection(
            hosts=number,
            daemons_per_host=1,
            goodput_bits_per_second=span(
                0.92, 1, 1.08, min(number * a_host_mbit, most_mbit) * MBIT
            ),
            constraint="NIC",
        )
        for number in range(1, hosts + 1)
    )


def pi3(hosts=7, **more):
    """Bound by their links: 88 Mbit/s of goodput each."""
    binding, after = limit("NIC", 88 * hosts), limit("CPU", 120 * hosts, spread=0.3)
    return HardwarePlan(
        hardware="pi3b",
        name=PI3,
        possible=True,
        answer=f"500 Mbit/s: {hosts} of {PI3}: {88 * hosts} Mbit/s sustained; the bottleneck is the hosts' "
        "links",
        hosts_needed=more.get("needed", HostsNeeded(fewest=7, likely=7, most=8)),
        bill=more.get("bill", bill(hosts, 97.8)),
        projected_bits_per_second=binding.goodput_bits_per_second,
        binding=binding,
        next_binding=after,
        constraints=(binding, after, limit("introduction points", 1200), limit("memory", 6800)),
        curve=curve(88, 10),
        inputs=inputs(PI3, 97.8),
    )


def pi5():
    """Bound by its cores."""
    binding, after = limit("CPU", 700, spread=0.3), limit("NIC", 880)
    return HardwarePlan(
        hardware="pi5",
        name=PI5,
        possible=True,
        answer=f"500 Mbit/s: 1 of {PI5}: 700 Mbit/s sustained; the bottleneck is the hosts' CPUs",
        hosts_needed=HostsNeeded(fewest=1, likely=1, most=2),
        bill=bill(1, 981.8, daemons=4, price=None, watts=None),
        projected_bits_per_second=binding.goodput_bits_per_second,
        binding=binding,
        next_binding=after,
        constraints=(binding, after),
        curve=curve(700, 10),
        inputs=inputs(PI5, 981.8),
    )


def zero():
    """No number of them reaches the target."""
    return HardwarePlan(
        hardware="pizero2w",
        name=ZERO,
        possible=False,
        answer="no number of hosts reaches 600 Mbit/s: the most is 350 Mbit/s, with 10; with "
        "--balancer extended, 18 would: 630 Mbit/s",
        hosts_needed=None,
        bill=None,
        projected_bits_per_second=None,
        binding=None,
        next_binding=None,
        constraints=(),
        curve=curve(35, 10),
        inputs=inputs(ZERO, 40),
    )


def plan(*hardware, target_mbit=500, **more):
    """A plan for these kinds of hardware; for Raspberry Pi 3 where none is named."""
    return Plan(
        made="2026-11-25T13:00:00Z",
        onionrig="0.1.0",
        target_bits_per_second=None if target_mbit is None else target_mbit * MBIT,
        headroom=more.get("headroom", 0.2),
        mode="anonymous",
        balancer="stock",
        round_trip_seconds=span(0.007, 0.086, 0.195),
        measurement="the measurement that onionrig ships, of 2026-11-25",
        assumptions=("The switch carries the sum.", "No board is throttled by its heat."),
        hardware=hardware or (pi3(),),
        command=("onionrig", "plan", "--target", "500Mbit", "--hardware", "pi3b"),
    )


def side_by_side():
    return plan(pi3(), pi5(), zero())


def hosts_asked():
    """How much so many hosts would serve, rather than how many it takes."""
    return plan(pi3(3, needed=None), target_mbit=None)


def unpriced():
    kind = pi3(bill=bill(7, 97.8, price=None, watts=None))
    return plan(msgspec.structs.replace(kind, inputs=()))


def many(hosts=30):
    return plan(pi3(hosts), balancer="extended")
