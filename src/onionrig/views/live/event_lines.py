"""Show what happens in a run as JSON lines, for programs: its events, its progress, its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

import msgspec

from onionrig.experiment.decode import plain
from onionrig.records.live import Progressed, RunEnded, RunStarted, SeriesEnded
from onionrig.store.run_directory import RESULT

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from onionrig.experiment.question import Question
    from onionrig.records.events import AnyEvent
    from onionrig.records.live import AnyLine
    from onionrig.records.result import Failure, Result
    from onionrig.store.run_directory import RunDirectory
    from onionrig.views.live.progress import Progress


class EventLines:
    """A view that writes one JSON object per line."""

    def __init__(self, write: Callable[[bytes], None], *, with_results: bool) -> None:
        """Write lines with this function; ``with_results`` puts whole results into the last."""
        self._write = write
        self._with_results = with_results
        self._started_seconds = time.monotonic()
        self._second: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def started(self, question: Question, run_directory: RunDirectory) -> None:
        """Write that a run begins."""
        self._started_seconds = time.monotonic()
        self._second = None
        self._line(
            RunStarted(
                **self._times(),
                directory=str(run_directory.path),
                profile=question.name,
                experiment=plain(question.experiment),
                loads=len(question.loads),
            )
        )

    def tell(self, event: AnyEvent) -> None:
        """Write an event of the journal as it is in events.jsonl."""
        self._started_seconds = time.monotonic() - event.since_start_seconds
        self._line(event)

    def show(self, progress: Progress) -> None:
        """Write the state of the load, once for each second that was recorded."""
        if progress.second is None or progress.second == self._second:
            return
        self._second = progress.second
        self._line(
            Progressed(
                **self._times(),
                second=progress.second,
                goodput_bits_per_second=progress.goodput_bits_per_second,
                hold_bits_per_second=progress.hold_bits_per_second,
                backends_bits_per_second=progress.bits_per_second,
                streams=progress.streams,
                streams_asked=progress.streams_asked,
                connecting=progress.connecting,
                failed=progress.failed,
                rig_cores=progress.rig_cores,
            )
        )

    def ended(
        self,
        run_directory: RunDirectory,
        result: Result | None,
        *,
        failure: Failure | None,
        exit_code: int,
    ) -> None:
        """Write that a run has ended, with its result if there is one."""
        self._line(
            RunEnded(
                **self._times(),
                directory=str(run_directory.path),
                result_path=str(run_directory.path / RESULT) if result is not None else None,
                status=result.status if result is not None else None,
                goodput=result.goodput if result is not None else None,
                verdict=result.verdict if result is not None else None,
                doubts=result.trust.doubts
                if result is not None and result.trust is not None
                else (),
                failure=failure,
                exit_code=exit_code,
                result=self._whole(result),
            )
        )

    def series_ended(
        self, directory: str, result: msgspec.Struct, *, result_path: str, exit_code: int
    ) -> None:
        """Write that a command with several runs has its outcome."""
        self._line(
            SeriesEnded(
                **self._times(),
                directory=directory,
                result_path=result_path,
                exit_code=exit_code,
                result=self._whole(result),
            )
        )

    def _whole(self, result: msgspec.Struct | None) -> dict[str, Any] | None:
        if result is None or not self._with_results:
            return None
        return msgspec.convert(msgspec.to_builtins(result), dict[str, Any])

    def _times(self) -> dict[str, Any]:  # Any: beside fields of other types
        return {
            "wall_seconds": time.time(),
            "since_start_seconds": time.monotonic() - self._started_seconds,
        }

    def _line(self, line: AnyLine) -> None:
        self._write(msgspec.json.encode(line))
