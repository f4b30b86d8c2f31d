"""What production's secrets were, as keyed hashes that live as long as the run: to find one again, not to read it.

A secret is looked for as a whole value and as a word of longer text. Words are cut in three ways, from few signs to
many, and each secret is kept under the first that does not cut it: `key=VALUE` and `{"key": "VALUE"}` are both found.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

# Shorter ones stand in ordinary text by chance.
SHORTEST = 8
# A word of a longer secret, as of a key file's lines, must be one that no other text has.
_SHORTEST_PART = 20
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
# What belongs to a word in each cut: names, then base64, then whatever a text does not quote or bracket.
_INSIDE = (
    _LETTERS + b"_-",
    _LETTERS + b"_-+/.",
    bytes(set(range(33, 256)) - set(b"\"'<>&;,(){}[]|\\=")),
)
# One pass in C each, where a regular expression takes ten times as long.
_CUTS = tuple(bytes(sign if sign in inside else 32 for sign in range(256)) for inside in _INSIDE)
_ONE_WORD = re.compile(rb"[A-Za-z]+")
_ONE_NUMBER = re.compile(rb"[\d.,:+\- ]+")
_LONG_ENOUGH_WORD = 16
# Names of people's accounts and of places, which stand in contacts and settings too.
_NAMES_SOMETHING = re.compile(
    rb"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|(?:https?:)?/{0,2}[\w.:/-]*\.[a-z]{2,}(?:[/:][\w./-]*)?", re.IGNORECASE
)
_TEMPLATE = re.compile(rb"^(?:dummy|example|test|demo|changeme|placeholder|your|scrubbed)", re.IGNORECASE)


@dataclass
class Fingerprints:
    """The hashes, by the cut under which a secret is one word, and of whole values that every cut would cut."""

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    words: tuple[set[int], ...] = field(default_factory=lambda: tuple(set() for _ in _CUTS))
    wholes: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self.words)) + len(self.wholes)

    def add(self, value: bytes) -> None:
        """Remember a secret of production, unless it cannot be told from ordinary text."""
        value = value.strip()
        if not _is_telling(value):
            return
        if not self._add_word(value.rstrip(b"=")):
            self.wholes.add(self._hash(as_copied(value)))
            for part in value.translate(_CUTS[1]).split():
                if len(part) >= _SHORTEST_PART and _is_mixed(part):
                    self._add_word(part)

    def found_in(self, text: bytes) -> list[bytes]:
        """Return the secrets that are words of the text."""
        found: list[bytes] = []
        for cut, known in zip(_CUTS, self.words, strict=True):
            if known:
                words = set(text.translate(cut).split())
                found += [word for word in words if len(word) >= SHORTEST and self._hash(word) in known]
        return found

    def among(self, values: Iterable[bytes]) -> list[bytes]:
        """Return those of the values, as COPY writes them, that are secrets from their first sign to their last."""
        if not self.wholes:
            return []
        return [value for value in values if len(value) >= SHORTEST and self._hash(value) in self.wholes]

    def _add_word(self, value: bytes) -> bool:
        """Remember a value under the first cut that leaves it whole; False where each cuts it."""
        for cut, known in zip(_CUTS, self.words, strict=True):
            if value.translate(cut) == value:
                known.add(self._hash(value))
                return True
        return False

    def _hash(self, value: bytes) -> int:
        # SipHash, keyed by the process besides our salt (CPython's hash of bytes): nothing of it is written down.
        return hash(self.salt + value)


def as_copied(value: bytes) -> bytes:
    """Return the value as COPY writes it (PostgreSQL's docs, COPY, "Text Format")."""
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
