"""Which packages provision is said to have installed, from what apt says that it would do."""

import json
import os
import subprocess
import sys

import pytest

from support.files import PROJECT, write_program

PACKAGES = PROJECT / "deploy/roles/onionrig/files/packages.py"
PLAN = """\
Inst python3.11 [3.11.2-6] (3.11.2-6+deb12u6 Debian:12.12/stable [amd64]) []
Inst python3.11-dev [3.11.2-6] (3.11.2-6+deb12u6 Debian:12.12/stable [amd64])
Inst python3-pip-whl (23.0.1+dfsg-1 Debian:12.12/stable [all])
Inst python3.11-venv (3.11.2-6+deb12u6 Debian:12.12/stable [amd64])
Inst libevent-2.1-7:amd64 (2.1.12-stable-8 Debian:12.12/stable [amd64])
Conf python3.11 (3.11.2-6+deb12u6 Debian:12.12/stable [amd64])
"""


@pytest.fixture
def planned(tmp_path):
    """Return what packages.py answers where apt-get prints this plan."""
    plan = tmp_path / "plan"
    write_program(tmp_path / "bin", "apt-get", f'[ "$5" = update ] || cat {plan}')

    def answer(text, *words):
        plan.write_text(text)
        environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        argv = [sys.executable, PACKAGES, *words]
        return json.loads(subprocess.check_output(argv, env=environment))

    return answer


def test_a_package_that_is_upgraded_was_there_and_is_not_one_to_remove_again(planned):
    assert planned(PLAN, "install", "python3-venv") == [
        "libevent-2.1-7", "python3-pip-whl", "python3.11-venv",
    ]  # fmt: skip
