"""Show a rendered rig for ``check``: services, ports, and every file they start with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from onionrig.rig.model import Rig, Service


def rig_view(rig: Rig, ports: Mapping[str, int], resolved: Mapping[str, str]) -> RenderableType:
    """Draw a rig."""
    parts: list[RenderableType] = []
    parts += [Text(f"{key}: {explanation}", style="dim") for key, explanation in resolved.items()]
    parts += [Text(), _services(rig, ports), Text()]
    for service in rig.services:
        parts += _files(service)
    return Group(*parts)


def _services(rig: Rig, ports: Mapping[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("service", "role", "host", "ports", "starts"):
        table.add_column(heading, overflow="fold")
    for service in rig.services:
        service_ports = {
            key.rpartition(".")[2]: port
            for key, port in ports.items()
            if key.rpartition(".")[0] == service.name
        }
        cells = (
            service.name,
            service.role,
            service.host,
            ", ".join(f"{use} {port}" for use, port in service_ports.items()),
            " ".join(service.argv),
        )
        table.add_row(*map(Text, cells))  # paths may have brackets in them, which are not markup
    return table


def _files(service: Service) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for file in service.rendered_files:
        kind = "json" if file.path.suffix in {".json", ".yaml"} else "text"
        parts.append(Text(str(file.path), style="bold"))
        parts.append(Syntax(file.text.rstrip("\n"), kind, theme="ansi_dark", word_wrap=True))
    return parts
