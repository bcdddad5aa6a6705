"""Recordings of emulated hosts, made by hand: boards that serve, relays and clients elsewhere."""

from __future__ import annotations

from onionrig.records.manifest import BoardFacts
from support.records.manifests import emulated_host, manifest, service
from support.records.recordings import recording
from support.records.samples import BYTES_PER_MBIT, HOLD, host_sample, sink_sample

PI = BoardFacts(
    id="pi3b", name="Raspberry Pi 3", cores=4, clock_mhz=1200.0, aes_instructions=False,
    aes_mb_per_second=36.2,
)  # fmt: skip


def emulated(name, link=None, **more):
    delay = more.pop("delay", 0.0)
    return emulated_host(name, "here", link_bits_per_second=link, delay_seconds=delay, **more)


def bramble(sent_mbit, *, link=100e6, goodput_mbit=0.9, seconds=10, **more):
    """A run whose boards sent so many Mbit/s each; goodput is a part of that.

    ``networks`` and ``clients`` are the Mbit/s that those hosts received, and their links.
    """
    network, network_link = more.pop("network", (sum(sent_mbit), None))
    clients, clients_link = more.pop("clients", (sum(sent_mbit), None))
    pis = [f"pi{number}" for number in range(1, len(sent_mbit) + 1)]
    backends = {f"backend-{number}": pi for number, pi in enumerate(pis, start=1)}
    made = manifest(
        backends=backends,
        emulated=(
            emulated("network", network_link),
            emulated("clients", clients_link),
            *(emulated(pi, link, board=PI) for pi in pis),
        ),
        services=(
            service("relay-1", "relay", "network"),
            service("relay-2", "relay", "network"),
            service("client-1", "client", "clients"),
            service("sink-clients", "sink", "clients"),
            *(service(f"sampler-{name}", "sampler", name) for name in ("network", "clients", *pis)),
            *(service(name, "backend", pi) for name, pi in backends.items()),
            *(service(f"source-{pi}", "source", pi) for pi in pis),
        ),
    )
    carried = {"network": (network, network), "clients": (clients, 1)}
    carried |= {pi: (2, mbit) for pi, mbit in zip(pis, sent_mbit, strict=True)}
    return recording(
        [
            sink_sample(
                HOLD + at,
                {
                    name: round(goodput_mbit * mbit * BYTES_PER_MBIT)
                    for name, mbit in zip(backends, sent_mbit, strict=True)
                },
            )
            for at in range(seconds)
        ],
        manifest=made,
        samplers={
            f"sampler-{name}": sampled(*ways, seconds, busy=more.get("busy", 0.5))
            for name, ways in carried.items()
        },
        events=more.get("events", ()),
    )


def sampled(received_mbit, sent_mbit, seconds, *, busy=0.5):
    """A host's samples; the kernel takes every such interface for one of 10 Gbit/s."""
    return [
        host_sample(
            HOLD - 1 + run,
            {},
            busy=busy * run,
            others=0.0,
            interfaces={
                "lo": {"received": 10**9 * run, "sent": 10**9 * run},
                "eth0": {
                    "received": round(received_mbit * BYTES_PER_MBIT) * run,
                    "sent": round(sent_mbit * BYTES_PER_MBIT) * run,
                    "link": 10e9,
                },
            },
        )
        for run in range(seconds + 1)
    ]


def direct(sent_mbit, *, link=100e6, overhead=1.046, seconds=10):
    """A baseline from hosts with a source to one with a sink; they sent so much payload."""
    names = [f"pi{number}" for number in range(1, len(sent_mbit) + 1)]
    made = manifest(
        backends=(),
        mode="without tor",
        emulated=(emulated("clients"), *(emulated(name, link) for name in names)),
        services=(
            service("sink-clients", "sink", "clients"),
            *(service(f"source-{name}", "source", name) for name in names),
            *(service(f"sampler-{name}", "sampler", name) for name in ("clients", *names)),
        ),
    )
    samplers = {"sampler-clients": sampled(overhead * sum(sent_mbit), 1, seconds)}
    samplers |= {
        f"sampler-{name}": sampled(1, overhead * mbit, seconds)
        for name, mbit in zip(names, sent_mbit, strict=True)
    }
    payload = {
        name: round(mbit * BYTES_PER_MBIT) for name, mbit in zip(names, sent_mbit, strict=True)
    }
    samples = [sink_sample(HOLD + at, payload) for at in range(seconds)]
    return recording(samples, manifest=made, samplers=samplers)
