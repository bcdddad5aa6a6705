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


def zones(**temperatures):
    """Return the files of thermal zones by their type."""
    return {
        f"sys/class/thermal/thermal_zone{at}/{file}": f"{text}\n"
        for at, (kind, text) in enumerate(temperatures.items())
        for file, text in (("type", kind), ("temp", text))
    }


@pytest.mark.parametrize("nonsense", ["-274000", "127000", "255000", "2147483647"])
def test_a_zone_without_a_sensor_is_not_the_hottest(tmp_path, nonsense):
    lay_out(tmp_path, zones(cpu0_thermal=48312, cpu1_thermal=nonsense))
    assert BoardReader(tmp_path, vcgencmd=None).read().temperature_celsius == 48.3
    lay_out(tmp_path, zones(cpu0_thermal=nonsense))
    assert BoardReader(tmp_path, vcgencmd=None).read().temperature_celsius is None


@pytest.mark.parametrize("processor", ["cpu_thermal", "x86_pkg_temp", "bigcore0_thermal", "SOC"])
def test_a_disk_or_a_radio_that_is_hot_is_not_a_hot_processor(tmp_path, processor):
    lay_out(
        tmp_path, zones(nvme=84000, **{processor: 51000}, iwlwifi_1=91000, pch_cannonlake=88000)
    )
    assert BoardReader(tmp_path, vcgencmd=None).read().temperature_celsius == 51.0


def test_zones_that_do_not_say_what_they_are_all_count(tmp_path):
    lay_out(tmp_path, zones(acpitz=27800, thermal=61000))
    assert BoardReader(tmp_path, vcgencmd=None).read().temperature_celsius == 61.0


def test_a_pi_whose_kernel_has_only_a_voltage_sensor_reports_under_voltage(tmp_path):
    sensor = {
        "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
        "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
        "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n",
    }
    lay_out(tmp_path, sensor)
    reader = BoardReader(tmp_path, vcgencmd=None)
    assert reader.read().throttling == ("under-voltage now",)
    lay_out(tmp_path, {"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n"})
    assert reader.read().throttling == ()
    lay_out(tmp_path, {**PI, "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n"})
    lay_out(tmp_path, {"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"})
    assert BoardReader(tmp_path, vcgencmd=None).read().throttling == ("under-voltage now",)


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
