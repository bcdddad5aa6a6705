"""What may be used of this machine's CPU, as the kernel really restricts it."""

import os
import shutil
import subprocess
import sys

import msgspec
import psutil
import pytest

PRINT_FACTS = (
    "import msgspec, sys; from onionrig.probe.facts import host_facts; "
    "sys.stdout.buffer.write(msgspec.json.encode(host_facts('')))"
)


TASKSET = shutil.which("taskset") or ""


@pytest.mark.skipif(not TASKSET, reason="needs taskset (util-linux)")
@pytest.mark.skipif((psutil.cpu_count() or 1) < 2, reason="needs two cores to allow one of them")
def test_what_runs_on_one_core_alone_has_one_core():
    core = str(min(os.sched_getaffinity(0)))
    printed = subprocess.run(
        (TASKSET, "-c", core, sys.executable, "-c", PRINT_FACTS),
        capture_output=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    facts = msgspec.json.decode(printed)
    assert facts["cores"] == 1
    assert facts["machine_cores"] == psutil.cpu_count()
    assert facts["allowed_cores"] <= 1
    assert facts["cpu_restriction"]
