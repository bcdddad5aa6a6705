"""Hosts that are called after boards, and links that are scaled."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.cli.question import ask, flags_layer
from onionrig.engine.emulation.engine import EmulationEngine, EmulationOpening
from onionrig.engine.emulation.hosts import EmulatedHosts
from onionrig.engine.emulation.namespaces import Namespace
from onionrig.engine.local.engine import Ground
from onionrig.engine.local.equipment import Equipment
from onionrig.errors import UsageError
from onionrig.experiment.boards import with_boards
from onionrig.experiment.decode import experiment_from, layer_from_toml, plain
from onionrig.hardware.decode import CatalogueFile, catalogue_from
from onionrig.records.manifest import Manifest
from onionrig.rig.hosts import emulated_hosts
from onionrig.run.manifest import manifest_before
from onionrig.units import fraction_from

CATALOGUE = catalogue_from(
    [
        CatalogueFile(
            origin="test",
            text="""
            [boards.pi]
            name = "A Pi"
            cores = { value = 4, mark = "read", source = "its maker" }
            clock_mhz = { value = 1200, mark = "read", source = "its maker" }
            aes_instructions = { value = false, mark = "read", source = "its maker" }
            aes_mb_per_second = { value = 36, mark = "estimate", source = "a guess" }
            ethernet_mbit = { value = 96, counts = "frames", mark = "measured", source = "ifstat" }
            [boards.wireless]
            name = "One without a plug"
            ethernet_mbit = { value = 0, mark = "read", source = "its maker" }
            wifi_mbit = { value = 35, counts = "frames", mark = "read", source = "its maker" }
            [boards.bare]
            name = "One that nobody knows"
            """,
        )
    ]
)
HOSTS = """
[[hosts]]
name = "rest"
roles = ["authority", "relay", "balancer", "client"]
[[hosts]]
name = "one"
roles = ["backend"]
board = "pi"
[[hosts]]
name = "two"
roles = ["backend"]
board = "pi"
link = "10Mbit"
[[hosts]]
name = "three"
roles = ["backend"]
board = "pi"
"""


def boarded(text=HOSTS):
    return with_boards(experiment_from([layer_from_toml(text, origin="test")]), CATALOGUE)


# boards


def test_a_board_stands_for_its_link_unless_one_is_given():
    found = boarded()
    assert [str(host.link) for host in found.experiment.hosts] == [
        "None", "96Mbit", "10Mbit", "96Mbit",
    ]  # fmt: skip
    assert [host.board for host in found.experiment.hosts] == [None, "pi", "pi", "pi"]


def test_what_a_board_stands_for_is_said_with_its_source():
    assert boarded().explanations == {
        "board pi": "A Pi; its Ethernet's 96Mbit for one, three (measured: ifstat); its 4 cores "
        "with 36 MB/s of AES each are recorded, not emulated"
    }


def test_an_experiment_whose_boards_are_known_stays_as_it_is():
    once = boarded().experiment
    assert experiment_from([plain(once)]) == once
    assert with_boards(once, CATALOGUE).experiment == once


def test_facts_that_nobody_has_are_null():
    facts = boarded(HOSTS.replace('board = "pi"\nlink', 'board = "bare"\nlink')).facts
    assert facts["pi"].cores == 4
    assert facts["pi"].aes_instructions is False
    assert (facts["bare"].name, facts["bare"].cores) == ("One that nobody knows", None)


@pytest.mark.parametrize(
    ("board", "message"),
    [
        ("pie", 'host one: board = "pie": no such board; did you mean pi?'),
        ("", 'host one: board = "": no such board; there are pi, wireless, bare'),
        (
            "wireless",
            (
                'host one: board = "wireless": One without a plug has no Ethernet; give the host a link'
                ', as in link = "35Mbit", which is its Wi-Fi'
            ),
        ),
        ("bare", "what its Ethernet carries is not in the catalogue; give the host a link"),
    ],
)
def test_a_board_that_gives_no_link_is_refused(board, message):
    with pytest.raises(UsageError) as caught:
        boarded(HOSTS.replace('"pi"', f'"{board}"', 1))
    assert message in str(caught.value)


def test_a_board_without_a_plug_may_have_a_link_that_is_said():
    text = HOSTS.replace('board = "pi"\nlink', 'board = "wireless"\nlink')
    assert str(boarded(text).experiment.hosts[2].link) == "10Mbit"


def test_the_command_line_looks_boards_up_in_what_is_shipped(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "experiment.toml"
    file.write_text(HOSTS.replace('"pi"', '"pi3b"'))
    question = ask(file, None, ["hosts.three.board=pi4b"], {})
    assert [str(host.link) for host in question.experiment.hosts[1:]] == [
        "96.8Mbit", "10Mbit", "981.8Mbit",
    ]  # fmt: skip
    assert question.boards["pi3b"].aes_mb_per_second == 36.2
    assert set(question.boards) == {"pi3b", "pi4b"}
    assert {"board pi3b", "board pi4b"} < set(question.resolved)


def test_a_mistake_in_ones_own_boards_stops_only_what_needs_them(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "onionrig").mkdir()
    (tmp_path / "onionrig/boards.toml").write_text("what?")
    assert ask(None, "smoke", [], {}).boards == {}
    file = tmp_path / "experiment.toml"
    file.write_text(HOSTS)
    with pytest.raises(UsageError, match=r"boards\.toml is not TOML"):
        ask(file, None, [], {})


# scale


def asked(tmp_path, scale, text=HOSTS):
    file = tmp_path / "experiment.toml"
    file.write_text(text.replace('"pi"', '"pi3b"'))
    return ask(file, None, [], flags_layer(scale=scale))


def test_links_are_scaled_alike_and_delays_stay(tmp_path):
    text = HOSTS.replace('link = "10Mbit"', 'link = "10Mbit"\ndelay = "5ms"')
    question = asked(tmp_path, "1/4", text)
    hosts = emulated_hosts(question.experiment)
    assert [host.link_bits_per_second for host in hosts] == [None, 24.2e6, 2.5e6, 24.2e6]
    assert [host.delay_seconds for host in hosts] == [0, 0, 0.005, 0]
    assert question.resolved["emulation.scale"] == (
        "1/4 of the rate of every link: 24.2Mbit for one, three; 2.5Mbit for two"
    )


def test_what_was_scaled_is_not_scaled_again_when_the_experiment_is_read_back(tmp_path):
    question = asked(tmp_path, "1/4")
    again = experiment_from([plain(question.experiment)])
    assert again == question.experiment
    assert plain(again)["emulation"] == {"scale": "1/4"}
    assert plain(again)["hosts"][1]["link"] == "96.8Mbit"


def test_without_a_scale_nothing_is_said_of_it(tmp_path):
    assert "emulation.scale" not in asked(tmp_path, None).resolved
    assert "emulation.scale" not in asked(tmp_path, "1").resolved


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (
            "0",
            'emulation.scale = "0": a part of what links and CPUs would carry, above 0 and at most 1',
        ),
        ("4", "at most 1"),
        ("5/4", "at most 1"),
        ("1/20", 'host two: link = "10Mbit" with emulation.scale = "1/20" is 500kbit'),
        ("1/0", "'1/0': \"1/0\" is no fraction: write it as in"),
        ("-1/4", "is no fraction"),
        ("1/4 ,", "is no fraction"),
        ("1e999999999", "is no fraction"),
        ("nan", "is no fraction"),
        ("", "is no fraction"),
    ],
)
def test_absurd_scales_are_refused(tmp_path, scale, message):
    with pytest.raises(UsageError) as caught:
        asked(tmp_path, scale)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "hosts", ["", HOSTS.replace('board = "pi"', "").replace('link = "10Mbit"', "")]
)
def test_a_scale_without_a_link_to_scale_is_refused(tmp_path, hosts):
    with pytest.raises(UsageError, match="there is nothing to scale"):
        asked(tmp_path, "1/2", hosts)


def test_a_scale_may_be_a_number_in_a_file():
    for value in (0.25, "0.25", "1/4", "2/8"):
        experiment = experiment_from([{"emulation": {"scale": value}}])
        assert experiment.emulation.scale == Fraction(1, 4)
    with pytest.raises(UsageError, match=r"emulation\.scale = True: \"True\" is no fraction"):
        experiment_from([{"emulation": {"scale": True}}])


@given(below=st.integers(0, 999999), above=st.integers(1, 999999))
def test_a_fraction_is_read_as_it_is_printed(below, above):
    fraction = Fraction(below, above)
    assert fraction_from(str(fraction)) == fraction


# recorded


def test_the_manifest_has_board_and_scale_of_each_host(tmp_path):
    question = asked(tmp_path, "1/4")
    switch = Namespace(name="switch", pid=1)
    emulation = EmulatedHosts(
        namespaces={}, delayed_by=None, delays={}, holders=(), switch=switch, links=()
    )
    opening = EmulationOpening(Equipment())
    before = manifest_before(question, opening, run="r", started="2026-01-01T00:00:00")
    ground = Ground(
        fleet=None, keeping=None, run_directory=None, equipment=Equipment(), claims=None
    )
    engine = EmulationEngine(ground, question=question, emulation=emulation, sharing=None)
    manifest = msgspec.structs.replace(before, hosts=engine.host_records)
    read = msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest)
    assert [host.scale for host in read.emulated] == [0.25] * 4
    assert [host.link_bits_per_second for host in read.emulated] == [None, 24.2e6, 2.5e6, 24.2e6]
    assert [host.board and host.board.id for host in read.emulated] == [None, *["pi3b"] * 3]
    assert read.emulated[1].board.cores == 4
    assert read.experiment["emulation"] == {"scale": "1/4"}
    assert {"emulation.scale", "board pi3b"} < set(read.resolved)
