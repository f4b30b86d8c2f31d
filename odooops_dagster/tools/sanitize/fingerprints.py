"""Keyed hashes of production's secrets, in memory for one run, to find a secret elsewhere without storing it.

A secret is searched for as a whole value and as a word of a longer text. Text is split into words in three ways, with
ever more characters allowed in a word. Each secret is stored under the first way that does not split it, so that both
`key=VALUE` and `{"key": "VALUE"}` are found.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

# Shorter values occur in ordinary text by chance.
SHORTEST = 8
# Minimum length of a part of a longer secret, such as a line of a key file, so that no other text contains it.
_SHORTEST_PART = 20
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# The characters of a word in each cut: names, then base64, then everything except quotes, brackets and separators.
_INSIDE = (
    _LETTERS + b"_-",
    _LETTERS + b"_-+/.",
    bytes(set(range(33, 256)) - set(b"\"'<>&;,(){}[]|\\=")),
)
# bytes.translate runs in C; a regular expression takes ten times as long.
_CUTS = tuple(bytes(sign if sign in inside else 32 for sign in range(256)) for inside in _INSIDE)
_ONE_WORD = re.compile(rb"[A-Za-z]+")
_ONE_NUMBER = re.compile(rb"[\d.,:+\- ]+")
_LONG_ENOUGH_WORD = 16
# E-mail addresses, host names and URLs, which contacts and settings contain too.
_NAMES_SOMETHING = re.compile(
    rb"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|(?:https?:)?/{0,2}[\w.:/-]*\.[a-z]{2,}(?:[/:][\w./-]*)?", re.IGNORECASE
)
_TEMPLATE = re.compile(rb"^(?:dummy|example|test|demo|changeme|placeholder|your|scrubbed)", re.IGNORECASE)


@dataclass
class Fingerprints:
    """The hashes: `words` per cut that keeps the secret whole, `wholes` for values that every cut splits."""

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    words: tuple[set[int], ...] = field(default_factory=lambda: tuple(set() for _ in _CUTS))
    wholes: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        """Return the number of hashes."""
        return sum(map(len, self.words)) + len(self.wholes)

    def add(self, value: bytes) -> None:
        """Add a secret of production, unless it could be ordinary text."""
        value = value.strip()
        if not _is_telling(value):
            return
        if not self._add_word(value.rstrip(b"=")):
            self.wholes.add(self._hash(as_copied(value)))
            for part in value.translate(_CUTS[1]).split():
                if len(part) >= _SHORTEST_PART and _is_mixed(part):
                    self._add_word(part)

    def found_in(self, text: bytes) -> list[bytes]:
        """Return the words of the text that are secrets."""
        found: list[bytes] = []
        for cut, known in zip(_CUTS, self.words, strict=True):
            if known:
                words = set(text.translate(cut).split())
                found += [word for word in words if len(word) >= SHORTEST and self._hash(word) in known]
        return found

    def among(self, values: Iterable[bytes]) -> list[bytes]:
        """Return those of the values, in COPY format, that are secrets as a whole."""
        if not self.wholes:
            return []
        return [value for value in values if len(value) >= SHORTEST and self._hash(value) in self.wholes]

    def _add_word(self, value: bytes) -> bool:
        """Add a value under the first cut that does not split it; return False if every cut splits it."""
        for cut, known in zip(_CUTS, self.words, strict=True):
            if value.translate(cut) == value:
                known.add(self._hash(value))
                return True
        return False

    def _hash(self, value: bytes) -> int:
        # CPython hashes bytes with SipHash and a key of the process, in addition to our salt; neither is stored.
        return hash(self.salt + value)


def as_copied(value: bytes) -> bytes:
    """Return the value in COPY's text format (PostgreSQL's docs, COPY, "Text Format")."""
    for meant, written in ((b"\\", b"\\\\"), (b"\n", b"\\n"), (b"\t", b"\\t"), (b"\r", b"\\r")):
        value = value.replace(meant, written)
    return value


def _is_telling(value: bytes) -> bool:
    if len(value.rstrip(b"=")) < SHORTEST or _ONE_NUMBER.fullmatch(value) or _TEMPLATE.search(value):
        return False
    if _ONE_WORD.fullmatch(value):
        return len(value) >= _LONG_ENOUGH_WORD
    return not _NAMES_SOMETHING.fullmatch(value)


def _is_mixed(word: bytes) -> bool:
    return all(re.search(kind, word) for kind in (rb"[a-z]", rb"[A-Z]", rb"\d"))
