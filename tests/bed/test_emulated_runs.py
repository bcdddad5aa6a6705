"""Whole runs on emulated hosts: what they measure, who may have them, what they leave."""

import os
import shutil
import subprocess
import time

import pytest

from bed_runs import BASELINE, namespaces_in_use
from onionrig.recorder.jsonl import read_all
from onionrig.records.samples import HostSample

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
    before = namespaces_in_use()
    run = start()
    assert run.ends() == 0, run.said
    result, manifest = run.file("result.json"), run.file("manifest.json")

    assert result["goodput"]["sustained_bits_per_second"] == pytest.approx(PAYLOAD * 1e8, rel=0.05)
    assert result["bytes"]["corrupt"] == 0
    assert result["bottleneck"]["kind"] == "interface"
    assert result["bottleneck"]["subject"] == "link of pi1"
    assert result["trust"]["missing"] == [] or "machine-wide" in result["trust"]["missing"][0]
    assert {host["name"]: host["link_bits_per_second"] for host in manifest["emulated"]} == {
        "pi1": 1e8, "clients": None,
    }  # fmt: skip
    assert [host["delay_seconds"] for host in manifest["emulated"]] == [0, 0.01]
    assert manifest["emulated"][1]["delayed_by"] in {"netem", "delaybox"}
    assert not any("nsenter" in word for s in manifest["services"] for word in s["argv"])
    assert namespaces_in_use() <= before


def test_samplers_see_their_hosts_and_none_takes_another_hosts_processes_for_others(start):
    run = start()
    assert run.ends() == 0, run.said
    samples = {
        host: list(read_all(run.out / "samples" / f"sampler-{host}.jsonl", HostSample))
        for host in ("pi1", "clients")
    }
    watched = {host: set().union(*(s.processes for s in taken)) for host, taken in samples.items()}
    assert watched["pi1"] >= {"source-pi1", "sampler-pi1", "controller", "keeper"}
    assert watched["clients"] == {"sink-1", "sampler-clients"}
    for host, rate in (("pi1", 1e8), ("clients", None)):
        assert set(samples[host][-1].interfaces) == {"lo", "eth0"}
        assert samples[host][-1].interfaces["eth0"].link_bits_per_second == rate
    # the sink alone uses more than both samplers would miss
    read = {
        host: [s.others_cpu_seconds for s in taken if s.others_cpu_seconds is not None]
        for host, taken in samples.items()
    }
    others = {host: values[-1] - values[0] for host, values in read.items()}
    assert others["pi1"] == pytest.approx(others["clients"], abs=0.3)


@drops_rights
def test_a_user_who_may_not_make_them_has_hosts_in_a_user_namespace(start):
    run = start(as_whom=WITHOUT_THE_RIGHTS)
    if subprocess.run(
        [*WITHOUT_THE_RIGHTS, "unshare", "--user", "--map-root-user", "true"], check=False
    ).returncode:
        pytest.skip("no user namespaces here")
    assert run.ends() == 0, run.said
    sustained = run.file("result.json")["goodput"]["sustained_bits_per_second"]
    assert sustained == pytest.approx(PAYLOAD * 1e8, rel=0.05)
    log = run.out / "logs" / "delay-clients.log"
    if log.exists():
        assert log.read_text().count("carried, 0 lost, 0 missed") == 2


@drops_rights
def test_who_may_have_neither_is_told_what_is_missing_before_anything_is_made(start):
    run = start(as_whom=WITHOUT_ANY)
    assert run.ends() == 4
    assert "emulated hosts need network namespaces" in run.said
    assert "without [[hosts]] no privileges are needed" in run.said
    assert not run.out.exists()


def test_a_killed_run_leaves_no_namespace_and_says_that_it_was_aborted(start):
    before = namespaces_in_use()
    run = start(BASELINE.replace('hold = "10s"', 'hold = "600s"'))
    sampled = run.out / "samples" / "sink-1.jsonl"
    until(lambda: sampled.exists() and sampled.stat().st_size, run)
    assert len(namespaces_in_use() - before) == 4
    run.process.kill()
    began = time.monotonic()
    until(lambda: namespaces_in_use() <= before)
    assert time.monotonic() - began < 5
    until((run.out / "result.json").exists)
    assert run.file("result.json")["status"] == "aborted"


def until(condition, run=None, *, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert run is None or run.process.poll() is None, run.said
        assert time.monotonic() < deadline
        time.sleep(0.05)
