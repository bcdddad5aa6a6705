"""The plan command, as it is called."""

import json
import shutil

import msgspec
import pytest

from onionrig.analysis.load.windows import Window
from onionrig.records.plan import Plan
from support.files import SMOKE_RUN
from support.records.probes import probe
from support.records.realistic_run import realistic_run
from support.records.run_directories import append, write_run
from support.records.samples import HOLD
from support.records.yardsticks import readings

pytestmark = pytest.mark.process


@pytest.fixture
def plan(onionrig):
    """Run it with ``--json`` and return what it made."""

    def made(*arguments, code=0):
        ended = onionrig("plan", *arguments, "--json")
        assert ended.returncode == code, ended.stderr
        return msgspec.json.decode(ended.stdout, type=Plan)

    return made


def test_a_plan_for_a_raspberry_pi_3_says_how_many_it_takes(onionrig):
    ended = onionrig("plan", "--target", "300Mbit", "--hardware", "pi3b", COLUMNS="400")
    assert ended.returncode == 0, ended.stderr
    assert "Raspberry Pi 3 Model B" in ended.stdout
    assert "bottleneck" in ended.stdout
    assert len(ended.stdout.splitlines()) <= 11
    assert "--verbose shows" in ended.stdout
    full = onionrig("plan", "--target", "300Mbit", "--hardware", "pi3b", "--verbose").stdout
    assert "read (" in full
    assert "assumptions" in full


def test_several_kinds_stand_side_by_side_in_the_order_asked(plan):
    made = plan("--target", "500Mbit", "--hardware", "pi5,pi3b", "--balancer", "extended")
    assert [one.hardware for one in made.hardware] == ["pi5", "pi3b"]
    pi5, pi3 = made.hardware
    assert pi5.bill.hosts < pi3.bill.hosts
    assert made.command[:2] == ("onionrig", "plan")


def test_without_a_balancer_it_plans_for_what_serves_the_target_and_says_what_stock_could_do(
    onionrig, plan
):
    asked = ("--target", "500Mbit", "--hardware", "pi3b")
    made = plan(*asked)
    assert made.balancer == "extended"
    assert made.hardware[0].possible
    assert made.stock_answers[0].startswith("no number of hosts reaches 600 Mbit/s")
    assert "Stock Onionbalance, Raspberry Pi 3" in onionrig("plan", *asked).stdout
    assert plan("--target", "300Mbit", "--hardware", "pi3b").balancer == "stock"
    assert plan("--hosts", "2", "--hardware", "pi3b").stock_answers == ()
    assert plan(*asked, "--balancer", "stock", code=3).balancer == "stock"


def test_headroom_is_a_fifth_unless_it_is_said(plan):
    assert plan("--target", "300Mbit", "--hardware", "pi3b").headroom == 0.2
    assert plan("--target", "300Mbit", "--hardware", "pi3b", "--headroom", "5%").headroom == 0.05


def test_what_no_host_can_do_ends_with_the_exit_code_of_a_missed_target(plan):
    made = plan("--target", "2Gbit", "--hardware", "pi3b", "--balancer", "stock", code=3)
    assert "--balancer extended" in made.hardware[0].answer


def test_one_kind_of_several_that_can_do_it_is_enough(plan):
    made = plan("--target", "2Gbit", "--hardware", "pi3b,n100", "--balancer", "stock")
    assert [one.possible for one in made.hardware] == [False, True]


def test_a_run_of_ones_own_is_planned_from(plan):
    made = plan("--hosts", "2", "--from", str(SMOKE_RUN), "--link", "1Gbit")
    (hardware,) = made.hardware
    assert hardware.hardware == "measured"
    origins = {one.name: one.origin for one in hardware.inputs}
    assert origins["a backend instance's CPU"] == "measured here"
    assert origins["all relays' CPU"] == "measured here"
    assert origins["link"] == "asked"
    assert made.measurement.startswith("your run")


def test_a_probe_takes_the_place_of_the_catalogue(plan, tmp_path):
    (tmp_path / "pi5.json").write_bytes(msgspec.json.encode(probe()))
    ((of_probe,), (of_catalogue,)) = (
        plan("--hosts", "1", "--hardware", "pi5", "--probe", "pi5.json").hardware,
        plan("--hosts", "1", "--hardware", "pi5").hardware,
    )
    assert any(one.origin == "measured here" for one in of_probe.inputs)
    assert not any(one.origin == "measured here" for one in of_catalogue.inputs)


def test_a_probe_alone_is_hardware(plan, tmp_path):
    (tmp_path / "it.json").write_bytes(msgspec.json.encode(probe()))
    made = plan("--hosts", "1", "--probe", "it.json", "--link", "1Gbit")
    assert made.hardware[0].hardware == probe().host.name


def test_a_page_is_written_where_it_is_asked_for(onionrig, tmp_path):
    page = tmp_path / "plan.html"
    ended = onionrig("plan", "--hosts", "6", "--hardware", "pi3b", "--report", str(page))
    assert ended.returncode == 0, ended.stderr
    assert "Raspberry Pi 3" in page.read_text()
    assert f"report: {page}" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hardware", "pi3b"], "--target RATE"),
        (["--target", "500Mbit", "--hosts", "3", "--hardware", "pi3b"], "one of the two"),
        (["--target", "500Mbit"], "no hardware"),
        (["--target", "500Mbit", "--hardware", "pi33"], "did you mean"),
        (["--target", "500Mbit", "--hardware", "pi3b,pi3b"], "more than once"),
        (["--target", "500Mbit", "--hardware", "measured"], "--from RUN"),
        (["--target", "500", "--hardware", "pi3b"], "unit"),
        (["--target", "0Mbit", "--hardware", "pi3b"], "above 0"),
        (["--target", "1Mbit", "--hardware", "pi3b", "--headroom", "much"], "as in 20%"),
        (["--target", "1Mbit", "--hardware", "pi3b", "--scale", "0"], "1/4"),
        (["--target", "1Mbit", "--hardware", "pi3b", "--round-trip", "0s"], "300ms"),
        (["--target", "1Mbit", "--hardware", "pi3b", "--mode", "secret"], "single-hop"),
        (["--target", "1Mbit", "--hardware", "pi3b", "--balancer", "own"], "extended"),
        (["--target", "1Mbit", "--hardware", "pi3b", "--probe", "none.json"], "none.json"),
        (["--target", "1Mbit", "--hardware", "pi3b", "--run-probe", "x.json"], "--from RUN"),
        (["--hosts", "1", "--from", str(SMOKE_RUN), "--mode", "single-hop"], "of that mode"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(onionrig, arguments, message):
    ended = onionrig("plan", *arguments)
    assert ended.returncode == 2
    assert message in " ".join(ended.stderr.split())


def test_a_probe_of_another_schema_is_refused_with_what_to_do(onionrig, tmp_path):
    changed = json.loads(msgspec.json.encode(probe())) | {"schema": 7}
    (tmp_path / "old.json").write_text(json.dumps(changed))
    ended = onionrig("plan", "--hosts", "1", "--hardware", "pi5", "--probe", "old.json")
    assert ended.returncode == 2
    assert "schema 7" in ended.stderr
    assert "probe the board again" in ended.stderr


def test_of_several_kinds_a_probe_must_say_which_it_is_of(onionrig, plan, tmp_path):
    (tmp_path / "it.json").write_bytes(msgspec.json.encode(probe()))
    ended = onionrig("plan", "--hosts", "1", "--hardware", "pi3b,pi5", "--probe", "it.json")
    assert ended.returncode == 2
    assert "--probe pi3b=it.json" in ended.stderr
    made = plan("--hosts", "1", "--hardware", "pi3b,pi5", "--probe", "pi5=it.json")
    here = [any(one.origin == "measured here" for one in kind.inputs) for kind in made.hardware]
    assert here == [False, True]


def test_a_run_whose_records_are_gone_is_planned_from_by_its_result(plan, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("manifest.json", "result.json"):
        shutil.copy(SMOKE_RUN / name, kept / name)
    made = plan("--hosts", "1", "--from", str(kept), "--link", "1Gbit")
    assert made.hardware[0].projected_bits_per_second.likely > 0


def run_elsewhere(path, *, read):
    """A run on a machine of a CPU that onionrig knows nothing of, with or without a yardstick."""
    made = realistic_run(hold_seconds=12, backends=2, relays=2, clients=1, streams=4)
    (machine,) = made.manifest.hosts
    unknown = msgspec.structs.replace(machine, cpu_model="a CPU that nobody knows")
    roles = {**made.manifest.roles, "yardstick": "yardstick"}
    known = msgspec.structs.replace(made.manifest, hosts=(unknown,), roles=roles)
    run = write_run(path, msgspec.structs.replace(made, manifest=known))
    append(run.sample_path("yardstick"), readings(range_of_hold(12)) if read else [])
    return run


def range_of_hold(seconds):
    return Window(begin=HOLD, end=HOLD + seconds)


def test_a_run_on_any_machine_is_planned_from_for_any_board_by_its_yardstick(plan, tmp_path):
    run_elsewhere(tmp_path / "run", read=True)
    made = plan("--hosts", "2", "--from", str(tmp_path / "run"), "--hardware", "pi5")
    (hardware,) = made.hardware
    assert hardware.projected_bits_per_second.likely > 0
    assert "the yardstick of the run, version 1, in the hold" in {
        one.source for one in hardware.inputs
    }


def test_a_run_without_a_yardstick_on_an_unknown_cpu_is_refused_with_what_to_do(plan, tmp_path):
    run_elsewhere(tmp_path / "run", read=False)
    made = plan("--hosts", "2", "--from", str(tmp_path / "run"), "--hardware", "pi5", code=3)
    (hardware,) = made.hardware
    assert "has no reading of the yardstick" in hardware.answer
    assert "--run-probe FILE" in hardware.answer
