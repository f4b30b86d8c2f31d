"""Keeps the values of secret variables out of what an Odoo writes: its log, and what its modules print."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO

# A shorter value is a word like others: masking it would hide the log, and it is no secret that holds.
_SHORTEST = 6


class Masked:
    """A stream that writes *** in the place of each secret; otherwise the stream around which it is."""

    def __init__(self, stream: TextIO, secrets: Iterable[str]) -> None:
        """Mask the secrets, the longest first: one may contain another."""
        self._stream = stream
        self._pattern = re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True))))

    def __getattr__(self, name: str) -> object:
        """Return what the stream has besides."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write the text without the secrets."""
        self._stream.write(self._pattern.sub("***", text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write the lines without the secrets."""
        for line in lines:
            self.write(line)


def mask(names: Iterable[str]) -> None:
    """Mask the values of the variables of these names, each of their lines; a person's terminal shows them."""
    values = {line.strip() for name in names for line in os.environ.get(name, "").splitlines()}
    secrets = {value for value in values if len(value) >= _SHORTEST}
    if secrets and not os.isatty(2):
        sys.stdout, sys.stderr = Masked(sys.stdout, secrets), Masked(sys.stderr, secrets)
