"""Readings of the yardstick, as a program on a host would have written them."""

from onionrig.analysis.load.windows import Window
from onionrig.analysis.yardstick.core_speed import host_speed
from onionrig.analysis.yardstick.reference_core import REFERENCE_CORES
from onionrig.records.yardstick.core_speed import Yardstick
from onionrig.records.yardstick.readings import (
    WORK_PARTS,
    YARDSTICK_VERSION,
    Timing,
    YardstickSample,
)
from support.records.samples import HOLD

ROUND_CPU_SECONDS = 0.001


def reading(second, moment="hold", *, speed=1.0, core=0, version=YARDSTICK_VERSION, **parts):
    """A reading of a core that is so many times as fast as the reference core, or its parts are."""
    reference = REFERENCE_CORES[YARDSTICK_VERSION].bytes_per_cpu_second
    return YardstickSample(
        second=second,
        monotonic_seconds=float(second),
        wall_seconds=float(second),
        version=version,
        moment=moment,
        core=core,
        library="OpenSSL 3",
        timings={
            part: Timing(
                bytes=round(reference[part] * parts.get(part, speed) * ROUND_CPU_SECONDS),
                cpu_seconds=ROUND_CPU_SECONDS,
            )
            for part in WORK_PARTS
        },
    )


def readings(hold, *, speed=1.0, before=None, after=None, cores=2):
    """Readings around and in a hold; ``speed`` may be a function of the second."""
    at = speed if callable(speed) else lambda _: speed
    several = range(cores)
    return [
        *(reading(hold.begin - 6, "before", speed=before or at(hold.begin), core=core)
          for core in several),
        *(reading(second, speed=at(second), core=second % cores)
          for second in hold.seconds),
        *(reading(hold.end, "after", speed=after or at(hold.end - 1), core=core)
          for core in several),
    ]  # fmt: skip


def read_on(*names, version=YARDSTICK_VERSION, moment="hold", **parts):
    """What a result has of a yardstick that was read alike on these hosts; their speed is 1, or its parts are."""
    window = Window(begin=HOLD, end=HOLD + 10)
    several = [reading(second, moment, version=version, **parts) for second in window.seconds]
    hosts = tuple(host_speed(name, several, window) for name in names)
    return yardstick_of(*hosts, version=version)


def yardstick_of(*hosts, version=YARDSTICK_VERSION, **more):
    """What a result has of these hosts' yardsticks."""
    known = [host.hold for host in hosts if host.hold is not None]
    whole = {
        "version": version,
        "libraries": ("OpenSSL 3",) * len(hosts),
        "hosts": hosts,
        "speed": sum(known) / len(hosts) if hosts and len(known) == len(hosts) else None,
        "sustained_on_reference_core_bits_per_second": None,
        "not_carried_over": "there is no sustained rate",
    }
    return Yardstick(**{**whole, **more})
