"""What the live view shows of each host, and of how many cores."""

import io

import msgspec
import pytest
from rich.console import Console

from onionrig.cli import live
from onionrig.views.live.hosts import MOST_HOSTS, host_row_line
from onionrig.views.live.progress import Progress
from onionrig.views.live.table import PlainLines, progress_drawing
from support.records.emulated_hosts import bramble
from support.records.manifests import service
from support.records.recordings import watched
from support.records.remote_hosts import PIS, cluster, lost_at, remote_host
from support.records.run_directories import write_run
from support.records.samples import HOLD
from support.views.terminal import printed, printed_lines


def going(whole, *, seconds=5):
    """A run's progress after some seconds of its hold."""
    progress = Progress(target_bits_per_second=None, streams=4)
    progress.hosts.know(whole.manifest)
    for event in whole.events:
        progress.tell(event)
    for sink in whole.sinks.values():
        progress.sampled(sample for sample in sink if sample.second < HOLD + seconds)
    progress.used(
        (name, sample)
        for name, samples in whole.samplers.items()
        for sample in samples
        if sample.second < HOLD + seconds
    )
    return progress


def lines(progress):
    return printed_lines(progress_drawing(progress, elapsed_seconds=9.0, cores=2))


def test_every_host_has_a_row_with_what_it_runs_and_does():
    shown = lines(going(cluster(cores={"pi1": 1.25})))
    assert "host runs serves CPU in out" in shown
    assert "pi1 backend instance, source 40.0 Mbit/s 1.25 of 4 0 bit/s 42.4 Mbit/s" in shown
    assert "laptop relay, sink 0.30 of 4 84.8 Mbit/s 0 bit/s" in shown


def test_cores_are_those_of_the_rigs_machines_and_not_of_the_controller():
    progress = going(cluster(pi1={"cores": 4}, laptop={"cores": 8}, cores={"pi1": 1.0}))
    assert any("CPU 1.60 of 16 cores" in line for line in lines(progress))
    unknown = Progress(target_bits_per_second=None, streams=4)
    unknown.sampled(cluster().sinks["sink-laptop"])
    unknown.used(("sampler-pi1", sample) for sample in cluster().samplers["sampler-pi1"])
    assert any("CPU 0.30 of 2 cores" in line for line in lines(unknown))


def test_cores_that_a_quota_leaves_are_shown_to_the_fraction():
    quota = {"cores": 2, "machine_cores": 4, "allowed_cores": 1.5, "cpu_restriction": "a quota"}
    shown = lines(going(cluster(pi1=quota, cores={"pi1": 1.25})))
    assert any(line.startswith("pi1 ") and "1.25 of 1.5" in line for line in shown)
    assert any("of 9.5 cores" in line for line in shown)


def test_emulated_hosts_share_the_cores_of_their_machine():
    progress = going(bramble([60, 40]))
    assert progress.hosts.cores == 2
    assert any(
        line.startswith("pi1 backend instance, source 54.0 Mbit/s") for line in lines(progress)
    )


def test_a_run_on_one_machine_shows_that_machine_as_before():
    progress = going(watched())
    assert not progress.hosts.several
    assert any("% user" in line for line in lines(progress))


def test_a_lost_host_says_so_and_uses_nothing_any_more():
    whole = cluster(cores={"pi2": 1.0})
    progress = going(whole)
    assert progress.rig_cores == pytest.approx(1.6)
    progress.tell(lost_at("pi2", 6.0))
    assert "pi2 backend instance, source lost" in lines(progress)
    assert progress.rig_cores == pytest.approx(0.6)
    assert progress.notes[-1] == ("pi2 is lost, the run goes on without it: its connection closed")


def test_of_many_hosts_the_busiest_are_shown():
    whole = cluster()
    more = [f"pi{number}" for number in range(3, 30)]
    manifest = msgspec.structs.replace(
        whole.manifest,
        hosts=(*whole.manifest.hosts, *(remote_host(name, ahead=0.0) for name in more)),
        services=(*whole.manifest.services, *(service(f"relay-{n}", "relay", n) for n in more)),
    )
    rows = going(msgspec.structs.replace(whole, manifest=manifest)).hosts.rows({})
    assert len(rows) == MOST_HOSTS + 1
    assert {"pi1", "pi2", "laptop"} <= {row[0] for row in rows}
    assert rows[-1][0] == "and 10 more, less busy"


def test_where_there_is_no_terminal_each_host_is_a_line_now_and_then():
    console = Console(file=io.StringIO(), width=200)
    view, progress = PlainLines(console, cores=2), going(cluster())
    view.show(progress)
    progress.second += 5
    view.show(progress)
    text = console.file.getvalue()
    line = "pi1: backend instance, source; serves 40.0 Mbit/s; CPU 0.30 of 4; 0 bit/s in; 42.4 Mbit/s out"
    assert text.count(line) == 1
    progress.second += 30
    view.show(progress)
    assert console.file.getvalue().count(line) == 2


def test_what_one_machine_does_is_not_told_where_there_are_several():
    console = Console(file=io.StringIO(), width=200)
    view, progress = PlainLines(console, cores=2), going(cluster())
    progress.shows_host = True
    assert progress.host is not None
    progress.second += 5
    view.show(progress)
    text = console.file.getvalue()
    assert "pi1: " in text
    assert "idle; load" not in text


def test_a_row_as_a_line_has_what_is_known():
    row = ("pi1", "relay", "", "0.10 of 4", "", "", "70.0 °C", "throttled now")
    assert host_row_line(row) == "pi1: relay; CPU 0.10 of 4; 70.0 °C; throttling: throttled now"
    assert host_row_line(("pi1", "relay", "lost", "", "", "", "", "")) == "pi1: relay; lost"


def test_what_runs_where_is_told_as_soon_as_the_manifest_says_so(tmp_path):
    whole = cluster()
    run = write_run(tmp_path / "run", whole)
    run.write_manifest(msgspec.structs.replace(whole.manifest, services=()))
    progress = Progress(target_bits_per_second=None, streams=4)
    assert not live._know_places(progress, run)
    assert not progress.hosts.several
    run.write_manifest(whole.manifest)
    assert live._know_places(progress, run)
    assert progress.hosts.cores == 12
    assert not live._know_places(progress, type(run)(tmp_path / "none"))
    assert set(PIS) <= {row[0] for row in progress.hosts.rows({})}
    assert printed(progress_drawing(progress, elapsed_seconds=1.0, cores=2))
