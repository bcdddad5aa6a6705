"""Files are UTF-8 whatever the locale, which nobody can forget; output replaces what it lacks."""

import ast
import json
import os
import subprocess
import sys

import pytest

from onionrig.cli.catalogue import catalogue
from onionrig.cli.question import layers_of
from support.files import PROJECT

PROGRAMS = ("src", "benchmarks", "scripts", "deploy")
OPENERS = {
    "read_text",
    "write_text",
    "open",
    "fdopen",
    "NamedTemporaryFile",
    "run",
    "Popen",
    "check_output",
}
SAID = 'name = "Zwölf – Bäume"'
BARE_LOCALES = [
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "en_GB.ISO-8859-1", "PYTHONIOENCODING": "latin-1"},
]


def without_encoding(call):
    """Whether a call opens a file, or the output of a program, as text in the locale's encoding."""
    attribute = isinstance(call.func, ast.Attribute)
    name = call.func.attr if attribute else getattr(call.func, "id", "")
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    owner = getattr(call.func.value, "id", "") if attribute else ""
    if name not in OPENERS or "encoding" in keywords or owner == "tarfile":
        return False
    if name in {"read_text", "write_text"}:
        return attribute
    if name in {"run", "Popen", "check_output"}:
        return bool({"text", "universal_newlines"} & keywords.keys())
    constants = [*call.args, *filter(None, [keywords.get("mode")])]
    modes = [
        value.value
        for value in constants
        if isinstance(value, ast.Constant)
        and isinstance(value.value, str)
        and set(value.value) <= set("rwaxbt+")
    ]
    if name == "NamedTemporaryFile" or (
        attribute and not call.args and not keywords.keys() - {"mode"}
    ):
        return any("b" not in mode for mode in modes)
    if attribute and name == "open" and not modes:
        return False  # of a stream, or for flags of the system
    return not any("b" in mode for mode in modes)


@pytest.mark.parametrize("top", PROGRAMS)
def test_every_file_is_opened_as_utf_8(top):
    careless = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for path in sorted((PROJECT / top).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and without_encoding(node)
    ]
    assert careless == []


@pytest.mark.parametrize(
    ("text", "careless"),
    [
        ("path.read_text()", True),
        ("path.read_text(errors='replace')", True),
        ("path.read_text(encoding='utf-8')", False),
        ("path.open('w')", True),
        ("path.open('rb')", False),
        ("open(path)", True),
        ("os.fdopen(handle, 'w')", True),
        ("os.fdopen(handle, 'wb')", False),
        ("subprocess.run(argv, text=True)", True),
        ("subprocess.run(argv)", False),
    ],
)
def test_what_counts_as_careless(text, careless):
    assert without_encoding(ast.parse(text).body[0].value) is careless


def test_a_byte_order_mark_is_read_over(tmp_path, monkeypatch):
    file = tmp_path / "experiment.toml"
    file.write_bytes(b"\xef\xbb\xbf[load]\nstreams = 4\n")
    assert layers_of(file, None, [])[-1] == {"load": {"streams": 4}}
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "onionrig").mkdir()
    (tmp_path / "onionrig" / "boards.toml").write_bytes(b"\xef\xbb\xbf# none yet\n")
    assert catalogue()


@pytest.fixture(params=BARE_LOCALES, ids=lambda locale: locale["LC_ALL"])
def in_a_bare_locale(request, tmp_path):
    """Run the command line where the locale's encoding is not UTF-8."""

    def run(*arguments, program=("-m", "onionrig")):
        environment = {name: value for name, value in os.environ.items() if name != "LANG"}
        return subprocess.run(
            [sys.executable, *program, *arguments],
            env={
                **environment, **request.param, "PYTHONUTF8": "0", "PYTHONPATH": f"{PROJECT}/src",
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
            },
            cwd=tmp_path, capture_output=True, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--target", "100Mbit", "--hardware", "pi4b"),
        ("hardware",),
        ("check", "bäume.toml"),
        ("plan", "--help"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_the_locale_cannot_print_is_replaced(in_a_bare_locale, tmp_path, arguments):
    (tmp_path / "bäume.toml").write_text("# Zwölf – Bäume\n[load]\nstreams = 4\n", encoding="utf-8")
    done = in_a_bare_locale(*arguments)
    assert b"Traceback" not in done.stderr, done.stderr
    assert done.returncode in {0, 3}, done.stderr
    assert done.stdout


def test_json_is_whole_whatever_can_be_printed(in_a_bare_locale):
    code = f"from onionrig.cli.output.printing import print_json; print_json({{'said': {SAID!a}}})"
    done = in_a_bare_locale(program=("-c", code))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("latin-1")) == {"said": SAID}
