"""Measure what `onionrig plan` goes by where a user has no run of their own, and print its file.

    .venv/bin/python benchmarks/plan_reference.py --out runs/plan-reference [--probes 5]
        [--seven-zip 7za]

Takes about half an hour on a machine that does nothing else; what is in the directory already is
not measured again. The output is src/onionrig/plan/reference/reference.toml. 7-zip is needed to
hold other machines' figures against this one's: p7zip 16.02, which the catalogue's figures are of
(7-zip 26.02 says 9 % more of the same core: 4230 against 3866 here).
"""

from __future__ import annotations

import argparse
import datetime
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from onionrig.analysis.result import results_by_load
from onionrig.store.given_files import read_probe
from onionrig.store.run_directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from onionrig.records.probe import Probe
    from onionrig.records.result import Result

RUNS = {
    "anonymous": ["--repeat", "3", "--hold", "30s"],
    "single-hop": ["--single-hop", "--repeat", "3", "--hold", "30s"],
    "anonymous-stream": ["--streams", "1", "--repeat", "3", "--hold", "15s"],
    "single-hop-stream": ["--single-hop", "--streams", "1", "--repeat", "3", "--hold", "15s"],
}
"""By the name of their directory; of each, the options of `onionrig run`."""
HOSTED = {"anonymous": [], "single-hop": ["--single-hop"]}
"""Of each mode, options of a run with its backend instances on an emulated host of their own: what
they send crosses a link, as it does from a board. Nothing holds its rate down."""
BRAMBLES = (1, 3)
"""Hosts of which the links bind, and not this machine."""
BRAMBLE = ["--scale", "1/4", "--repeat", "3", "--hold", "30s"]
HOST = """
[[hosts]]
name = "pi{number}"
roles = ["backend"]
board = "pi3b"
"""
BOARDS = """\
[backends]
daemons = {daemons}
single_hop = true
[frontend]
balancer = "extended"
[load]
streams = {streams}
"""
ELSEWHERE = """
[[hosts]]
name = "network"
roles = ["authority", "relay", "balancer"]
[[hosts]]
name = "clients"
roles = ["client"]
"""
ONE_HOST = """
[[hosts]]
name = "host"
roles = ["backend"]
"""
DAEMONS_A_HOST, STREAMS_A_HOST = 4, 16
SEVEN_ZIP_ROUNDS = 4
SHARES = {
    "anonymous": """\
command = "perf record -e cpu-clock -p BACKENDS"
sha3 = 0.44
aes = [0.109, 0.109, 0.16]
kernel = 0.173
rest = 0.278""",
    "single-hop": """\
command = "perf record -e cpu-clock -p BACKENDS"
sha3 = 0.50
aes = [0.065, 0.065, 0.10]
kernel = 0.168
rest = 0.267""",
}
"""Of backend instances' CPU time, by hand, from perf beside such a run (docs/planning.md)."""
ROLES = ("backend", "client", "relay", "source")
MEMORY_ROLES = ("backend", "client", "relay", "source", "sampler")
MIB = 1 << 20


def main() -> None:
    """Measure what is missing, print the file."""
    parser = argparse.ArgumentParser(description="Measure what plans go by.")
    parser.add_argument("--out", type=Path, required=True, help="where the runs go")
    parser.add_argument("--probes", type=int, default=5)
    parser.add_argument("--seven-zip", default="7za", metavar="PROGRAM", help="p7zip 16.02")
    parser.add_argument(
        "--clock-mhz",
        type=float,
        help="of a core that is busy, as 7-zip 26.02 measures it: the kernel of a virtual machine "
        "may know the nominal one alone",
    )
    asked = parser.parse_args()
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    for name, options in RUNS.items():
        _measure(out / name, options)
    hosted = out / "hosted.toml"
    hosted.write_text(ELSEWHERE + ONE_HOST, encoding="utf-8")
    for mode, options in HOSTED.items():
        _measure(out / f"{mode}-hosted", [str(hosted), *options, "--repeat", "3", "--hold", "30s"])
    for hosts in BRAMBLES:
        file = out / f"bramble-{hosts}.toml"
        file.write_text(bramble(hosts), encoding="utf-8")
        _measure(out / f"bramble-{hosts}", [str(file), *BRAMBLE])
    probes = [_probe(out / f"probe-{number}.json") for number in range(1, asked.probes + 1)]
    links = [one for hosts in BRAMBLES for one in _results(out / f"bramble-{hosts}")]
    print(_machine(probes, _seven_zip(out, asked.seven_zip), asked.clock_mhz))
    print(_links(links, _wire_cost(out)))
    for mode in ("anonymous", "single-hop"):
        command = " ".join(("onionrig run", *RUNS[mode]))
        print(_mode(mode, command, _results(out / mode), _results(out / f"{mode}-stream")))


def bramble(hosts: int) -> str:
    """Return an experiment of so many emulated Raspberry Pi 3."""
    head = BOARDS.format(daemons=DAEMONS_A_HOST * hosts, streams=STREAMS_A_HOST * hosts)
    return head + ELSEWHERE + "".join(HOST.format(number=number) for number in range(1, hosts + 1))


def _measure(path: Path, options: list[str]) -> None:
    if not path.exists():
        argv = [sys.executable, "-m", "onionrig", "run", *options, "--out", str(path)]
        subprocess.run(argv, check=True, stdout=sys.stderr)


def _probe(path: Path) -> Probe:
    if not path.exists():
        argv = [sys.executable, "-m", "onionrig", "probe", "--out", str(path)]
        subprocess.run(argv, check=True, stdout=sys.stderr)
    return read_probe(path)


def _seven_zip(out: Path, program: str) -> list[float]:
    """Return the total rating of one core, as the last line of the benchmark has it."""
    found = []
    for number in range(1, SEVEN_ZIP_ROUNDS + 1):
        path = out / f"7z-{number}.txt"
        if not path.exists():
            path.write_text(
                subprocess.check_output([program, "b", "-mmt1"], encoding="utf-8"), encoding="utf-8"
            )
        total = re.search(r"^Tot:.*\s(\d+)\s*$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if total is None:
            sys.exit(f"{path}: no total rating in it")
        found.append(float(total[1]))
    return found


def _results(path: Path) -> list[Result]:
    return results_by_load(RunDirectory(path).recording())


def _machine(probes: Sequence[Probe], seven_zip: Sequence[float], clock_mhz: float | None) -> str:
    host = probes[0].host
    said_mhz = psutil.cpu_freq().current

    def speed(algorithm: str, block_bytes: int) -> str:
        return _spread(
            one.bytes_per_second
            for probe in probes
            for one in probe.speeds
            if (one.algorithm, one.block_bytes) == (algorithm, block_bytes)
        )

    return f"""\
# What `onionrig plan` goes by where a user has no run of their own: docs/planning.md.
# A figure is a number, or [lowest, likely, highest]. Made by benchmarks/plan_reference.py.
dated = {datetime.datetime.now(datetime.UTC):%Y-%m-%d}

[machine]
cpu_model = "{host.cpu_model}"
cores = {host.cores}
aes_instructions = {str(host.aes_instructions).lower()}
command = "onionrig probe; 7za b -mmt1 (p7zip 16.02)"
clock_mhz = {_spread((said_mhz, clock_mhz or said_mhz, clock_mhz or said_mhz))}
seven_zip_mips = {_spread(seven_zip)}
sha3_256_509_bytes_per_second = {speed("sha3-256", 509)}
aes_256_ctr_509_bytes_per_second = {speed("aes-256-ctr", 509)}
aes_256_gcm_16k_bytes_per_second = {speed("aes-256-gcm", 16384)}
aes_256_cbc_16k_bytes_per_second = {speed("aes-256-cbc", 16384)}
loopback_bytes_per_cpu_second = {_spread(probe.loopback.bytes_per_cpu_second for probe in probes)}
"""


def _wire_cost(out: Path) -> str:
    """Return how many times as much a backend instance takes where it has a link to cross.

    At the lowest nothing: an emulated link has both of its ends on this machine, and who sends
    pays for some of what the other end does, which on a board another machine does.
    """
    ratios = [
        hosted / over_loopback
        for mode in HOSTED
        for hosted, over_loopback in zip(
            _backend_costs(out / f"{mode}-hosted"), _backend_costs(out / mode), strict=True
        )
    ]
    highest = max(ratios)
    return f"[1.0, {(1 + highest) / 2:.3g}, {highest:.3g}]"


def _backend_costs(path: Path) -> list[float]:
    costs = [one.costs["backend"].cpu_seconds_per_gbit for one in _results(path)]
    return [cost for cost in costs if cost is not None]


def _links(results: Sequence[Result], wire_cost: str) -> str:
    hosts = " and ".join(str(hosts) for hosts in BRAMBLES)
    return f"""\
[links]
command = "onionrig run {" ".join(BRAMBLE)} of {hosts} emulated Raspberry Pi 3"
payload_share = {_spread(one.links.mean_share for one in results if one.links)}
steadiness = {_spread(map(_steadiness, results))}
wire_cost = {wire_cost}
"""


def _mode(mode: str, command: str, results: Sequence[Result], one_stream: Sequence[Result]) -> str:
    costs = "\n".join(
        f"{role} = {_spread(one.costs[role].cpu_seconds_per_gbit for one in results)}"
        for role in ROLES
    )
    rss = "\n".join(
        f"{role} = {_spread(one.costs[role].peak_rss_bytes / MIB for one in results)}"
        for role in MEMORY_ROLES
    )
    table = mode.replace("-", "_")
    return f"""\
[{table}]
command = "{command}"
balancer = "stock"
steadiness = {_spread(map(_steadiness, results))}
sampler_cores = {_spread(one.costs["sampler"].cores for one in results)}
stream_mbit = {_spread((one.goodput.mean_bits_per_second or 0) / 1e6 for one in one_stream)}
round_trip_seconds = {_spread(second for one in results for second in _round_trips(one))}

[{table}.cpu_seconds_per_gbit]
{costs}

[{table}.cpu_shares]
{SHARES[mode]}

[{table}.rss_mib]
{rss}
"""


def _round_trips(result: Result) -> list[float]:
    found = result.round_trip
    if found is None:
        return []
    several = (
        found.lowest_seconds,
        found.median_in_hold_seconds,
        found.highest_in_hold_seconds,
    )
    return [seconds for seconds in several if seconds is not None]


def _steadiness(result: Result) -> float:
    rates = result.goodput
    sustained, mean = rates.sustained_bits_per_second, rates.mean_bits_per_second
    return min(1.0, (sustained or 0.0) / (mean or 1.0))


def _spread(values: Iterable[float | None]) -> str:
    """Print lowest, median and highest, to three figures."""
    known = [value for value in values if value is not None]
    three = (min(known), statistics.median(known), max(known))
    return f"[{', '.join(map(_three_figures, three))}]"


def _three_figures(value: float) -> str:
    return f"{float(f'{value:.3g}'):g}"


if __name__ == "__main__":
    main()
