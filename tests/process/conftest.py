import pytest

from support.processes.movers_bench import Bench


@pytest.fixture
def bench(tmp_path):
    with Bench(tmp_path) as bench:
        yield bench
