"""docs/results.md has a row for every bundle beside it, and says nothing that is not in one."""

import msgspec

import results_table
from onionrig.store.bundle.making import bundle_of
from onionrig.store.bundle.reading import unpacked_bundle
from onionrig.store.run_directory import RunDirectory
from support.files import PROJECT, SMOKE_RUN
from support.records.realistic_run import realistic_run
from support.records.run_directories import write_run

RESULTS = PROJECT / "docs" / "results"
MOST_BYTES = 300_000
"""Most that a clone should have to carry for one row."""


def test_the_table_is_that_of_the_bundles():
    page = (PROJECT / "docs" / "results.md").read_text()
    assert len(list(RESULTS.glob("*.onionrig"))) >= 1
    assert f"\n{results_table.table(RESULTS)}\n" in page


def test_bundles_are_small_and_name_nobody():
    for path in RESULTS.glob("*.onionrig"):
        assert path.stat().st_size < MOST_BYTES, path.name
        with unpacked_bundle(path) as run:
            manifest = run.read_manifest()
            assert {host.name for host in manifest.hosts} <= {
                f"host-{number}" for number in range(1, 255)
            }
            # making it again replaces nothing more
            assert bundle_of(run).replaced == {}


def test_a_row_has_what_a_reader_compares(tmp_path):
    (tmp_path / "one.onionrig").write_bytes(bundle_of(RunDirectory(SMOKE_RUN)).content)
    head, rule, row = results_table.table(tmp_path).splitlines()
    assert head.count("|") == rule.count("|") == row.count("|")
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:6] == [
        "[2026-11-25](results/one.onionrig)", "AMD EPYC", "2", "0.4.9.11",
        "stock 0.2.4, 2 instances, anonymous", "134 Mbit/s",
    ]  # fmt: skip
    assert cells[6] == "not read"
    assert cells[8].startswith("relay ")
    assert "sampler" not in cells[8]


def test_rows_are_in_the_order_of_time_and_cells_cannot_break_out(tmp_path):
    made = realistic_run(hold_seconds=12, backends=2, relays=2, clients=1, streams=4)
    for day, model in ((2, "A | B <i>"), (1, "C\nD")):
        host = msgspec.structs.replace(made.manifest.hosts[0], cpu_model=model)
        manifest = msgspec.structs.replace(
            made.manifest, started=f"2026-01-0{day}T00:00:00+00:00", hosts=(host,)
        )
        run = write_run(tmp_path / str(day), msgspec.structs.replace(made, manifest=manifest))
        (tmp_path / f"{day}.onionrig").write_bytes(bundle_of(run).content)
    first, second = results_table.table(tmp_path).splitlines()[2:]
    assert first.startswith("| [2026-01-01](results/1.onionrig) | C D | 2 | ")
    assert second.startswith(r"| [2026-01-02](results/2.onionrig) | A \| B \<i\> | 2 | ")
