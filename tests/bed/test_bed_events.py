"""Emulated hosts that go and come, and links that change their rate, in real runs without tor."""

from __future__ import annotations

import json

import pytest

from bed_runs import StartedRun

pytestmark = pytest.mark.bed

TEXT = """
[network]
kind = "none"

[load]
streams = 2
ramp = "2s"
hold = "24s"

[[hosts]]
name = "pi1"
roles = ["backend"]
link = "100Mbit"

[[hosts]]
name = "pi2"
roles = ["backend"]
link = "20Mbit"

[[hosts]]
name = "clients"
roles = ["client"]

[[events]]
at = "4s"
stop = "pi2"

[[events]]
at = "10s"
start = "pi2"

[[events]]
at = "16s"
link_rate = "pi1"
rate = "10Mbit"
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    started = StartedRun(tmp_path_factory.mktemp("events"), TEXT)
    try:
        assert started.ends(seconds=90) == 0, started.said
        yield started
    finally:
        started.close()


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def sent_mbit(run, host, begin, end):
    """Return what a host's interface sent a second between two seconds of the hold."""
    events = lines(run.out / "events.jsonl")
    hold = next(event["hold_second"] for event in events if event["kind"] == "scheduled")
    counted = {
        sample["second"] - hold: sample["interfaces"]["eth0"]["sent_bytes"]
        for sample in lines(run.out / "samples" / f"sampler-{host}.jsonl")
        if "eth0" in sample["interfaces"]
    }
    return 8e-6 * (counted[end - 1] - counted[begin - 1]) / (end - begin)


def test_a_stopped_host_sends_nothing_until_it_is_started_again(run):
    assert sent_mbit(run, "pi2", 1, 4) == pytest.approx(20, rel=0.1)
    assert sent_mbit(run, "pi2", 6, 10) < 0.1
    assert sent_mbit(run, "pi2", 20, 24) > 0.1


def test_another_hosts_link_is_as_it_was_meanwhile(run):
    assert sent_mbit(run, "pi1", 6, 10) == pytest.approx(100, rel=0.1)


def test_a_link_carries_its_new_rate(run):
    # segments that waited for the old one are larger than the new one's bucket
    assert sent_mbit(run, "pi1", 19, 24) == pytest.approx(10, rel=0.1)


def test_what_followed_is_told_of_each(run):
    followed = run.file("result.json")["aftermaths"]
    assert [(each["verb"], each["subject"]) for each in followed] == [
        ("stop", "pi2"),
        ("start", "pi2"),
        ("link_rate", "pi1"),
    ]
    assert followed[2]["bits_per_second"] == 10e6
