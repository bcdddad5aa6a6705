"""The board catalogue: what is shipped, what a user lays over it, how it is shown."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.cli.catalogue import catalogue, own_boards
from onionrig.errors import UsageError
from onionrig.hardware.boards import Rate, board_named, figures_of
from onionrig.hardware.decode import CatalogueFile, catalogue_from
from onionrig.views.hardware import board_view, catalogue_view
from support.files import PROJECT
from support.views.terminal import printed

pytestmark = pytest.mark.usefixtures("no_boards_of_ones_own")

SHIPPED = PROJECT / "src/onionrig/hardware/catalogue"
PI = """
dated = 2026-01-02
[sources]
maker = "https://example.org/pi, 2026"
[boards.pi]
name = "A Pi"
cores = { value = 4, mark = "read", source = "maker" }
ethernet_mbit = { value = 94, mark = "read", source = "maker" }
"""


def decoded(*texts):
    return catalogue_from(
        CatalogueFile(origin=f"{number}.toml", text=text)
        for number, text in enumerate(texts, start=1)
    )


# what is shipped


def test_every_file_that_is_shipped_is_read():
    written = "".join(path.read_text() for path in SHIPPED.iterdir())
    assert len(catalogue()) == len(re.findall(r"^\[boards\.", written, flags=re.MULTILINE))
    assert {"pizero2w", "pi3b", "pi3b+", "pi4b", "pi5", "cm4", "cm5", "n100"} < set(catalogue())


def test_every_figure_has_a_source_that_can_be_looked_up_unless_it_is_an_estimate():
    for board in catalogue().values():
        assert board.dated is not None
        for key, figure in figures_of(board).items():
            assert figure.mark == "estimate" or re.search(
                r"https://\S+|in the notes that this project began with", figure.source
            ), (board.name, key)
            if figure.mark == "read":
                assert "from memory" not in figure.source


def test_every_source_that_is_named_is_used_and_every_short_name_is_one():
    for path in SHIPPED.iterdir():
        sources, _, boards = path.read_text().partition("[boards.")
        names = set(re.findall(r"^([a-z0-9-]+) = \"", sources, flags=re.MULTILINE))
        used = set(re.findall(r'source = "([^"]+)"', boards))
        assert names <= used, path
        assert all(" " in source or "/" in source for source in used - names), path


def test_what_the_notes_measured_is_marked_so():
    pi = catalogue()["pi3b"]
    assert (pi.ethernet_mbit.value, pi.wifi_mbit.value) == (96.8, 45)
    assert pi.ethernet_mbit.mark == pi.wifi_mbit.mark == "measured"
    measured = [
        (board.name, key)
        for board in catalogue().values()
        for key, figure in figures_of(board).items()
        if figure.mark == "measured"
    ]
    assert len(measured) == 2


def test_boards_with_aes_instructions_are_many_times_faster_at_it():
    rates = {True: [], False: []}
    for board in catalogue().values():
        rates[board.aes_instructions.value].append(board.aes_mb_per_second.value)
    assert min(rates[True]) > 10 * max(rates[False])


def test_a_core_of_every_board_can_be_held_against_another_machines():
    for board in catalogue().values():
        # these cores do about as many million instructions of it as they have million cycles
        assert 0.7 < board.seven_zip_mips.value / board.clock_mhz.value < 1.5, board.name


def test_aes_and_plain_code_of_a_board_are_figures_of_one_run():
    for board in catalogue().values():
        aes, plain = board.aes_mb_per_second, board.seven_zip_mips
        assert plain.mark == aes.mark, board.name
        assert aes.mark == "estimate" or plain.source == aes.source, board.name


def test_the_docs_name_every_board_and_key():
    text = (PROJECT / "docs/hardware.md").read_text()
    assert all(f"`{board}`" in text for board in catalogue())
    keys = {key for board in catalogue().values() for key in figures_of(board)}
    assert all(f"`{key}`" in text for key in keys)


# rates of links


def test_a_link_counts_frames():
    assert catalogue()["pi3b"].ethernet_mbit.link == 96.8e6
    gigabit = catalogue()["pi4b"].ethernet_mbit
    # 1514 bytes of a frame are payload but for Ethernet's 14, IP's 20, TCP's 20 and a timestamp's 12
    assert gigabit.link * (1514 - 14 - 20 - 20 - 12) / 1514 == pytest.approx(939e6, rel=1e-4)
    # and of the wire's gigabit so much is frames: preamble, checksum and gap are another 24 bytes
    assert gigabit.link < 1e9 * 1514 / 1538


@given(value=st.floats(10, 1e5))
def test_payload_needs_a_link_that_is_a_twentieth_faster(value):
    payload = Rate(value=value, mark="read", source="x")
    frames = Rate(value=value, counts="frames", mark="read", source="x")
    assert frames.link == pytest.approx(value * 1e6, abs=0.051e6)  # to 0.1 Mbit/s
    assert 0.94 < frames.link / payload.link < 0.97


# one's own


def test_figures_of_ones_own_replace_one_by_one():
    own = '[boards.pi.ethernet_mbit]\nvalue = 93\nmark = "measured"\nsource = "iperf3 at home"\n'
    pi = decoded(PI, own)["pi"]
    assert (pi.ethernet_mbit.value, pi.ethernet_mbit.source) == (93, "iperf3 at home")
    assert (pi.cores.value, pi.cores.source) == (4, "https://example.org/pi, 2026")
    assert pi.dated == "2026-01-02"


def test_boards_of_ones_own_are_added_after_the_others():
    both = decoded(PI, '[boards.attic]\nname = "The old laptop"\n')
    assert list(both) == ["pi", "attic"]
    assert both["attic"].dated is None
    assert figures_of(both["attic"]) == {}


def test_the_file_of_ones_own_is_read_from_the_configuration():
    own_boards().parent.mkdir()
    own_boards().write_text('[boards.attic]\nname = "The old laptop"\n')
    assert catalogue()["attic"].name == "The old laptop"
    assert "pi3b" in catalogue()
    own_boards().write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"boards\.toml is not UTF-8: .*decode"):
        catalogue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[boards.pi]", "[boards.pi"), "1.toml is not TOML"),
        (("dated = ", "date = "), "1.toml: unknown key date; it has dated, sources, boards"),
        (("[boards.pi]", "[boards.Pi]"), '1.toml: boards."Pi": a table whose name is lower case'),
        (('name = "A Pi"\n', ""), "1.toml: pi: Object missing required field `name`"),
        (("cores = ", "core = "), "1.toml: pi: Object contains unknown field `core`"),
        (("value = 4", "value = 0"), "1.toml: pi: cores.value: Expected `int` >= 1"),
        (("value = 94", "value = -1"), "1.toml: pi: ethernet_mbit.value: Expected `float` >= 0"),
        (('94, mark = "read"', "94"), "1.toml: pi: ethernet_mbit: Object missing required field"),
        (('mark = "read"', 'mark = "guess"'), "cores.mark: Invalid enum value 'guess'"),
        (('4, mark = "read", source = "maker"', "4"), "missing required field `mark`"),
        (
            ('{ value = 4, mark = "read", source = "maker" }', "4"),
            "1.toml: pi: cores: Expected `object | null`, got `int`; a figure is written { value",
        ),
    ],
)
def test_errors_in_a_file_are_reported(change, message):
    with pytest.raises(UsageError) as caught:
        decoded(PI.replace(*change, 1))
    assert message in str(caught.value)


def test_a_mistake_in_ones_own_figure_names_ones_own_file():
    with pytest.raises(UsageError, match=r"^2\.toml: pi: cores: "):
        decoded(PI, "[boards.pi]\ncores = 4\n")


@pytest.mark.parametrize(("asked", "meant"), [("pi3", "pi3b"), ("pi3+", "pi3b+"), ("rpi5", "pi5")])
def test_the_error_for_an_unknown_board_names_the_nearest(asked, meant):
    with pytest.raises(UsageError, match=rf"^here: no such board; did you mean {re.escape(meant)}"):
        board_named(catalogue(), asked, where="here: ")


# shown


def test_the_table_has_a_line_a_board_and_every_source_once():
    printed_text = printed(catalogue_view(catalogue(), "/home/me/boards.toml"))
    lines = printed_text.splitlines()
    for board in catalogue():
        assert any(line.startswith(f"{board} ") for line in lines)
    listed = [line for line in lines if re.match(r"\[\d+\] ", line)]
    sources = {f.source for board in catalogue().values() for f in figures_of(board).values()}
    assert sorted(line.partition("] ")[2].strip() for line in listed) == sorted(sources)
    assert "/home/me/boards.toml" in printed_text


def test_cells_carry_mark_and_source():
    price = '{ value = 9, date = "2026", mark = "estimate", source = "a guess" }'
    printed_text = printed(catalogue_view(decoded(PI, f"[boards.pi]\nprice = {price}\n"), ""))
    (line,) = (line for line in printed_text.splitlines() if line.startswith("pi "))
    assert re.split(r"  +", line.strip()) == ["pi", "4 x [1]", "94 [1]", "~9 USD (2026) [2]"]


def test_a_board_alone_is_shown_with_its_notes():
    printed_text = printed(board_view("pi3b", catalogue()["pi3b"]))
    assert "pi3b: Raspberry Pi 3 Model B, looked up 2026-11-25" in printed_text
    assert "96.8 (frames)" in printed_text
    assert "measured: nc and ifstat in 2017" in printed_text
    assert "shares with the 4 USB ports" in printed_text


def test_a_figure_that_a_board_lacks_is_shown_as_none():
    assert "none" in printed(board_view("x", catalogue()["pizero2w"]))


def test_json_has_every_figure_with_its_source():
    figures = msgspec.json.decode(msgspec.json.encode(catalogue()))
    assert figures["pi5"]["ethernet_mbit"]["source"].startswith("https://")
    assert figures["hetzner-cax11"]["ethernet_mbit"] is None
