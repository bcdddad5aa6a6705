"""Options that would have no effect are refused by their names, and errors name what was typed."""

from __future__ import annotations

import pytest

from onionrig.cli import question
from onionrig.cli.main import application
from onionrig.errors import UsageError

SERVING = ("baseline", "--listen", "--at", "127.0.0.1:9000")
RESUMING = ("sweep", "--resume", "nowhere")
RUNS = ("compare", "a-run", "b-run")
VARYING = ("sweep", "--over", "load.streams=1,2")


def refused(*arguments):
    with pytest.raises(UsageError) as caught:
        application()(arguments, standalone_mode=False)
    return str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((*RESUMING, "--hold", "60", "--repeat", "9"), "--hold, --repeat: "),
        ((*RESUMING, "mine.toml"), "EXPERIMENT.toml: "),
        ((*RESUMING, "--over", "load.streams=1,2"), "--over: "),
        ((*RESUMING, "--streams", "4", "--set", "load.ramp=1s"), "--set, --streams: "),
        ((*RESUMING, "--profile", "smoke", "--out", "x"), "--profile, --out: "),
        ((*RESUMING, "--scale", "1/4", "-i", "hosts.yml"), "--scale, --inventory: "),
        ((*VARYING, "--streams", "3"), "--streams: --over varies load.streams"),
        ((*VARYING, "--set", "load.streams=3"), "--set load.streams: --over varies"),
        (("baseline", "--at", "127.0.0.1:9"), "--at: only --listen"),
        (("baseline", "--at-once"), "--at-once: only an inventory"),
        ((*SERVING, "--streams", "3", "--hold", "20"), "--streams, --hold: "),
        ((*SERVING, "--target", "1Mbit", "--repeat", "2"), "--target, --repeat: "),
        ((*SERVING, "--no-report"), "--no-report: "),
        ((*RUNS, "--repeat", "7"), "--repeat: these are runs already"),
        ((*RUNS, "--no-report", "--out", "x"), "--out, --no-report: "),
        ((*RUNS, "--set-a", "load.ramp=1s"), "--set-a: "),
        ((*RUNS, "--events", "json"), "--events: "),
        (("compare", "smoke", "smoke", "--events", "json", "--markdown"), "--markdown: --events"),
        ((*RUNS, "--json", "--markdown"), "--markdown: --json prints"),
        (("run", "--set", "network.kind=none", "--clients", "2"), "--clients: "),
        (("run", "--set", "network.kind=none", "--single-hop"), "--single-hop: "),
        (("export", "a-run", "--prometheus", "--prometheus-file", "x"), "--prometheus: "),
        (("plan", "--hardware", "pi3b", "--hosts", "2", "--headroom", "5%"), "--headroom: "),
        (("cluster", "purge", "--check", "--yes"), "--yes: --check removes nothing"),
    ],
)
def test_options_without_effect_are_refused_by_name(arguments, names):
    assert refused(*arguments).startswith(names)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("run", "--streams", "4", "--set", "load.streams=8"),
            "--set load.streams=8: --streams says 4 of the same key; give one of them",
        ),
        (
            ("run", "--repeat", "auto", "--streams", "4", "--set", "load.streams=8"),
            "--set load.streams=8: --streams says 4 of the same key; give one of them",
        ),
        (("run", "--hold", "60", "--set", "load.hold=90s"), "--set load.hold=90s: --hold says 60s"),
        (
            ("run", "--single-hop", "--set", "backends.single_hop=false"),
            "--set backends.single_hop=false: --single-hop says true",
        ),
        (
            ("baseline", "--to", "a:1", "--set", "baseline.peer=b:1"),
            "--set baseline.peer=b:1: --to",
        ),
        (
            ("baseline", "--target", "1Mbit", "--set", "verdict.target=2Mbit"),
            "--set verdict.target",
        ),
        ((*VARYING, "--hold", "10", "--set", "load.hold=20s"), "--set load.hold=20s: --hold"),
        (("compare", "smoke", "smoke", "--hold", "9", "--set", "load.hold=20s"), "--set load.hold"),
        (
            ("compare", "smoke", "smoke", "--hold", "19", "--set-b", "load.hold=20s"),
            "--set-b load.hold=20s: --hold says 19s",
        ),
        (("check", "-i", "hosts", "--set", "cluster.inventory=others"), "--set cluster.inventory"),
    ],
)
def test_a_key_that_a_flag_and_a_setting_say_differently_is_refused(
    arguments, error, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(question, "inventory", lambda path: pytest.fail(f"{path} was read"))
    assert refused(*arguments).startswith(error)


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        (["load.hold=1min"], {"hold": "60"}),
        (["load.hold=1min"], {"hold": "60s"}),
        (["load.streams=4"], {"streams": 4}),
        (["load.streams=2", "load.streams=4"], {"streams": 4}),
        (["verdict.target=1000Mbit"], {"target": "1Gbit"}),
        (["backends.single_hop=false"], {"streams": 4}),
    ],
)
def test_a_flag_and_a_setting_may_say_the_same(settings, flags):
    layer = question.flags_layer(**flags)
    assert question.ask(None, "smoke", settings, layer).experiment.load.streams_asked


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sweep", "--over", "streams=1,4"), "--over streams=1,4: write table.key=value,value"),
        (("sweep", "--over", "load.streams"), "--over load.streams: write"),
        (("compare", "smoke", "smoke", "--set-a", "streams=1"), "--set-a streams=1: write"),
        (("compare", "smoke", "smoke", "--set-b", "streams=1"), "--set-b streams=1: write"),
        (("check", "--set", "streams=1"), "--set streams=1: write"),
        (("run", "--repeat", "9" * 5000), f"--repeat {'9' * 20}…: at most 1000"),
        (("check", "-i", "/dev/zero"), "/dev/zero: an inventory is a file or a directory"),
        (("check", "--set", "load.STREAMS=1"), "did you mean load.streams?"),
        (("plan", "--hardware", "Pi3B", "--hosts", "1"), "did you mean pi3b?"),
        (("hardware", "PI3B"), "did you mean pi3b?"),
        (("plan", "--hardware", "pi3b", "--target", "500MB"), '--target: "500MB"'),
        (("plan", "--hardware", "pi3b", "--target", "1Mbit", "--headroom", "x"), "--headroom: "),
        (("plan", "--hardware", "pi3b", "--hosts", "1", "--scale", "1/0"), "--scale: "),
        (("plan", "--hardware", "pi3b", "--hosts", "1", "--link", "fast"), "--link: "),
        (("plan", "--hardware", "pi3b", "--hosts", "1", "--round-trip", "1"), "--round-trip: "),
        (("baseline", "--to", "nowhere"), 'baseline.peer: "nowhere"'),
        (("baseline", "--listen", "--at", "9000"), 'baseline.listen: "9000"'),
    ],
)
def test_an_error_names_what_was_typed(arguments, message):
    assert message in refused(*arguments)
