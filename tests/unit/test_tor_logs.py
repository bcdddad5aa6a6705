"""Which line of a tor's log says why it ended."""

import pytest

from onionrig.engine.readiness import Seen, wait_until_ready
from onionrig.errors import BringUpTimeout
from onionrig.rig.model import Role
from onionrig.tor.bootstrap import BootstrapLog, last_line
from support.rigs import rendered

ENDED = """\
Nov 29 09:37:45.507 [notice] Read configuration file "/w/torrc".
Nov 29 09:37:45.507 [warn] You have used DirAuthority.
{}Nov 29 09:37:45.507 [err] Reading config failed--see warnings above.
"""


@pytest.mark.parametrize(
    ("warnings", "message"),
    [
        (
            ["Failed to parse/validate config: Unknown option 'NoSuchOption'.  Failing."],
            "Failed to parse/validate config: Unknown option 'NoSuchOption'.  Failing.",
        ),
        (
            ["Too few arguments.", "Directory line did not parse. See logs for details."],
            "Too few arguments.; Directory line did not parse. See logs for details.",
        ),
        (
            ["Could not bind: Address in use", "Failed to bind one of the listener ports."],
            "Could not bind: Address in use; Failed to bind one of the listener ports.",
        ),
    ],
)
def test_a_tor_that_refers_to_its_warnings_is_explained_by_them(tmp_path, warnings, message):
    lines = "".join(f"Nov 29 09:37:45.507 [warn] {warning}\n" for warning in warnings)
    log = tmp_path / "tor.log"
    log.write_text(ENDED.format(lines), encoding="utf-8")
    assert last_line(log) == message


def test_any_other_end_is_explained_by_the_last_line(tmp_path):
    log = tmp_path / "tor.log"
    log.write_text("Nov 29 [warn] something\nNov 29 [notice] Catching signal TERM\n\n")
    assert last_line(log) == "Nov 29 [notice] Catching signal TERM"
    assert last_line(tmp_path / "none") == "(no log)"


def test_warnings_of_a_tor_that_bootstraps_are_noticed(tmp_path):
    path = tmp_path / "tor.log"
    path.write_text("x [warn] You have used DirAuthority.\n", encoding="utf-8")
    log = BootstrapLog(path)
    log.read_on()
    assert log.warning == ""
    with path.open("a", encoding="utf-8") as file:
        file.write("x [notice] Bootstrapped 5% (conn): Connecting to a relay\n")
        file.write("x [warn] Problem bootstrapping. Stuck at 5% (conn): Connection refused\n")
    log.read_on()
    assert log.warning == "Problem bootstrapping. Stuck at 5% (conn): Connection refused"


async def test_a_bring_up_that_stalls_is_reported_with_the_last_warning():
    client = rendered().with_role(Role.CLIENT)[0]

    async def look(_):
        return Seen(percent=5, doing="Connecting to a relay", warning="Connection refused")

    with pytest.raises(BringUpTimeout, match="; its last warning: Connection refused; its log: L"):
        await wait_until_ready([client], look, lambda _: "L", seconds=0.2, tell=lambda _: None)
