"""Show what a plan was computed from, grouped by origin: for those who doubt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onionrig.analysis.wording import listing
from onionrig.records.plan import Input, Origin

if TYPE_CHECKING:
    from onionrig.records.plan import Plan

MEANINGS: dict[Origin, str] = {
    "measured here": "your own run or probe",
    "measured elsewhere": "by this project, on other machines",
    "read": "in the named source; not measured again here",
    "estimated": "a guess, for the reason given beside it",
    "asked": "on the command line",
}
"""Meaning of each origin, in the order in which they are shown."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one origin."""

    origin: Origin
    inputs: tuple[Input, ...]

    @property
    def title(self) -> str:
        """Title: the origin, the number of its figures and its meaning."""
        return f"{self.origin} ({len(self.inputs)}): {MEANINGS[self.origin]}"

    @property
    def by_source(self) -> dict[str, list[Input]]:
        """Return the figures by source."""
        found: dict[str, list[Input]] = {}
        for each in self.inputs:
            found.setdefault(each.source, []).append(each)
        return found

    @property
    def replacements(self) -> list[str]:
        """Return the ways to replace these figures by measurements, each once."""
        found: dict[str, list[str]] = {}
        for each in self.inputs:
            if each.replaced_by:
                found.setdefault(each.replaced_by, []).append(each.name)
        return [
            f"to replace {'these' if len(names) == len(self.inputs) else listing(names)}: {how}"
            for how, names in found.items()
        ]


def inputs_by_origin(plan: Plan) -> tuple[Group, ...]:
    """Return every figure once, by origin; figures of one kind of hardware carry its name."""
    inputs = _distinct(plan)
    groups = [
        Group(origin=origin, inputs=tuple(each for each in inputs if each.origin == origin))
        for origin in MEANINGS
    ]
    return tuple(group for group in groups if group.inputs)


def _distinct(plan: Plan) -> tuple[Input, ...]:
    """Merge figures that several kinds share, and add the kind to those that only some have."""
    every = [each for hardware in plan.hardware for each in hardware.inputs]
    same_name: dict[str, set[Input]] = {}
    for each in every:
        same_name.setdefault(each.name, set()).add(each)
    named = [
        msgspec.structs.replace(each, name=f"{hardware.name}: {each.name}")
        if len(same_name[each.name]) > 1
        else each
        for hardware in plan.hardware
        for each in hardware.inputs
    ]
    return tuple(dict.fromkeys(named))
