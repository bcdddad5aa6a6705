"""Which lines users may add to the rig's torrcs.

A line is refused if it would set what the rig sets itself, however it is spelled. tor accepts an
option in any case, behind ``+`` or ``/``, under an older name, behind ``__``, or abbreviated; it
reads further files, and it continues with the next line after a backslash (tor:
src/lib/encoding/confline.c, parse_config_line_from_str_verbose; src/lib/confmgt/confmgt.c,
config_mgr_find_var; src/app/config/config.c, option_abbrevs_ and VPORT).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onionrig.experiment.schema import Experiment

LINES_OF_THE_RIG = {
    name.lower(): name
    for name in (
        "Address", "AlternateBridgeAuthority", "AlternateDirAuthority", "AuthoritativeDirectory",
        "CacheDirectory", "ConsensusParams", "ControlPort", "ControlSocket",
        "ControlSocketsGroupWritable", "DataDirectory", "DirAuthority", "DirPort",
        "DisableDebuggerAttachment", "FallbackDir", "HiddenServiceDir",
        "HiddenServiceNonAnonymousMode", "HiddenServiceNumIntroductionPoints",
        "HiddenServiceOnionBalanceInstance", "HiddenServicePort", "HiddenServiceSingleHopMode",
        "KeyDirectory", "MetricsPort", "MetricsPortPolicy", "Nickname", "ORPort", "PidFile",
        "RunAsDaemon", "SocksPort", "TestingTorNetwork", "TestingV3AuthInitialDistDelay",
        "TestingV3AuthInitialVoteDelay", "TestingV3AuthInitialVotingInterval", "User",
        "V3AuthDistDelay", "V3AuthVoteDelay", "V3AuthVotingInterval", "V3AuthoritativeDirectory",
        "V3BandwidthsFile",
    )
}  # fmt: skip
OLDER_NAMES = {"dirserver": "DirAuthority"}
"""Aliases that tor accepts without a warning."""
KEYS_INSTEAD = {
    "ConsensusParams": "network.consensus",
    "HiddenServiceNonAnonymousMode": "backends.single_hop",
    "HiddenServiceNumIntroductionPoints": "backends.introduction_points",
    "HiddenServiceSingleHopMode": "backends.single_hop",
}
"""Keys of the experiment that set a line of the rig."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_KEYWORD = re.compile(r"[^ \t#]*")
_PARAMETER = re.compile(r"[A-Za-z0-9_-]+")


def wrong_torrc_lines(experiment: Experiment) -> str | None:
    """Explain which line may not be added and why, or return None."""
    for table, lines in torrc_tables(experiment).items():
        for line in lines:
            if wrong := wrong_line(line):
                return f"{table}.torrc: {line!r}: {wrong}"
    for name in experiment.network.consensus:
        if not _PARAMETER.fullmatch(name):
            return (
                f"network.consensus: {name!r} is not the name of a consensus parameter, which has "
                "letters, digits, - and _ alone"
            )
    return None


def torrc_tables(experiment: Experiment) -> dict[str, tuple[str, ...]]:
    """Return the lines that users added, by the table of the experiment that has them."""
    return {
        "network": experiment.network.torrc,
        "backends": experiment.backends.torrc,
        "load": experiment.load.torrc,
    }


def wrong_line(line: str) -> str | None:
    """Explain why a line may not be added to a torrc, or return None."""
    if _CONTROL.search(line):
        return (
            "a line break or another control character is in it; each line is a text of its own in "
            "the list"
        )
    if line.endswith("\\"):
        return "tor would go on with the rig's next line behind the backslash at its end"
    keyword = _keyword(line)
    if keyword.startswith("%"):
        return f"{keyword} has tor read lines that nobody has checked; write the lines themselves"
    if line.lstrip(" \t").startswith("/") and keyword and "log".startswith(keyword.lower()):
        return "/Log has tor forget the log that the rig reads; add a Log line without the slash"
    option = _own_option(keyword)
    if option is None:
        return None
    named = "" if option.lower() == keyword.lower() else f"tor may read {keyword} as {option}, and "
    instead = f"; set {KEYS_INSTEAD[option]} instead" if option in KEYS_INSTEAD else ""
    return f"{named}{option} is the rig's own to set{instead}"


def _keyword(line: str) -> str:
    """Return the first word of a line as tor reads it, without one of tor's prefixes."""
    match = _KEYWORD.match(line.lstrip(" \t"))
    word = match[0] if match else ""
    return word[1:] if word.startswith(("+", "/")) else word


def _own_option(keyword: str) -> str | None:
    """Return the rig's own option that tor would set for a keyword, or None."""
    word = keyword.lower()
    if word.startswith("__") and word.endswith("port"):
        word = word.removeprefix("__")
    if word in OLDER_NAMES:
        return OLDER_NAMES[word]
    # no other option of tor begins with one of these (tests/tor asks tor)
    beginning = (
        name for prefix, name in LINES_OF_THE_RIG.items() if word and prefix.startswith(word)
    )
    return LINES_OF_THE_RIG.get(word) or next(beginning, None)
