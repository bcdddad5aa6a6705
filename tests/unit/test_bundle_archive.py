"""A bundle is read only if it is as it was made; whatever else it is, the answer says so by name."""

import contextlib
import hashlib
import io
import zipfile
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.errors import RecordsUnreadable, UsageError
from onionrig.store.bundle import archive
from onionrig.store.bundle.archive import CONTENTS, BundledFile, Contents, packed, unpacked

FILES = {
    "manifest.json": b'{"schema": 1}\n' * 20,
    "samples/sink-host-1.jsonl": b'{"second": 1}\n' * 50,
    "events.jsonl": b"",
}
BUNDLE = packed(FILES, version="0.1.0")


def archived(*entries, method=zipfile.ZIP_DEFLATED):
    """An archive with these entries, as any program can write one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as file:
        for name, content in entries:
            file.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def entries(bundle=BUNDLE):
    with zipfile.ZipFile(io.BytesIO(bundle)) as file:
        return {info.filename: file.read(info) for info in file.infolist()}


def refused(content):
    """What is said of a file that is no bundle; it is called by its name."""
    with pytest.raises(RecordsUnreadable) as error:
        unpacked(content, "friend.onionrig")
    assert str(error.value).startswith("friend.onionrig ")
    return str(error.value)


def test_a_bundle_has_what_was_put_in_and_no_time_and_no_machine():
    assert unpacked(BUNDLE, "it") == FILES
    assert packed(dict(reversed(FILES.items())), version="0.1.0") == BUNDLE
    with zipfile.ZipFile(io.BytesIO(BUNDLE)) as file:
        assert {(info.date_time, info.create_system) for info in file.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 0)
        }


@given(st.dictionaries(st.sampled_from(sorted(FILES)), st.binary(max_size=200), min_size=1))
def test_any_content_without_control_characters_comes_back(files):
    files = {name: msgspec.json.encode(content.hex()) for name, content in files.items()}
    assert unpacked(packed(files, version="1"), "it") == files


@given(st.integers(0, len(BUNDLE) - 1))
def test_a_bundle_that_is_cut_short_is_refused(length):
    refused(BUNDLE[:length])


@given(st.integers(0, len(BUNDLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_found_unless_it_changes_nothing(at, by):
    changed = bytearray(BUNDLE)
    changed[at] ^= by
    with contextlib.suppress(RecordsUnreadable):
        assert unpacked(bytes(changed), "it") == FILES


@given(st.binary(max_size=300))
def test_what_is_something_else_is_refused(content):
    refused(content)
    refused(archive.MAGIC + content)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_changed_file_is_named(name):
    changed = {**entries(), name: b"something else"}
    assert f"was changed: {name} differs from what its digest says" in refused(
        archived(*changed.items())
    )


def test_a_changed_list_of_files_is_named():
    known = entries()
    listed = known[CONTENTS].replace(b'"onionrig": "0.1.0"', b'"onionrig": "0.2.0"')
    assert "bundle.json differs" in refused(archived(*{**known, CONTENTS: listed}.items()))
    assert "bundle.json cannot be read" in refused(archived(*{**known, CONTENTS: b"{"}.items()))
    nested = {**known, CONTENTS: b"[" * 100_000}
    assert "bundle.json cannot be read" in refused(archived(*nested.items()))


def test_a_file_that_is_gone_or_was_added_is_named():
    known = entries()
    added = {**known, "dials.jsonl": b""}
    assert "dials.jsonl is in only one of" in refused(archived(*added.items()))
    del known["events.jsonl"]
    assert "events.jsonl is in only one of" in refused(archived(*known.items()))
    del known[CONTENTS]
    assert "it has no bundle.json" in refused(archived(*known.items()))


def test_a_later_schema_says_to_upgrade():
    later = msgspec.json.encode({"schema": 2, "whatever": {"it": "has"}})
    assert "is a bundle of schema 2, and this onionrig knows 1: upgrade onionrig" in refused(
        archived((CONTENTS, later))
    )


@pytest.mark.parametrize(
    "name",
    [
        "../manifest.json", "/etc/passwd", "samples/../../x.jsonl", "samples/..jsonl", "a\\..\\b",
        "samples/a/b.jsonl", "keys/secret", "samples/", "logs/relay-1.log", "manifest.json/x",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name):
    said = refused(archived(*entries().items(), (name, b"x")))
    assert "which is not a record of a run" in said


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused():
    assert "'manifest.json', twice" in refused(archived(*entries().items(), ("manifest.json", b"")))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_way_of_packing_is_refused(method):
    assert "packed in another way" in refused(archived(*entries().items(), method=method))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED_BYTES", 2**20)
    monkeypatch.setattr(zlib, "decompressobj", lambda *_: pytest.fail("it was unpacked"))
    bomb = archived((CONTENTS, b"{}"), ("manifest.json", bytes(2**20)))
    assert len(bomb) < 5000
    assert "would unpack to 1048578 bytes: no bundle has more than 1048576" in refused(bomb)


def test_a_bomb_that_lies_about_its_size_unpacks_no_more_than_it_says():
    lying = bytearray(archived(*{**entries(), "manifest.json": bytes(2**20)}.items()))
    size = (2**20).to_bytes(4, "little")
    while (at := lying.find(size)) >= 0:
        lying[at : at + 4] = (280).to_bytes(4, "little")
    assert "manifest.json cannot be unpacked" in refused(bytes(lying))


@pytest.mark.parametrize("text", ["\x1b[2J", "\x00", "\x07", "\b", "\x7f", "\x9b31m", "\\\x1b]0;"])
def test_what_a_terminal_obeys_is_neither_written_nor_read(text):
    made = packed({"manifest.json": msgspec.json.encode([text])}, version="1")
    written = unpacked(made, "it")["manifest.json"]
    assert msgspec.json.decode(written)[0].isprintable()
    raw = msgspec.json.encode([text])
    files = {"manifest.json": BundledFile(bytes=len(raw), sha256=hashlib.sha256(raw).hexdigest())}
    contents = Contents(onionrig="1", files=files)
    digest = hashlib.sha256(msgspec.json.encode(contents)).hexdigest()
    contents = msgspec.structs.replace(contents, digest=digest)
    forged = archived((CONTENTS, msgspec.json.encode(contents)), ("manifest.json", raw))
    assert "manifest.json has control characters" in refused(forged)


def test_letters_of_any_language_tabs_and_line_breaks_are_no_control_characters():
    content = msgspec.json.encode(["äß…\t\n\r\\u001b \u00a0 漢"])
    assert unpacked(packed({"manifest.json": content}, version="1"), "it") == {
        "manifest.json": content
    }


def test_more_than_fits_is_not_made(monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED_BYTES", 100)
    with pytest.raises(UsageError, match="do not fit into a bundle"):
        packed(FILES, version="1")


def test_too_many_and_too_large_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3)
    assert "has 4 files: no bundle has more than 3" in refused(BUNDLE)
    monkeypatch.setattr(archive, "MOST_FILE_BYTES", 100)
    assert "no bundle has more than 100" in refused(BUNDLE)
