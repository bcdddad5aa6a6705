"""A plan from a measured run of one backend instance, held against runs of two and of four.

The runs are emulated hosts, each with a twentieth of a core, so that their CPUs bind: made by
``onionrig run``, three holds of 30 s each (tests/data/README.md). docs/planning.md has the table
that this prints (``pytest -s``).
"""

import msgspec
import pytest

from onionrig.plan.own_run import reference_from
from onionrig.plan.plan import plan
from onionrig.plan.question import MEASURED, Candidate
from onionrig.records.manifest import Manifest
from onionrig.records.result import Result
from onionrig.store.manifest_file import as_this_version
from support.files import DATA
from support.plan_inputs import question, reference

RUNS = DATA / "plan"
ERROR_ALLOWED = 0.10


class Measured(msgspec.Struct):
    manifest: Manifest
    results: list[Result]


def measured(backends):
    content = (RUNS / f"{backends}-backends.json").read_bytes()
    kept = msgspec.json.decode(content)
    kept["manifest"] = as_this_version(kept["manifest"])
    return msgspec.convert(kept, Measured)


def projected(hosts):
    """What so many hosts like that of the run with one backend would sustain."""
    one = measured(1)
    own = reference_from(one.results, one.manifest, otherwise=reference(), probe=None)
    made = plan(
        question(target_bits_per_second=None, hosts=hosts),
        [Candidate(id=MEASURED, board=None, probe=None)],
        own,
        made="2026-11-25T12:00:00Z",
        version="1",
    )
    return made.hardware[0]


@pytest.mark.parametrize("backends", [1, 2, 4])
def test_what_is_planned_from_one_backend_is_what_more_of_them_served(backends):
    found = projected(backends)
    assert found.binding.kind == "CPU"
    for result in measured(backends).results:
        likely = found.projected_bits_per_second.likely
        if min(share.bytes for share in result.backends) == 0:
            # no stream chose one of the four: the others serve what they can
            likely *= (backends - 1) / backends
        sustained = result.goodput.sustained_bits_per_second
        error = likely / sustained - 1
        print(  # noqa: T201 - to state the errors is what this is for
            f"{backends} backends: projected {likely / 1e6:.1f}, sustained "
            f"{sustained / 1e6:.1f} Mbit/s, error {error:+.1%}"
        )
        assert abs(error) < ERROR_ALLOWED


def test_the_range_holds_what_two_and_four_backends_served():
    for backends in (2, 4):
        rate = projected(backends).projected_bits_per_second
        held = [
            result.goodput.sustained_bits_per_second
            for result in measured(backends).results
            if min(share.bytes for share in result.backends) > 0
        ]
        assert held
        for sustained in held:
            assert rate.lowest <= sustained <= rate.highest


def test_a_plan_from_a_run_says_which_of_its_inputs_were_measured_here():
    inputs = {one.name: one.origin for one in projected(2).inputs}
    assert inputs["backend_cost"] == "measured here"
    assert inputs["cores"] == "measured here"
