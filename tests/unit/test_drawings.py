"""Drawings in a report: each stands in the page once, with all that it shows."""

from __future__ import annotations

import pytest

from onionrig.analysis.result import analyse
from onionrig.views.report.drawings.host_boxes import HostBox, HostsDrawing, Strand, Way
from onionrig.views.report.drawings.stages import THICKEST, THINNEST, Drawing, Flow, Stage
from support.records.emulated_hosts import bramble
from support.records.realistic_run import realistic_run
from support.views.page import reported


def flows(*megabits):
    return tuple(
        Flow(bits_per_second=None if rate is None else rate * 1e6, colour=f"var(--series-{number})")
        for number, rate in enumerate(megabits)
    )


def stage(title, *nodes):
    return Stage(title=title, details=(), nodes=nodes)


RIG = Drawing(
    title="a rig",
    stages=(
        stage("clients", "client-1"),
        stage("relays"),
        stage("backends", "backend-1", "backend-2"),
        stage("sources"),
    ),
    links=(flows(30), flows(10, 20), flows(11, None)),
)


def told(rows):
    """The name of each node, and the rates on its left and on its right."""
    return [
        (row.name, row.onward and row.onward.text, row.inward and row.inward.text) for row in rows
    ]


def test_each_node_stands_beside_its_flows():
    assert told(RIG.rows(0)) == [("client-1", None, "30.0 Mbit/s")]
    assert told(RIG.rows(1)) == []
    assert told(RIG.rows(2)) == [
        ("backend-1", "10.0 Mbit/s", "11.0 Mbit/s"),
        ("backend-2", "20.0 Mbit/s", "not known"),
    ]
    assert told(RIG.rows(3)) == []


def test_a_flow_between_two_nodes_is_drawn_once():
    drawing = Drawing(
        title="a baseline",
        stages=(stage("sinks", "sink"), stage("sources", "source")),
        links=(flows(94),),
    )
    assert told(drawing.rows(0)) == [("sink", None, "94.0 Mbit/s")]
    assert told(drawing.rows(1)) == [("source", None, None)]


def test_a_link_carries_what_is_known_of_its_flows():
    assert [RIG.total(link) for link in range(3)] == ["30.0 Mbit/s", "30.0 Mbit/s", "11.0 Mbit/s"]
    unknown = Drawing(title="", stages=RIG.stages[:2], links=(flows(None),))
    assert unknown.total(0) == "not known"


def test_the_arrow_of_the_highest_rate_is_the_thickest():
    assert [RIG.thickness(flow) for flow in (*flows(30), *flows(15), *flows(None))] == [
        THICKEST, (THINNEST + THICKEST) / 2, THINNEST,
    ]  # fmt: skip


def box(title):
    strands = (Strand(share=0.5, full=False),)
    return HostBox(
        title=title, details=(), ways=(Way(direction="sent", lines=("half",), strands=strands),)
    )


def sides(serving, others):
    drawing = HostsDrawing(
        title="", serving=tuple(map(box, serving)), others=tuple(map(box, others))
    )
    return {side: "".join(host.title for host in boxes) for side, boxes in drawing.sides}


@pytest.mark.parametrize(
    ("serving", "others", "left", "right"),
    [
        ("ab", "c", "c", "ab"),
        ("abc", "", "ab", "c"),
        ("", "abcd", "ab", "cd"),
        ("a", "", "a", ""),
    ],
)
def test_those_that_serve_are_on_the_right_unless_a_side_would_be_empty(
    serving, others, left, right
):
    assert sides(serving, others) == {"left": left, "right": right}


@pytest.mark.parametrize(
    ("whole", "texts"),
    [
        (realistic_run(hold_seconds=12), ("client-1", "backend-4")),
        (bramble([95, 40]), ("switch", "pi2", "host sent 95.0 Mbit/s", "95.0 % of its link, full")),
    ],
    ids=["stages", "hosts"],
)
def test_what_a_drawing_shows_stands_in_the_page_once(whole, texts):
    drawn = reported(analyse(whole), whole).of("span")
    assert {text: drawn.count(text) for text in texts} == dict.fromkeys(texts, 1)
