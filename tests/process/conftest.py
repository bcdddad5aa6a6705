import pytest

from movers_bench import Bench


@pytest.fixture
def bench(tmp_path):
    with Bench(tmp_path) as bench:
        yield bench
