"""What the docs say and the code knows must be the same."""

import re
import tomllib
import typing

import msgspec
import pytest

from onionrig.cli.profiles import profile_names
from onionrig.cli.question import ask, flags_layer
from onionrig.errors import ERROR_CLASSES, OUTCOMES
from onionrig.experiment.faults.planned import planned_faults
from onionrig.experiment.faults.tables import fault_table
from onionrig.experiment.loads.streams import Streams
from onionrig.experiment.schema import Experiment
from onionrig.records.result import Result
from support.files import PROJECT

EXAMPLES = sorted((PROJECT / "examples").glob("*.toml"))


def test_every_error_class_has_a_code_of_its_own():
    codes = [error.exit_code for error in ERROR_CLASSES]
    assert len(set(codes)) == len(codes)
    assert not {0, 1} & set(codes)


def test_the_table_of_exit_codes_is_the_codes():
    rows = re.findall(
        r"^\| (\d+) \| (\w*) \| (.+) \|$",
        (PROJECT / "docs/exit-codes.md").read_text(),
        re.MULTILINE,
    )
    assert {int(code): meaning for code, _, meaning in rows} == OUTCOMES
    names = {error.exit_code: error.__name__ for error in ERROR_CLASSES}
    assert {int(code): name for code, name, _ in rows if name} == names


def test_the_schema_in_the_docs_is_that_of_the_result():
    written = msgspec.json.decode((PROJECT / "docs/result.schema.json").read_bytes())
    assert written == msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Result)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_can_be_run(path):
    # the evidence: what is not an experiment, or cannot be run, is refused with an error
    ask(path, None, [], {})


@pytest.mark.parametrize("balancer", ["stock", "extended"])
def test_the_example_of_failover_can_be_run_with_either_balancer(balancer):
    flags = flags_layer(balancer=balancer)
    question = ask(PROJECT / "examples/failover.toml", None, [], flags)
    assert question.experiment.frontend.balancer == balancer
    happens = planned_faults(question.experiment)
    assert [(each.verb, each.subject) for each in happens] == [
        ("kill", "backend-1"),
        ("start", "backend-1"),
        ("hang", "backend-2"),
        ("resume", "backend-2"),
        ("kill", "balancer"),
        ("start", "balancer"),
    ]
    # goodput before each that takes something away is known, and there is time for what follows
    times = [each.at_seconds for each in happens]
    assert times[0] >= 5
    assert question.experiment.load.hold - times[-1] >= 20


def test_the_example_of_all_keys_has_them_all():
    text = (PROJECT / "examples/all-keys.toml").read_text()
    written = tomllib.loads(text)
    # keys that exclude one another stand there as comments
    commented = set(re.findall(r"^# (\w+) = ", text, flags=re.MULTILINE))
    for table in msgspec.structs.fields(Experiment):
        if table.name == "description":
            continue
        # of a list of tables, all together have every key
        kind, tables = table.type, [written[table.name]]
        if typing.get_origin(kind) is tuple:
            kind, tables = typing.get_args(kind)[0], written[table.name]
        if table.name == "load":  # of the shape that there is by default
            kind, tables = (
                Streams,
                [{key: written["load"][key] for key in written["load"] if key != "kind"}],
            )
        if table.name == "faults":  # whose keys are the faults' own
            kind = fault_table()
        keys = {field.name for field in msgspec.structs.fields(kind)}
        assert set().union(*tables) == keys - commented, table.name


def test_the_glossary_knows_every_profile():
    glossary = (PROJECT / "docs/glossary.md").read_text()
    assert all(f"`{name}`" in glossary for name in profile_names())


def heading_anchors(page):
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def test_every_link_to_a_heading_leads_to_one():
    for page in (PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")):
        for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
            target = page.parent / link if link else page
            assert anchor in heading_anchors(target), f"{page.name}: {link}#{anchor}"


def test_every_page_is_in_the_index_and_every_link_leads_somewhere():
    index = (PROJECT / "docs/README.md").read_text()
    pages = {page.name for page in (PROJECT / "docs").glob("*.md")} - {"README.md"}
    assert [name for name in sorted(pages) if f"({name})" not in index] == []
    for page in (PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"
