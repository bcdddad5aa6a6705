"""What real hosts cost beside one machine, on the bed of the tests: hosts in network namespaces.

    PYTHONPATH=tests .venv/bin/python benchmarks/real_hosts.py starts --out runs/starts-on-hosts
    PYTHONPATH=tests .venv/bin/python benchmarks/real_hosts.py rehearsal --out runs/rehearsal
    PYTHONPATH=tests .venv/bin/python benchmarks/real_hosts.py provision --hosts 3
    PYTHONPATH=tests .venv/bin/python benchmarks/real_hosts.py controller --hosts 16 --out runs/many
    PYTHONPATH=tests .venv/bin/python benchmarks/real_hosts.py pinning --pairs 6 --out runs/pinning

``starts`` alternates bring-ups of the same rig on this machine and on three hosts; ``rehearsal``
alternates an experiment on emulated hosts and on the bed's, with the same links; ``provision``
times fresh and unchanged hosts; ``controller`` says what the controller takes in a hold;
``pinning`` compares daemons that the kernel places with daemons that are pinned to a core each.
It needs root, and nothing else should run.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.records.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND = (sys.executable, "-m", "onionrig")
LINK_MBIT = 20
"""Of backends' hosts: slow enough that these links bind, and not this machine's CPU."""
GRACE = ("--set", "cluster.grace=30s", "--no-report")
STARTS = (
    "--profile", "default", "--balancer", "extended", "--set", "backends.daemons=6",
    "--set", "network.relays=8", "--set", "load.clients=2",
    "--streams", "6", "--set", "load.ramp=1s", "--hold", "10", *GRACE,
)  # fmt: skip
REHEARSAL = (
    "--balancer", "extended", "--single-hop", "--streams", "24", "--hold", "30",
    "--set", "backends.daemons=3", "--set", "network.relays=6", "--set", "load.clients=3", *GRACE,
)  # fmt: skip

PINNING = (
    "default", "default", "--set", "network.relays=5", "--set", "backends.daemons=4",
    "--streams", "8", "--hold", "15",
)  # fmt: skip


def main() -> None:
    """Measure one of the five."""
    parser = argparse.ArgumentParser(description=__doc__)
    measurements = {
        "starts": _starts,
        "rehearsal": _rehearsal,
        "provision": _provision,
        "controller": _controller,
        "pinning": _pinning,
    }
    parser.add_argument("what", choices=measurements)
    parser.add_argument("--out", type=Path, default=Path("runs/real-hosts"))
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    measurements[arguments.what](arguments)


def _starts(arguments: argparse.Namespace) -> None:
    with _bed(3) as bed:
        inventory = _inventory(bed, backends=3, clients=[3])
        _onionrig(bed, "cluster", "provision", "-i", inventory)
        here, there = [], []
        for number in range(arguments.pairs):
            here.append(_first_byte(None, arguments.out / f"here-{number}"))
            there.append(_first_byte(bed, arguments.out / f"there-{number}", "-i", inventory))
    more = [late - early for early, late in zip(here, there, strict=True)]
    print(f"first verified byte: this machine {_texts(here)}, three hosts {_texts(there)}")
    print(f"three hosts take {statistics.median(more):.1f} s longer (median of {_texts(more)})")


def _first_byte(bed: Any, out: Path, *more: object) -> float:  # noqa: ANN401 - a test's bed
    result = _result(bed, "run", *STARTS, *more, out=out)
    return result.bring_up_seconds.total or float("nan")


def _rehearsal(arguments: argparse.Namespace) -> None:
    roles = {1: ["backend", "balancer"], 2: ["backend"], 3: ["backend"]}
    roles |= {number: ["client", "authority", "relay"] for number in (4, 5, 6)}
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "emulated.toml"
    file.write_text(
        "".join(
            f'[[hosts]]\nname = "pi{number}"\nroles = {msgspec.json.encode(named).decode()}\n'
            + (f'link = "{LINK_MBIT}Mbit"\n' if "backend" in named else "")
            for number, named in roles.items()
        ),
        encoding="utf-8",
    )
    with _bed(6, rates={f"pi{number}": f"{LINK_MBIT}mbit" for number in (1, 2, 3)}) as bed:
        inventory = _inventory(bed, backends=3, clients=[4, 5, 6])
        _onionrig(bed, "cluster", "provision", "-i", inventory)
        ratios = []
        for number in range(arguments.pairs):
            emulated = _mean(None, file, out=arguments.out / f"emulated-{number}")
            on_bed = _mean(bed, "-i", inventory, out=arguments.out / f"bed-{number}")
            ratios.append(on_bed / emulated)
            print(f"emulated {emulated / 1e6:.1f} Mbit/s, bed {on_bed / 1e6:.1f} Mbit/s")
    print(f"bed over emulated: {', '.join(f'{ratio:.3f}' for ratio in ratios)}")


def _mean(bed: Any, *words: object, out: Path) -> float:  # noqa: ANN401 - a test's bed
    return _result(bed, "run", *words, *REHEARSAL, out=out).goodput.mean_bits_per_second or 0.0


def _provision(arguments: argparse.Namespace) -> None:
    with _bed(arguments.hosts) as bed:
        inventory = _inventory(bed, backends=arguments.hosts - 1, clients=[arguments.hosts])
        for state in ("fresh", "unchanged", "unchanged"):
            began = time.monotonic()
            _onionrig(bed, "cluster", "provision", "-i", inventory)
            seconds = time.monotonic() - began
            print(f"provision of {arguments.hosts} {state} hosts: {seconds:.1f} s")


def _controller(arguments: argparse.Namespace) -> None:
    with _bed(arguments.hosts) as bed:
        inventory = _inventory(bed, backends=arguments.hosts - 1, clients=[arguments.hosts])
        _onionrig(bed, "cluster", "provision", "-i", inventory)
        for hold in (10, 70):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            _result(
                bed, "run", "-i", inventory, "--balancer", "extended", "--streams", "16",
                "--set", f"backends.daemons={arguments.hosts - 1}", "--set", "network.relays=6",
                "--hold", str(hold), *GRACE, out=arguments.out / f"hold-{hold}",
            )  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"the controller and its ssh, a hold of {hold} s: {cpu:.2f} CPU-s")
    print("the difference of the two, over 60 s, is what a hold takes")


def _pinning(arguments: argparse.Namespace) -> None:
    with _bed(3) as bed:
        inventory = _inventory(bed, backends=2, clients=[3])
        _onionrig(bed, "cluster", "provision", "-i", inventory)
        _onionrig(
            bed, "compare", *PINNING, "-i", inventory, "--repeat", arguments.pairs,
            "--set-b", "cluster.pin=true", "--out", arguments.out,
        )  # fmt: skip
    subprocess.run((*COMMAND, "show", str(arguments.out)), check=True)


def _bed(hosts: int, *, rates: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - likewise
    bed = importlib.import_module("support.bed")
    names = [f"pi{number}" for number in range(1, hosts + 1)]
    return bed.Bed([bed.HostSpec(name=name, rate=(rates or {}).get(name)) for name in names])


def _inventory(bed: Any, *, backends: int, clients: list[int]) -> str:  # noqa: ANN401 - likewise
    groups = {
        "balancer": ["pi1"],
        "backends": [f"pi{number}" for number in range(1, backends + 1)],
        "clients": [f"pi{number}" for number in clients],
    }
    if clients[0] <= backends:  # one host does both: it sends to the others as well
        groups["backends"] = [name for name in groups["backends"] if name not in groups["clients"]]
    return str(bed.inventory(groups))


def _result(bed: Any, *words: object, out: Path) -> Result:  # noqa: ANN401 - likewise
    if not (out / "result.json").exists():
        _onionrig(bed, *words, "--out", out)
    return msgspec.json.decode((out / "result.json").read_bytes(), type=Result)


def _onionrig(bed: Any, *words: object) -> None:  # noqa: ANN401 - likewise
    argv = [*COMMAND, *map(str, words)]
    subprocess.run(
        argv if bed is None else bed.controller(*argv),
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "200"},
    )


def _texts(seconds: list[float]) -> str:
    return ", ".join(f"{each:.1f} s" for each in seconds)


if __name__ == "__main__":
    main()
