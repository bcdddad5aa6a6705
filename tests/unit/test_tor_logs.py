"""Which line of a tor's log says why it ended."""

import pytest

from onionrig.tor.bootstrap import last_line

ENDED = """\
Nov 29 09:37:45.507 [notice] Read configuration file "/w/torrc".
Nov 29 09:37:45.507 [warn] You have used DirAuthority.
{}Nov 29 09:37:45.507 [err] Reading config failed--see warnings above.
"""


@pytest.mark.parametrize(
    ("warnings", "said"),
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
def test_a_tor_that_refers_to_its_warnings_is_told_of_by_them(tmp_path, warnings, said):
    lines = "".join(f"Nov 29 09:37:45.507 [warn] {warning}\n" for warning in warnings)
    log = tmp_path / "tor.log"
    log.write_text(ENDED.format(lines), encoding="utf-8")
    assert last_line(log) == said


def test_any_other_end_is_told_by_the_last_line(tmp_path):
    log = tmp_path / "tor.log"
    log.write_text("Nov 29 [warn] something\nNov 29 [notice] Catching signal TERM\n\n")
    assert last_line(log) == "Nov 29 [notice] Catching signal TERM"
    assert last_line(tmp_path / "none") == "(no log)"
