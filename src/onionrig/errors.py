"""The error root and its classes: one exit code per class, listed in docs/exit-codes.md.

An error says what happened, where to look and what to do; the command line prints it as it is.
"""

from __future__ import annotations

MEASURED = 0
UNEXPECTED = 1
TARGET_MISSED = 3


class OnionrigError(Exception):
    """Something that this program can explain; the root of all its errors."""

    exit_code = UNEXPECTED
    meaning = "an unexpected error: a defect of ours, please report it"


class UsageError(OnionrigError):
    """What was asked cannot be run: an unknown key, a wrong unit, an impossible count."""

    exit_code = 2
    meaning = "usage: the command line or the experiment asks for something that cannot be run"


class ThresholdsMissed(OnionrigError):
    """A run was measured, and misses thresholds of its experiment, such as the target."""

    exit_code = TARGET_MISSED
    meaning = (
        "measured, but a threshold such as the target is missed, or its figure is not known; "
        "or nothing that was planned for can serve the target"
    )


class Unequipped(OnionrigError):
    """This machine lacks something a run needs, such as tor or a version of it."""

    exit_code = 4
    meaning = (
        "this machine lacks something that a run needs (see `onionrig doctor`), or a host of the "
        "inventory does (see `onionrig cluster check`)"
    )


class PortTaken(OnionrigError):
    """A port that was fixed by hand is in use, or no free ports were found."""

    exit_code = 5
    meaning = "a port that was fixed by hand is taken, or no free ports are left"


class BringUpTimeout(OnionrigError):
    """Something did not become ready before its deadline."""

    exit_code = 6
    meaning = "bring-up stalled: a daemon, the consensus or the frontend missed its deadline"


class DaemonDied(OnionrigError):
    """A process of the rig ended although nobody had asked it to."""

    exit_code = 7
    meaning = "a process of the rig died during bring-up or under load"


class RunDirectoryError(OnionrigError):
    """The run directory cannot be written: a full disk, permissions, a name already used."""

    exit_code = 8
    meaning = "the run directory cannot be written (disk full, permissions, already there)"


class NothingServed(OnionrigError):
    """No verified byte came through the onion address."""

    exit_code = 9
    meaning = "no verified byte came through the onion address"


class CorruptPayload(OnionrigError):
    """Bytes arrived that are not the payload: the run's figures cannot be trusted."""

    exit_code = 10
    meaning = "bytes arrived that are not the payload"


class RecordsUnreadable(OnionrigError):
    """A run was not found, or its files cannot be read."""

    exit_code = 11
    meaning = "no such run, or its files cannot be read"


class NoTorToAsk(OnionrigError):
    """No tor answers at its control port, or it knows no network to ask."""

    exit_code = 12
    meaning = "no tor answers at its control port, or it has no consensus yet"


class HostLost(OnionrigError):
    """A host of the rig can no longer be reached, and no planned fault explains it."""

    exit_code = 13
    meaning = (
        "a host of the rig was lost: it could no longer be reached (a run that others kept up has "
        "its figures, and no verdict)"
    )


class HostsInUse(OnionrigError):
    """A host is in use by another run, of this controller or another one."""

    exit_code = 14
    meaning = "a host of the inventory is in use by another run"


class ComparisonFails(OnionrigError):
    """A condition under which a comparison fails holds for its whole interval."""

    exit_code = 15
    meaning = "a comparison fails: a condition of `compare --fail-if` holds for the whole interval"


class ComparisonUndecided(OnionrigError):
    """No condition makes a comparison fail, but at least one cannot be decided."""

    exit_code = 16
    meaning = (
        "a comparison is undecided: no condition of `compare --fail-if` makes it fail, but one is "
        "neither true nor false for the whole interval"
    )


class Interrupted(OnionrigError):
    """The run was interrupted by Ctrl-C."""

    exit_code = 130
    meaning = "interrupted by Ctrl-C"


class Terminated(OnionrigError):
    """The run was ended by SIGTERM, or by SIGHUP as its terminal closed."""

    exit_code = 143
    meaning = "ended by SIGTERM, or by its terminal closing"


ERROR_CLASSES: tuple[type[OnionrigError], ...] = (
    UsageError,
    ThresholdsMissed,
    Unequipped,
    PortTaken,
    BringUpTimeout,
    DaemonDied,
    RunDirectoryError,
    NothingServed,
    CorruptPayload,
    RecordsUnreadable,
    NoTorToAsk,
    HostLost,
    HostsInUse,
    ComparisonFails,
    ComparisonUndecided,
    Interrupted,
    Terminated,
)

OUTCOMES: dict[int, str] = {
    MEASURED: "measured; every threshold that was set, such as the target, is met",
    UNEXPECTED: OnionrigError.meaning,
    **{error.exit_code: error.meaning for error in ERROR_CLASSES},
}
"""Meaning of each exit code of the program."""
