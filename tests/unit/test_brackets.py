"""What has square brackets in its name is printed as it is, and not cut where nobody looks."""

from onionrig.cli.commands.cluster.app import progress
from onionrig.cli.main import application
from onionrig.cli.question import ask
from onionrig.errors import MEASURED
from onionrig.rig.allocation import placeholder_allocation, placeholder_identities
from onionrig.rig.layout import Programs
from onionrig.rig.render import render
from onionrig.views.rig import rig_view
from support.views.terminal import printed_lines


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
    assert application()(("doctor",), standalone_mode=False) == MEASURED
    assert f"{tor}" in capsys.readouterr().out


def test_a_rig_is_drawn_with_brackets_in_paths_as_they_are():
    experiment = ask(None, "smoke", [], {}).experiment
    programs = Programs(tor="/opt/[b]/tor", onionbalance="/opt/[b]/onionbalance", python="python")
    allocation = placeholder_allocation(experiment, programs)
    rig = render(experiment, placeholder_identities(experiment), allocation)
    assert any("/opt/[b]/tor -f" in line for line in printed_lines(rig_view(rig, {}, {})))
