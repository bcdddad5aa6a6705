"""The steps of faults, as data: ``run.faults`` carries them out through the engine."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec


class Signal(StrEnum):
    """What a service can be told to do, whatever its host calls it."""

    RELOAD = "reload"
    """Read the configuration again (SIGHUP)."""
    TERMINATE = "terminate"
    """End gracefully (SIGTERM)."""
    KILL = "kill"
    """End at once (SIGKILL)."""
    STOP = "stop"
    """Suspend (SIGSTOP)."""
    CONTINUE = "continue"
    """Resume (SIGCONT)."""


class Capability(StrEnum):
    """What only some engines can do; ``run.faults`` knows the engine's protocol for each."""

    LINKS = "have their links cut"
    LINK_RATES = "have the rates of their links changed"
    REBOOTS = "be rebooted"
    """The value ends a sentence that begins with "the hosts of this run cannot"."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a fault, done to its services or to its host's link."""

    needs: ClassVar[Capability | None] = None
    """The capability that the step needs beyond those that every engine has."""


class EndServices(Step, frozen=True, kw_only=True):
    """Send a signal to all services at once and wait until they have ended, as intended."""

    signal: Signal


class TellServices(Step, frozen=True, kw_only=True):
    """Send a signal to every service, in order."""

    signal: Signal


class StartServices(Step, frozen=True, kw_only=True):
    """Start every service again; one that depends on others of them waits until those are ready."""


class SetLink(Step, frozen=True, kw_only=True):
    """Unplug the host or plug it in; while unplugged, what it sends is lost without notice."""

    needs: ClassVar[Capability | None] = Capability.LINKS
    up: bool


class SetLinkRate(Step, frozen=True, kw_only=True):
    """Set the host's link to the rate of the planned fault, each way."""

    needs: ClassVar[Capability | None] = Capability.LINK_RATES


class RebootHost(Step, frozen=True, kw_only=True):
    """Reboot the host: its services end, and nothing starts them again."""

    needs: ClassVar[Capability | None] = Capability.REBOOTS


AnyStep = EndServices | TellServices | StartServices | SetLink | SetLinkRate | RebootHost
