"""What is replaced in each field of a record; a field without a rule is a text like any other.

A field is kept as it is only where its values are words of the format, or are what a result is
shared for, such as the model of a CPU.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.decode import experiment_from
from onionrig.records import events as happened
from onionrig.records import manifest as recorded
from onionrig.records import samples
from onionrig.records.streams import transfers
from onionrig.records.streams.schedule import Schedule
from onionrig.records.yardstick.readings import YardstickSample
from onionrig.store.bundle.replacements import Replacements

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = TypeVar("Record")
OneText = Callable[[Replacements, str], str]


class Rule(msgspec.Struct, frozen=True):
    """What is done to the texts of a field, and to its keys if it is a mapping."""

    texts: OneText
    keys: OneText


def _unchanged(_: Replacements, text: str) -> str:
    return text


KEPT = Rule(_unchanged, _unchanged)
TEXT = Rule(Replacements.text, Replacements.text)
HOST = Rule(Replacements.host, Replacements.host)
SERVICE = Rule(Replacements.service, Replacements.service)
PATH = Rule(Replacements.path, Replacements.path)
RUN = Rule(Replacements.run, Replacements.run)
BY_SERVICE = Rule(_unchanged, Replacements.service)
BY_INTERFACE = Rule(_unchanged, Replacements.interface)

RULES: dict[type, dict[str, Rule]] = {
    recorded.Versions: {
        **dict.fromkeys(
            ("onionrig", "tor", "openssl", "onionbalance", "python", "tor_build"), KEPT
        ),
        "kernel": TEXT,
    },
    recorded.HostFacts: {
        "name": HOST,
        **dict.fromkeys(("cpu_model", "architecture", "operating_system"), KEPT),
        "cpu_restriction": TEXT,
    },
    recorded.HostRecord: {
        **dict.fromkeys(("kind", "delayed_by", "tor"), KEPT),
        "machine": HOST,
        "address": TEXT,
        "records": PATH,
    },
    recorded.BoardFacts: {"id": KEPT, "name": KEPT},
    recorded.ServiceRecord: {
        "name": SERVICE,
        "role": KEPT,
        "host": HOST,
        "argv": TEXT,  # its words are replaced together: see _service
        "files": Rule(Replacements.torrc, _unchanged),
        "control_socket": PATH,
        "instances": Rule(Replacements.text, Replacements.service),
    },
    recorded.Manifest: {
        "run": RUN,
        "started": KEPT,
        "command": TEXT,  # its words are replaced together: see _manifest
        "profile": TEXT,
        "experiment": TEXT,  # its keys say which: see _experiment
        "resolved": Rule(Replacements.text, _unchanged),
        "address": TEXT,
        **dict.fromkeys(("mode", "balancer", "balancer_switches", "consensus_parameters"), KEPT),
        "backends": Rule(Replacements.host, Replacements.service),
        "roles": BY_SERVICE,
    },
    happened.Waiting: {"subject": TEXT},
    happened.Noted: {"text": TEXT},
    happened.Covered: {
        "client": SERVICE,
        "usable_points": BY_SERVICE,
        "drawn_points": BY_SERVICE,
    },
    happened.Starved: {"backend": SERVICE, "reason": TEXT},
    happened.Scheduled: {
        "reach": KEPT,
        "settings": Rule(Replacements.text, Replacements.setting),
    },
    happened.Happened: {"verb": KEPT, "subject": SERVICE},
    happened.Listed: {"instances": SERVICE},
    happened.Answered: {"service": SERVICE},
    happened.HostGone: {"host": HOST, "reason": TEXT},
    happened.Failed: {"error": KEPT, "message": TEXT},
    samples.SinkSample: {"verified_bytes": BY_SERVICE, "streams": BY_SERVICE},
    samples.SourceSample: {"sent_bytes": BY_SERVICE, "streams": BY_SERVICE},
    samples.PingSample: {"round_trip_seconds": BY_SERVICE},
    samples.BoardState: {"governor": KEPT, "throttling": KEPT},
    samples.HostSample: {"processes": BY_SERVICE, "interfaces": BY_INTERFACE},
    samples.TorCounters: {"application_bytes": KEPT, "rendezvous_failed": KEPT},
    YardstickSample: {"moment": KEPT, "library": KEPT, "timings": KEPT},
    samples.TorSample: {"daemons": BY_SERVICE},
    transfers.Transfer: {"client": SERVICE, "backend": SERVICE, "detail": TEXT},
    Schedule: {"reach": KEPT},
}
"""Rules by the class that has the field."""

TORRC = "torrc"
"""The only files of services that a bundle has: orders of our own programs are paths and ports."""
_EXPERIMENT_KEYS: dict[str, OneText] = {
    "torrc": Replacements.torrc,
    "inventory": Replacements.path,
    "description": Replacements.text,
}
_FAULTS = {"faults", "events"}
"""Tables of an experiment whose values name services and hosts; the second in older records."""


def replaced(record: Record, replacements: Replacements) -> Record:
    """Return a record with everything replaced that says whose machines it was recorded on."""
    if isinstance(record, recorded.Manifest):
        return _replaced_manifest(record, replacements)  # type: ignore[return-value] # a Manifest is what was given
    return _replaced(record, TEXT, replacements)  # type: ignore[no-any-return] # of the same type


def rule_of(kind: type, field: str) -> Rule | None:
    """Return the rule of a record's field, or None if there is none."""
    return next(
        (
            rules[field]
            for record_class in kind.__mro__
            if field in (rules := RULES.get(record_class, {}))
        ),
        None,
    )


def _replaced_manifest(
    manifest: recorded.Manifest, replacements: Replacements
) -> recorded.Manifest:
    other_fields = msgspec.structs.replace(manifest, command=(), services=(), experiment={})
    replaced_manifest: recorded.Manifest = _replaced(other_fields, TEXT, replacements)
    return msgspec.structs.replace(
        replaced_manifest,
        command=replacements.command(manifest.command),
        services=tuple(_replaced_service(service, replacements) for service in manifest.services),
        experiment=_replaced_experiment(manifest.experiment, replacements),
    )


def _replaced_service(
    service: recorded.ServiceRecord, replacements: Replacements
) -> recorded.ServiceRecord:
    files = {name: text for name, text in service.files.items() if name == TORRC}
    other_fields = msgspec.structs.replace(service, argv=(), files=files)
    replaced_service: recorded.ServiceRecord = _replaced(other_fields, TEXT, replacements)
    return msgspec.structs.replace(replaced_service, argv=replacements.command(service.argv))


def _replaced_experiment(
    experiment: Mapping[str, Any], replacements: Replacements
) -> dict[str, Any]:
    """Return an experiment as plain data; its keys say which of its texts are names.

    If this version knows every key, texts of other keys are words of the format.
    """
    try:
        experiment_from([experiment])
        default_rule: OneText = _unchanged
    except UsageError:
        default_rule = Replacements.text
    return {
        table: _replaced_setting(value, _Place(table=table, key=table), default_rule, replacements)
        for table, value in experiment.items()
    }


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a value in an experiment."""

    table: str
    key: str


def _replaced_setting(
    value: Any,  # noqa: ANN401 - plain data
    place: _Place,
    default_rule: OneText,
    replacements: Replacements,
) -> Any:  # noqa: ANN401 - plain data
    if isinstance(value, Mapping):
        return {
            key: _replaced_setting(
                item, msgspec.structs.replace(place, key=key), default_rule, replacements
            )
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_replaced_setting(item, place, default_rule, replacements) for item in value]
    if not isinstance(value, str):
        return value
    return (_rule_of_setting(value, place, replacements) or default_rule)(replacements, value)


def _rule_of_setting(value: str, place: _Place, replacements: Replacements) -> OneText | None:
    """Return what is done to a text of an experiment because of its place, or None."""
    if place.key in _EXPERIMENT_KEYS:
        return _EXPERIMENT_KEYS[place.key]
    if place.table == "baseline":
        return Replacements.text
    if (place.table, place.key) == ("hosts", "name"):
        return Replacements.host
    subjects = replacements.names.hosts | replacements.names.services
    return Replacements.service if place.table in _FAULTS and value in subjects else None


def _replaced(value: Any, rule: Rule, replacements: Replacements) -> Any:  # noqa: ANN401 - any record
    if isinstance(value, msgspec.Struct):
        return type(value)(**dict(_fields(value, replacements)))
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        return rule.texts(replacements, value)
    if isinstance(value, Mapping):
        return {
            rule.keys(replacements, key): _replaced(item, rule, replacements)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(item, rule, replacements) for item in value)
    return value


def _fields(record: msgspec.Struct, replacements: Replacements) -> Iterator[tuple[str, Any]]:
    for name, rule in _rules_of(type(record)):
        yield name, _replaced(getattr(record, name), rule, replacements)


@functools.cache
def _rules_of(kind: type[msgspec.Struct]) -> tuple[tuple[str, Rule], ...]:
    return tuple((name, rule_of(kind, name) or TEXT) for name in kind.__struct_fields__)
