"""The layout of help: commands in groups, examples at the end, and no type beside a flag."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

MEASURE = "Measure"
RESULTS = "Look at results"
PLAN = "Plan"
MACHINE = "This machine"
HOSTS = "Your own hosts"


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    """Return parameters with the type removed from those that are flags."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class HelpfulCommand(TyperCommand):
    """A command whose help shows no type beside a flag."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401, D102 - typer has click's, or its own
        return _without_types_of_flags(super().get_params(ctx))


class HelpfulGroup(TyperGroup):
    """A group of commands whose help shows no type beside a flag."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401, D102 - typer has click's, or its own
        return _without_types_of_flags(super().get_params(ctx))


def described(group: str | None, *examples: str) -> dict[str, Any]:
    """Return the arguments that give a command's help its group and its examples."""
    lines = "\n\n".join(f"$ {example}" for example in examples)
    return {
        "cls": HelpfulCommand,
        "rich_help_panel": group,
        "epilog": f"Examples:\n\n{lines}",
    }
