"""Follow the samples of every service of a role while they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from onionrig.records.samples import Sample
from onionrig.store.lines import Tail

if TYPE_CHECKING:
    from onionrig.store.run_directory import RunDirectory

Sampled = TypeVar("Sampled", bound=Sample)


class RoleTails(Generic[Sampled]):
    """One file per host; files that appear are followed from then on."""

    def __init__(self, run_directory: RunDirectory, role: str, kind: type[Sampled]) -> None:
        self._run_directory = run_directory
        self._role = role
        self._kind = kind
        self._tails: dict[str, Tail[Sampled]] = {}

    def new(self) -> list[tuple[str, Sampled]]:
        """Return what is new since the last call, by service, in the order of their seconds."""
        for name in self._run_directory.sampled(self._role):
            if name not in self._tails:
                self._tails[name] = Tail(self._run_directory.sample_path(name), self._kind)
        named_samples = [
            (name, sample) for name, tail in self._tails.items() for sample in tail.new()
        ]
        return sorted(named_samples, key=lambda named_sample: named_sample[1].second)
