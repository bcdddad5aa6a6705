"""The Debian mirrors of this machine, for any suite: no mirror is named in this project."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

APT = Path("/etc/apt")
_ARCHIVE = ("", "-updates", "-security")
"""What follows a suite's name in those of Debian's own archives."""
_ONE_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>.+)"
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source of packages as apt has it."""

    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str | None = None

    def stanza(self):
        """Return it in apt's format of stanzas."""
        lines = [
            "Types: deb",
            f"URIs: {self.uris}",
            f"Suites: {' '.join(self.suites)}",
            f"Components: {' '.join(self.components)}",
        ]
        if self.signed_by:
            lines.append(f"Signed-By: {self.signed_by}")
        return "\n".join(lines) + "\n"


def debian_sources(suite, *, etc=APT, codename=None):
    """Return the text of a .sources file for a suite of Debian, from this machine's own mirrors."""
    here = codename or platform.freedesktop_os_release()["VERSION_CODENAME"]
    own = {here + suffix: suite + suffix for suffix in _ARCHIVE}
    stanzas = []
    for source in configured(etc):
        suites = tuple(own[name] for name in source.suites if name in own)
        if suites and "main" in source.components:
            stanzas.append(
                Source(
                    uris=source.uris,
                    suites=suites,
                    components=("main",),
                    signed_by=source.signed_by,
                ).stanza()
            )
    if not stanzas:
        raise RuntimeError(f"{etc} has no source of Debian's {here}, so {suite} cannot be fetched")
    return "\n".join(stanzas)


def configured(etc):
    """Yield the sources of packages that are configured below a directory."""
    for path in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
        if path.is_file():
            yield from _one_line_sources(path.read_text())
    for path in sorted(etc.glob("sources.list.d/*.sources")):
        yield from _stanza_sources(path.read_text())


def _one_line_sources(text):
    for line in text.splitlines():
        if match := _ONE_LINE.fullmatch(line.partition("#")[0].strip()):
            options = dict(
                word.partition("=")[::2] for word in (match["options"] or "").split() if "=" in word
            )
            yield Source(
                uris=match["uri"],
                suites=(match["suite"],),
                components=tuple(match["rest"].split()),
                signed_by=options.get("signed-by"),
            )


def _stanza_sources(text):
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        fields = {
            key.strip().lower(): " ".join(value.split())
            for key, value in re.findall(r"^(\S+?):(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        }
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            yield Source(
                uris=fields["uris"],
                suites=tuple(fields["suites"].split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by"),
            )
