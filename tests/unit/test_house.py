"""The shape of the house: how long a file is, how many things stand side by side, what has paths."""

import ast

import pytest

from support.files import PROJECT

SOURCE, SUPPORT = PROJECT / "src" / "onionrig", PROJECT / "tests" / "support"
MOST_LINES, LEAST_LINES = 400, 15
"""A longer file holds several things; a shorter module costs more to open than it says."""
MOST_SIBLINGS = 16
"""Modules and packages that a reader takes in at once; where there are more, it is several."""
MANY_SIBLINGS = {
    "src/onionrig": (22, "the rooms themselves stand here, beside errors, units and programs"),
    "src/onionrig/cli/commands": (17, "one module for each command, found by its name"),
}
"""Packages that may have more, how many, and why."""
PACKAGES_THEMSELVES = {"__init__.py", "__main__.py"}


def named(path):
    return path.relative_to(PROJECT).as_posix()


def text(path):
    return path.read_text(encoding="utf-8")


def modules(top):
    return [path for path in sorted(top.rglob("*.py")) if path.name not in PACKAGES_THEMSELVES]


def packages(top):
    return sorted({path.parent for path in top.rglob("*.py")})


def siblings(package):
    """Return the modules and packages that stand in a package."""
    inside = [path for path in modules(package) if path.parent == package]
    return inside + [path for path in packages(package) if path.parent == package]


@pytest.mark.parametrize("top", ["src", "tests", "benchmarks", "scripts"])
def test_no_file_is_too_long(top):
    lengths = {named(path): len(text(path).splitlines()) for path in (PROJECT / top).rglob("*.py")}
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_module_is_too_small_to_be_one():
    lengths = {
        named(path): len(text(path).splitlines()) for path in [*modules(SOURCE), *modules(SUPPORT)]
    }
    assert {name: lines for name, lines in lengths.items() if lines < LEAST_LINES} == {}


def test_no_package_has_too_many_siblings():
    counts = {
        named(package): len(siblings(package))
        for package in [*packages(SOURCE), *packages(SUPPORT)]
    }
    most = {name: most for name, (most, _) in MANY_SIBLINGS.items()}
    assert {
        name: count for name, count in counts.items() if count > most.get(name, MOST_SIBLINGS)
    } == {}
    # an exception that is no longer needed is told as well
    assert [name for name in MANY_SIBLINGS if counts[name] < MOST_SIBLINGS] == []


def test_every_package_has_a_docstring():
    unsaid = [
        named(package)
        for package in [*packages(SOURCE), *packages(SUPPORT)]
        if not ast.get_docstring(ast.parse(text(package / "__init__.py")))
    ]
    assert unsaid == []


def imported(path):
    """Return each name that a file imports, wherever it does, as it is called in its package."""
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_rig_imports_only_pure_posix_paths():
    imports = [
        (named(path), name)
        for path in (SOURCE / "rig").rglob("*.py")
        for name in imported(path)
        if name.partition(".")[0] == "pathlib"
    ]
    assert imports
    assert [
        imported_name for imported_name in imports if imported_name[1] != "pathlib.PurePosixPath"
    ] == []


def test_no_module_imports_an_http_client_that_obeys_proxies():
    # http.client, which does not, reads a tor's MetricsPort
    obeying = {"urllib.request", "requests", "httpx", "aiohttp", "urllib3"}
    importing = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(text(path))):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            if isinstance(node, ast.ImportFrom):
                names = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            importing |= {(named(path), name) for name in names & obeying}
    assert importing == set()
