"""Print the table of docs/results.md, made from the bundles in docs/results.

usage: python scripts/results_table.py [DIRECTORY]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from onionrig.store.account import account_of
from onionrig.store.bundle.archive import SUFFIX
from onionrig.store.bundle.reading import unpacked_bundle
from onionrig.units import rate_text
from onionrig.views.core_speed_text import speed_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from onionrig.records.manifest import Manifest
    from onionrig.records.result import Result

PROJECT = Path(__file__).resolve().parent.parent
RESULTS = PROJECT / "docs" / "results"
HEADINGS = (
    "date", "CPU", "cores", "tor", "frontend", "rate", "core speed", "bottleneck",
    "CPU-s per Gbit", "doubts",
)  # fmt: skip
LEAST_SHARE = 0.01
"""Share of all CPU time from which the costs of a role are in the table."""


def main() -> None:
    """Print the table."""
    print(table(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS))


def table(directory: Path) -> str:
    """Return a Markdown table with a row for each bundle in a directory, oldest first."""
    rows = sorted(row(path) for path in directory.glob(f"*{SUFFIX}"))
    return markdown_table(HEADINGS, rows)


def row(bundle: Path) -> tuple[str, ...]:
    """Return the row of one bundle."""
    with unpacked_bundle(bundle) as run:
        manifest, result = run.read_manifest(), account_of(run).result
    return (
        f"[{plain(manifest.started[:10])}](results/{bundle.name})",
        *map(plain, _cells(manifest, result)),
    )


def _cells(manifest: Manifest, result: Result) -> Iterator[str]:
    rate = result.goodput.sustained_bits_per_second
    yield from (
        _each(host.cpu_model or host.architecture for host in manifest.machines),
        _each(f"{host.usable_cores:.10g}" for host in manifest.machines),
        _tor(manifest),
        _frontend(manifest),
        "not measured" if rate is None else rate_text(rate),
        "not read" if result.yardstick is None else speed_text(result.yardstick.speed),
        "not judged" if result.bottleneck is None else result.bottleneck.sentence,
        _costs(result),
        _doubts(result),
    )


def _each(texts: Iterable[str]) -> str:
    """Return different texts once each, in the order in which they come."""
    return ", ".join(dict.fromkeys(texts))


def _tor(manifest: Manifest) -> str:
    versions = manifest.versions
    if versions.tor is None or versions.tor_build is None:
        return versions.tor or "none"
    return f"{versions.tor}, build {versions.tor_build}"


def _frontend(manifest: Manifest) -> str:
    instances = len(manifest.backends)
    return f"{manifest.balancer}, {instances} instance{'s' * (instances != 1)}, {manifest.mode}"


def _costs(result: Result) -> str:
    """Return what each role cost, the dearest first, without those that cost next to nothing."""
    costs = {role: cost.cpu_seconds_per_gbit or 0.0 for role, cost in result.costs.items()}
    least = LEAST_SHARE * sum(costs.values())
    dear = sorted(((cost, role) for role, cost in costs.items() if cost > least), reverse=True)
    return ", ".join(f"{role} {cost:.2f}" for cost, role in dear) or "not measured"


def _doubts(result: Result) -> str:
    if result.trust is None or result.trust.trusted is None:
        return "not judged"
    return "; ".join(doubt.rstrip(".") for doubt in result.trust.doubts) or "none"


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = (headings, ("---",) * len(headings), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(text: str) -> str:
    """Return a text on one line in which nothing is Markdown: others wrote it."""
    return re.sub(r"([\\|<>\[\]`*_!])", r"\\\1", " ".join(text.split()))


if __name__ == "__main__":
    main()
