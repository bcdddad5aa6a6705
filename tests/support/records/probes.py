"""Probes of round numbers, for tests."""

from __future__ import annotations

from onionrig.records.manifest import HostFacts
from onionrig.records.probe import AlgorithmSpeed, Loopback, Probe, ProbedInterface
from onionrig.records.samples import BoardState

PI = HostFacts(
    name="pi1",
    cpu_model="Cortex-A53",
    cores=4,
    aes_instructions=False,
    memory_bytes=1 << 30,
    architecture="aarch64",
    operating_system="Debian GNU/Linux 12 (bookworm)",
)


def board(*, temperature=None, throttling=None):
    return BoardState(
        temperature_celsius=temperature,
        clock_hertz=None,
        governor=None,
        throttling=throttling,
    )


def speed(algorithm, block_bytes, bytes_per_second):
    return AlgorithmSpeed(
        algorithm=algorithm, block_bytes=block_bytes, bytes_per_second=bytes_per_second
    )


def probe(**changed):
    """A Pi 3 as it might be: SHA3 of 50 MB/s a core, AES-GCM half as fast."""
    known = {
        "made": "2026-11-25T12:00:00Z",
        "onionrig": "0.1.0",
        "seconds": 27.4,
        "host": PI,
        "board_model": "Raspberry Pi 3 Model B Rev 1.2",
        "clock_hertz": 1.2e9,
        "instructions": ("asimd",),
        "openssl": "OpenSSL 3.0.19",
        "speeds": (
            speed("aes-256-ctr", 509, 40e6),
            speed("sha3-256", 509, 50e6),
            speed("aes-256-gcm", 16384, 25e6),
        ),
        "all_cores_sha3_bytes_per_second": 196e6,
        "loopback": Loopback(bytes_per_second=250e6, bytes_per_cpu_second=150e6),
        "interfaces": (
            ProbedInterface(name="eth0", kind="wired", link_bits_per_second=100e6),
            ProbedInterface(name="wlan0", kind="wireless", link_bits_per_second=None),
        ),
        "before": board(temperature=48.3, throttling=()),
        "after": board(temperature=61.8, throttling=()),
    }
    return Probe(**{**known, **changed})
