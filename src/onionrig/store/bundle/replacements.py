"""Replace names, addresses and paths in texts, the same one by the same replacement everywhere.

What is not known by name is found by its form: paths, addresses of every kind, keys. A replacement
is not replaced again, so a bundle of a bundle has the same names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from onionrig.store.bundle.names import WORDS_OF_THE_FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from onionrig.store.bundle.names import Names

CUT = "…"
"""Stands for what was cut off a path, or for a whole name of a file."""

KNOWN_FILES = frozenset(
    {
        *("onionrig", "__main__.py", "python", "python3", "tor", "sh", "null"),
        *("torrc", "data", "control", "service", "orders.json", "config.yaml", "bandwidths"),
    }
)
"""Names of files that are the same in every run; the end of a path is kept if it is one."""

_PATH_OPTIONS = frozenset({"--out", "-i", "--inventory", "--report", "--probe", "--run-probe"})
_FILE = re.compile(r".*\.(toml|ya?ml|json|ini|cfg|txt|html)", re.DOTALL)
_FRACTION = re.compile(r"[\d.]+/[\d.]+")
_END_OF_SENTENCE = ".,:;)]}"

_DOCUMENTATION = ("192.0.2", "198.51.100", "203.0.113")
_IN_ONE_RANGE = 254
_DOMAIN = (
    r"(?P<domain>(?:\.[A-Za-z][A-Za-z0-9-]*){2,}(?![\w-])"
    r"|\.(?:lan|local|home|internal|localdomain)(?![\w-]))?"
)
"""Domain that may follow a host's name in a text, and is cut off with it."""
_TOR_LINE = re.compile(r"(?im)^([ \t]*ContactInfo[ \t]+)(?!onionrig private network$)(\S.*)$")

_TOR_WORD = re.compile(r"(?i)(\bContactInfo[ \t]+)([^\"'\\\]]*[^\"'\\\]\s])")
"""The same line as a setting of a command has it, in quotes and brackets."""
_REACHED = (
    r"(?<=connect to host )|(?<=resolve hostname )|(?<=Timeout, server )"
    r"|(?<=host key is known for )|(?<=Connection to )(?=\S+ (?:closed|port|timed))"
)
"""The words that OpenSSH writes before the name by which it reached a host. The inventory has that
name, but the manifest has only the host's alias and its address."""
_GROUPS = "(?:[0-9A-Fa-f]{1,4}:)"
_V4 = r"\d{1,3}(?:\.\d{1,3}){3}"
_FORMS = (
    ("url", r"(?<![^\W_])[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+"),
    ("path", r"(?<![\w/.…~])(?:~[\w.-]*|\.{1,2})?/(?=[^\s/…])[^\s\"'<>|]*"),
    (
        "mac",
        (
            r"(?<![\w:])[0-9A-Fa-f]{2}(?P<between>[:-])"
            r"(?:[0-9A-Fa-f]{2}(?P=between)){4}[0-9A-Fa-f]{2}(?!:?\w)"
        ),
    ),
    (
        "v6",
        (
            rf"(?<![\w:])(?:{_GROUPS}{{7}}[0-9A-Fa-f]{{1,4}}|{_GROUPS}{{6}}{_V4}"
            rf"|(?:[0-9A-Fa-f]{{1,4}}(?::[0-9A-Fa-f]{{1,4}})*)?::"
            rf"(?:(?:[0-9A-Fa-f]{{1,4}}:)*(?:{_V4}|[0-9A-Fa-f]{{1,4}}))?)(?:%[\w.-]+)?(?!\w)"
        ),
    ),
    ("v4", rf"(?<!\d)(?<!\d\.){_V4}(?!\d)(?!\.\d)"),
    ("onion", r"(?<![^\W_])(?:[A-Za-z2-7]{56}(?:\.onion)?|[A-Za-z2-7]{16}\.onion)(?![^\W_])"),
    ("contact", r"(?<![\w.+-])[\w.+-]+@[\w.-]*[\w-]"),
    (
        "key",
        r"(?<![^\W_])[0-9A-Fa-f]{32,}(?![^\W_])|(?<![\w+/=])[A-Za-z0-9+/]{43}=?(?![\w+/=])",
    ),
)


class Replacements:
    """The replacements in one run, with a record of what has been replaced so far."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._numbers: dict[str, dict[str, str]] = {}
        self._replaced_texts: dict[str, set[str]] = {}
        self._texts: dict[str, str] = {}
        self._replacements_by_name = {
            name.casefold(): (kind, new) for kind, name, new in _listed(names)
        }
        self._pattern = re.compile("|".join(_alternatives(names.paths, self._replacements_by_name)))

    def counts(self) -> dict[str, int]:
        """Return how many different things of each kind have been replaced."""
        return {kind: len(texts) for kind, texts in sorted(self._replaced_texts.items())}

    def host(self, name: str) -> str:
        """Return the replacement of a host's name."""
        return self._record_replacement("host name", name, self.names.hosts.get(name, name))

    def service(self, name: str) -> str:
        """Return the name of a service, or of a host that something was done to."""
        if name in self.names.hosts:
            return self.host(name)
        return self.names.services.get(name) or self.text(name)

    def interface(self, name: str) -> str:
        """Return the replacement of an interface's name."""
        return self._record_replacement(
            "interface name", name, self.names.interfaces.get(name, name)
        )

    def run(self, name: str) -> str:
        """Return the replacement of a run's name."""
        new_name = self.names.runs.get(name)
        # it ends in the experiment's name, which may have that of a host in it
        if new_name is None:
            return self.text(name)
        start, dash, title = new_name.partition("-")
        return self._record_replacement("run name", name, f"{start}{dash}{self.text(title)}")

    def setting(self, key: str) -> str:
        """Return the key of a setting, in which a host may be named, as in ``hosts.NAME.link``."""
        table, dot, rest = key.partition(".")
        name, last_dot, setting_name = rest.rpartition(".")
        names_a_host = table == "hosts" and name in self.names.hosts
        return f"{table}{dot}{self.host(name)}{last_dot}{setting_name}" if names_a_host else key

    def path(self, path: str) -> str:
        """Return a path, or the name of a file, cut down to what every run has."""
        if CUT in path.split("/"):
            return path
        root, file_name = "/" * path.startswith("/"), path.rstrip("/").rpartition("/")[2]
        shortened_path = f"{root}{CUT}/{file_name}" if file_name in KNOWN_FILES else f"{root}{CUT}"
        return self._record_replacement("path", path, shortened_path)

    def command(self, words: Iterable[str]) -> tuple[str, ...]:
        """Return the words of a command; whatever names a file is cut."""
        new_words: list[str] = []
        previous_word = ""
        for word in words:
            new_words.append(
                self.path(word) if previous_word in _PATH_OPTIONS else self._word(word)
            )
            previous_word = word
        return tuple(new_words)

    def torrc(self, text: str) -> str:
        """Return a torrc, or lines of one; the contact of whoever runs it is replaced as well."""
        return self.text(_TOR_LINE.sub(lambda line: line[1] + self._contact(line[2]), text))

    def text(self, text: str) -> str:
        """Return a text in which every name, address and path is replaced."""
        if text not in self._texts:
            self._texts[text] = self._pattern.sub(self._replacement, text)
        return self._texts[text]

    def _word(self, word: str) -> str:
        option, equals, value = word.rpartition("=")
        names_file = ("/" in value and not _FRACTION.fullmatch(value)) or _FILE.fullmatch(value)
        if option in _PATH_OPTIONS or (names_file and "://" not in value):
            return f"{self.text(option)}{equals}{self.path(value)}"
        word = _TOR_WORD.sub(lambda line: line[1] + self._contact(line[2]), word)
        option, equals, value = word.rpartition("=")
        if (setting_key := option.rpartition(" ")[2]) and "." in setting_key:
            return f"{self.setting(setting_key)}{equals}{self.text(value)}"
        return self.text(word)

    def _replacement(self, match: re.Match[str]) -> str:
        kind, text = str(match.lastgroup), match[0]
        if kind in {"known", "path"}:
            bare_text = text.rstrip(_END_OF_SENTENCE)
            return self.path(bare_text) + text[len(bare_text) :]
        if kind == "named":
            name_kind, replacement = self._replacements_by_name.get(
                match["name"].casefold(), ("host name", CUT)
            )
            domain = match["domain"] or ""
            if name_kind == "run name":
                return self.run(match["name"]) + domain
            return self._record_replacement(name_kind, match["name"], replacement) + domain * (
                name_kind != "host name"
            )
        by_form: dict[str, Callable[[str], str]] = {
            "url": lambda url: self._record_replacement("path", url, CUT),
            "mac": self._mac,
            "v6": self._v6,
            "v4": self._v4,
            "onion": self._onion,
            "contact": self._contact,
            "reached": lambda name: self._numbered("host name", name, "other-host-{}".format),
            "key": lambda key: self._numbered("fingerprint", key, "key-{}".format),
        }
        return by_form[kind](text)

    def _mac(self, text: str) -> str:
        return self._numbered("hardware address", text, _local_hardware_address)

    def _v6(self, text: str) -> str:
        if text in {"::", "::1"}:
            return text
        return self._numbered("network address", text, "2001:db8::{:x}".format)

    def _v4(self, text: str) -> str:
        first, *_ = parts = [int(part) for part in text.split(".")]
        # loopback, any, a netmask, and what is a version (0.4.9.11) say nothing of a machine
        if first in {0, 127, 255} or max(parts) > 255:  # noqa: PLR2004 - the largest byte
            return text
        return self._numbered("network address", text, _documentation_address)

    def _onion(self, text: str) -> str:
        bare_address = text.lower().removesuffix(".onion")
        replacement = self._numbered("onion address", bare_address, "address-{}".format)
        return replacement + ".onion" * text.lower().endswith(".onion")

    def _contact(self, text: str) -> str:
        if re.fullmatch(r"contact-\d+", text):
            return text
        return self._numbered("contact", text, "contact-{}".format)

    def _numbered(self, kind: str, text: str, replacement_of_number: Callable[[int], str]) -> str:
        """Return the replacement of a thing: its number, in the order in which things appear."""
        numbers = self._numbers.setdefault(kind, {})
        if text not in numbers:
            numbers[text] = replacement_of_number(len(numbers) + 1)
        return self._record_replacement(kind, text, numbers[text])

    def _record_replacement(self, kind: str, text: str, replacement: str) -> str:
        if replacement != text and kind != "service":  # what is new in one is the name of its host
            self._replaced_texts.setdefault(kind, set()).add(text)
        return replacement


def _listed(names: Names) -> list[tuple[str, str, str]]:
    """Return kind, name and replacement of every name that is looked for in texts."""
    replacements = [("host name", name, new) for name, new in names.hosts.items()]
    # tor's own name for a host is often its first label
    replacements += [
        ("host name", label, new)
        for name, new in names.hosts.items()
        if (label := name.partition(".")[0]) not in names.hosts
    ]
    replacements += [("user name", name, new) for name, new in names.users.items()]
    replacements += [("interface name", name, new) for name, new in names.interfaces.items()]
    replacements += [
        ("run name", name, new)
        for name, new in names.runs.items()
        if name.casefold() not in new.casefold()  # it is the experiment's, as in `--out smoke`
    ]
    new_names = {new for _, _, new in replacements}
    safe_replacements = [
        (kind, name, new)
        for kind, name, new in replacements
        if name.casefold() not in WORDS_OF_THE_FORMAT
        and not re.fullmatch(r"[\d.]*", name)
        and name not in new_names
    ]
    # a service's name may contain a host's; the longer of the two is found first
    return [*safe_replacements, *(("service", name, new) for name, new in names.services.items())]


def _alternatives(paths: Iterable[str], names: Iterable[str]) -> Iterable[str]:
    """Return the patterns of everything that is replaced, each a group of its name."""
    paths_pattern = "|".join(re.escape(path) for path in paths)
    if paths_pattern:
        yield rf"(?P<known>(?:{paths_pattern})(?:/[^\s\"'<>|]*)?)"
    for kind, form in _FORMS:
        yield f"(?P<{kind}>{form})"
    names_pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if names_pattern:
        yield rf"(?P<named>(?<![^\W_])(?P<name>(?i:{names_pattern}))(?![^\W_]){_DOMAIN})"
    yield rf"(?P<reached>(?:{_REACHED})(?!other-host-\d)[A-Za-z0-9](?:[\w.-]*\w)?)"


def _local_hardware_address(number: int) -> str:
    """Return a locally administered hardware address."""
    return f"02:00:00:00:{number // 256:02x}:{number % 256:02x}"


def _documentation_address(number: int) -> str:
    """Return an address of a range that is kept for examples (RFC 5737), or for benchmarks."""
    range_number, last_byte = divmod(number - 1, _IN_ONE_RANGE)
    if range_number < len(_DOCUMENTATION):
        return f"{_DOCUMENTATION[range_number]}.{last_byte + 1}"
    return f"198.18.{range_number}.{last_byte + 1}"
