"""What one stream asks an echo, one question at a time, and how long each answer took."""

from __future__ import annotations

QUESTION_BYTES = 8


class Exchange:
    """The questions of one stream, numbered from 1: a question is its number, 8 bytes."""

    __slots__ = ("_answer", "_number", "asked_at")

    def __init__(self) -> None:
        self._number = 0
        self._answer = b""
        self.asked_at: float | None = None
        """When the question was put that is not yet answered."""

    def ask(self, at: float) -> bytes:
        """Return the next question, to be sent now; the one before has to be answered."""
        if self.asked_at is not None:
            raise AssertionError(f"question {self._number} is not yet answered")
        self._number += 1
        self._answer = b""
        self.asked_at = at
        return self._question

    def answered(self, piece: bytes, at: float) -> float | None:
        """Take the bytes of one read; return the round trip once the answer is whole.

        Raises ConnectionError for bytes that are no answer: there is no echo.
        """
        self._answer += piece
        if self.asked_at is None or not self._question.startswith(self._answer):
            raise ConnectionAbortedError("what came back is not what was sent")
        if len(self._answer) < QUESTION_BYTES:
            return None
        round_trip_seconds = at - self.asked_at
        self.asked_at = None
        return round_trip_seconds

    @property
    def _question(self) -> bytes:
        return self._number.to_bytes(QUESTION_BYTES, "big")
