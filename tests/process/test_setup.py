"""scripts/setup.sh with a stub Python, and the lock files it relies on."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.files import PROJECT, write_program
from support.waiting import HANG_SECONDS

PLAIN_TOOLS = "cat chmod cp dirname env flock grep id mkdir rm sed sh sha256sum tail"

MAKE_HOSTS = ("mmdebstrap", "systemd-nspawn", "ssh")
CLIENTS = ("nc", "curl", "torsocks")

PYTHON = """\
case "$*" in
*version_info*) echo {version} ;;
"-c import ensurepip"*) exit {lacks_venv} ;;
"-m venv .venv")
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    echo "VIRTUAL_ENV=$PWD/.venv" >.venv/bin/activate
    : >.venv/bin/onionrig
    chmod 755 .venv/bin/onionrig
    echo "$*" >>calls ;;
"-m onionrig.engine.emulation.delaybox") echo delaybox >>calls; [ ! -e cc-fails ] ;;
"-m pip "*)
    shift 7
    echo "pip $*" >>calls
    if [ -e pip-fails ]; then echo "no such hash"; exit 1; fi ;;
esac
"""
MADE = [
    "-m venv .venv",
    "pip --require-hashes -r requirements.lock",
    "pip --no-deps -e .",
]


@dataclass
class Checkout:
    """A copy of what setup.sh reads, a PATH of stubs; tor and chromium are here already."""

    top: Path
    bin: Path

    @property
    def calls(self):
        log = self.top / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def python(self, name, version, *, lacks_venv=0):
        self.stub(name, PYTHON.format(version=version, lacks_venv=lacks_venv))

    def stub(self, name, script=""):
        write_program(self.bin, name, script)

    def setup(self, *arguments, **environment):
        return subprocess.run(
            [self.bin / "sh", "scripts/setup.sh", *arguments],
            cwd=self.top,
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path):
    checkout = Checkout(top=tmp_path / "checkout", bin=tmp_path / "bin")
    (checkout.top / "scripts").mkdir(parents=True)
    checkout.bin.mkdir()
    for file in ("scripts/setup.sh", "scripts/install-tor.sh"):
        shutil.copy(PROJECT / file, checkout.top / file)
    for file in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        (checkout.top / file).write_text(file)
    for tool in PLAIN_TOOLS.split():
        (checkout.bin / tool).symlink_to(shutil.which(tool))
    for tool in ("tor", "chromium", "chromedriver", "ip", "tc", *MAKE_HOSTS, *CLIENTS):
        checkout.stub(tool)
    checkout.python("python3", "3.11")
    return checkout


def test_it_installs_what_the_lock_names_and_then_the_project(checkout):
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert checkout.calls == MADE


def test_dev_installs_the_dev_lock_which_is_enough_for_setup_too(checkout):
    checkout.stub("cc")
    checkout.setup("dev")
    checkout.setup()
    assert checkout.calls[1:] == [
        "pip --require-hashes -r requirements-dev.lock",
        "pip --no-deps -e .",
        "delaybox",
    ]


def test_a_second_call_does_and_says_nothing(checkout):
    checkout.setup()
    done = checkout.setup()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert checkout.calls == MADE


def test_where_a_compiler_is_there_the_delaybox_is_built(checkout):
    checkout.stub("cc")
    assert checkout.setup().returncode == 0
    assert checkout.calls == [*MADE, "delaybox"]


def test_a_delaybox_that_cannot_be_built_is_said_and_is_no_failure(checkout):
    checkout.stub("cc")
    (checkout.top / "cc-fails").touch()
    done = checkout.setup()
    assert done.returncode == 0
    assert "delays emulated links could not be built" in done.stdout


@pytest.mark.parametrize("file", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_is_installed_into_the_same_venv(checkout, file):
    checkout.setup()
    (checkout.top / file).write_text("changed")
    checkout.setup()
    assert checkout.calls == [*MADE, *MADE[1:]]


def test_a_directory_that_was_moved_gets_a_new_venv(checkout):
    checkout.setup()
    checkout.top = checkout.top.rename(checkout.top.with_name("moved"))
    checkout.setup()
    assert checkout.calls == [*MADE, *MADE]


def test_a_failing_pip_is_shown_and_tried_again_next_time(checkout):
    (checkout.top / "pip-fails").touch()
    done = checkout.setup()
    assert done.returncode == 1
    assert "no such hash" in done.stderr
    assert ".venv/setup.log" in done.stderr
    (checkout.top / "pip-fails").unlink()
    assert checkout.setup().returncode == 0
    assert checkout.calls[-2:] == MADE[1:]


def test_a_python_too_old_is_named(checkout):
    checkout.python("python3", "3.9")
    done = checkout.setup()
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13; found: python3 is 3.9" in done.stderr
    assert not (checkout.top / ".venv").exists()


def test_a_python_too_new_gives_way_to_one_that_fits(checkout):
    checkout.python("python3", "3.14")
    checkout.python("python3.13", "3.13")
    assert "making .venv with python3.13 (3.13)" in checkout.setup().stdout


def test_the_variable_python_names_another_one(checkout):
    checkout.python("mine", "3.12")
    assert "making .venv with mine (3.12)" in checkout.setup(PYTHON="mine").stdout


def test_a_python_that_is_named_and_missing_is_no_reason_to_take_another(checkout):
    done = checkout.setup(PYTHON="missing")
    assert done.returncode == 1
    assert "found: no Python that runs" in done.stderr


def test_without_venv_and_apt_get_it_names_the_package(checkout):
    checkout.python("python3", "3.11", lacks_venv=1)
    done = checkout.setup()
    assert done.returncode == 1
    assert "missing: python3-venv" in done.stderr


def test_without_venv_root_and_sudo_it_says_what_to_type(checkout):
    checkout.python("python3", "3.11", lacks_venv=1)
    checkout.stub("apt-get")
    checkout.stub("id", "echo 1000")
    done = checkout.setup()
    assert done.returncode == 1
    assert "su -c 'apt-get install -y python3-venv'" in done.stderr


def test_where_apt_get_brings_venv_it_goes_on(checkout):
    checkout.python("python3", "3.11", lacks_venv=1)
    python = PYTHON.format(version="3.11", lacks_venv=0)
    with_venv = write_program(checkout.bin.parent, "python3", python)
    checkout.stub("apt-get", f"cp {with_venv} {checkout.bin}/python3")
    checkout.stub("id", "echo 0")
    assert checkout.setup().returncode == 0
    assert checkout.calls == MADE


@pytest.mark.parametrize("missing", ["chromium", "chromedriver"])
def test_dev_installs_a_browser_where_it_is_missing_and_setup_does_not(checkout, missing):
    (checkout.bin / missing).unlink()
    checkout.stub("cc")
    checkout.stub("apt-get", f'echo "$@" >>{checkout.bin}/asked')
    checkout.stub("id", "echo 0")
    assert checkout.setup().returncode == 0
    assert not (checkout.bin / "asked").exists()
    done = checkout.setup("dev")
    assert done.returncode == 0, done.stderr
    assert (
        (checkout.bin / "asked").read_text().rstrip().endswith("install chromium chromium-driver")
    )


def test_dev_without_a_browser_and_apt_get_names_what_is_missing(checkout):
    (checkout.bin / "chromium").unlink()
    done = checkout.setup("dev")
    assert done.returncode == 1
    assert "missing: chromium chromium-driver, and there is no apt-get here" in done.stderr


def test_dev_installs_a_compiler_where_there_is_none_and_setup_does_not(checkout):
    checkout.stub("apt-get", f'echo "$@" >>{checkout.bin}/asked')
    checkout.stub("id", "echo 0")
    assert checkout.setup().returncode == 0
    assert not (checkout.bin / "asked").exists()
    assert checkout.setup("dev").returncode == 0
    assert (checkout.bin / "asked").read_text().rstrip().endswith("install iproute2 gcc libc6-dev")


@pytest.mark.parametrize(
    ("missing", "packages"),
    [
        *((tool, "mmdebstrap systemd-container openssh-client") for tool in MAKE_HOSTS),
        *((tool, "netcat-openbsd curl torsocks") for tool in CLIENTS),
    ],
)
def test_dev_installs_what_makes_the_beds_hosts_and_the_clients_that_people_have(
    checkout, missing, packages
):
    checkout.stub("cc")
    (checkout.bin / missing).unlink()
    checkout.stub("apt-get", f'echo "$@" >>{checkout.bin}/asked')
    checkout.stub("id", "echo 0")
    assert checkout.setup("dev").returncode == 0
    asked = (checkout.bin / "asked").read_text().rstrip()
    assert asked.endswith(f"install {packages}")


def test_dev_is_not_up_to_date_once_the_browser_is_gone(checkout):
    checkout.stub("cc")
    checkout.setup("dev")
    (checkout.bin / "chromedriver").unlink()
    assert checkout.setup("dev").returncode == 1


def pins(lock):
    """Names and versions; on which systems they are needed may differ, as the dev lock has more."""
    return set(re.findall(r"^[\w.-]+==[^\s;\\]+", (PROJECT / lock).read_text(), re.MULTILINE))


def test_the_dev_lock_holds_every_pin_of_the_other():
    assert pins("requirements.lock")
    assert pins("requirements.lock") <= pins("requirements-dev.lock")
