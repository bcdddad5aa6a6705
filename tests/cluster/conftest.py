import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.bed import HostSpec, why_not
from support.bed.shelf import provisioned
from support.files import PROJECT

DEBIANS = "/usr"
"""Where Debian has its own Python, which every host has as well."""


LONGEST_FIRST = (
    "test_provision.py",
    "test_operations.py",
    "test_hosts_of_the_bed.py",
    "test_losses_on_real_hosts.py",
    "test_runs_on_real_hosts.py",
    "test_a_controller_that_is_a_host.py",
)
"""Files that take long: begun last, one of them would go on alone after all others have ended.

The second provisions the shelf that the fourth to the sixth have too. The third needs none of it,
and is done by then.
"""
RATE = "200mbit"
"""Of the links: a baseline takes all that they carry, and so little leaves other tests the CPU."""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    place = {here / name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
    reason = why_not() if ours else None
    for item in ours:
        item.add_marker(pytest.mark.bed)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shelf(tmp_path_factory, worker_id):
    """Three provisioned hosts of two releases of Debian; no test leaves a run on them."""
    # one can be the controller as well: onionrig is there as it is here
    pythons = {sys.prefix, sys.base_prefix} - {DEBIANS}
    here = (PROJECT, *map(Path, sorted(pythons)))
    specs = [
        HostSpec(name="pi1", sees=here, rate=RATE),
        HostSpec(name="pi2", suite="trixie", rate=RATE),
        HostSpec(name="pi3", rate=RATE),
    ]
    ours = tmp_path_factory.getbasetemp()
    of_all_workers = ours if worker_id == "master" else ours.parent
    with provisioned(
        specs, tmp_path_factory.mktemp("shelf"), of_all_workers / "provisioned"
    ) as shelf:
        yield shelf


@pytest.fixture
def start(shelf):
    """Start commands that are ended with the test."""
    with ExitStack() as going:
        yield lambda *words: going.enter_context(shelf.started(*words))
