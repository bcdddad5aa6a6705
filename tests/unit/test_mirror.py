from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from onionrig.engine.ansible.mirror import Demultiplexer

A, B = PurePosixPath("/records/a"), PurePosixPath("/records/b")


def taken(*chunks):
    """What each file gets out of what tail prints in these chunks."""
    parts, files = Demultiplexer(), {}
    for chunk in chunks:
        for path, piece in parts.take(chunk):
            files[path] = files.get(path, b"") + piece
    return files


def test_each_file_gets_what_stands_under_its_header():
    printed = b"==> /records/a <==\none\n\n==> /records/b <==\ntwo\n\n==> /records/a <==\nthree\n"

    assert taken(printed) == {A: b"one\nthree\n", B: b"two\n"}


def test_a_line_that_is_not_finished_stays_unfinished_until_it_is():
    printed = (b"==> /records/a <==\nhalf\n==> /records/b <==\ntwo\n", b"\n==> /records/a <==\n!\n")

    assert taken(*printed) == {A: b"half!\n", B: b"two\n"}


def test_a_finished_line_is_there_at_once():
    assert taken(b"==> /records/a <==\n", b"one\n") == {A: b"one\n"}


def test_blank_lines_of_a_log_are_kept_once_it_goes_on():
    assert taken(b"==> /records/a <==\none\n\n", b"two\n") == {A: b"one\n\ntwo\n"}


LINES = st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"") + b"x"))


@given(st.lists(st.tuples(st.sampled_from([A, B]), LINES), max_size=6), st.data())
def test_wherever_the_output_is_cut_no_byte_is_lost_or_moved(turns, data):
    expected, printed, last = {}, b"", None
    for path, lines in turns:
        content = b"".join(line + b"\n" for line in lines)
        if not content or path == last:
            continue
        printed += (b"\n" if printed else b"") + b"==> %s <==\n" % bytes(path) + content
        expected[path] = expected.get(path, b"") + content
        last = path
    cuts = sorted(data.draw(st.sets(st.integers(0, len(printed)), max_size=8)))
    chunks = [printed[a:b] for a, b in zip([0, *cuts], [*cuts, len(printed)], strict=True)]

    files = taken(*chunks)

    assert {path: content.replace(b"\n\n", b"\n") for path, content in files.items()} == expected
