"""Carry over the lines of the instances' descriptors that affect clients.

Stock Onionbalance writes its own inner layer and drops ``flow-control``, without which a client
does not turn congestion control on for the service (tor: src/feature/hs/hs_client.c), and
``single-onion-service``, which tells a client that the service is not anonymous.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from onionbalance.hs_v3 import descriptor as onionbalance_descriptor
from stem.descriptor.hidden_service import InnerLayer

from onionrig.balancer.extended.instances import key_of, owners

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stem.descriptor.hidden_service import IntroductionPointV3

_logger = logging.getLogger("onionbalance")
CARRIED = ("flow-control", "single-onion-service")


def replace() -> None:
    """Replace ``InnerLayer`` as ``onionbalance.hs_v3.descriptor`` knows it."""
    onionbalance_descriptor.InnerLayer = CarryingInnerLayer


class CarryingInnerLayer:
    """Makes stem's ``InnerLayer`` with the lines that all instances of its points agree on."""

    @staticmethod
    def create(*, introduction_points: Sequence[IntroductionPointV3]) -> InnerLayer:
        """Make an inner layer of these points."""
        owner = owners()
        behind = {owner[key_of(point)] for point in introduction_points if key_of(point) in owner}
        headers = [_header(instance.descriptor.v3_desc) for instance in behind]
        return InnerLayer.create(
            attr=agreed_lines(headers), introduction_points=introduction_points
        )


def agreed_lines(headers: Iterable[str]) -> dict[str, str]:
    """Return the carried lines, keyword to value, that are the same in every header.

    If instances differ, the line is left out: what only some of them can do is not promised.
    """
    several = [_lines(header) for header in headers]
    lines: dict[str, str] = {}
    for keyword in CARRIED:
        values = {header_lines.get(keyword) for header_lines in several}
        if len(values) > 1:
            _logger.warning(
                "Instances differ in their %s line (%s): published without it",
                keyword,
                ", ".join(sorted("none" if value is None else value or "bare" for value in values)),
            )
        elif (value := values.pop() if values else None) is not None:
            lines[keyword] = value
    return lines


def _lines(header: str) -> dict[str, str]:
    split = (line.partition(" ") for line in header.splitlines())
    return {keyword: value for keyword, _, value in split if keyword in CARRIED}


def _header(document: Any) -> str:  # noqa: ANN401 - stem has no types
    """Return the inner layer's text before its first introduction point."""
    inner = document._inner_layer  # noqa: SLF001 - as Onionbalance itself reads it
    text: str = inner.get_bytes().decode()
    return text.partition("\nintroduction-point ")[0]
