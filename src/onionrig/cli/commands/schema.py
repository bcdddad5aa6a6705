"""The schema command: the JSON Schema of what is written or printed as JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from onionrig.cli.app import app
from onionrig.cli.help import MACHINE, described
from onionrig.cli.output.printing import print_json
from onionrig.errors import UsageError
from onionrig.records.live import AnyLine
from onionrig.records.plan import Plan
from onionrig.records.probe import Probe
from onionrig.records.result import Result

SCHEMAS: dict[str, object] = {"result": Result, "events": AnyLine, "plan": Plan, "probe": Probe}


@app.command(
    **described(
        MACHINE,
        "onionrig schema",
        "onionrig schema plan",
    )
)
def schema(
    of: Annotated[
        str,
        typer.Argument(
            metavar="result|events|plan|probe", help="Document whose schema is printed."
        ),
    ] = "result",
) -> None:
    """Print the JSON Schema of result.json, of events (--events json), or of a plan or a probe."""
    if of not in SCHEMAS:
        raise UsageError(f"no schema of {of!r}: there are {', '.join(SCHEMAS)}")
    print_json(msgspec.json.schema(SCHEMAS[of]))
