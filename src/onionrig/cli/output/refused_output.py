"""Outlive an output that cannot be written: the one place that knows what stdout is."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, TextIO

from onionrig.errors import RunDirectoryError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDOUT, STDERR = 1, 2


class Output(io.FileIO):
    """Standard output or standard error, to which writing never fails.

    What was asked for is more than what is printed: a run is measured and its report written
    although nobody reads on (``| head``) or the disk behind the output is full. From the first
    failure on everything that is printed goes nowhere, and ``refused`` says why.
    """

    refused: OSError | None = None

    @property
    def has_reader(self) -> bool:
        """Whether somebody may still read what is written."""
        return not isinstance(self.refused, BrokenPipeError)

    def write(self, content: ReadableBuffer, /) -> int:
        """Write bytes, or drop them where that is refused; return how many were taken."""
        if self.refused is None:
            try:
                return super().write(content) or 0
            except BlockingIOError:
                raise
            except OSError as error:
                self.refused = error
        return memoryview(content).nbytes


def outlive_refused_output() -> None:
    """Have both outputs take whatever is printed, and replace letters that they lack."""
    sys.stdout = _outlasting(sys.stdout, STDOUT)
    sys.stderr = _outlasting(sys.stderr, STDERR)


def somebody_reads() -> bool:
    """Return whether somebody may still read what is printed; a command that never ends asks."""
    output = _output()
    return output is None or output.has_reader


def print_line(line: str) -> None:
    """Print a line at once. Raises BrokenPipeError where nobody reads any more."""
    print(line, flush=True)
    if not somebody_reads():
        raise BrokenPipeError


def flush_output() -> None:
    """Write what is still to be printed. Raises RunDirectoryError where that was refused.

    Nothing is raised where its reader has gone: whoever types ``| head`` wants no more.
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


def _output() -> Output | None:
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", None)
    return raw if isinstance(raw, Output) else None


def _outlasting(stream: TextIO, handle: int) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # None where it was closed
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(Output(handle, "wb", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
