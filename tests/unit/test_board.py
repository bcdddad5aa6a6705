"""What a board and a host's kernel tell, laid out as files."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onionrig.movers.sampler.board import BoardReader, throttling_from
from onionrig.movers.sampler.host import link_bits_per_second
from onionrig.records.samples import BoardState
from support.files import lay_out

PI = {
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/class/thermal/thermal_zone1/temp": "61777\n",
    "sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq": "600000\n",
    "sys/devices/system/cpu/cpufreq/policy1/scaling_cur_freq": "1400000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
}


def test_a_pi_tells_its_hottest_zone_its_fastest_core_and_what_holds_it_back(tmp_path):
    lay_out(tmp_path, PI)
    assert BoardReader(tmp_path, vcgencmd=None).read() == BoardState(
        temperature_celsius=61.8,
        clock_hertz=1_400_000_000.0,
        governor="ondemand",
        throttling=(
            "under-voltage now",
            "throttled now",
            "under-voltage since boot",
            "throttled since boot",
        ),
    )


def test_values_that_a_board_lacks_are_null_and_never_0(tmp_path):
    assert BoardReader(tmp_path, vcgencmd=None).read() == BoardState(
        temperature_celsius=None, clock_hertz=None, governor=None, throttling=None
    )


def test_a_board_that_nothing_holds_back_says_so(tmp_path):
    lay_out(tmp_path, {**PI, "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n"})
    assert BoardReader(tmp_path, vcgencmd=None).read().throttling == ()


def test_a_zone_that_cannot_be_read_leaves_the_others(tmp_path):
    lay_out(tmp_path, {"sys/class/thermal/thermal_zone0/temp": "48312\n"})
    lay_out(tmp_path, {"sys/class/thermal/thermal_zone2/temp": "not a number\n"})
    (tmp_path / "sys/class/thermal/thermal_zone1/temp").mkdir(parents=True)
    assert BoardReader(tmp_path, vcgencmd=None).read().temperature_celsius == 48.3


def test_a_zone_below_freezing_is_a_temperature(tmp_path):
    lay_out(tmp_path, {"sys/class/thermal/thermal_zone0/temp": "-4500\n"})
    assert BoardReader(tmp_path, vcgencmd=None).read().temperature_celsius == -4.5


@pytest.mark.parametrize(
    ("text", "meanings"),
    [
        ("throttled=0x0\n", ()),
        ("throttled=0x2\n", ("frequency capped now",)),
        ("throttled=0x80008\n", ("soft temperature limit now", "soft temperature limit since boot")),
        ("e0000\n", ("frequency capped since boot", "throttled since boot", "soft temperature limit since boot")),
        ("VCHI initialization failed\n", None),
        ('error=1 error_msg="Command not registered"\n', None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_flags_of_the_firmware_are_put_into_words(text, meanings):
    assert throttling_from(text) == meanings


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_each_flag_has_a_word_of_its_own(bits):
    now, since = bits & 0xF, bits >> 16 & 0xF
    words = throttling_from(f"throttled={bits:#x}")
    assert sum(word.endswith(" now") for word in words) == now.bit_count()
    assert sum(word.endswith(" since boot") for word in words) == since.bit_count()
    assert len(set(words)) == len(words)


@given(st.text())
@example("-1")
def test_readers_accept_any_text(text):
    assert throttling_from(text) is None or int(text.strip().removeprefix("throttled="), 16) >= 0
    rate = link_bits_per_second(text)
    assert rate is None or rate > 0


@pytest.mark.parametrize(
    ("speed", "rate"),
    [
        ("1000\n", 1e9), ("100\n", 1e8), ("2500\n", 2.5e9), ("0\n", None), ("-1\n", None),
        ("65535\n", None), ("4294967295\n", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_link_has_the_rate_it_says_or_none(speed, rate):
    assert link_bits_per_second(speed) == rate
