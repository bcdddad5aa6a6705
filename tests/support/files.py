"""Files of this project, and files and programs that stand in for a machine's."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).parents[2]
DATA = PROJECT / "tests" / "data"
SMOKE_RUN = DATA / "smoke-run"
"""The run directory of a real run (tests/data/README.md)."""


def lay_out(root, files):
    """Write files below a root; their names may lead through directories."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def write_program(directory, name, script=""):
    """Write a program of the shell, in place of one that may be there, and return its path."""
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.unlink(missing_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def replace_file(path, content):
    """Put a file in the place of another in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)
