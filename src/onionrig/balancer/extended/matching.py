"""Maximum bipartite matching: give each party different things that it asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

Thing = TypeVar("Thing", bound="Hashable")


def distinct(wishes: Sequence[Sequence[Thing]], *, most_each: int) -> list[list[Thing]]:
    """Give everyone up to ``each`` of what they wish for, and nothing to two of them.

    First as many as possible get one, then another one, and so on: nobody has two at the cost of
    somebody else who has none. Earlier wishes are tried first.
    """
    matching = _Matching(wishes)
    for _ in range(most_each):
        for who in range(len(wishes)):
            matching.give_one_more(who)
    return [matching.given(who) for who in range(len(wishes))]


class _Matching(Generic[Thing]):
    """Augmenting paths: giving one more never leaves anyone with fewer than before.

    Source: Kuhn, "The Hungarian method for the assignment problem" (1955); Berge (1957).
    """

    def __init__(self, wishes: Sequence[Sequence[Thing]]) -> None:
        self._wishes = wishes
        self._owner: dict[Thing, int] = {}

    def give_one_more(self, who: int) -> None:
        """Give somebody one more; others take something else instead if they must."""
        self._give(who, tried=set())

    def given(self, who: int) -> list[Thing]:
        """Return what somebody has, in the order of their wishes."""
        return [wish for wish in dict.fromkeys(self._wishes[who]) if self._owner.get(wish) == who]

    def _give(self, who: int, tried: set[Thing]) -> bool:
        for wish in self._wishes[who]:
            owner = self._owner.get(wish)
            if wish in tried or owner == who:
                continue
            tried.add(wish)
            if owner is None or self._give(owner, tried):
                self._owner[wish] = who
                return True
        return False
