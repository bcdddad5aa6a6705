from pathlib import Path

import pytest

from support.bed import why_not


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents]
    reason = why_not() if ours else None
    for item in ours:
        item.add_marker(pytest.mark.bed)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
