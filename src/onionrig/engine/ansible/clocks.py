"""How far a host's clock is ahead of this machine's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import msgspec

from onionrig.programs import NotRun, run_program

if TYPE_CHECKING:
    from onionrig.engine.ansible.access import Access

READINGS = 8
"""Number of round trips; the shortest one counts."""
TRIPS_SECONDS = 30
"""Time that all of them may take, including their connection."""
LOOP = "while read -r line; do date +%s.%N; done"
CHRONY = ("chronyc", "-c", "tracking")
CHRONY_SECONDS = 15
TRACKING_FIELDS = 14
MOST_SECONDS = 1.0
"""Largest accepted difference between clocks: a load starts on all hosts in the same second."""


class ClockReading(msgspec.Struct, frozen=True, kw_only=True):
    """How far a host's clock is ahead of the controller's, and how that was measured."""

    ahead_seconds: float
    uncertainty_seconds: float
    by: str
    """Method: ``round trips``, or ``chrony`` if it disciplines both clocks."""


def clock_reading(access: Access) -> ClockReading | None:
    """Return how far a host's clock is ahead, or None if it could not be read.

    If chrony sets both clocks, it knows their errors, often more precisely than round trips show;
    the reading with the smaller uncertainty counts.
    """
    by_trips = _by_round_trips(access)
    of_host = _tracked(access.alone(CHRONY))
    of_controller = None if of_host is None else _tracked(CHRONY)
    by_chrony = (
        None if of_host is None or of_controller is None else between(of_host, of_controller)
    )
    readings = [reading for reading in (by_trips, by_chrony) if reading is not None]
    return min(readings, key=lambda reading: reading.uncertainty_seconds, default=None)


def tracking(printed: str) -> ClockReading | None:
    """Return how far a clock is ahead of true time, from the output of ``chronyc -c tracking``.

    None if it is not synchronised. The fifth field is positive for a clock that is slow; true time
    is uncertain by half the root delay plus the root dispersion (chrony: client.c,
    process_cmd_tracking; chronyc(1)).
    """
    fields = printed.strip().split(",")
    if len(fields) != TRACKING_FIELDS or fields[-1] != "Normal":
        return None
    try:
        slow, delay, dispersion = (float(fields[at]) for at in (4, 10, 11))
    except ValueError:
        return None
    return ClockReading(
        ahead_seconds=-slow, uncertainty_seconds=delay / 2 + dispersion, by="chrony"
    )


def between(of_host: ClockReading, of_controller: ClockReading) -> ClockReading:
    """Return how far one clock is ahead of another, from how far each is ahead of true time."""
    return ClockReading(
        ahead_seconds=round(of_host.ahead_seconds - of_controller.ahead_seconds, 6),
        uncertainty_seconds=round(
            of_host.uncertainty_seconds + of_controller.uncertainty_seconds, 6
        ),
        by=of_host.by,
    )


def _tracked(argv: tuple[str, ...]) -> ClockReading | None:
    try:
        return tracking(run_program(argv, seconds=CHRONY_SECONDS).out)
    except NotRun:
        return None


def _by_round_trips(access: Access) -> ClockReading | None:
    """Return the reading of the shortest of several round trips, or None.

    A shell on the host prints its time repeatedly over one connection, and is assumed to do so in
    the middle of the round trip. A shell that has not finished by the deadline is killed, and its
    answers until then count.
    """
    with subprocess.Popen(
        access.alone(("sh", "-c", LOOP)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    ) as shell:
        deadline = threading.Timer(TRIPS_SECONDS, _kill_group, (shell.pid,))
        deadline.start()
        try:
            best = _shortest_trip(shell)
            # reap it only after the timer is off, so that its process id cannot be reused before
            os.waitid(os.P_PID, shell.pid, os.WEXITED | os.WNOWAIT)
        finally:
            deadline.cancel()
            deadline.join()
    return best


def _shortest_trip(shell: subprocess.Popen[bytes]) -> ClockReading | None:
    if shell.stdin is None or shell.stdout is None:
        raise TypeError("a shell without pipes")
    best: ClockReading | None = None
    for _ in range(READINGS + 1):  # the first one includes the shell's start
        try:
            asked_at = time.time()
            shell.stdin.write(b"\n")
            host_time = float(shell.stdout.readline())
            answered_at = time.time()
        except (OSError, ValueError):
            break
        half = (answered_at - asked_at) / 2
        if best is None or half < best.uncertainty_seconds:
            best = ClockReading(
                ahead_seconds=round(host_time - (asked_at + answered_at) / 2, 6),
                uncertainty_seconds=round(half, 6),
                by="round trips",
            )
    with contextlib.suppress(OSError):
        shell.stdin.close()
    return best


def _kill_group(pid: int) -> None:
    with contextlib.suppress(OSError):  # it may have ended already
        os.killpg(pid, signal.SIGKILL)


def apart(readings: dict[str, ClockReading]) -> str | None:
    """Explain which clocks differ by more than a second, or return None."""
    if not readings:
        return None
    ahead = {host: reading.ahead_seconds for host, reading in readings.items()}
    far = [host for host in ahead if abs(ahead[host]) > MOST_SECONDS]
    if not far and max(ahead.values()) - min(ahead.values()) <= MOST_SECONDS:
        return None
    named = far or [max(ahead, key=ahead.__getitem__), min(ahead, key=ahead.__getitem__)]
    return (
        "clocks are further apart than a second: "
        + ", ".join(f"{host} is {_text(ahead[host])} this machine's" for host in named)
        + "; have the time set from the network on all of them (Debian: package systemd-timesyncd "
        "or chrony)"
    )


def _text(ahead_seconds: float) -> str:
    return f"{abs(ahead_seconds):.1f} s {'ahead of' if ahead_seconds > 0 else 'behind'}"
