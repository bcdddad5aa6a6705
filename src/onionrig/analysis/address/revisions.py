"""Estimate when a descriptor was made from its revision counter and its certificate."""

from __future__ import annotations

import math

import msgspec

from onionrig.units import SECONDS_AN_HOUR

_WORD_MEAN = 32768.5
_WORD_DEVIATION = 65536 / math.sqrt(12)
_SIGMAS = 2
CERTIFIED_SECONDS = 54 * SECONDS_AN_HOUR


class TimeMade(msgspec.Struct, frozen=True, kw_only=True):
    """The span of time in which a descriptor was made."""

    earliest_seconds: float
    """Seconds since the epoch, like the field below."""
    latest_seconds: float

    @property
    def middle_seconds(self) -> float:
        """Middle of that span."""
        return (self.earliest_seconds + self.latest_seconds) / 2

    @property
    def within_seconds(self) -> float:
        """Distance of the ends of the span from its middle."""
        return (self.latest_seconds - self.earliest_seconds) / 2


def made_by_revision(revision: int, *, counted_from_seconds: float) -> TimeMade:
    """Return when a descriptor was made by its revision counter, at two standard deviations.

    Services hide the second in which they publish, but not well: the counter is the sum of random
    words of 1 to 65536, one for each second since the shared random value was made (torspec:
    rend-spec-v3, appendix F; tor: src/lib/crypt_ops/crypto_ope.c; onionbalance 0.2.4:
    hs_v3/descriptor.py). Its size thus tells the seconds, to about ±1.2 times their root: ±6 min a
    day later. A service that counts differently makes this wrong: compare it with the certificate.
    """
    seconds = revision / _WORD_MEAN
    deviation = _WORD_DEVIATION / _WORD_MEAN * math.sqrt(max(seconds, 1.0))
    middle_seconds = counted_from_seconds + seconds
    return TimeMade(
        earliest_seconds=middle_seconds - _SIGMAS * deviation,
        latest_seconds=middle_seconds + _SIGMAS * deviation,
    )


def seconds_between(older: int, newer: int) -> float:
    """Return roughly how long after the older revision the newer one was made."""
    return (newer - older) / _WORD_MEAN


def made_by_certificate(valid_until_seconds: float) -> TimeMade:
    """Return when a descriptor was made by the expiry of its signing key's certificate, 54 h later.

    The certificate counts whole hours: tor rounds up (tor: src/feature/nodelist/torcert.c), stem,
    and so Onionbalance, rounds down (stem 1.8: descriptor/certificate.py).
    """
    middle_seconds = valid_until_seconds - CERTIFIED_SECONDS
    return TimeMade(
        earliest_seconds=middle_seconds - SECONDS_AN_HOUR,
        latest_seconds=middle_seconds + SECONDS_AN_HOUR,
    )


def time_made(
    revision: int, *, counted_from_seconds: float, valid_until_seconds: float, now_seconds: float
) -> tuple[TimeMade, bool]:
    """Return when a descriptor was made, and whether its revision could tell.

    The revision is ignored if it disagrees with the certificate; nothing was made in the future.
    """
    certificate_time = made_by_certificate(valid_until_seconds)
    earliest_seconds = min(certificate_time.earliest_seconds, now_seconds)
    latest_seconds = min(certificate_time.latest_seconds, now_seconds)
    revision_time = made_by_revision(revision, counted_from_seconds=counted_from_seconds)
    if (
        revision_time.latest_seconds < earliest_seconds
        or revision_time.earliest_seconds > latest_seconds
    ):
        return TimeMade(earliest_seconds=earliest_seconds, latest_seconds=latest_seconds), False
    return TimeMade(
        earliest_seconds=max(earliest_seconds, revision_time.earliest_seconds),
        latest_seconds=min(latest_seconds, revision_time.latest_seconds),
    ), True
