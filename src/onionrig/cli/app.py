"""The command line's application and the options that its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from onionrig import __version__
from onionrig.cli.question import profile_names
from onionrig.errors import UsageError

app = typer.Typer(
    name="onionrig",
    help="How many Mbit/s can one onion address serve, and what does it take?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ExperimentFile = Annotated[
    Path | None, typer.Argument(metavar="EXPERIMENT.toml", help="What to run; a profile if absent.")
]
Profile = Annotated[
    str | None, typer.Option(help=f"A shipped profile: {', '.join(profile_names())}.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Set any key of the experiment."),
]
Streams = Annotated[int | None, typer.Option(help="Streams in all (load.streams).")]
Backends = Annotated[int | None, typer.Option(help="Backend instances (backends.daemons).")]
Clients = Annotated[int | None, typer.Option(help="Client tors (load.clients).")]
Hold = Annotated[str | None, typer.Option(metavar="SECONDS", help="How long to hold (load.hold).")]
SingleHop = Annotated[bool, typer.Option("--single-hop", help="Single-hop backend instances.")]
Balancer = Annotated[
    str | None,
    typer.Option(
        metavar="stock|extended", help="Which Onionbalance publishes (frontend.balancer)."
    ),
]
Scale = Annotated[
    str | None,
    typer.Option(
        metavar="FRACTION",
        help='Of the rates of emulated links, as in "1/4" (emulation.scale).',
    ),
]
Inventory = Annotated[
    Path | None,
    typer.Option(
        "--inventory",
        "-i",
        metavar="FILE",
        help="Ansible inventory of the hosts to run on (cluster.inventory); default: this machine.",
    ),
]
Target = Annotated[
    str | None, typer.Option(metavar="RATE", help='Target, as in "500Mbit" (verdict.target).')
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")]
Repeat = Annotated[
    int, typer.Option(min=1, metavar="N", help="Hold so many times on one rig; median and range.")
]
Out = Annotated[
    Path | None, typer.Option(help="The run directory; runs/<UTC time>-<profile> if absent.")
]
Report = Annotated[
    bool, typer.Option("--report/--no-report", help="Write report.html and its charts at the end.")
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run directory, a run's name, or latest.")
]


def refuse_without_effect(context: typer.Context, *names: str, reason: str) -> None:
    """Raise UsageError, which names them, if parameters were given that have no effect here."""
    given = [
        _as_typed(parameter, context.params.get(parameter.name))
        for parameter in context.command.params
        if parameter.name in names and _is_given(context, parameter.name)
    ]
    if given:
        raise UsageError(f"{', '.join(given)}: {reason}")


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _as_typed(parameter: Any, value: object) -> str:  # noqa: ANN401 - typer has click's, or its own
    """Name a parameter as it was typed: a flag may have a name for its opposite."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name)
    opposite = value is False and parameter.secondary_opts
    return str(max(opposite or parameter.opts, key=len))


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if asked:
        print(f"onionrig {__version__}")
        raise typer.Exit


@app.callback()
def onionrig(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measure how many Mbit/s one onion address can serve, and what it takes."""
