"""Small programs for real children, and a block that one of them lives in."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager

# An hour outlives whoever waits for the end of a child: it goes because somebody ends it.
IDLE = "import time; print('up', flush=True); time.sleep(3600)"
"""Says that it is up, then does nothing."""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(3600)"
)
"""Does the same and ignores SIGTERM."""
BUSY = "while True: pass"
"""Takes all the CPU time that it is given."""


@contextmanager
def child(*argv, **options):
    """Have a child process for a block; it is killed and reaped as the block is left."""
    with subprocess.Popen(argv, **options) as process:
        try:
            yield process
        finally:
            process.kill()
