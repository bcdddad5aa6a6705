"""What a sweep varies, and which of its points share a rig."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.analysis.several_runs.grid import (
    axis_from,
    combinations,
    layers_of_point,
    sharing_a_rig,
)
from onionrig.errors import UsageError
from onionrig.records.series.sweep import Axis


def test_an_axis_is_a_key_and_its_values():
    assert axis_from("load.streams=1, 4,16") == Axis(key="load.streams", values=("1", "4", "16"))


def test_a_comma_within_brackets_or_quotes_does_not_split():
    assert axis_from('network.torrc=["A 1","B 2"],[]').values == ('["A 1","B 2"]', "[]")
    assert axis_from("network.consensus={cc_alg=2,x=1},{}").values == ("{cc_alg=2,x=1}", "{}")


@pytest.mark.parametrize(
    "text", ["load.streams", "load.streams=", "load.streams=1,,2", "streams=1"]
)
def test_an_axis_without_a_table_or_with_a_value_missing_is_refused(text):
    with pytest.raises(UsageError):
        axis_from(text)


def test_the_same_value_twice_is_refused():
    with pytest.raises(UsageError, match="4 stands there twice"):
        axis_from("load.streams=4,1,4")


def test_the_same_key_twice_is_refused():
    axes = [axis_from("load.streams=1,2"), axis_from("load.streams=4")]
    with pytest.raises(UsageError, match="given twice"):
        combinations(axes)


def test_every_combination_is_there_once_and_the_last_axis_varies_fastest():
    points = combinations([axis_from("backends.daemons=1,2"), axis_from("load.streams=4,8")])
    assert [tuple(point.values()) for point in points] == [
        ("1", "4"), ("1", "8"), ("2", "4"), ("2", "8"),
    ]  # fmt: skip


def test_points_that_differ_in_the_load_alone_share_a_rig():
    points = combinations([axis_from("load.streams=4,8"), axis_from("backends.daemons=1,2")])
    groups = sharing_a_rig(points)
    assert [[point["load.streams"] for point in group] for group in groups] == [
        ["4", "8"],
        ["4", "8"],
    ]
    assert [{point["backends.daemons"] for point in group} for group in groups] == [{"1"}, {"2"}]


def test_a_setting_of_the_network_needs_a_rig_of_its_own():
    assert len(sharing_a_rig(combinations([axis_from("network.relays=5,8,12")]))) == 3


def test_a_point_is_laid_over_an_experiment_as_settings_are():
    assert layers_of_point({"load.streams": "4", "load.hold": "10s"}) == [
        {"load": {"streams": 4}},
        {"load": {"hold": "10s"}},
    ]


@given(
    st.lists(
        st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True), min_size=1, max_size=3
    )
)
def test_there_are_as_many_points_as_the_axes_multiply_to_and_grouping_loses_none(values):
    axes = [
        Axis(key=key, values=tuple(map(str, several)))
        for key, several in zip(
            ("load.streams", "backends.daemons", "load.hold"), values, strict=False
        )
    ]
    points = combinations(axes)
    expected = 1
    for several in values:
        expected *= len(several)
    assert len(points) == expected
    regrouped = [point for group in sharing_a_rig(points) for point in group]
    assert sorted(map(str, regrouped)) == sorted(map(str, points))


def test_more_points_than_can_be_measured_are_refused_before_they_are_made():
    axes = [Axis(key=f"load.{at}", values=tuple(map(str, range(100)))) for at in range(20)]
    assert len(combinations(axes[:2])) == 10_000
    with pytest.raises(UsageError, match="1" + "0" * 40 + " combinations"):
        combinations(axes)
