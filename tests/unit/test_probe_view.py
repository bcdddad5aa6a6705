"""A probe on a terminal."""

import msgspec
import pytest
from rich.console import Console

from onionrig.views.probe.progress import probing
from onionrig.views.probe.terminal import probe_view
from support.records.probes import PI, board, probe, speed
from support.views.terminal import printed, printed_lines


def shown(probed):
    return printed(probe_view(probed), width=120)


def lines(probed):
    return printed_lines(probe_view(probed))


def host(**changed):
    return msgspec.structs.replace(PI, **changed)


def test_board_speeds_links_and_heat_are_shown():
    said = lines(probe())
    assert (
        "Raspberry Pi 3 Model B Rev 1.2: 4 x Cortex-A53 up to 1.2 GHz, 1.00 GiB, aarch64, Debian "
        "GNU/Linux 12 (bookworm)"
    ) in said
    assert "pi1, 2026-11-25T12:00:00Z, OpenSSL 3.0.19; took 27 s" in said
    assert "aes-256-ctr 40" in said
    assert "aes-256-gcm 25" in said
    assert "all cores 196 MB/s of sha3-256 in blocks of 509 bytes" in said
    assert "loopback TCP 2.00 Gbit/s; 150 MB per CPU-second of both ends" in said
    assert "eth0 wired, 100 Mbit/s" in said
    assert "wlan0 wireless, rate unknown" in said
    assert "temperature 48.3 °C before, 61.8 °C after" in said
    assert "throttled no, and not since boot" in said


def test_a_speed_stands_below_its_size():
    header, ctr, sha3, gcm = shown(probe()).splitlines()[3:7]
    ends = header.index("509 bytes") + len("509 bytes")
    assert (ctr.rstrip()[-2:], len(ctr.rstrip())) == ("40", ends)
    assert (sha3.rstrip()[-2:], len(sha3.rstrip())) == ("50", ends)
    assert (gcm.rstrip()[-2:], len(gcm.rstrip())) == ("25", len(header.rstrip()))


@pytest.mark.parametrize(
    ("has", "gcm", "expected_text"),
    [
        (False, 25e6, "AES instructions: no, so ciphers cost CPU here: AES-256-GCM is 2.0 times as slow as"),
        (True, 500e6, "AES instructions: yes, and openssl uses them: AES-256-GCM is 10.0 times as fast as"),
        (True, 60e6, "AES instructions: yes, but openssl seems not to use them: AES-256-GCM is 1.2 times"),
    ],
)  # fmt: skip
def test_what_instructions_come_to_follows_from_the_figures(has, gcm, expected_text):
    speeds = (speed("sha3-256", 509, 50e6), speed("aes-256-gcm", 16384, gcm))
    text = shown(probe(host=host(aes_instructions=has), speeds=speeds))
    assert expected_text in " ".join(text.split())


def test_nothing_is_said_of_instructions_that_nobody_knows_of_or_that_were_not_timed():
    assert "AES instructions" not in shown(probe(host=host(aes_instructions=None)))
    assert "AES instructions" not in shown(probe(speeds=(speed("sha3-256", 509, 50e6),)))


def test_what_a_core_digests_and_ciphers_is_in_bits():
    text = " ".join(shown(probe()).split())
    assert "one core digests cells at 400 Mbit/s and ciphers TLS records at 200 Mbit/s" in text


def test_cores_that_hold_one_another_back_are_said_to():
    assert "4 cores at once do 3.92 times what one does alone\n" in shown(probe())
    slow = shown(probe(all_cores_sha3_bytes_per_second=110e6))
    assert "4 cores at once do 2.20 times what one does alone: shared units" in slow


def test_what_is_unknown_is_said_to_be():
    bare = probe(
        board_model=None,
        clock_hertz=None,
        host=host(cpu_model=None, operating_system=None),
        instructions=(),
        interfaces=(),
        before=board(),
        after=board(),
    )
    said = lines(bare)
    assert "pi1: 4 x an unknown processor, 1.00 GiB, aarch64" in said
    assert "interfaces none is up" in said
    assert "instructions none of those that matter here" in said
    assert "temperature unknown" in said
    assert "throttled unknown" in said


def test_doubts_and_what_the_firmware_says_are_shown():
    text = shown(probe(troubles=("it was [busy]",), after=board(throttling=("throttled now",))))
    assert "doubt: it was [busy]" in text
    assert "throttled now" in text


def test_without_a_terminal_a_stage_is_a_line(capsys):
    with probing(Console(stderr=True, force_terminal=False)) as told:
        told("one core, round 1 of 2: aes of 509 bytes", 0.0)
        told("one core, round 1 of 2: sha1 of 509 bytes", 0.1)
        told("TCP over loopback", 0.9)
    assert (
        capsys.readouterr().err == "probing: one core, round 1 of 2\nprobing: TCP over loopback\n"
    )


def test_on_a_terminal_it_is_a_bar_that_vanishes(capsys):
    with probing(Console(stderr=True, force_terminal=True, width=100)) as told:
        told("one core, round 1 of 2: aes [of] 509 bytes", 0.25)
    assert "aes [of] 509 bytes" in capsys.readouterr().err
