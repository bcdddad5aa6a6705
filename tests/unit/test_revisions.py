"""When a descriptor was made, told by a revision counter that is meant to hide it."""

import hashlib
import itertools

from hypothesis import given
from hypothesis import strategies as st
from onionbalance.hs_v3.descriptor import OBDescriptor

from onionrig.analysis.address.revisions import made_by_certificate, seconds_between, time_made

HOUR = 3600
NOW_SECONDS = 1_790_000_000


def counter(key, seconds):
    """Return Onionbalance's revision so many seconds after the shared random value was made."""
    words = OBDescriptor._get_ope_scheme_words(None, hashlib.sha256(key).digest())
    return sum(itertools.islice(words, seconds))


def test_the_revision_tells_the_seconds_as_often_as_it_claims_to():
    told = 0
    for number in range(100):
        after_seconds = 200 + 70 * number
        when, by_revision = time_made(
            counter(b"%d" % number, after_seconds),
            counted_from_seconds=NOW_SECONDS - 10_000,
            valid_until_seconds=NOW_SECONDS - 10_000 + after_seconds + 54 * HOUR,
            now_seconds=NOW_SECONDS,
        )
        assert by_revision
        assert when.within_seconds < 120
        told += when.earliest_seconds <= NOW_SECONDS - 10_000 + after_seconds <= when.latest_seconds
    # two standard deviations: 95 of 100, and 88 is four deviations below that
    assert told >= 88


def test_the_difference_of_revisions_is_the_time_between_them():
    older, newer = counter(b"a key", 4000), counter(b"a key", 4600)
    assert 540 < seconds_between(older, newer) < 660


@given(made_seconds=st.integers(1_500_000_000, 2_000_000_000), up=st.booleans())
def test_a_certificate_tells_when_it_was_made_whichever_way_it_was_rounded(made_seconds, up):
    hours = (made_seconds + 54 * HOUR) / HOUR
    valid_until = (-(-hours // 1) if up else hours // 1) * HOUR
    when = made_by_certificate(valid_until)
    assert when.earliest_seconds <= made_seconds <= when.latest_seconds
    assert when.latest_seconds - when.earliest_seconds == 2 * HOUR


@given(revision=st.integers(0, 2**64 - 1), until=st.integers(0, 2**32), since=st.integers(0, 2**32))
def test_whatever_it_says_nothing_was_made_in_the_future(revision, until, since):
    when, _ = time_made(
        revision,
        counted_from_seconds=since,
        valid_until_seconds=until,
        now_seconds=NOW_SECONDS,
    )
    assert when.earliest_seconds <= when.latest_seconds <= NOW_SECONDS
