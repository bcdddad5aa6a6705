"""Read what another version has written: later versions add fields and never rename them.

So a record with fields that this version does not know is read without them, and they are named.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec
from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

Record = TypeVar("Record")

SCHEMA = 1
"""Schema of the manifest and of the result that this version writes."""

UNDECODABLE = (ValueError, RecursionError)
"""Exceptions that decoding raises for any other content: msgspec's errors and those of UTF-8 are
ValueErrors; brackets without end are a RecursionError."""


def known_part(content: bytes, kind: type[Record]) -> tuple[Record, tuple[str, ...]]:
    """Decode a record without the fields that its kind does not have; return it and their names.

    A ``schema`` above this version's is read as this version's. Raises one of UNDECODABLE.
    """
    value = msgspec.json.decode(content)
    if isinstance(value, dict) and schema_of(value) is not None:
        value["schema"] = SCHEMA
    unknown_fields: dict[str, None] = {}
    known_value = _without_unknown_fields(
        value, _type_info(cast("Hashable", kind)), "", unknown_fields
    )
    return msgspec.convert(known_value, kind), tuple(unknown_fields)


def schema_of(value: Mapping[str, Any]) -> int | None:
    """Return the schema that a decoded record claims, if it is not this version's."""
    schema = value.get("schema", SCHEMA)
    return schema if isinstance(schema, int) and schema != SCHEMA else None


@functools.cache
def _type_info(kind: Hashable) -> inspect.Type:
    return inspect.type_info(kind)


def _without_unknown_fields(
    value: object, kind: inspect.Type, parent_path: str, unknown_fields: dict[str, None]
) -> object:
    """Return a value without unknown fields; the last argument gets their paths, in order."""
    kind = _union_member(value, kind)
    if isinstance(kind, inspect.StructType) and isinstance(value, Mapping):
        return dict(_known_fields(value, kind, parent_path, unknown_fields))
    if isinstance(kind, inspect.DictType) and isinstance(value, Mapping):
        return {
            key: _without_unknown_fields(
                item, kind.value_type, f"{parent_path}[…].", unknown_fields
            )
            for key, item in value.items()
        }
    if isinstance(kind, inspect.VarTupleType) and isinstance(value, list):
        return [
            _without_unknown_fields(item, kind.item_type, f"{parent_path}[…].", unknown_fields)
            for item in value
        ]
    return value


def _known_fields(
    value: Mapping[str, object],
    kind: inspect.StructType,
    parent_path: str,
    unknown_fields: dict[str, None],
) -> Iterator[tuple[str, object]]:
    fields = {field.encode_name: field.type for field in kind.fields}
    for name, item in value.items():
        if name in fields:
            yield (
                name,
                _without_unknown_fields(
                    item, fields[name], f"{parent_path}{name}.", unknown_fields
                ),
            )
        elif name == kind.tag_field:
            yield name, item
        else:
            unknown_fields[f"{parent_path}{name}".replace(".[", "[")] = None


def _union_member(value: object, kind: inspect.Type) -> inspect.Type:
    """Return the member of a union that a value can be: the struct of its tag, or of its shape."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    return _struct_of_tag(value, kind.types) or next(
        (member for member in kind.types if _has_shape(value, member)), kind
    )


def _struct_of_tag(value: object, members: Sequence[inspect.Type]) -> inspect.Type | None:
    if not isinstance(value, Mapping):
        return None
    for member in members:
        if isinstance(member, inspect.StructType) and member.tag_field is not None:
            tag = value.get(member.tag_field)
            if tag == member.tag:
                return member
    return None


def _has_shape(value: object, kind: inspect.Type) -> bool:
    if isinstance(value, Mapping):
        is_untagged = isinstance(kind, inspect.StructType) and kind.tag_field is None
        return is_untagged or isinstance(kind, inspect.DictType)
    return isinstance(value, list) and isinstance(kind, inspect.VarTupleType)
