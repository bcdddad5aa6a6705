"""The layout of help: commands in groups, examples at the end, no types that say nothing."""

from __future__ import annotations

import inspect
from typing import Any

from typer.core import TyperCommand, TyperGroup

MEASURE = "Measure"
RESULTS = "Look at results"
PLAN = "Plan"
MACHINE = "This machine"
HOSTS = "Your own hosts"


def _without_empty_types(params: list[Any]) -> list[Any]:
    """Return parameters without the types of flags and arguments.

    A flag takes no value, and an argument's name already says what it is, where the type would
    only add ``<str>`` or ``<path>``.
    """
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
        if param.param_type_name == "argument":
            param.display_type_rich = _no_type
    return params


def _no_type(ctx: Any) -> None:  # noqa: ANN401 - typer has click's, or its own
    """Return the type that is shown beside an argument: none."""


def _joined_lines(text: str | None) -> str | None:
    """Return help whose paragraphs are one line each, for the terminal to fold."""
    if text is None:
        return None
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


class HelpfulCommand(TyperCommand):
    """A command whose help is folded by the terminal and shows no type beside flags."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - whatever typer passes
        super().__init__(*args, **kwargs)
        self.help = _joined_lines(self.help)

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401, D102 - typer has click's, or its own
        return _without_empty_types(super().get_params(ctx))


class HelpfulGroup(TyperGroup):
    """A group of commands whose help shows no type beside flags."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401, D102 - typer has click's, or its own
        return _without_empty_types(super().get_params(ctx))


def described(group: str | None, *examples: str) -> dict[str, Any]:
    """Return the arguments that give a command's help its group and its examples."""
    lines = "\n\n".join(f"$ {example}" for example in examples)
    return {
        "cls": HelpfulCommand,
        "rich_help_panel": group,
        "epilog": f"Examples:\n\n{lines}",
    }
