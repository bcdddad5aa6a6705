"""What a board is, laid out as files of its kernel."""

import pytest

from onionrig.probe.board import (
    board_model,
    clock_hertz,
    cpu_model_from,
    instructions,
    with_cpu_model,
)
from onionrig.probe.facts import host_facts
from onionrig.probe.interfaces import probed_interfaces
from onionrig.records.probe import ProbedInterface
from support.files import lay_out
from support.records.probes import PI

NET = "sys/class/net"
DMI = "sys/class/dmi/id"


def interface(root, name, *, carrier="1", speed=None, holds=()):
    files = {f"{NET}/{name}/type": "1\n"}
    if carrier is not None:
        files[f"{NET}/{name}/carrier"] = f"{carrier}\n"
    if speed is not None:
        files[f"{NET}/{name}/speed"] = f"{speed}\n"
    lay_out(root, files)
    for directory in holds:
        (root / NET / name / directory).mkdir()


def test_interfaces_that_are_up_have_their_kind_and_the_rate_of_a_cable(tmp_path):
    interface(tmp_path, "eth0", speed=100, holds=["device"])
    interface(tmp_path, "eth1", speed=-1, holds=["device"])
    interface(tmp_path, "wlan0", speed=72, holds=["device", "wireless"])
    interface(tmp_path, "wlp3s0", holds=["device", "phy80211"])
    interface(tmp_path, "veth0", speed=10000)
    assert probed_interfaces(tmp_path) == (
        ProbedInterface(name="eth0", kind="wired", link_bits_per_second=100e6),
        ProbedInterface(name="eth1", kind="wired", link_bits_per_second=None),
        ProbedInterface(name="veth0", kind="virtual", link_bits_per_second=None),
        ProbedInterface(name="wlan0", kind="wireless", link_bits_per_second=None),
        ProbedInterface(name="wlp3s0", kind="wireless", link_bits_per_second=None),
    )


def test_loopback_and_interfaces_without_a_link_are_left_out(tmp_path):
    interface(tmp_path, "lo")
    interface(tmp_path, "eth0", carrier="0", speed=-1, holds=["device"])
    interface(tmp_path, "eth1", carrier=None, holds=["device"])
    lay_out(tmp_path, {f"{NET}/bonding_masters": "bond0\n"})
    assert probed_interfaces(tmp_path) == ()


def test_the_device_tree_names_a_pi(tmp_path):
    lay_out(tmp_path, {"proc/device-tree/model": "Raspberry Pi 3 Model B Rev 1.2\0"})
    lay_out(tmp_path, {f"{DMI}/product_name": "something else\n"})
    assert board_model(tmp_path) == "Raspberry Pi 3 Model B Rev 1.2"


@pytest.mark.parametrize(
    ("firmware", "model"),
    [
        ({"sys_vendor": "Beelink", "product_name": "EQ13"}, "Beelink EQ13"),
        ({"sys_vendor": "Dell", "product_name": "Dell Wyse 5070"}, "Dell Wyse 5070"),
        ({"product_name": "EQ13"}, "EQ13"),
        (
            {
                "sys_vendor": "To Be Filled By O.E.M.",
                "product_name": "To Be Filled By O.E.M.",
                "board_vendor": "ASRock",
                "board_name": "N100DC-ITX",
            },
            "ASRock N100DC-ITX",
        ),
        ({"sys_vendor": "QEMU", "product_name": " \n"}, None),
        ({}, None),
    ],
)
def test_firmware_names_other_boards_unless_its_maker_left_that_out(tmp_path, firmware, model):
    lay_out(tmp_path, {f"{DMI}/{name}": f"{text}\n" for name, text in firmware.items()})
    assert board_model(tmp_path) == model


def test_the_clock_is_the_most_that_is_allowed(tmp_path):
    frequency = "sys/devices/system/cpu/cpu0/cpufreq"
    assert clock_hertz(tmp_path) is None
    lay_out(tmp_path, {f"{frequency}/cpuinfo_max_freq": "1500000\n"})
    assert clock_hertz(tmp_path) == 1.5e9
    lay_out(tmp_path, {f"{frequency}/scaling_max_freq": "1200000\n"})
    assert clock_hertz(tmp_path) == 1.2e9


@pytest.mark.parametrize(
    ("cpuinfo", "found"),
    [
        ("processor\t: 0\nFeatures\t: half fp asimd aes pmull sha1 sha2 crc32\n",
         ("aes", "pmull", "sha1", "sha2", "asimd")),
        ("processor\t: 0\nFeatures\t: half thumb vfp neon vfpv4 crc32\n", ("neon",)),
        ("model name\t: x\nflags\t\t: fpu ssse3 aes avx2 sha_ni\n", ("aes", "sha_ni", "ssse3", "avx2")),
        # the first processor's; a word that only contains one is none
        ("flags\t: aesni\n\nflags\t: aes\n", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_instructions_are_those_that_matter(tmp_path, cpuinfo, found):
    lay_out(tmp_path, {"proc/cpuinfo": cpuinfo})
    assert instructions(tmp_path) == found


def test_a_processor_that_says_its_model_is_not_looked_up(tmp_path):
    lay_out(tmp_path, {"proc/cpuinfo": "model name\t: N100\n"})
    assert with_cpu_model(PI, tmp_path) == PI


@pytest.mark.parametrize(
    ("printed", "model"),
    [
        ("Architecture: aarch64\nVendor ID:  ARM\n  Model name:   Cortex-A72\n", "Cortex-A72"),
        ("Model name: Cortex-A55\nModel:  0\nModel name: Cortex-A76\n", "Cortex-A55, Cortex-A76"),
        ("BIOS Model name: pc-i440fx\nModel name: -\n", None),
        ("", None),
    ],
)
def test_lscpu_names_what_the_kernel_only_numbers(printed, model):
    assert cpu_model_from(printed) == model


def test_a_host_whose_system_does_not_say_what_it_is_has_none(monkeypatch):
    def absent():
        raise FileNotFoundError

    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"PRETTY_NAME": "Debian 13"})
    assert host_facts("pi").operating_system == "Debian 13"
    monkeypatch.setattr("platform.freedesktop_os_release", absent)
    assert host_facts("pi").operating_system is None
