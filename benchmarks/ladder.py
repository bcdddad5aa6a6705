"""Climb from the default to the best that is known, and record what each step takes of the CPU.

    .venv/bin/python benchmarks/ladder.py [--rounds 3] [--hold 30s] [--out benchmarks/ladder.jsonl]
        [--compiled-tor FILE --flags "-O3 -march=native -flto"]

The steps take turns, so that a machine that grows slower meanwhile slows all of them. Each run
draws a network of its own and adds one row to a file of JSON lines; `make docs` makes the table of
docs/performance.md of it. With --compiled-tor there is a further step, in which every tor of the
rig is that one; --flags says how it was compiled.
"""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ladder_rows import ROWS, WHOLE_PATH, LadderRow, read_rows, row_of
from onionrig.store.lines import Appender
from onionrig.units import rate_text
from recorded_run import exits_with_a_code, recorded_run

if TYPE_CHECKING:
    from collections.abc import Iterator


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the ladder."""

    name: str
    arguments: tuple[str, ...] = ()
    """Arguments of ``onionrig run``."""
    tor: Path | None = None
    """Program that stands for tor; None for the one on PATH."""
    compiled: str | None = None
    """Flags with which that program was compiled."""

    @property
    def command(self) -> str:
        """The command of a run, as a user types it."""
        words = shlex.join(("onionrig", "run", *self.arguments))
        return words if self.tor is None else f'PATH=DIRECTORY_OF_THAT_TOR:"$PATH" {words}'

    @property
    def environment(self) -> dict[str, str] | None:
        """Variables for a run; None for those of this process."""
        if self.tor is None:
            return None
        return {**os.environ, "PATH": f"{self.tor.parent}:{os.environ.get('PATH', os.defpath)}"}


def main() -> None:
    """Run every step in turn, and add a row for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--hold", default="30s", metavar="TIME", help="hold of each run")
    parser.add_argument("--compiled-tor", type=Path, metavar="FILE", help='a program called "tor"')
    parser.add_argument("--flags", metavar="TEXT", help="how it was compiled")
    parser.add_argument("--out", type=Path, default=ROWS, metavar="FILE")
    options = parser.parse_args()
    compiled: Path | None = options.compiled_tor
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    if (compiled is None) != (options.flags is None):
        parser.error("--compiled-tor and --flags are given together")
    if compiled is not None and (compiled.name != "tor" or not os.access(compiled, os.X_OK)):
        parser.error(f'--compiled-tor {compiled}: name an executable file called "tor"')
    with exits_with_a_code():
        if options.out.exists():
            read_rows(options.out)  # a row is not added to a file that nobody can read
        for round_number in range(1, options.rounds + 1):
            for step in steps(options.hold, compiled, options.flags):
                row = _measured(step)
                with Appender(options.out) as rows:
                    rows.append(row)
                print(f"round {round_number} of {options.rounds}, {sentence(row)}", flush=True)


def steps(hold: str, compiled_tor: Path | None, flags: str | None) -> Iterator[Step]:
    """Yield the steps from the lowest to the highest."""
    yield Step(name="unmodified tor, onionrig's default", arguments=("--hold", hold))
    single_hop = ("--single-hop", "--hold", hold)
    yield Step(name="single-hop service", arguments=single_hop)
    if compiled_tor is not None:
        yield Step(
            name=f"single-hop service, tor compiled with {flags}",
            arguments=single_hop,
            tor=compiled_tor.resolve(),
            compiled=flags,
        )


def sentence(row: LadderRow) -> str:
    """Return a row in words."""
    whole = row.parts[WHOLE_PATH]
    return (
        f"{row.step}: {rate_text(row.sustained_bits_per_second)} sustained, "
        f"{whole.measured:.2f} CPU-s per Gbit, {whole.measured / whole.arithmetic:.1f} times the "
        f"arithmetic; doubts: {'; '.join(row.doubts) or 'none'}"
    )


def _measured(step: Step) -> LadderRow:
    manifest, result = recorded_run(step.arguments, step.environment)
    return row_of(manifest, result, step=step.name, command=step.command, compiled=step.compiled)


if __name__ == "__main__":
    main()
