"""Whole runs on emulated hosts: what they measure, who may have them, what they leave."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from onionrig.records.samples import HostSample
from onionrig.store.lines import read_all
from support.processes.emulated_run import (
    BASELINE,
    emulated_hosts,
    namespaces_in_use,
    namespaces_of,
)
from support.waiting import until

RATE = 20e6
"""Of the baseline's link: any machine fills it."""
PAYLOAD = 1448 / 1514
SETPRIV = "setpriv", "--inh-caps=-all"
WITHOUT_THE_RIGHTS = (*SETPRIV, "--bounding-set=-sys_admin,-net_admin,-net_raw")
"""Root that may not make network namespaces: as any user, but that its files can be read."""
WITHOUT_ANY = (*SETPRIV, "--bounding-set=-all")
"""Nor user namespaces: they may not have a root."""

drops_rights = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="drops rights with setpriv, as root",
)


def test_a_baseline_between_emulated_hosts_fills_the_link_and_says_so(start):
    run = start()
    until_it_pulls(run)
    made = namespaces_of(run.process.pid)
    assert len(made) == 4  # two hosts, the switch, the delay lines
    assert run.ends() == 0, run.stderr
    result, manifest = run.file("result.json"), run.file("manifest.json")
    hosts = emulated_hosts(manifest)

    assert fills_the_link(result)
    assert result["bytes"]["corrupt"] == 0
    assert result["bottleneck"]["kind"] == "interface"
    assert result["bottleneck"]["subject"] == "link of pi1"
    (machine,) = result["yardstick"]["hosts"]
    assert machine["hold"] > 0
    assert "no CPU was the bottleneck" in result["yardstick"]["not_carried_over"]
    assert result["trust"]["missing"] == [] or "machine-wide" in result["trust"]["missing"][0]
    assert {host["name"]: host["link_bits_per_second"] for host in hosts} == {
        "pi1": RATE, "clients": None,
    }  # fmt: skip
    assert [host["delay_seconds"] for host in hosts] == [0, 0.01]
    assert hosts[1]["delayed_by"] in {"netem", "delaybox"}
    assert not any("nsenter" in word for s in manifest["services"] for word in s["argv"])
    assert not made & namespaces_in_use()


def fills_the_link(result):
    """Whether goodput was what a full link carries; a second that was not sampled counts as 0."""
    goodput = result["goodput"]
    sampled = 1 - goodput["missing_seconds"] / goodput["steady_seconds"]
    full = PAYLOAD * RATE
    return 0.95 * full * sampled < goodput["sustained_bits_per_second"] < 1.05 * full


def test_samplers_see_their_hosts_and_none_takes_another_hosts_processes_for_others(start):
    run = start()
    until_it_pulls(run)
    workspace = workspace_of(run)
    everyone = json.loads((workspace / "rig.json").read_bytes())
    for host in ("pi1", "clients"):
        watched = json.loads((workspace / f"sampler-{host}" / "processes.json").read_bytes())
        assert set(watched.values()) <= set(everyone)
    assert run.ends() == 0, run.stderr
    samples = {
        host: list(read_all(run.out / "samples" / f"sampler-{host}.jsonl", HostSample))
        for host in ("pi1", "clients")
    }
    seen = {host: set().union(*(s.processes for s in taken)) for host, taken in samples.items()}
    assert seen["pi1"] >= {"source-pi1", "sampler-pi1", "controller", "keeper"}
    assert seen["clients"] == {"sink-1", "sampler-clients"}
    for host, rate in (("pi1", RATE), ("clients", None)):
        assert set(samples[host][-1].interfaces) == {"lo", "eth0"}
        assert samples[host][-1].interfaces["eth0"].link_bits_per_second == rate
        assert any(sample.others_cpu_seconds is not None for sample in samples[host])


def workspace_of(run):
    """Return the run's workspace, from what its samplers are started with."""
    services = run.file("manifest.json")["services"]
    (argv,) = (service["argv"] for service in services if service["name"] == "sampler-pi1")
    return Path(argv[-1]).parent.parent


def until_it_pulls(run):
    sampled = run.out / "samples" / "sink-1.jsonl"
    until(lambda: run.ended() or (sampled.exists() and sampled.stat().st_size), "a sample")
    assert not run.ended(), run.stderr


@drops_rights
def test_a_user_who_may_not_make_them_has_hosts_in_a_user_namespace(start):
    run = start(as_whom=WITHOUT_THE_RIGHTS)
    if subprocess.run(
        [*WITHOUT_THE_RIGHTS, "unshare", "--user", "--map-root-user", "true"], check=False
    ).returncode:
        pytest.skip("no user namespaces here")
    assert run.ends() == 0, run.stderr
    assert fills_the_link(run.file("result.json"))
    log = run.out / "logs" / "delay-clients.log"
    if log.exists():
        assert log.read_text().count("carried, 0 lost, 0 missed") == 2


@drops_rights
def test_who_may_have_neither_is_told_what_is_missing_before_anything_is_made(start):
    run = start(as_whom=WITHOUT_ANY)
    assert run.ends() == 4
    assert "emulated hosts need network namespaces" in run.stderr
    assert "without [[hosts]] no privileges are needed" in run.stderr
    assert not run.out.exists()


def test_a_killed_run_leaves_no_namespace_and_says_that_it_was_aborted(start):
    run = start(BASELINE.replace('hold = "10s"', 'hold = "3600s"'))
    until_it_pulls(run)
    made = namespaces_of(run.process.pid)
    assert len(made) == 4
    run.process.kill()
    until(lambda: not made & namespaces_in_use(), "its namespaces to be gone")
    until((run.out / "result.json").exists, "its result")
    assert run.file("result.json")["status"] == "aborted"
