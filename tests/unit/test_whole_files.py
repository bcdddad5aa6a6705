"""What is renamed into place is on the disk first, and nothing is renamed past that."""

import ast
import os

import pytest

from onionrig.errors import RunDirectoryError
from onionrig.store.whole_files import put_in_place, replace_file
from support.files import PROJECT

SOURCE = PROJECT / "src" / "onionrig"
RENAMERS = {
    "store/whole_files.py": "it is the function",
    "balancer/extended/__main__.py": "replaces functions of Onionbalance, not files",
    "tor/identities.py": "moves files inside an entry that is not in place yet; keys of one run",
}


@pytest.fixture
def steps(monkeypatch):
    """What is written to the disk and what is renamed, in order."""
    taken = []
    fsync, rename = os.fsync, os.replace

    def synced(handle):
        taken.append(("on disk", os.path.basename(os.readlink(f"/proc/self/fd/{handle}"))))  # noqa: PTH119, PTH115 - a link of the kernel's, not a path
        fsync(handle)

    def renamed(fresh, path):
        taken.append(("renamed", os.path.basename(path)))  # noqa: PTH119 - likewise
        rename(fresh, path)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    return taken


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, steps):
    replace_file(tmp_path / "result.json", b"{}")
    assert steps == [("on disk", ".result.json.new"), ("renamed", "result.json")]


def test_so_is_every_file_of_a_directory_and_the_directory(tmp_path, steps):
    fresh = tmp_path / "fresh"
    (fresh / "below").mkdir(parents=True)
    for name in ("one", "below/two"):
        (fresh / name).write_bytes(b"content")
    put_in_place(fresh, tmp_path / "entry")
    *synced, last = steps
    assert sorted(synced) == [("on disk", name) for name in ("below", "fresh", "one", "two")]
    assert last == ("renamed", "entry")
    assert (tmp_path / "entry" / "below" / "two").read_bytes() == b"content"


def test_a_file_that_need_not_last_is_not_waited_for(tmp_path, steps):
    replace_file(tmp_path / "processes.json", b"{}", lasting=False)
    assert steps == [("renamed", "processes.json")]


def test_a_disk_that_is_full_only_as_it_is_written_to_is_told(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    (tmp_path / "kept").write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunDirectoryError, match="the disk is full"):
        replace_file(tmp_path / "kept", b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"before"


def renames(path):
    """Whether a module renames files: ``.rename(x)``, ``.replace(x)``, ``shutil.move``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name, owner = node.func.attr, getattr(node.func.value, "id", "")
        if name in {"rename", "renames"} or (name, owner) in {
            ("move", "shutil"),
            ("replace", "os"),
        }:
            return True
        renamer = name == "replace" and len(node.args) == 1 and not node.keywords
        if renamer and owner not in {"structs", "dataclasses"}:
            return True
    return False


def test_nothing_is_renamed_into_place_otherwise():
    renaming = {
        path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if renames(path)
    }
    assert renaming == set(RENAMERS)
