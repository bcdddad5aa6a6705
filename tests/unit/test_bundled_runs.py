"""What is said of a run is said of its bundle: the same figures, other names."""

import io
import re
import shutil
import zipfile

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onionrig.analysis.result import analyse
from onionrig.cli.opened_run import opened_run
from onionrig.errors import RecordsUnreadable
from onionrig.store.bundle.making import bundle_of
from onionrig.store.bundle.reading import unpacked_bundle
from onionrig.store.run_directory import RunDirectory
from onionrig.views.export.tables import TABLES
from support.files import SMOKE_RUN
from support.golden import RECORDED, RUNS
from support.records.remote_hosts import cluster
from support.records.run_directories import append, write_run
from support.records.samples import HOLD
from support.records.yardsticks import reading

RECORDED_RUNS = [SMOKE_RUN, *(RECORDED / name / "run" for name in RUNS)]


def numbers(value):
    """Every number of a value in its order; what is not a number is left out."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, int | float) or value is None else []


def figures(recording):
    return numbers(msgspec.to_builtins(analyse(recording)))


def rows(recording):
    return [[numbers(row) for row in table.rows(recording)] for table in TABLES]


def bundled(run, place):
    """The bundle of a run, as a file."""
    path = place / "it.onionrig"
    path.write_bytes(bundle_of(run).content)
    return path


def text_of(bundle):
    with zipfile.ZipFile(bundle if hasattr(bundle, "read") else str(bundle)) as file:
        return "\n".join(f"{name}\n{file.read(name).decode()}" for name in file.namelist())


@pytest.fixture(params=RECORDED_RUNS, ids=lambda path: f"{path.parent.name}-{path.name}")
def run(request):
    return RunDirectory(request.param)


def test_a_bundle_has_the_figures_of_its_run(run, tmp_path):
    before = run.recording()
    with unpacked_bundle(bundled(run, tmp_path)) as shared:
        after = shared.recording()
        assert figures(after) == figures(before)
        assert rows(after) == rows(before)
        assert len(after.gaps) == len(before.gaps)
        # the stored result is the one that its own records have
        assert shared.read_result() == analyse(after)


def test_nothing_of_the_machine_is_in_a_bundle(run, tmp_path):
    manifest = run.read_manifest()
    text = text_of(bundled(run, tmp_path))
    paths = {word for one in manifest.services for word in one.argv if word.startswith("/")}
    assert paths
    secret = {host.name for host in manifest.hosts} | paths | set(manifest.instances.values())
    secret |= {manifest.address or "-", "operator", str(tmp_path), "onionrig-bundle-"}
    secret |= {host.address for host in manifest.hosts if host.address}
    secret -= {"127.0.0.1"}
    found = [one for one in secret if re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", text)]
    # emulated hosts may be called by words of the format, which every bundle has
    assert set(found) - {"clients", "-"} == set()


def test_a_bundle_of_a_bundle_is_the_same(run, tmp_path):
    first = bundled(run, tmp_path)
    with unpacked_bundle(first) as shared:
        assert bundle_of(shared).content == first.read_bytes()
        assert bundle_of(shared).replaced == {}


def test_real_hosts_are_told_apart_under_their_new_names(tmp_path):
    run = write_run(tmp_path / "cellar", cluster(lost="pi2"))
    (run.path / "logs" / "relay-1.log").write_text("pi2 is Ann's")
    (run.path / "notes.txt").touch()
    before = run.recording()
    made = bundle_of(run)
    text = text_of(io.BytesIO(made.content))
    assert "samples/sampler-host-2.jsonl" in text
    assert not re.search(r"\bpi[12]\b|laptop|cellar|Ann", text)
    assert made.replaced["host name"] == 3
    assert made.left_out == ("logs/ (1 file)", "notes.txt")
    path = tmp_path / "it.onionrig"
    path.write_bytes(made.content)
    with unpacked_bundle(path) as shared:
        after = shared.recording()
        assert figures(after) == figures(before)
        assert [host.name for host in analyse(after).lost_hosts] == ["host-3"]


def test_readings_of_yardsticks_are_shared(tmp_path):
    run = write_run(tmp_path / "20260101T000000Z-default", cluster())
    append(run.sample_path("yardstick-pi1"), [reading(int(HOLD) + 1)])
    manifest = run.read_manifest()
    roles = {**manifest.roles, "yardstick-pi1": "yardstick"}
    run.write_manifest(msgspec.structs.replace(manifest, roles=roles))
    with unpacked_bundle(bundled(run, tmp_path)) as shared:
        assert shared.recording().yardsticks == {"yardstick-host-2": [reading(int(HOLD) + 1)]}
        assert figures(shared.recording()) == figures(run.recording())


def test_lines_that_cannot_be_read_are_left_out_and_still_missing(tmp_path):
    shutil.copytree(SMOKE_RUN, tmp_path / "run")
    run = RunDirectory(tmp_path / "run")
    sinks = run.sample_path("sink")
    whole = sinks.read_bytes().splitlines(keepends=True)
    sinks.write_bytes(
        b"".join([*whole[:-2], b'{"host": "anns-laptop"}\n', b'{"second": "anns-lap'])
    )
    (run.path / "samples" / "sink-anns-laptop.jsonl").write_text("")
    (run.path / "samples" / "source.jsonl").unlink()
    made = bundle_of(run)
    assert "anns-lap" not in text_of(io.BytesIO(made.content))
    assert made.left_out[:2] == (
        "samples/sink-anns-laptop.jsonl (no service of the run has this name)",
        "1 line of samples/sink.jsonl that cannot be read",
    )
    with unpacked_bundle(bundled(run, tmp_path)) as shared:
        gaps = " ".join(shared.recording().gaps)
    for gap in ("sink.jsonl, line", "sink.jsonl ends in the middle", "source.jsonl is missing"):
        assert gap in gaps


@settings(max_examples=25)
@given(st.binary(max_size=60), st.integers(0, 10_000))
def test_whatever_was_written_over_a_file_a_bundle_is_made_or_refused(tmp_path_factory, junk, at):
    run = RunDirectory(tmp_path_factory.mktemp("run") / "run")
    shutil.copytree(RECORDED / "smoke" / "run", run.path)
    files = [path for path in sorted(run.path.rglob("*")) if path.is_file()]
    file = files[at % len(files)]
    content = file.read_bytes()
    file.write_bytes(content[: at % len(content)] + junk + content[at % len(content) + 1 :])
    try:
        made = bundle_of(run)
    except RecordsUnreadable as error:
        assert "manifest.json" in str(error)  # noqa: PT017 - it may also be made
    else:
        path = run.path.parent / "it.onionrig"
        path.write_bytes(made.content)
        with unpacked_bundle(path) as shared:
            assert figures(shared.recording()) == figures(run.recording())


def test_a_directory_without_a_manifest_makes_no_bundle(tmp_path):
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(RecordsUnreadable, match=r"manifest.json is missing: a bundle is made from"):
        bundle_of(RunDirectory(tmp_path))


def test_what_is_unpacked_is_gone_afterwards_and_called_as_the_bundle_is(tmp_path):
    path = bundled(RunDirectory(SMOKE_RUN), tmp_path)
    with opened_run(str(path)) as shared:
        assert shared.path.name == "it"
        assert shared.path.is_dir()
        assert shared.path.stat().st_mode & 0o077 == 0
    assert not shared.path.exists()
    with pytest.raises(ZeroDivisionError), opened_run(str(path)) as shared:
        _ = 1 / 0
    assert not shared.path.exists()
    above = tmp_path / "a" / "b" / ".." / ".." / "it.onionrig"
    (tmp_path / "a" / "b").mkdir(parents=True)
    with opened_run(str(above)) as shared:  # the dots of a path do not lead out of the directory
        assert shared.path == shared.path.resolve()
    with opened_run(str(SMOKE_RUN)) as run:
        assert run.path == SMOKE_RUN
