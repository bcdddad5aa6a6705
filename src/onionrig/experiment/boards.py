"""Hosts that name a board of the catalogue: their links, and what else is known of the board."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from onionrig.errors import UsageError
from onionrig.experiment.schema import Experiment, NamedHost
from onionrig.hardware.boards import board_named
from onionrig.records.manifest import BoardFacts

if TYPE_CHECKING:
    from onionrig.hardware.boards import Board, BoardFigure, Catalogue

Value = TypeVar("Value")


class Boarded(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment whose boards have all been looked up."""

    experiment: Experiment
    """The experiment, in which hosts that name a board but no link have the link of that board."""
    explanations: dict[str, str]
    """Description of each board, by the key of the experiment that names it."""
    facts: dict[str, BoardFacts]
    """Facts recorded about each board, by its id."""


def with_boards(experiment: Experiment, catalogue: Catalogue) -> Boarded:
    """Look up the boards that hosts name.

    Raises UsageError for a board that is not in the catalogue, and if a host needs a link that the
    board's Ethernet does not provide.
    """
    hosts = tuple(_with_link(host, catalogue) for host in experiment.hosts)
    named = {
        host.board: board_named(catalogue, host.board, where=_at_board(host))
        for host in hosts
        if host.board is not None
    }
    without_own = [host.name for host in experiment.hosts if host.link is None]
    return Boarded(
        experiment=msgspec.structs.replace(experiment, hosts=hosts),
        explanations={
            f"board {id_}": _explanation(
                board,
                [host.name for host in hosts if host.board == id_ and host.name in without_own],
            )
            for id_, board in named.items()
        },
        facts={id_: _facts(id_, board) for id_, board in named.items()},
    )


def _with_link(host: NamedHost, catalogue: Catalogue) -> NamedHost:
    if host.board is None or host.link is not None:
        return host
    board = board_named(catalogue, host.board, where=_at_board(host))
    if board.ethernet_mbit is None:
        raise UsageError(
            f"{_at_board(host)}what its Ethernet carries is not in the catalogue; give the host a "
            'link, as in link = "1Gbit"'
        )
    if not board.ethernet_mbit.value:
        wifi = board.wifi_mbit
        instead = f', as in link = "{wifi.link}", which is its Wi-Fi' if wifi else ""
        raise UsageError(
            f"{_at_board(host)}{board.name} has no Ethernet; give the host a link{instead}"
        )
    return msgspec.structs.replace(host, link=board.ethernet_mbit.link)


def _at_board(host: NamedHost) -> str:
    return f'host {host.name}: board = "{host.board}": '


def _explanation(board: Board, linked: list[str]) -> str:
    """Describe what is taken from a board, with its source, and what is only recorded."""
    parts = [board.name]
    ethernet = board.ethernet_mbit
    if ethernet is not None and linked:
        parts.append(
            f"its Ethernet's {ethernet.link} for {', '.join(linked)} ({ethernet.mark}: "
            f"{ethernet.source})"
        )
    if board.cores is not None:
        aes = _value(board.aes_mb_per_second)
        parts.append(
            f"its {board.cores.value} cores"
            + (f" with {aes:g} MB/s of AES each" if aes is not None else "")
            + " are recorded, not emulated"
        )
    return "; ".join(parts)


def _facts(id_: str, board: Board) -> BoardFacts:
    return BoardFacts(
        id=id_,
        name=board.name,
        cores=_value(board.cores),
        clock_mhz=_value(board.clock_mhz),
        aes_instructions=_value(board.aes_instructions),
        aes_mb_per_second=_value(board.aes_mb_per_second),
    )


def _value(figure: BoardFigure[Value] | None) -> Value | None:
    return None if figure is None else figure.value
