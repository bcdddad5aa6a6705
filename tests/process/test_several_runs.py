"""Sweeps and comparisons as a user types them, of baselines: they take no network to come up."""

import json

import pytest

from support.waiting import RUN_SECONDS, until

pytestmark = pytest.mark.process

BARE = ("--set", "network.kind=none", "--set", "load.ramp=1s", "--hold")
SHORT = (*BARE, "10")
# a hold has to be seen, and cut off, before it is over
LONG = (*BARE, "30")
STREAMS = ("--over", "load.streams=1,2")


def events(directory):
    for path in sorted(directory.glob("runs/*/events.jsonl")):
        yield from (json.loads(line) for line in path.read_text().splitlines())


FAIL_IF = ("--fail-if", "sustained < 95%")
SERVING = ("--set", "network.kind=none", "--set", "baseline.listen=127.0.0.1:9000")


def second_load_holds(directory, sweep):
    assert not sweep.ended(), "it was over before it could be killed"
    return len([each for each in events(directory) if each.get("phase") == "hold"]) == 2


def test_a_sweep_that_was_killed_goes_on_where_it_stopped(onionrig, tmp_path):
    directory = tmp_path / "sweep"
    killed = onionrig.start("sweep", *LONG, *STREAMS, "--out", str(directory))
    until(
        lambda: second_load_holds(directory, killed), "the second load's hold",
        seconds=RUN_SECONDS,
    )  # fmt: skip
    killed.process.kill()
    killed.ends()
    done = onionrig("sweep", "--resume", str(directory), "--json")
    assert done.returncode == 0, done.stderr
    assert "1 of 2 holds to measure" in done.stderr
    result = json.loads(done.stdout)
    assert [point["settings"]["load.streams"] for point in result["points"]] == ["1", "2"]
    assert [point["result"]["streams"]["asked"] for point in result["points"]] == [1, 2]
    assert len({point["run"] for point in result["points"]}) == 2
    assert result["missing"] == 0
    assert result["knees"][0]["key"] == "load.streams"
    assert (directory / "report.html").is_file()

    again = onionrig("sweep", *LONG, *STREAMS, "--out", str(directory), "--no-report")
    assert "0 of 2 holds to measure" in again.stderr
    assert "the knee" in again.stdout

    other = onionrig("sweep", *LONG, "--over", "load.streams=1,4", "--out", str(directory))
    assert other.returncode == 2
    assert "holds another sweep" in other.stderr

    compared = onionrig("compare", *(f"sweep/runs/{run}" for run in sorted(runs(directory))))
    assert "load.streams" in compared.stdout
    assert "one repetition of each cannot show whether that is more than chance" in compared.stdout


def runs(directory):
    return [path.name for path in (directory / "runs").iterdir()]


def test_two_experiments_alternate_and_what_differs_is_said(onionrig, tmp_path):
    done = onionrig(
        "compare", "smoke", "smoke", *SHORT, "--set-b", "load.streams=1", "--repeat", "1",
        "--markdown", "--out", "compared",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "| setting: load.streams | 4 | 1 |" in done.stdout
    comparison = json.loads((tmp_path / "compared" / "comparison.json").read_text())
    assert comparison["alternated"] is True
    assert sorted(runs(tmp_path / "compared")) == ["001-a1", "002-b1"]
    assert (tmp_path / "compared" / "report.html").is_file()


def test_repetitions_whose_budget_is_spent_go_on_where_they_stopped(onionrig, tmp_path):
    spent = onionrig(
        "run", "--profile", "smoke", *SHORT, "--repeat", "auto", "--within", "50%", "--budget", "1s",
        "--out", "repeated", "--no-report",
    )  # fmt: skip
    assert spent.returncode == 0, spent.stderr
    assert "to know the sustained rate within 50.0 % takes about 4 rigs" in spent.stderr
    assert "enough for one rig, which says nothing about how they differ" in spent.stderr
    assert "on one rig" in " ".join(spent.stdout.split())
    assert "the budget of 1 s was spent" in " ".join(spent.stdout.split())
    on = onionrig("run", "--resume", "repeated", "--json")
    assert on.returncode == 0, on.stderr
    result = json.loads(on.stdout)
    assert result == json.loads((tmp_path / "repeated" / "repeat-result.json").read_text())
    assert result["runs"] == sorted(runs(tmp_path / "repeated")) == ["001-rig", "002-rig"]
    assert (result["repeated"], result["known"]) == ("rigs", False)
    low, high = result["figures"][0]["interval"]
    assert low < result["figures"][0]["mean"] < high
    page = (tmp_path / "repeated" / "report.html").read_text()
    assert '<a href="runs/002-rig/report.html">002-rig</a>' in page
    assert (tmp_path / "repeated" / "runs" / "002-rig" / "report.html").is_file()

    compared = onionrig("compare", "repeated", "repeated", *FAIL_IF)
    assert compared.returncode == 16, compared.stderr
    assert "2 rigs of A and 2 rigs of B cannot show a difference" in compared.stdout
    assert "fewer than 4 repetitions of a side show none" in compared.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sweep",), "a sweep varies something"),
        (("sweep", "--over", "load.streams"), "load.streams=1,4,16"),
        (("sweep", "--over", "load.strems=1,2"), "did you mean load.streams?"),
        (("sweep", "--over", "backends.daemons=1,11"), "stock Onionbalance holds at most 10"),
        (("sweep", "--resume", "nowhere"), "is no sweep"),
        (("sweep", *SERVING, "--over", "load.streams=1,2"), "serves and measures nothing"),
        (("compare", "smoke", "smoke", *SERVING), "serves and measures nothing"),
        (("compare", "smoke", "a-run"), "compare a run with a run"),
        (("compare", "a-run", "b-run", "--hold", "20"), "these are runs already"),
        (("compare", "a-run", "b-run", *FAIL_IF), "no run a-run"),
        (("compare", "smoke", "smoke", *FAIL_IF, "--repeat", "5"), "use --repeat 6 or more"),
        (("compare", "smoke", "smoke", "--fail-if", "speed < 1%"), 'no figure "speed"; it has'),
        (
            ("run", "--set", "verdict.cpu_seconds_per_gbit.tor=1"),
            'has no role "tor"; its roles are',
        ),
        (("run", "--set", "verdict.time_to_first_byte.p95=1s"), "this run makes no dials"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    onionrig, tmp_path, arguments, message
):
    done = onionrig(*arguments)
    assert done.returncode in {2, 11}
    assert message in done.stderr
    assert not list(tmp_path.iterdir())
