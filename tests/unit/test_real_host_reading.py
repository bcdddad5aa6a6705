import asyncio
from pathlib import PurePosixPath

from onionrig.engine.ansible.clocks import ClockReading, apart, between, tracking
from onionrig.engine.ansible.ends import ServiceEnds, exit_code
from onionrig.engine.ansible.sockets import listening

PROC_NET = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 21104 /run/onionrig/1/source/backend-1.socket
0000000000000000: 00000003 00000000 00000000 0001 03 21105 /run/onionrig/1/connected
0000000000000000: 00000003 00000000 00000000 0001 03 21106
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2710 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17914 1
   1: 0B004D0A:0016 01004D0A:D431 01 00000000:00000000 02:000A7214 00000000     0        0 20401 2
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00
"""


def test_sockets_and_ports_that_somebody_listens_on_are_found_and_no_others():
    sockets, ports = listening(PROC_NET)

    assert sockets == {PurePosixPath("/run/onionrig/1/source/backend-1.socket")}
    assert ports == {10000, 22}


def test_exit_codes_and_signals_are_told_apart():
    assert exit_code("exited", "7") == 7
    assert exit_code("killed", "KILL") == -9
    assert exit_code("dumped", "SEGV") == -11
    assert exit_code("exited", "EXEC") != 0


async def test_only_an_end_that_nobody_asked_for_is_unexpected():
    ends = ServiceEnds()
    for name in ("a", "b"):
        ends.started(name)
    ends.may_end(["a"])

    ends.hear(b"a exited 0\nb kil")
    ends.hear(b"led KILL\n")

    assert await ends.ended("a") == 0
    assert await ends.ended("b") == -9
    assert ends.unexpected.get_nowait() == ("b", -9)
    assert ends.unexpected.empty()


async def test_a_service_that_is_started_again_runs_again_and_may_not_end():
    ends = ServiceEnds()
    ends.started("a")
    ends.may_end(["a"])
    ends.hear(b"a killed TERM\n")

    ends.started("a")

    assert ends.runs("a")
    ends.hear(b"a exited 3\n")
    assert ends.unexpected.get_nowait() == ("a", 3)


async def test_services_of_a_lost_host_count_as_ended_well():
    ends = ServiceEnds()
    ends.started("sink-pi1")
    waiting = asyncio.ensure_future(ends.ended("sink-pi1"))

    ends.lost(["sink-pi1", "never-started"])

    assert await waiting == 0
    assert ends.unexpected.empty()


def reading(ahead_seconds):
    return ClockReading(ahead_seconds=ahead_seconds, uncertainty_seconds=0.001, by="round trips")


def test_clocks_within_a_second_of_one_another_are_fit():
    assert apart({"pi1": reading(0.4), "pi2": reading(-0.4)}) is None


def test_a_clock_more_than_a_second_from_this_machines_is_named():
    reason = apart({"pi1": reading(0.0), "pi2": reading(-90.0)})

    assert "pi2 is 90.0 s behind this machine's" in reason
    assert "pi1" not in reason


def test_two_clocks_that_differ_by_more_than_a_second_are_both_named():
    reason = apart({"pi1": reading(0.7), "pi2": reading(-0.7), "pi3": reading(0.0)})

    assert "pi1 is 0.7 s ahead of" in reason
    assert "pi2 is 0.7 s behind" in reason


TRACKED = (
    "C0A80101,192.0.2.1,3,1795913966.123456789,0.000120000,-0.000001,0.000050,-12.345,0.001,0.050,"
    "0.004000000,0.001000000,64.2,Normal\n"
)
"""As ``chronyc -c tracking`` prints it of a clock that is 0.12 ms slow."""


def test_chrony_says_how_far_a_clock_is_off_and_how_well_it_knows():
    reading = tracking(TRACKED)

    assert reading.ahead_seconds == -0.00012
    assert round(reading.uncertainty_seconds, 6) == 0.003


def test_a_clock_that_chrony_does_not_set_is_not_judged_by_it():
    assert tracking(TRACKED.replace("Normal", "Not synchronised")) is None
    assert tracking("506 Cannot talk to daemon\n") is None
    assert tracking("") is None


def test_two_clocks_that_chrony_sets_are_compared_by_what_it_knows_of_both():
    ahead = between(tracking(TRACKED.replace("0.000120000", "-0.002000000")), tracking(TRACKED))

    assert (ahead.ahead_seconds, ahead.uncertainty_seconds) == (0.00212, 0.006)
    assert ahead.by == "chrony"
