"""A recording as rows, a result as metrics: nothing added, nothing lost."""

import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from onionrig.analysis.load.load_times import LoadTimes
from onionrig.analysis.result import analyse
from onionrig.records.events import Noted
from onionrig.records.samples import MachineConditions, NetworkCounts
from onionrig.records.streams.transfers import Ending
from onionrig.records.yardstick.core_speed import ArithmeticBound
from onionrig.records.yardstick.readings import WORK_PARTS, YARDSTICK_VERSION, Timing
from onionrig.views.export.prometheus import exposition
from onionrig.views.export.tables import TABLES
from support.records.events import scheduled
from support.records.manifests import manifest, service
from support.records.recordings import recording
from support.records.results import result
from support.records.samples import (
    HOLD,
    RAMP,
    host_sample,
    ping_sample,
    sink_sample,
    source_sample,
    tor_counters,
    tor_sample,
    transfer,
)
from support.records.yardsticks import read_on, reading, yardstick_of


def rows(name, run):
    """A table's rows as dictionaries, as they are in memory."""
    (table,) = (table for table in TABLES if table.name == name)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows(run)]


def held(*samples, **more):
    return recording(list(samples), hold_seconds=10, **more)


def test_goodput_is_a_row_a_backend_a_second():
    run = held(
        sink_sample(HOLD - 1, {"backend-1": 5}, streams={"backend-1": 1, "backend-2": 0}),
        sink_sample(HOLD, {"backend-1": 7, "backend-2": 8}),
    )
    seen = [
        (row["second"], row["since_hold_seconds"], row["phase"], row["backend"],
         row["verified_bytes"], row["streams"])
        for row in rows("goodput", run)
    ]  # fmt: skip
    assert seen == [
        (HOLD - 1, -1, "ramp", "backend-1", 5, 1),
        (HOLD - 1, -1, "ramp", "backend-2", None, 0),
        (HOLD, 0, "hold", "backend-1", 7, 1),
        (HOLD, 0, "hold", "backend-2", 8, 1),
    ]


def test_a_foreign_peers_bytes_are_in_the_sinks_table():
    (row,) = rows("sinks", held(sink_sample(HOLD, {}, unverified=9, failed=2)))
    assert (row["unverified_bytes"], row["failed"], row["corrupt_bytes"]) == (9, 2, 0)


def test_every_second_of_several_loads_is_told_apart():
    first, second = RAMP, RAMP + 100
    loads = [scheduled(hold_seconds=10), scheduled(hold_seconds=10, ramp=second)]
    times = LoadTimes.of(loads)
    assert times.at(first - 1) == (-6, None, None)
    assert times.at(first) == (-5, 1, "ramp")
    assert times.at(HOLD + 9) == (9, 1, "hold")
    assert times.at(HOLD + 10) == (10, 1, "drain")
    assert times.at(second - 1) == (second - 1 - HOLD, 1, "drain")
    assert times.at(second + 5) == (0, 2, "hold")
    assert LoadTimes.of([]).at(3) == (None, None, None)


def test_processes_have_host_role_and_main_thread():
    known = manifest(services=(service("sampler", "sampler", "pi3"),))
    run = held(
        manifest=known,
        samplers={
            "sampler": [
                host_sample(
                    HOLD,
                    {"relay-1": 3.0},
                    rss_bytes={"relay-1": 77},
                    threads={"relay-1": (2.5, 0.5)},
                )
            ]
        },
    )
    assert rows("processes", run) == [
        {
            "second": HOLD, "host": "pi3", "service": "relay-1", "role": "relay",
            "cpu_user_seconds": 1.5, "cpu_system_seconds": 1.5, "main_thread_cpu_seconds": 2.5,
            "rss_bytes": 77, "open_files": None, "cgroup_cpu_seconds": None,
        }
    ]  # fmt: skip


def test_hosts_and_interfaces_are_as_they_were_recorded():
    board = msgspec.structs.replace(
        host_sample(0, {}).board, temperature_celsius=61.5, throttling=("under-voltage", "capped")
    )
    sample = msgspec.structs.replace(
        host_sample(HOLD, {}, busy=4.0, steal=0.25, others=1.5,
                    interfaces={"eth0": {"received": 1000, "sent": 3000, "link": 1e9}}),
        board=board,
    )  # fmt: skip
    run = held(samplers={"sampler": [sample]})
    (host,) = rows("hosts", run)
    states = [host[f"cpu_{name}_seconds"] for name in ("user", "nice", "system", "irq", "softirq")]
    assert (sum(states), host["cpu_steal_seconds"]) == (4.0, 0.25)
    assert (host["others_cpu_seconds"], host["temperature_celsius"]) == (1.5, 61.5)
    assert (host["clock_hertz"], host["governor"]) == (None, None)
    assert host["throttling"] == "under-voltage; capped"
    (interface,) = rows("interfaces", run)
    assert (interface["interface"], interface["received_bytes"]) == ("eth0", 1000)
    assert (interface["sent_bytes"], interface["link_bits_per_second"]) == (3000, 1e9)


def test_conditions_are_a_row_for_each_time_that_they_were_read():
    read = msgspec.structs.replace(
        host_sample(HOLD, {}),
        conditions=MachineConditions(oom_kills=2),
        network=NetworkCounts(damaged_segments=7),
        throttled_periods=5,
    )
    (row,) = rows("conditions", held(samplers={"sampler": [read, host_sample(HOLD + 1, {})]}))
    assert {name: value for name, value in row.items() if value is not None} == {
        "second": HOLD, "host": "here", "throttled_periods": 5, "oom_kills": 2,
        "damaged_segments": 7,
    }  # fmt: skip


def test_sources_round_trips_and_tors_are_a_row_each():
    run = held(
        sources={"source": [source_sample(HOLD, {"backend-1": 11})]},
        pings={"pinger": [ping_sample(HOLD, {"client-1": 0.25, "client-2": None})]},
        tors={"tors": [tor_sample(HOLD, {
            "backend-1": tor_counters(1.5, application=123, failed={"timeout": 2}), "relay-1": None,
        })]},
    )  # fmt: skip
    (source,) = rows("sources", run)
    assert (source["backend"], source["sent_bytes"]) == ("backend-1", 11)
    trips = {row["client"]: row["round_trip_seconds"] for row in rows("round_trips", run)}
    assert trips == {"client-1": 0.25, "client-2": None}
    counted = {
        (row["service"], row["counter"], row["of"]): row["value"] for row in rows("tors", run)
    }
    assert counted["backend-1", "application_bytes", "9000"] == 123
    assert counted["backend-1", "application_bytes", "9001"] == 77
    assert counted["backend-1", "rendezvous_failed", "timeout"] == 2
    assert counted["backend-1", "introduction_circuits", None] == 3
    assert counted["relay-1", None, None] is None


def test_readings_of_the_yardstick_are_a_row_for_each_part():
    known = manifest(services=(service("yardstick-pi3", "yardstick", "pi3"),))
    taken = reading(HOLD, "hold", core=1, digest=0.5)
    run = held(manifest=known, yardsticks={"yardstick-pi3": [taken]})
    seen = rows("yardstick", run)
    assert [row["part"] for row in seen] == list(WORK_PARTS)
    assert {
        (row["second"], row["host"], row["core"], row["moment"], row["version"], row["library"])
        for row in seen
    } == {(HOLD, "pi3", 1, "hold", YARDSTICK_VERSION, "OpenSSL 3")}
    assert {row["part"]: Timing(bytes=row["bytes"], cpu_seconds=row["cpu_seconds"])
            for row in seen} == taken.timings  # fmt: skip


def test_an_older_run_has_no_rows_of_the_yardstick():
    assert rows("yardstick", held()) == []


def test_transfers_and_events_are_whole():
    refused = transfer(3, 2, verified=0, ending=Ending.SOCKS_REFUSED, detail="F2, again")
    noted = Noted(wall_seconds=1.5, since_start_seconds=0.5, text='a "note", with commas')
    run = held(transfers=[refused], events=[noted])
    (row,) = rows("transfers", run)
    assert row == msgspec.structs.asdict(refused)
    (event,) = (row for row in rows("events", run) if row["kind"] == "noted")
    assert (event["wall_seconds"], event["since_start_seconds"]) == (1.5, 0.5)
    assert msgspec.json.decode(event["said"]) == {"text": 'a "note", with commas'}


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["backend-1", "backend-2", "odd, name"]), st.integers(0, 2**62)
        ),
        max_size=8,
    )
)
def test_a_table_read_back_from_csv_has_every_byte(seconds):
    run = held(*(sink_sample(HOLD + n, verified) for n, verified in enumerate(seconds)))
    (table,) = (table for table in TABLES if table.name == "goodput")
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(table.columns)
    writer.writerows(table.rows(run))
    read = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [int(row["verified_bytes"]) for row in read] == [
        verified[name] for verified in seconds for name in sorted(verified)
    ]


def gauges(of):
    """Every sample of the text by name, with its labels beside the run's."""
    return {
        (sample.name, *sorted(
            (label, value) for label, value in sample.labels.items() if label not in {"run", "mode"}
        )): sample.value
        for family in text_string_to_metric_families(exposition(of))
        for sample in family.samples
    }  # fmt: skip


def test_a_result_is_told_in_base_units():
    seen = gauges(result(255.5, costs={"relay": 4.5}))
    assert seen["onionrig_goodput_sustained_bits_per_second",] == 255.5e6
    assert seen["onionrig_cpu_seconds_per_gbit", ("role", "relay")] == 4.5
    assert seen["onionrig_peak_rss_bytes", ("role", "relay")] == 10 * 1024 * 1024
    assert seen["onionrig_backend_bytes", ("backend", "backend-1"), ("host", "here")] == 1000
    assert seen["onionrig_streams", ("state", "connected")] == 4
    assert seen["onionrig_round_trip_seconds", ("of", "median in hold")] == 0.02
    assert seen["onionrig_agreement_ratio", ("count", "sources")] == 0.002
    assert seen["onionrig_bottleneck_info", ("kind", "machine CPU"), ("subject", "here")] == 1
    assert seen["onionrig_trusted",] == 1


def test_the_speed_of_the_cores_is_told_for_each_host_and_moment():
    (fast,) = read_on("fast").hosts
    (slow,) = read_on("slow", **dict.fromkeys(WORK_PARTS, 0.5)).hosts
    bound = ArithmeticBound(
        relays=6,
        cpu_seconds_per_gbit={"sha3": 2.0},
        bits_per_second=1e9,
        reached=0.25,
        role_cpu_seconds_per_gbit={"relay": 2.0},
    )
    seen = gauges(
        msgspec.structs.replace(
            result(255.5),
            yardstick=yardstick_of(
                fast, slow, sustained_on_reference_core_bits_per_second=3e8, arithmetic=bound
            ),
        )
    )
    assert seen["onionrig_core_speed_ratio",] == pytest.approx(0.75, rel=1e-3)
    host = "onionrig_host_core_speed_ratio"
    assert seen[host, ("host", "fast"), ("moment", "hold")] == pytest.approx(1, rel=1e-3)
    assert seen[host, ("host", "slow"), ("moment", "hold")] == pytest.approx(0.5, rel=1e-3)
    assert (host, ("host", "slow"), ("moment", "after")) not in seen  # it was not read
    assert seen["onionrig_yardstick_readings", ("host", "slow")] == 10
    assert seen["onionrig_yardstick_version",] == YARDSTICK_VERSION
    assert seen["onionrig_goodput_sustained_on_reference_core_bits_per_second",] == 3e8
    assert seen["onionrig_arithmetic_bits_per_second",] == 1e9
    assert seen["onionrig_arithmetic_reached_ratio",] == 0.25


def test_costs_are_told_as_on_the_reference_core_where_that_is_known():
    plain = result(255.5, costs={"relay": 4.0, "backend": 1.0})
    relay = msgspec.structs.replace(plain.costs["relay"], reference_core_seconds_per_gbit=2.0)
    seen = gauges(msgspec.structs.replace(plain, costs={**plain.costs, "relay": relay}))
    assert seen["onionrig_reference_core_seconds_per_gbit", ("role", "relay")] == 2
    assert ("onionrig_reference_core_seconds_per_gbit", ("role", "backend")) not in seen


def test_every_metric_carries_run_and_mode():
    for family in text_string_to_metric_families(exposition(result(1, run='odd "run"\n'))):
        for sample in family.samples:
            assert sample.labels["run"] == 'odd "run"\n'
            assert sample.labels["mode"] == "anonymous"


def test_what_is_null_is_left_out():
    nothing = analyse(held(done=False))
    names = {name for name, *_ in gauges(nothing)}
    assert "onionrig_goodput_sustained_bits_per_second" not in names
    assert "onionrig_target_met" not in names
    assert gauges(nothing)["onionrig_complete",] == 0
    assert not [name for name in names if "yardstick" in name or "core_speed" in name]
    old = msgspec.structs.replace(result(1), trust=None, bottleneck=None, round_trip=None)
    assert not {"onionrig_trusted", "onionrig_bottleneck_info", "onionrig_round_trip_seconds"} & {
        name for name, *_ in gauges(old)
    }


@pytest.mark.parametrize(("doubts", "trusted"), [((), 1), (("a", "b"), 0)])
def test_doubts_are_counted(doubts, trusted):
    seen = gauges(result(1, doubts=doubts))
    assert seen["onionrig_trusted",] == trusted
    assert seen["onionrig_doubts",] == len(doubts)
