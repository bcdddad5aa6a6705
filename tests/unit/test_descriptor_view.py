"""How a look at an address is drawn: the verdict first, and it fits a plain terminal."""

import pytest

from onionrig.records.descriptor import Age, Answer
from onionrig.views.descriptor import address_view, age_text
from support.records.address_looks import (
    NOW_SECONDS,
    REVISION,
    TWO_INSTANCES,
    published,
    relay,
    seen,
)
from support.views.terminal import printed


def drawn(look, *, width=80, **how):
    return printed(address_view(look, **how), width=width)


def test_the_verdict_is_the_first_line_and_further_troubles_follow():
    look = seen(published("k1@a", "k3@a"), Answer.NOTHING, instances=TWO_INSTANCES)
    lines = drawn(look, width=200).splitlines()
    assert lines[0] == "two cannot be reached: its points share relays with earlier ones"
    assert lines[1] == "1 of 2 HSDirs has no descriptor: dir2"
    assert lines[2].startswith("note: 1 of 2 points of variant 1 is never used")


def test_every_hsdir_and_point_has_a_line():
    shown = drawn(
        seen(published("k1@a", "k3@a"), Answer.NOTHING, instances=TWO_INSTANCES)
    ).splitlines()
    (held,) = (line for line in shown if line.startswith("dir1"))
    assert held.split()[3:] == ["has", "it", "1", "29491200", "100", "s", "±35", "s", "13.7", "KiB"]
    assert any(line.startswith("dir2") and "has none" in line for line in shown)
    (point,) = (line for line in shown if line.strip().startswith("2 "))
    assert point.split()[1:] == ["a", "86F7E437", "two", "no:", "same", "relay", "as", "1"]


@pytest.mark.parametrize("flow_control", [None, "1-2 31"])
def test_flow_control_and_kind_of_service_are_said(flow_control):
    look = seen(published("k1@a", "k3@b", flow_control=flow_control, single_hop=True))
    shown = " ".join(drawn(look).split())
    assert ("flow-control 1-2 31;" in shown) is (flow_control is not None)
    assert ("no flow-control line (so no congestion control)" in shown) is (flow_control is None)
    assert "single-onion-service" in shown


@pytest.mark.parametrize("first_seen", [None, {(relay("dir1"), REVISION): NOW_SECONDS - 7200}])
def test_no_line_is_cut_or_folded_in_a_terminal_of_80_columns(first_seen):
    wide = published(*(f"k{n}@relay{n}" for n in range(20)))
    shown = drawn(seen(*[wide] * 6, instances=TWO_INSTANCES, first_seen=first_seen))
    assert "…" not in shown
    lines = [line.split() for line in shown.splitlines() if line.startswith("dir")]
    assert len(lines) == 6
    assert {line[6] for line in lines} == {str(REVISION)}
    assert (lines[0][-2:] == ["2.0", "h"]) is (first_seen is not None)


def test_without_points_each_variant_is_a_line_with_what_it_comes_to():
    look = seen(published("k1@a", "k2@a", "k3@b"), published("k3@b"), instances=TWO_INSTANCES)
    shown = drawn(look, width=200, points=False).splitlines()
    (first,) = (line for line in shown if line.startswith("variant 1:"))
    assert "3 points, 2 of them used" in first
    assert "on 1 of 2 HSDirs, 50.0 % of clients" in first
    assert not any(line.strip().startswith("3 ") for line in shown)


def test_an_hsdir_that_refuses_is_quoted():
    assert "refused (NOT_FOUND)" in " ".join(drawn(seen(Answer.REFUSED), width=120).split())


def test_an_age_is_told_as_surely_as_it_is_known():
    assert age_text(Age(seconds=1400, within_seconds=300, by="revision")) == "23 min ±5 min"
    assert age_text(Age(seconds=1800, within_seconds=1800, by="certificate")) == "0 s to 60 min"
