"""What is planned for a bramble is what an emulated one of its boards then serves.

At a scale of the boards' rates at which their links bind and not this machine.
"""

from __future__ import annotations

import json
import math
import shutil

import pytest

from support.processes.machine import share_of_reference

pytestmark = [pytest.mark.bed, pytest.mark.tor]

CPU_BOUND_BITS_PER_SECOND = 214e6
"""What the machine of reference.toml serves, its CPU being the bottleneck (docs/lab-notes.md, bramble-pi3)."""
SPARE = 0.6
"""Of that, to be asked for at most."""
STEADY = 0.97
"""Of the mean rate, that the lowest ten seconds carry where nothing but the links binds."""
LARGEST, SMALLEST = 4, 64
"""Denominators of the scale: a quarter is enough, and below the latter it is no longer a bramble."""

OTHERS = """
description = "a plan, measured"

[load]
streams = {streams}
ramp = "5s"
hold = "20s"

[backends]
daemons = {instances}
single_hop = true

[frontend]
balancer = "extended"

[[hosts]]
name = "network"
roles = ["authority", "relay", "balancer"]

[[hosts]]
name = "clients"
roles = ["client"]
"""
BOARD = """
[[hosts]]
name = "pi{number}"
roles = ["backend"]
board = "pi3b"
"""


@pytest.fixture
def planned(onionrig):
    """Plan for boards at a scale of their rates."""

    def plan(hosts, scale):
        options = ("--balancer", "extended", "--mode", "single-hop", "--scale", scale, "--json")
        ended = onionrig("plan", "--hosts", str(hosts), "--hardware", "pi3b", *options)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)["hardware"][0]

    return plan


def first_denominator(planned, hosts):
    """Return the scale to begin with, by what this machine can do now."""
    whole = planned(hosts, "1")["projected_bits_per_second"]["likely"]
    spared = SPARE * CPU_BOUND_BITS_PER_SECOND * share_of_reference()
    return min(SMALLEST, max(LARGEST, math.ceil(whole / spared)))


@pytest.mark.parametrize("hosts", [3, 6])
def test_the_projection_lies_within_a_tenth_of_what_is_measured(start, planned, hosts):
    denominator = first_denominator(planned, hosts)
    while True:
        plan = planned(hosts, f"1/{denominator}")
        assert plan["binding"]["kind"] == "NIC"
        result = measured(start, plan["bill"], f"1/{denominator}")
        if links_bound(result, hosts):
            break
        if denominator >= SMALLEST:
            pytest.skip(
                f"at 1/{denominator} this machine binds as well: {what_was_measured(result)}"
            )
        denominator = min(SMALLEST, 2 * denominator)
    projected = plan["projected_bits_per_second"]["likely"]
    error = projected / result["goodput"]["sustained_bits_per_second"] - 1
    said = (
        f"{hosts} hosts at 1/{denominator}: projected {projected / 1e6:.1f} Mbit/s, "
        f"{what_was_measured(result)}"
    )
    print(f"{said}, error {error:+.1%}")  # noqa: T201 - to state the error is what this is for
    assert abs(error) < 0.10, said


def measured(start, bill, scale):
    boards = "".join(BOARD.format(number=number + 1) for number in range(bill["hosts"]))
    text = OTHERS.format(streams=bill["streams"], instances=bill["instances"]) + boards
    run = start(text, "--scale", scale)
    assert run.ends() == 0, run.stderr
    result = run.file("result.json")
    shutil.rmtree(run.out)
    return result


def links_bound(result, hosts):
    """Whether the links of all boards were full all the time: else this machine was measured.

    Where they are, every ten seconds carry what the others do; a machine that has too little CPU
    for some of the time shows in the lowest ten.
    """
    boards = [link for link in result["links"]["hosts"] if link["serves"]]
    assert len(boards) == hosts
    goodput = result["goodput"]
    steady = goodput["sustained_bits_per_second"] / goodput["mean_bits_per_second"]
    return all(link["full"] for link in boards) and steady >= STEADY


def what_was_measured(result):
    goodput = result["goodput"]
    sustained, mean = (goodput[f"{which}_bits_per_second"] for which in ("sustained", "mean"))
    return (
        f"sustained {sustained / 1e6:.1f} Mbit/s of a mean of {mean / 1e6:.1f}; "
        f"{result['bottleneck']['sentence']}"
    )
