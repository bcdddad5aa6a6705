import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.bed import HostSpec, why_not
from support.bed.shelf import provisioned
from support.files import PROJECT

DEBIANS = "/usr"
"""Where Debian has its own Python, which every host has as well."""


LONGEST = "test_provision.py"
"""The file that takes longest: begun last, it would go on alone after all others have ended."""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    items.sort(key=lambda item: item.path != here / LONGEST)
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
        HostSpec(name="pi1", sees=here),
        HostSpec(name="pi2", suite="trixie"),
        HostSpec(name="pi3"),
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
