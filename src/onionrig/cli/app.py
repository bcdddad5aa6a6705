"""The command line's application and the options that its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from onionrig import __version__
from onionrig.cli.help import HelpfulGroup
from onionrig.cli.profiles import profile_names
from onionrig.errors import UsageError
from onionrig.experiment.keys import MOST_REPETITIONS

AUTO = "auto"
"""The word for as many repetitions as needed."""
MOST_DIGITS = 20
"""Most digits of a number that is read: Python reads no number of thousands of digits."""

app = typer.Typer(
    name="onionrig",
    help="How many Mbit/s can one onion address serve, and what does it take?",
    epilog="Start with `onionrig doctor`, then `onionrig run`. Every command has --help with "
    "examples.",
    cls=HelpfulGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ExperimentFileArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="EXPERIMENT.toml",
        help="File of the experiment (default: none, which measures the profile as it is).",
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Name of the shipped experiment to start from: "
        f'{", ".join(profile_names())} (default: the profile "default").',
    ),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TABLE.KEY=VALUE",
        help="Value for any key of the experiment; repeatable (default: as the file or profile "
        "has it).",
    ),
]
StreamsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Total number of streams; sets load.streams (default: from the profile)."
    ),
]
BackendsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Number of backend instances; sets backends.daemons (default: from the profile).",
    ),
]
ClientsOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Number of client tors; sets load.clients (default: from the profile)."
    ),
]
HoldOption = Annotated[
    str | None,
    typer.Option(
        metavar="DURATION",
        help='Length of the measured hold, such as "60s" or "2m"; sets load.hold (default: from '
        "the profile).",
    ),
]
SingleHopOption = Annotated[
    bool,
    typer.Option(
        "--single-hop",
        help="Make the backends single-hop onion services: faster, and not anonymous.",
    ),
]
BalancerOption = Annotated[
    str | None,
    typer.Option(
        metavar="stock|extended",
        help="Onionbalance that publishes the address; sets frontend.balancer (default: from the "
        "profile).",
    ),
]
ScaleOption = Annotated[
    str | None,
    typer.Option(
        metavar="FRACTION",
        help='Factor for the link rates of emulated hosts, such as "1/4"; sets '
        "emulation.scale "
        "(default: 1).",
    ),
]
InventoryOption = Annotated[
    Path | None,
    typer.Option(
        "--inventory",
        "-i",
        metavar="FILE",
        help="Ansible inventory of the hosts to run on; sets cluster.inventory "
        "(default: this machine).",
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        metavar="RATE",
        help='Rate that must be sustained, such as "500Mbit"; sets verdict.target (default: none).',
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON on standard output, and nothing else.")
]


def repetitions_of(word: str | int, *, why_not_auto: str) -> int:
    """Return a number of repetitions as it was typed. Raises UsageError, also for ``auto``."""
    if word == AUTO:
        raise UsageError(f"--repeat {AUTO}: {why_not_auto}")
    if isinstance(word, str) and not (word.isascii() and word.isdigit()):
        raise UsageError(f"--repeat {word}: write how many times, as in --repeat 3")
    if isinstance(word, str) and len(word) > MOST_DIGITS:
        raise UsageError(f"--repeat {word[:MOST_DIGITS]}…: at most {MOST_REPETITIONS}")
    if int(word) < 1:
        raise UsageError(f"--repeat {word}: at least 1")
    return int(word)


def _holds_of_a_baseline(word: str) -> int:
    return repetitions_of(
        word, why_not_auto="a baseline has no network that could be drawn again; say how many holds"
    )


RepeatOption = Annotated[
    int,
    typer.Option(
        parser=_holds_of_a_baseline,
        metavar="N",
        help="Number of holds on one rig; the result gives their median and range.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="New run directory (default: runs/<UTC time>-<profile>)."),
]
ReportOption = Annotated[
    bool,
    typer.Option(
        "--report/--no-report", help="Whether to write report.html and its charts at the end."
    ),
]
RunNameArgument = Annotated[
    str, typer.Argument(metavar="RUN", help='Run directory, part of a run\'s name, or "latest".')
]
RunOrBundle = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help='Run directory, part of a run\'s name, "latest", or bundle of a run.'
    ),
]


def refuse_without_effect(context: typer.Context, *names: str, reason: str) -> None:
    """Raise UsageError, naming them, if parameters were given that have no effect here."""
    options = [
        _as_typed(parameter, context.params.get(parameter.name))
        for parameter in context.command.params
        if parameter.name in names and _is_given(context, parameter.name)
    ]
    if options:
        raise UsageError(f"{', '.join(options)}: {reason}")


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _as_typed(parameter: Any, value: object) -> str:  # noqa: ANN401 - typer has click's, or its own
    """Return a parameter's name as it was typed: a flag may have a name for its opposite."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name)
    opposite = value is False and parameter.secondary_opts
    return str(max(opposite or parameter.opts, key=len))


def _version(is_requested: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if is_requested:
        print(f"onionrig {__version__}")
        raise typer.Exit


@app.callback()
def onionrig(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Measure how many Mbit/s one onion address can serve, and what it takes."""
