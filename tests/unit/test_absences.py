"""When a service was kept from answering."""

import pytest

from onionrig.analysis.load.faults import absences
from support.records.events import happened
from support.records.samples import HOLD


def test_a_service_is_away_from_its_end_to_its_start_and_while_it_hangs():
    found = absences(
        [
            happened("kill", "backend-1", 5.0),
            happened("hang", "backend-2", 6.0),
            happened("start", "backend-1", 15.0),
            happened("resume", "backend-2", 16.0),
            happened("hang", "backend-1", 20.0),
            happened("kill", "backend-1", 25.0),
        ],
        {},
    )
    spans = {
        name: [(each.begin - HOLD, each.end - HOLD) for each in several]
        for name, several in found.items()
    }
    assert spans == {"backend-1": [(5, 15), (20, float("inf"))], "backend-2": [(6, 16)]}


def test_what_is_done_to_a_host_is_done_to_its_instances():
    hosts = {"backend-1": "pi1", "backend-2": "pi1", "backend-3": "pi2"}
    found = absences([happened("link_down", "pi1", 5.0), happened("link_up", "pi1", 9.0)], hosts)
    assert set(found) == {"backend-1", "backend-2"}
    assert found["backend-1"] == found["backend-2"]


def test_a_start_of_what_was_not_ended_is_no_absence():
    assert absences([happened("start", "backend-1", 5.0)], {}) == {}


@pytest.mark.parametrize(
    ("begin", "end", "meets"), [(1, 5, False), (1, 5.1, True), (15, 16, False), (14.9, 16, True)]
)
def test_an_absence_meets_what_overlaps_it(begin, end, meets):
    (absence,) = absences([happened("kill", "x", 5.0), happened("start", "x", 15.0)], {})["x"]
    assert absence.meets(HOLD + begin, HOLD + end) is meets
