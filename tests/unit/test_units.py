from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.errors import UsageError
from onionrig.units import (
    BitsPerSecond,
    Seconds,
    host_and_port,
    percent_text,
    rate_text,
    size_text,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("1.5m", 90), ("200ms", 0.2), ("2h", 7200), (" 10 s ", 10), ("3min", 180)],
)
def test_a_duration_is_a_number_and_a_unit(text, seconds):
    assert Seconds.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "bits"),
    [("500Mbit", 5e8), ("1.2Gbit/s", 1.2e9), ("96kbit", 96e3), ("10Mbitps", 1e7), ("8bit", 8)],
)
def test_a_rate_is_decimal_bits(text, bits):
    assert BitsPerSecond.parse(text) == pytest.approx(bits)


@pytest.mark.parametrize("text", ["60", "s", "", "-5s", "60 seconds", "1e3s", "60S", "nan s"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="60s"):
        Seconds.parse(text)


@pytest.mark.parametrize("text", ["500", "500MB", "500MBit", "500mbit", "fast", "500Mbit/h"])
def test_what_is_no_rate_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="500Mbit"):
        BitsPerSecond.parse(text)


@given(st.integers(min_value=0, max_value=10**7))
def test_whole_seconds_survive_being_printed_and_read(seconds):
    assert Seconds.parse(str(Seconds(seconds))) == seconds


@given(st.integers(min_value=0, max_value=10**6))
def test_milliseconds_survive_being_printed_and_read(milliseconds):
    asked = Seconds(milliseconds / 1000)
    assert Seconds.parse(str(asked)) == pytest.approx(asked, abs=1e-9)


@given(st.integers(min_value=0, max_value=10**9))
def test_rates_survive_being_printed_and_read(kilobits):
    asked = BitsPerSecond(kilobits * 1000)
    assert BitsPerSecond.parse(str(asked)) == pytest.approx(asked)


@given(st.text(max_size=12))
def test_no_text_makes_parsing_fail_otherwise_than_explained(text):
    for kind in (Seconds, BitsPerSecond):
        with suppress(UsageError):
            assert kind.parse(text) >= 0


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0, "0 bit/s"), (999, "999 bit/s"), (96_800_000, "96.8 Mbit/s"), (5.14e8, "514 Mbit/s"),
        (1.234e9, "1.23 Gbit/s"),
    ],
)  # fmt: skip
def test_rates_are_printed_with_three_figures(bits, text):
    assert rate_text(bits) == text


def test_sizes_are_binary_and_shares_are_percent():
    assert size_text(1 << 20) == "1.00 MiB"
    assert size_text(12) == "12 B"
    assert percent_text(0.25) == "25.0 %"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pi3:9000", ("pi3", 9000)),
        ("192.0.2.7:1", ("192.0.2.7", 1)),
        ("[2001:db8::7]:65535", ("2001:db8::7", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(text, address):
    assert host_and_port(text) == address


@pytest.mark.parametrize("text", ["", "pi3", "pi3:", ":9000", "pi3:0", "pi3:65536", "pi3:nine"])
def test_what_is_no_address_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="as in"):
        host_and_port(text)
