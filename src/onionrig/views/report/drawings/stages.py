"""Describe stages that bytes pass, and how much went over each link: plain data.

The page lays them out: side by side with an arrow for each flow, one below the other on a phone.
"""

from __future__ import annotations

from onionrig.records import Part
from onionrig.units import rate_text

THINNEST, THICKEST = 1.0, 10.0
"""Width of an arrow in pixels: without a rate, and with the highest rate of its drawing."""


class Stage(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of processes, or one box for several that are not told apart."""

    title: str
    details: tuple[str, ...]
    inside: tuple[str, ...] = ()
    """Lines of text in the box."""
    nodes: tuple[str, ...] = ()
    """Names of the nodes, each beside its flows; empty for one box."""


class Flow(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rate over a link to or from one node."""

    bits_per_second: float | None
    colour: str

    @property
    def text(self) -> str:
        """Rate as printed beside the arrow."""
        return _text(self.bits_per_second)


class StageRow(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node with the flows drawn beside it."""

    name: str
    onward: Flow | None
    """Flow towards the clients, on its left."""
    inward: Flow | None
    """Flow from the sources, on its right."""


class Drawing(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stages and the flows between neighbours."""

    title: str
    stages: tuple[Stage, ...]
    links: tuple[tuple[Flow, ...], ...]
    """Flows of each link, one per node of one of its two stages; bytes come from the right (or from
    below)."""

    def rows(self, stage: int) -> tuple[StageRow, ...]:
        """Return the nodes of a stage with their flows, as far as no other stage has them."""
        onward, inward = self._flows(stage - 1, stage), self._flows(stage, stage)
        return tuple(
            StageRow(
                name=name,
                onward=onward[number] if onward else None,
                inward=inward[number] if inward else None,
            )
            for number, name in enumerate(self.stages[stage].nodes)
        )

    def total(self, link: int) -> str:
        """Return what all flows of a link carried together, as text."""
        rates = [
            flow.bits_per_second for flow in self.links[link] if flow.bits_per_second is not None
        ]
        return _text(sum(rates) if rates else None)

    def thickness(self, flow: Flow) -> float:
        """Return the width of a flow's arrow in pixels."""
        highest = max(other.bits_per_second or 0.0 for link in self.links for other in link)
        share = (flow.bits_per_second or 0.0) / highest if highest else 0.0
        return THINNEST + (THICKEST - THINNEST) * share

    def _flows(self, link: int, stage: int) -> tuple[Flow, ...]:
        """Return the flows of a link if they belong to this stage.

        They belong to the stage nearer to the clients, unless it has another number of nodes.
        """
        if not 0 <= link < len(self.links):
            return ()
        flows = self.links[link]
        nearer = len(self.stages[link].nodes) == len(flows)
        return flows if nearer == (stage == link) else ()


def _text(bits_per_second: float | None) -> str:
    return "not known" if bits_per_second is None else rate_text(bits_per_second)
