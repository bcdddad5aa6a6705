import contextlib
import subprocess
import sys

import pytest

from support.processes.children import child
from support.processes.movers_bench import Bench
from support.processes.sampler_bench import RunningSampler


@pytest.fixture
def bench(tmp_path):
    with Bench(tmp_path) as bench:
        yield bench


@pytest.fixture
def start_child():
    """Start children that are ended with the test."""
    with contextlib.ExitStack() as children:

        def start(program, *arguments):
            argv = (sys.executable, "-c", program, *arguments)
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            return children.enter_context(child(*argv, **pipes))

        yield start


@pytest.fixture
def start_sampler(tmp_path, start_child):
    def start(tors=(), **more):
        return RunningSampler(tmp_path, start_child, tors, **more)

    return start
