"""Emulated hosts that go and come, and links that change their rate, in real runs without tor."""

from __future__ import annotations

import itertools
import json
from itertools import pairwise

import pytest

from support.processes.emulated_run import emulated_run

pytestmark = pytest.mark.bed

START = 10
"""The second of the hold in which the stopped host is started again."""
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
link = "20Mbit"

[[hosts]]
name = "pi2"
roles = ["backend"]
link = "4Mbit"

[[hosts]]
name = "clients"
roles = ["client"]

[[faults]]
at = "4s"
stop = "pi2"

[[faults]]
at = "10s"
start = "pi2"

[[faults]]
at = "16s"
link_rate = "pi1"
rate = "2Mbit"
"""
"""Rates that a machine fills with next to none of its CPU."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with emulated_run(tmp_path_factory.mktemp("events"), TEXT) as started:
        assert started.ends() == 0, started.stderr
        yield started


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def happened(run, verb):
    """Return the second of the clock in which that had been done."""
    events = lines(run.out / "events.jsonl")
    (at,) = (event["wall_seconds"] for event in events if event.get("verb") == verb)
    return at


def hold(run):
    events = lines(run.out / "events.jsonl")
    (times,) = (event for event in events if event["kind"] == "scheduled")
    return times["hold_second"], times["end_second"]


def sent_mbit(run, host, begin, end):
    """Return what a host's interface sent between two moments: its mean rate, its fastest second.

    The mean says that it was no more than a rate: of a single second a sampler that was held up
    between two readings may see more. The fastest second says that the rate was there to be had.
    """
    samples = [
        sample
        for sample in lines(run.out / "samples" / f"sampler-{host}.jsonl")
        if "eth0" in sample["interfaces"] and begin < sample["wall_seconds"] <= end
    ]
    assert len(samples) >= 2, f"{host} was not sampled from {begin} to {end}"
    fastest = max(itertools.starmap(rate_mbit, pairwise(samples)))
    return rate_mbit(samples[0], samples[-1]), fastest


def rate_mbit(sooner, later):
    sent = later["interfaces"]["eth0"]["sent_bytes"] - sooner["interfaces"]["eth0"]["sent_bytes"]
    return 8e-6 * sent / (later["monotonic_seconds"] - sooner["monotonic_seconds"])


def test_a_stopped_host_sends_nothing_until_it_is_started_again(run):
    begin, end = hold(run)
    mean, fastest = sent_mbit(run, "pi2", begin, happened(run, "stop"))
    assert mean < 4 * 1.1
    assert fastest > 4 * 0.9
    _, fastest = sent_mbit(run, "pi2", happened(run, "stop"), begin + START)
    assert fastest < 0.02
    _, fastest = sent_mbit(run, "pi2", happened(run, "start"), end)
    assert fastest > 0.1


def test_another_hosts_link_is_as_it_was_meanwhile(run):
    begin, _ = hold(run)
    mean, fastest = sent_mbit(run, "pi1", happened(run, "stop"), begin + START)
    assert mean < 20 * 1.1
    assert fastest > 20 * 0.9


def test_a_link_carries_its_new_rate(run):
    # segments that waited for the old one are larger than the new one's bucket
    _, end = hold(run)
    mean, fastest = sent_mbit(run, "pi1", happened(run, "link_rate"), end)
    assert 1 < mean < 2 * 1.1
    assert fastest > 2 * 0.9


def test_what_followed_is_told_of_each(run):
    followed = run.file("result.json")["aftermaths"]
    assert [(each["verb"], each["subject"]) for each in followed] == [
        ("stop", "pi2"),
        ("start", "pi2"),
        ("link_rate", "pi1"),
    ]
    assert followed[2]["bits_per_second"] == 2e6
