"""Convert the tables of ``[[faults]]`` to the faults that they ask for, and back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.faults.base import AskedFault
from onionrig.experiment.faults.registry import FAULTS
from onionrig.units import Seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onionrig.experiment.faults.base import Fault
    from onionrig.experiment.keys import ExperimentTable

AT = "at"
"""The key that every table has: the time of the fault since the beginning of the hold."""


def fault_table() -> type[msgspec.Struct]:
    """Return a struct that can ask for any fault: ``at``, every verb and every fault's keys."""
    return _fault_table(tuple((fault.verb, fault.keys) for fault in FAULTS.values()))


def asked_faults(tables: Iterable[msgspec.Struct]) -> tuple[AskedFault, ...]:
    """Return the faults that such tables ask for.

    Raises UsageError for a table that names no fault or several, or has a key of another fault.
    """
    return tuple(_asked_fault(number, table) for number, table in enumerate(tables, start=1))


def plain_fault(asked_fault: AskedFault) -> dict[str, Any]:
    """Return the table that asks for a fault as plain data, with null for every other key."""
    written = {
        AT: str(asked_fault.at),
        asked_fault.verb: asked_fault.subject,
        **msgspec.to_builtins(asked_fault.keys, enc_hook=str),
    }
    return dict.fromkeys(fault_table().__struct_fields__) | written


@functools.cache
def _fault_table(faults: tuple[tuple[str, type[ExperimentTable]], ...]) -> type[msgspec.Struct]:
    verbs = [(verb, str | None, None) for verb, _ in faults]
    own_keys = {
        field.name: (field.name, field.type, field.default)
        for _, keys in faults
        for field in msgspec.structs.fields(keys)
    }
    return msgspec.defstruct(
        "FaultTable",
        [(AT, Seconds), *verbs, *own_keys.values()],
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _asked_fault(number: int, table: msgspec.Struct) -> AskedFault:
    written = {
        name: value
        for name in table.__struct_fields__
        if (value := getattr(table, name)) is not None
    }
    verbs = [verb for verb in FAULTS if verb in written]
    if len(verbs) != 1:
        verb = next(iter(FAULTS))
        raise UsageError(
            f'faults, number {number}: say one of {", ".join(FAULTS)}, as in {verb} = "backend-1"'
        )
    fault = FAULTS[verbs[0]]
    at, subject = written.pop(AT), written.pop(fault.verb)
    for key, value in written.items():
        if key not in fault.keys.__struct_fields__:
            reason = _owner(key).misplaced
            raise UsageError(f'faults, number {number}: {key} = "{value}": {reason}')
    return AskedFault(at=at, verb=fault.verb, subject=subject, keys=fault.keys(**written))


def _owner(key: str) -> Fault:
    return next(fault for fault in FAULTS.values() if key in fault.keys.__struct_fields__)
