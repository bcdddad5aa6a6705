"""What has square brackets in its name is printed as it is, and not cut where nobody looks."""

from onionrig.cli.commands.cluster.app import progress
from onionrig.cli.main import app
from onionrig.errors import MEASURED


def test_progress_prints_long_paths_with_brackets_on_one_line(capsys):
    path = "/srv/[red]" + "x" * 200
    progress(json=False).print(f"check: {path}")
    assert capsys.readouterr().err == f"check: {path}\n"


def test_doctor_prints_paths_with_brackets_as_they_are(capsys, tmp_path, monkeypatch):
    programs = tmp_path / "[b]"
    programs.mkdir()
    tor = programs / "tor"
    tor.write_text("#!/bin/sh\necho 'Tor version 0.4.8.10.'\n")
    tor.chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("COLUMNS", "300")
    assert app(("doctor",), standalone_mode=False) == MEASURED
    assert f"{tor}" in capsys.readouterr().out
