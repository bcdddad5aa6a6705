"""How finely samples are written: an hour of 32 processes is to stay small."""

from __future__ import annotations

CPU_DIGITS = 2
"""Of CPU-seconds: the kernel counts them in ticks of 0.01 s."""
TIME_DIGITS = 6
"""Of times: microseconds."""
