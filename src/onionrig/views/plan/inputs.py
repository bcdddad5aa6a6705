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
        inputs_by_source: dict[str, list[Input]] = {}
        for plan_input in self.inputs:
            inputs_by_source.setdefault(plan_input.source, []).append(plan_input)
        return inputs_by_source

    @property
    def replacements(self) -> list[str]:
        """Return the ways to replace these figures by measurements, each once."""
        names_by_replacement: dict[str, list[str]] = {}
        for plan_input in self.inputs:
            if plan_input.replaced_by:
                names_by_replacement.setdefault(plan_input.replaced_by, []).append(plan_input.name)
        return [
            f"to replace {'these' if len(names) == len(self.inputs) else listing(names)}: "
            f"{replacement}"
            for replacement, names in names_by_replacement.items()
        ]


def inputs_by_origin(plan: Plan) -> tuple[Group, ...]:
    """Return every figure once, by origin; figures of one kind of hardware carry its name."""
    inputs = _distinct(plan)
    groups = [
        Group(
            origin=origin,
            inputs=tuple(plan_input for plan_input in inputs if plan_input.origin == origin),
        )
        for origin in MEANINGS
    ]
    return tuple(group for group in groups if group.inputs)


def _distinct(plan: Plan) -> tuple[Input, ...]:
    """Merge figures that several kinds share, and add the kind to those that only some have."""
    every = [plan_input for hardware in plan.hardware for plan_input in hardware.inputs]
    same_name: dict[str, set[Input]] = {}
    for plan_input in every:
        same_name.setdefault(plan_input.name, set()).add(plan_input)
    named = [
        msgspec.structs.replace(plan_input, name=f"{hardware.name}: {plan_input.name}")
        if len(same_name[plan_input.name]) > 1
        else plan_input
        for hardware in plan.hardware
        for plan_input in hardware.inputs
    ]
    return tuple(dict.fromkeys(named))
