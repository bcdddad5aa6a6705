"""Outlive an output that cannot be written: the one place that knows what stdout is."""

from __future__ import annotations

import io
import select
import sys
from typing import TYPE_CHECKING, TextIO

from onionrig.errors import RunDirectoryError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDOUT, STDERR = 1, 2


class StandardOutput(io.FileIO):
    """Standard output or standard error, to which writing never fails.

    A command does more than print: a run is measured and its report written even if nobody reads on
    (``| head``) or the disk behind the output is full. After the first failure everything that is
    printed is dropped, and ``refused`` has the reason.
    """

    refused: OSError | None = None

    @property
    def has_reader(self) -> bool:
        """Whether somebody may still read what is written."""
        return not isinstance(self.refused, BrokenPipeError)

    def write(self, content: ReadableBuffer, /) -> int:
        """Write bytes, or drop them if that is refused; return how many were taken."""
        if self.refused is None:
            try:
                return super().write(content) or 0
            except BlockingIOError:
                raise
            except OSError as error:
                self.refused = error
        return memoryview(content).nbytes


def outlive_refused_output() -> None:
    """Make both outputs take whatever is printed, and replace letters that they lack."""
    sys.stdout = _outlasting(sys.stdout, STDOUT)
    sys.stderr = _outlasting(sys.stderr, STDERR)


def somebody_reads() -> bool:
    """Return whether somebody may still read the output; for commands that never end."""
    output = _output()
    return output is None or output.has_reader


def print_line(line: str) -> None:
    """Print a line at once. Raises BrokenPipeError if nobody reads any more."""
    print(line, flush=True)
    if not somebody_reads():
        raise BrokenPipeError


def write_line_now(line: bytes) -> None:
    """Write a line past all buffers, so that another thread may wait for a slow reader."""
    output = _output()
    if output is None:
        print(line.decode(), flush=True)
        return
    rest = memoryview(line + b"\n")
    while rest:
        try:
            rest = rest[output.write(rest) :]
        except BlockingIOError:
            select.select([], [output], [])


def flush_output() -> None:
    """Write what is still to be printed. Raises RunDirectoryError if that was refused.

    Nothing is raised if the reader has gone: whoever types ``| head`` wants no more.
    """
    if sys.stdout is None:  # it was closed before the program started
        return
    sys.stdout.flush()
    output = _output()
    if output is not None and output.refused is not None and output.has_reader:
        reason = output.refused.strerror
        raise RunDirectoryError(
            f"standard output cannot be written: {reason}; free space there, or send it elsewhere"
        )


def _output() -> StandardOutput | None:
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", None)
    return raw if isinstance(raw, StandardOutput) else None


def _outlasting(stream: TextIO, handle: int) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # None if it was closed
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(StandardOutput(handle, "wb", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
