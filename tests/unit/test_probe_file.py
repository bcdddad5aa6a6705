"""Probes that were carried here."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onionrig.errors import UsageError
from onionrig.store.given_files import read_probe
from support.records.probes import probe


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "pi3.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


def plain(**changed):
    return {**msgspec.to_builtins(probe()), **changed}


def test_a_probe_is_read_as_it_was_written(written):
    assert read_probe(written(msgspec.json.encode(probe()))) == probe()


def test_what_a_later_version_adds_is_passed_over(written):
    later = plain(fan="loud", loopback={**plain()["loopback"], "packets": 3})
    assert read_probe(written(later)) == probe()


@pytest.mark.parametrize("schema", [2, 0, None, "1", True])
def test_a_probe_of_another_schema_is_refused_with_what_to_do(written, schema):
    path = written(plain(schema=schema, onionrig="2.5.0"))
    with pytest.raises(UsageError) as refused:
        read_probe(path)
    said = str(refused.value)
    assert f"{path} was made by onionrig 2.5.0, schema {schema}; this one reads schema 1" in said
    assert "probe the board again with this version" in said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"[" * 100_000, "is not JSON"),
        (b"model: pi3\n", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[1, 2]", "is no probe: its JSON is no object"),
        (b"{}", "is no probe: its JSON has nothing"),
        (b'{"status": "complete", "run": "x"}', "is no probe: its JSON has status, run;"),
        (b'{"a":1,"b":2,"c":3,"d":4,"e":5}', "its JSON has a, b, c, d and more"),
        (plain(speeds="fast"), "cannot be read"),
        ({"schema": 1, "loopback": {}}, "cannot be read"),
    ],
)
def test_what_is_no_probe_is_said_to_be_none(written, content, message):
    path = written(content)
    with pytest.raises(UsageError) as refused:
        read_probe(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)
    assert "onionrig probe --out FILE" in str(refused.value)


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_probe(tmp_path / "pi3.json")
    with pytest.raises(UsageError, match="directory"):
        read_probe(tmp_path)


@given(st.binary(max_size=200))
def test_no_content_is_too_strange(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "strange.json"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        read_probe(path)
