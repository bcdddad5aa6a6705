"""The page of a report: it asks nothing of anybody, and everybody can read it."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from xml.etree import ElementTree

import msgspec
import pytest

from onionrig.analysis.over_time.series import series
from onionrig.analysis.result import analyse
from onionrig.cli.output.report_files import write_files
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.store.run_directory import RunDirectory
from onionrig.views.report.colours import DARK, LIGHT, painted, series_colour
from onionrig.views.report.images import png, svg
from onionrig.views.report.run.report import run_report
from onionrig.views.report.run.reproduction import toml_text
from support.golden import RECORDED, RUNS
from support.records.manifests import manifest
from support.records.realistic_run import realistic_run
from support.records.recordings import recording
from support.records.results import with_findings
from support.records.samples import HOLD, sink_sample
from support.views.colours import contrast
from support.views.page import Page, colours_of


@pytest.fixture(scope="module")
def whole_report():
    made = realistic_run()
    return run_report(with_findings(analyse(made)), made, series(made))


def test_the_page_fetches_nothing_and_runs_only_what_it_came_with(whole_report):
    page = Page(whole_report.html)
    assert all(target.startswith(("#", "data:,")) for target in page.fetched)
    policy = policy_of(page)
    assert policy["default-src"] == ["'none'"]
    assert "connect-src" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", whole_report.html, re.DOTALL)
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts
    ]
    assert len(scripts) == 2
    assert policy["script-src"] == [f"'sha256-{digest}'" for digest in digests]
    assert not any(name.startswith("on") for name, _ in page.attributes)


def policy_of(page):
    (text,) = [
        value for name, value in page.attributes if name == "content" and "default-src" in value
    ]
    return {part.split()[0]: part.split()[1:] for part in text.split(";")}


def test_no_text_of_a_run_becomes_markup():
    attack = "</script><script>alert(1)</script><!--"
    own = manifest(backends=(attack,), run=attack, command=("onionrig", attack))
    made = recording(
        [sink_sample(HOLD + at, {attack: 100}) for at in range(12)],
        manifest=own,
        gaps=(attack,),
    )
    html = run_report(analyse(made), made, series(made)).html
    assert "<script>alert" not in html
    assert html.count("<script") == html.count("</script>")
    assert attack in Page(html).of("li")


def test_every_chart_is_described_and_every_table_has_a_caption(whole_report):
    html = whole_report.html
    assert len(whole_report.figures) == 8
    for figure in whole_report.figures:
        assert f'data-chart="{figure.name}" role="img" aria-label="' in html
        assert figure.spec["description"] == figure.description != ""
        assert f'id="spec-{figure.name}"' in html
    tags = Page(html).tags
    assert tags.count("table") == tags.count("caption") == 10


def test_every_colour_of_a_page_has_a_value_in_both_schemes(whole_report):
    named = colours_of(whole_report.html)
    for scheme in (":root{color-scheme", "prefers-color-scheme:dark){:root{"):
        start = whole_report.html.index(scheme)
        block = whole_report.html[start : whole_report.html.index("}", start + len(scheme))]
        assert named <= set(re.findall(r"(--[a-z0-9-]+):#", block))


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_and_areas_can_be_seen(scheme):
    for behind in (scheme.page, scheme.shade):
        for text in (scheme.ink, scheme.muted, scheme.good, scheme.bad):
            assert contrast(text, behind) >= 4.5
    for colour in scheme.series:
        assert contrast(colour, scheme.page) >= 2.75


def test_series_begin_again_after_the_last():
    count = len(LIGHT.series)
    assert series_colour(count) == series_colour(0) != series_colour(1)
    assert painted(series_colour(count - 1), DARK) == DARK.series[-1]


def test_charts_are_files_too_private_and_replaced(whole_report, tmp_path):
    one = msgspec.structs.replace(whole_report, figures=whole_report.figures[:1])
    for _ in range(2):
        assert write_files(one, tmp_path / "run") == tmp_path / "run" / "report.html"
    files = sorted(path for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert [path.name for path in files] == ["goodput.png", "goodput.svg", "report.html"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert files[0].read_bytes().startswith(b"\x89PNG")


def test_an_image_has_real_colours_its_title_and_its_key(whole_report):
    drawn = svg(whole_report.figures[0])
    root = ElementTree.fromstring(  # noqa: S314 - made here
        drawn
    )
    assert root.tag.endswith("svg")
    assert "var(--" not in drawn
    assert LIGHT.series[0] in drawn
    assert {"backend-1", "backend-4", "Goodput of each second"} <= {
        text.strip() for text in root.itertext()
    }
    assert png(drawn).startswith(b"\x89PNG")


def test_a_line_may_have_any_name():
    awkward = "pi.local [eth0] \"x\" 'y'"
    made = recording(
        [sink_sample(HOLD + at, {awkward: 100}) for at in range(12)],
        manifest=manifest(backends=(awkward,)),
    )
    report = run_report(analyse(made), made, series(made))
    assert awkward in {
        text.strip()
        for text in ElementTree.fromstring(  # noqa: S314 - made here
            svg(report.figures[0])
        ).itertext()
    }


@pytest.mark.parametrize("name", RUNS)
def test_the_experiment_of_a_recorded_run_is_what_its_toml_asks_for(name):
    experiment = RunDirectory(RECORDED / name / "run").read_manifest().experiment
    layer = layer_from_toml(toml_text(experiment), origin=name)
    assert without_nulls(as_recorded(experiment_from([layer]))) == without_nulls(experiment)


def as_recorded(experiment):
    return msgspec.json.decode(msgspec.json.encode(plain(experiment)))


def without_nulls(value):
    """The same without keys that have no value: later versions have more of them."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def test_a_key_without_a_value_is_left_out_at_every_depth():
    experiment = {
        "load": {"socks_port": None, "streams": 4},
        "events": [{"at": "4s", "kill": "backend-1", "stop": None}],
    }
    assert tomllib.loads(toml_text(experiment)) == {
        "load": {"streams": 4},
        "events": [{"at": "4s", "kill": "backend-1"}],
    }


def test_a_key_that_toml_would_take_apart_is_quoted():
    table = {"network": {"consensus": {"a.b c": 1, 'a "quoted" key': 2}}}
    assert tomllib.loads(toml_text(table)) == table
