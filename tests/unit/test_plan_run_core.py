"""Costs of a run on any machine, carried over to any board by the yardstick that the run read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.plan.hosts import Lacking, host_of
from onionrig.plan.own_run import reference_from
from onionrig.plan.plan import plan
from onionrig.plan.question import MEASURED, Candidate
from onionrig.records.yardstick.readings import WORK_PARTS
from onionrig.views.plan.terminal import plan_view
from support.plan_inputs import candidate, question, reference, speeds
from support.records.manifests import host, manifest
from support.records.probes import PI, probe
from support.records.results import result
from support.records.yardsticks import read_on, yardstick_of
from support.views.terminal import printed

SHARES = {"digest": 0.50, "cipher": 0.08, "bulk": 0.15, "rest": 0.27}
"""Parts of a backend instance's CPU time on the reference core; the rest goes as the digest does."""
FACTORS = st.floats(0.05, 20)
OTHER = speeds(cpu_model="another CPU than that of the run")
NOT_READ = "has no reading of the yardstick"


def run_of(*yardsticks, cost=1.0):
    """The result of each hold, with what was read in it."""
    return [
        msgspec.structs.replace(result(100, costs={"backend": cost}), yardstick=yardstick)
        for yardstick in yardsticks
    ]


def own(results, *, machine=OTHER, manifest_=None, run_probe=None):
    return reference_from(
        results, manifest_ or manifest(), otherwise=reference(machine=machine), probe=run_probe
    )


def planned(measured, *, hardware=None, **asked):
    """The plan for a board that the CPU limits, or for other hardware."""
    asked = {"target_bits_per_second": None, "hosts": 2, "link_bits_per_second": 1e12, **asked}
    return plan(
        question(**asked), [hardware or candidate()], measured,
        made="2026-11-29T12:00:00Z", version="1",
    )  # fmt: skip


def served(measured):
    """What two boards would serve by that reference."""
    return planned(measured).hardware[0].projected_bits_per_second


def on_a_core(factor):
    """A run on a machine of this speed, whose costs are as much lower as it is faster."""
    read = read_on("here", **dict.fromkeys(WORK_PARTS, factor))
    return own(run_of(read, cost=1.3 / factor))


def ends(figure):
    return figure.lowest, figure.likely, figure.highest


def test_a_run_on_a_machine_half_as_fast_gives_the_same_plan_for_a_board():
    assert ends(served(on_a_core(0.5))) == pytest.approx(ends(served(on_a_core(1.0))), rel=1e-3)


@given(FACTORS)
def test_the_plan_for_a_board_does_not_depend_on_the_speed_of_the_runs_machine(factor):
    assert ends(served(on_a_core(factor))) == pytest.approx(ends(served(on_a_core(1.0))), rel=1e-2)


@given(digest=FACTORS, cipher=FACTORS, bulk=FACTORS)
def test_each_part_is_carried_over_by_its_own_factor(digest, cipher, bulk):
    """A machine without AES instructions spends its time otherwise, and the plan is the same."""
    read = read_on("here", digest=digest, cipher=cipher, records=cipher, bulk=bulk)
    parts = {"digest": digest, "cipher": cipher, "bulk": bulk, "rest": digest}
    cost = 1.3 * sum(share / parts[part] for part, share in SHARES.items())
    likely = served(own(run_of(read, cost=cost))).likely
    assert likely == pytest.approx(served(on_a_core(1.0)).likely, rel=1e-2)


def test_a_run_on_the_shipped_measurements_machine_is_within_the_spread_of_its_yardstick():
    alike = speeds(cpu_model="AMD EPYC")
    without = served(own(run_of(None, cost=1.3), machine=alike))
    read = served(on_a_core(1.0))
    assert read.likely == pytest.approx(without.likely, rel=1e-3)
    assert read.lowest < without.lowest
    assert read.highest > without.highest


def test_sha3_of_openssl_stands_for_tors_own_give_or_take_thirty_in_a_hundred():
    slower = on_a_core(1.0).machine_slowdown.value
    assert slower.likely == pytest.approx(1, rel=1e-3)
    assert slower.lowest < 1 - 0.30 * 0.50
    assert slower.highest > 1 + 0.30 * 0.50


def test_the_yardstick_goes_before_the_model_of_the_cpu():
    alike = speeds(cpu_model="AMD EPYC")
    slowed_down = own(run_of(read_on("here", **dict.fromkeys(WORK_PARTS, 0.5))), machine=alike)
    assert slowed_down.machine_slowdown.value.likely == pytest.approx(2, rel=1e-3)


def test_a_probe_goes_before_the_yardstick():
    machine = probe(host=msgspec.structs.replace(PI, name="here", cpu_model="AMD EPYC"))
    found = own(run_of(read_on("here", **dict.fromkeys(WORK_PARTS, 0.5))), run_probe=machine)
    assert found.machine_slowdown is None
    assert found.machine.cpu_model == "AMD EPYC"
    assert found.machine_remark.endswith("are carried over by the probe of here")


def test_the_yardstick_of_the_host_that_served_counts():
    known = manifest(hosts=(host("served"), host("relays")), backends={"backend-1": "served"})
    (slow,) = read_on("served", **dict.fromkeys(WORK_PARTS, 0.25)).hosts
    (fast,) = read_on("relays").hosts
    found = own(run_of(yardstick_of(fast, slow)), manifest_=known)
    assert found.machine_slowdown.value.likely == pytest.approx(4, rel=1e-3)


def test_several_hosts_that_served_and_several_holds_make_a_range():
    known = manifest(
        hosts=(host("pi1"), host("pi2")), backends={"backend-1": "pi1", "backend-2": "pi2"}
    )

    def read(first, second):
        (one,) = read_on("pi1", **dict.fromkeys(WORK_PARTS, first)).hosts
        (other,) = read_on("pi2", **dict.fromkeys(WORK_PARTS, second)).hosts
        return yardstick_of(one, other)

    alike = own(run_of(read(0.5, 0.5), read(0.5, 0.5)), manifest_=known).machine_slowdown.value
    unlike = own(run_of(read(0.5, 0.5), read(0.4, 0.6)), manifest_=known).machine_slowdown.value
    assert unlike.likely == pytest.approx(alike.likely, rel=1e-3)
    assert unlike.lowest < alike.lowest
    assert unlike.highest > alike.highest


def unread(*names, **more):
    """A yardstick that was read before the load alone."""
    return read_on(*names, moment="before", **more)


def lacking_part(part):
    whole = read_on("here")
    (read,) = whole.hosts
    parts = tuple(
        msgspec.structs.replace(one, hold_bytes_per_cpu_second=None) if one.part == part else one
        for one in read.parts
    )
    return yardstick_of(msgspec.structs.replace(read, parts=parts))


UNUSABLE = {
    "none": (None, NOT_READ),
    "another version": (read_on("here", version=999), "read version 999 of the yardstick"),
    "another host": (read_on("elsewhere"), "was not read in the hold of 2026"),
    "not in the hold": (unread("here"), "on here, which served"),
    "no digest": (lacking_part("digest"), "was not read in full"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_where_the_yardstick_does_not_tell_a_machine_of_the_same_cpu_is_taken_and_named(name):
    read, reason = UNUSABLE[name]
    found = own(run_of(read), machine=speeds(cpu_model="AMD EPYC"))
    assert found.machine_slowdown is None
    assert "made on the same CPU (AMD EPYC)" in found.machine_remark
    assert reason in found.machine_remark
    (remark,) = (one for one in planned(found).assumptions if "are carried over" in one)
    assert remark[1:-1] == found.machine_remark[1:]


@pytest.mark.parametrize("name", UNUSABLE)
def test_where_nothing_tells_the_plan_is_refused_with_the_reason_and_what_to_do(name):
    read, reason = UNUSABLE[name]
    found = own(run_of(read))
    lacking = host_of(candidate(), question(), found)
    assert isinstance(lacking, Lacking)
    assert reason in lacking.sentence
    for way in ("make the run again", "--run-probe FILE", f"--hardware {MEASURED}"):
        assert way in lacking.sentence


def test_hosts_like_those_of_the_run_need_no_speed_and_no_remark_on_one():
    alike = Candidate(id=MEASURED, board=None, probe=None)
    for read in (None, read_on("here")):
        made = planned(own(run_of(read)), hardware=alike)
        assert made.hardware[0].possible
        assert not any("carried over" in one for one in made.assumptions)


def test_a_plan_names_the_yardstick_as_the_source_of_its_speeds():
    shown = printed(plan_view(planned(on_a_core(0.5))), width=400)
    assert "the yardstick of the run, version 1, in the hold:" in shown
    assert "here, by the yardstick: SHA3-256 of 509 bytes" in shown
    assert "the yardstick's reference core: SHA3-256 of 509 bytes" in shown
    assert "are carried over by the yardstick of the run, version 1, in the hold" in shown
    assert "then --run-probe FILE" in shown
