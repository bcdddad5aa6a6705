"""What a fault does, step by step, as data: ``run.faults`` carries it out through the engine."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec


class Signal(StrEnum):
    """What a service can be told, whatever its host calls it."""

    RELOAD = "reload"
    """Read the configuration again (SIGHUP)."""
    TERMINATE = "terminate"
    """End in good order (SIGTERM)."""
    KILL = "kill"
    """End at once (SIGKILL)."""
    STOP = "stop"
    """Stand still (SIGSTOP)."""
    CONTINUE = "continue"
    """Go on (SIGCONT)."""


class Capability(StrEnum):
    """What only some engines can do; ``run.faults`` knows the engine's protocol for each."""

    LINKS = "have their links cut"
    LINK_RATES = "have the rates of their links changed"
    REBOOTS = "be rebooted"
    """The words end a sentence that begins with "the hosts of this run cannot"."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a fault, done to its services or to its host's link."""

    needs: ClassVar[Capability | None] = None
    """What an engine must be able to do for it, beyond what every engine can."""


class EndServices(Step, frozen=True, kw_only=True):
    """End every service by a signal, all at once, and wait for their ends, which are meant."""

    signal: Signal


class TellServices(Step, frozen=True, kw_only=True):
    """Tell every service something, in their order."""

    signal: Signal


class StartServices(Step, frozen=True, kw_only=True):
    """Start every service again; what depends on others of them waits until those are ready."""


class SetLink(Step, frozen=True, kw_only=True):
    """Pull the host's plug, or put it in: what it sends meanwhile is lost, and nobody is told."""

    needs: ClassVar[Capability | None] = Capability.LINKS
    up: bool


class SetLinkRate(Step, frozen=True, kw_only=True):
    """Have the host's link carry the rate that the planned fault has, each way."""

    needs: ClassVar[Capability | None] = Capability.LINK_RATES


class RebootHost(Step, frozen=True, kw_only=True):
    """Restart the host's operating system: its services end, and nothing starts them again."""

    needs: ClassVar[Capability | None] = Capability.REBOOTS


AnyStep = EndServices | TellServices | StartServices | SetLink | SetLinkRate | RebootHost
