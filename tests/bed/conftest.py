import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.processes.emulated_run import BASELINE, emulated_run

MAKES_NAMESPACES = ("unshare", "--net", "--", "true")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    if not ours:
        return
    able = subprocess.run(MAKES_NAMESPACES, capture_output=True, check=False)
    why = (
        f"this user may not make network namespaces ({able.stderr.decode().strip()}): run as root, "
        "or under unshare --user --map-root-user"
    )
    for item in ours:
        item.add_marker(pytest.mark.bed)
        if able.returncode:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture
def start(tmp_path):
    """Start runs that are ended with the test."""
    with ExitStack() as runs:

        def start_run(text=BASELINE, *arguments, **options):
            return runs.enter_context(emulated_run(tmp_path, text, *arguments, **options))

        yield start_run
