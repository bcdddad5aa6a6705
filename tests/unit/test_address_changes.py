"""What is told of an address that is watched: a line a change, and nothing while nothing changes."""

import io

import msgspec
from rich.console import Console

from onionrig.analysis.address.changes import changes
from onionrig.records.descriptor import Answer
from onionrig.views.descriptor_watch import watching
from support.records.address_looks import REVISION, TWO_INSTANCES, published, seen

BOTH = published("k1@a", "k3@b")
LATER = REVISION + 20 * 32768


def test_where_nothing_changes_nothing_is_told():
    first = seen(BOTH, instances=TWO_INSTANCES)
    later = msgspec.structs.replace(first, time="2026-01-01T00:00:00+00:00")
    assert changes(first, later) == ()


def test_a_new_publication_is_told_once_for_all_hsdirs():
    newer = published("k1@a", "k4@c", revision=LATER)
    assert changes(
        seen(BOTH, BOTH, instances=TWO_INSTANCES), seen(newer, newer, instances=TWO_INSTANCES)
    ) == (
        f"dir1 and dir2: revision {REVISION} → {LATER}, 2 points, new from two, removed from two",
    )


def test_an_instance_that_leaves_the_descriptor_is_told_and_the_verdict_last():
    without = published("k1@a", "k2@b", revision=LATER)
    assert changes(seen(BOTH, instances=TWO_INSTANCES), seen(without, instances=TWO_INSTANCES)) == (
        f"dir1: revision {REVISION} → {LATER}, 2 points, new from one, removed from two",
        "two cannot be reached",
        "now: two cannot be reached: no descriptor of the address lists a point of its own",
    )


def test_an_instance_that_comes_back_is_told():
    back = changes(
        seen(published("k1@a"), instances=TWO_INSTANCES), seen(BOTH, instances=TWO_INSTANCES)
    )
    assert "two can be reached again" in back
    assert back[-1] == "now: 1 variant on 1 HSDir; every instance can be reached"


def test_a_publication_with_the_same_points_says_so():
    again = msgspec.structs.replace(BOTH, revision=LATER)
    assert changes(seen(BOTH), seen(again)) == (
        f"dir1: revision {REVISION} → {LATER}, the same points",
    )
    turned = published("k3@b", "k1@a", revision=LATER)
    (said,) = changes(seen(BOTH), seen(turned))
    assert said.endswith("the same points in another order")
    flags = msgspec.structs.replace(again, flow_control="1-2 31")
    (said,) = changes(seen(BOTH), seen(flags))
    assert said.endswith("the same points, flow-control 1-2 31 instead of none")


def test_points_of_nobody_known_are_named_by_their_relay():
    (said,) = changes(seen(BOTH), seen(published("k1@a", "k9@c", revision=LATER)))
    assert said.endswith("2 points, new from point on c, removed from point on b")


def test_an_hsdir_that_loses_it_is_told():
    said = changes(
        seen(BOTH, BOTH, instances=TWO_INSTANCES),
        seen(BOTH, Answer.NOTHING, instances=TWO_INSTANCES),
    )
    assert said[0] == "dir2: has it → has none"


def test_a_new_time_period_is_told_instead_of_all_its_hsdirs():
    said = changes(seen(BOTH, BOTH), seen(BOTH, BOTH, period=8))
    assert said == ("time period 8 began: clients ask dir1 and dir2",)


def test_hsdirs_that_come_and_go_within_a_period_are_named():
    assert changes(seen(BOTH), seen(BOTH, BOTH))[0] == "clients now ask dir2"
    assert changes(seen(BOTH, BOTH), seen(BOTH))[0] == "clients no longer ask dir2"


def test_a_pipe_gets_a_line_a_change_with_its_time():
    out = io.StringIO()
    with watching(Console(file=out, width=60)) as view:
        view.show(seen(BOTH, instances=TWO_INSTANCES))
        first = out.getvalue()
        view.show(seen(BOTH, instances=TWO_INSTANCES))
        assert out.getvalue() == first
        view.show(seen(Answer.NOTHING, instances=TWO_INSTANCES))
    added = out.getvalue().removeprefix(first).splitlines()
    assert first.splitlines()[0].endswith("1 variant on 1 HSDir; every instance can be reached")
    assert added[0] == "14:13:20  dir1: has it → has none"
    assert added[-1].startswith("14:13:20  now: nothing is published")


def test_a_terminal_gets_the_whole_of_it_with_the_latest_changes():
    out = io.StringIO()
    with watching(Console(file=out, width=120, force_terminal=True, color_system=None)) as view:
        view.show(seen(BOTH, instances=TWO_INSTANCES))
        view.show(seen(Answer.NOTHING, instances=TWO_INSTANCES))
    shown = out.getvalue()
    assert "· 14:13:20  dir1: has it → has none" in shown
    assert "nothing is published: 1 of 1 HSDir has no descriptor: dir1" in shown
