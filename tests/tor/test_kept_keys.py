"""Keys in the cache are used again, and made again where a power cut has damaged them."""

import fcntl

import pytest

from onionrig.errors import Unequipped
from onionrig.rig.keys import KeysWanted
from onionrig.tor import identities
from onionrig.tor.identities import LOCK, make_keys
from support.files import write_program

pytestmark = pytest.mark.tor


@pytest.fixture
def keys(tmp_path):
    """Make the keys of an authority and a relay, as each run does, with one cache."""
    count = 0

    def make():
        nonlocal count
        count += 1
        workspace = tmp_path / f"run-{count}"
        workspace.mkdir()
        wanted = KeysWanted(authorities=("authority-1",), relays=("relay-1",))
        return make_keys(wanted, workspace=workspace, cache=tmp_path / "cache", tor="tor")

    return make


def test_keys_are_used_again(keys):
    assert keys() == keys()


@pytest.mark.parametrize(
    ("damaged", "content"),
    [
        ("authority-1/authority_certificate", b""),
        ("authority-1/authority_certificate", b"dir-key-expires 2036-01-01 00:00:00\n"),
        ("authority-1/authority_signing_key", b""),
        ("authority-1/SHA256SUMS", b"\xff"),
        ("relay-1/fingerprint", b""),
        ("relay-1/secret_id_key", b""),
        ("relay-1/ed25519_master_id_secret_key", bytes(96)),
        ("relay-1/SHA256SUMS", b""),
    ],
)
def test_a_damaged_entry_is_made_again_and_no_other_is(keys, tmp_path, damaged, content):
    before = keys()
    (tmp_path / "cache" / damaged).write_bytes(content)
    after = keys()
    entry = damaged.partition("/")[0]
    remade = {
        name
        for kind in ("authorities", "relays")
        for name, identity in getattr(after, kind).items()
        if identity.fingerprint != getattr(before, kind)[name].fingerprint
    }
    assert remade == {entry}
    assert keys() == after


@pytest.mark.parametrize("missing", ["relay-1/secret_id_key", "relay-1/SHA256SUMS"])
def test_an_entry_that_lacks_a_file_is_made_again(keys, tmp_path, missing):
    keys()
    (tmp_path / "cache" / missing).unlink()
    after = keys()
    assert (tmp_path / "cache" / missing).is_file()
    assert keys() == after


def test_a_cache_that_another_run_does_not_release_is_not_waited_for_longer(
    keys, tmp_path, monkeypatch
):
    monkeypatch.setattr(identities, "_LOCK_SECONDS", 0.2)
    before = keys()
    with (tmp_path / "cache" / LOCK).open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        meanwhile = keys()
    assert meanwhile.relays["relay-1"] != before.relays["relay-1"]
    assert (tmp_path / "run-2" / "cache" / "relay-1").is_dir()
    assert keys() == before


def test_a_tor_that_makes_no_keys_is_named(tmp_path):
    write_program(tmp_path, "tor", "echo 'Tor version 0.4.8.12.'")
    with pytest.raises(Unequipped, match=r"tor could not make keys \(exit code 0\): Tor version"):
        make_keys(
            KeysWanted(relays=("relay-1",)),
            workspace=tmp_path,
            cache=tmp_path / "cache",
            tor=str(tmp_path / "tor"),
        )


def test_an_entry_that_is_not_a_directory_is_made_again(keys, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "relay-1").write_bytes(b"")
    assert keys() == keys()
