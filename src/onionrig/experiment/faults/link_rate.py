"""Change the rate of a host's link, each way, until it is changed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onionrig.experiment.faults.base import AskedFault, Fault, Scope
from onionrig.experiment.faults.steps import SetLinkRate
from onionrig.experiment.keys import ExperimentTable, wrong_link_rate
from onionrig.units import BitsPerSecond

if TYPE_CHECKING:
    from fractions import Fraction


class RateKeys(ExperimentTable, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that belong to ``link_rate``."""

    rate: BitsPerSecond | None = None
    """New rate of the link, scaled as links are."""


def _rate(asked_fault: AskedFault) -> BitsPerSecond | None:
    return asked_fault.keys.rate if isinstance(asked_fault.keys, RateKeys) else None


def _wrong(asked_fault: AskedFault, scale: Fraction) -> str | None:
    rate = _rate(asked_fault)
    if rate is None:
        return f'{asked_fault.text}: say which it is then, as in rate = "10Mbit"'
    return wrong_link_rate(rate, scale, f'{asked_fault.text}, rate = "{rate}"')


LINK_RATE = Fault(
    verb="link_rate",
    steps={Scope.LINK: (SetLinkRate(),)},
    sentence_template="{subject}'s link at {rate}",
    keys=RateKeys,
    misplaced='only a link has one, as in link_rate = "pi1"',
    wrong=_wrong,
    rate=_rate,
)
