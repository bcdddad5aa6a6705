from contextlib import ExitStack
from pathlib import Path

import pytest

from support.processes.started_run import smoke_run

LONGEST_FIRST = ("test_endings_under_load.py", "test_extended_balancer.py")
"""Files that take long: begun last, one of them would go on alone after all others have ended."""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.tor)


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A cache directory of the tests' own: the first run makes keys, later ones use them."""
    return tmp_path_factory.mktemp("cache of 'each' #1 \\ %h $x \"y\"")


@pytest.fixture
def start(tmp_path, cache):
    """Start runs that are ended with the test."""
    with ExitStack() as runs:

        def start_run(*arguments, name="run"):
            return runs.enter_context(smoke_run(tmp_path / name, *arguments, cache=cache))

        yield start_run
