"""An exported audit trail: one JSON object a line, and a last line that seals the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SEAL = "seal"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The seal of a trail: over how many entries, and whether these are the sealed ones."""

    seal: str
    entries: int
    is_intact: bool


def sealed_lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each entry as a line of JSON, then a line with the SHA-256 over all of them."""
    total, count = hashlib.sha256(), 0
    for entry in entries:
        line = json.dumps(entry, default=_plain, sort_keys=True)
        total.update(line.encode() + b"\n")
        count += 1
        yield line
    yield json.dumps({_SEAL: total.hexdigest(), "entries": count})


def read_seal(lines: Sequence[str]) -> Seal:
    """Return the seal of exported lines, and whether it is theirs; an empty seal if there is none."""
    *entries, last = lines or [""]
    try:
        told = json.loads(last)
        seal, count = str(told[_SEAL]), int(told["entries"])
    except (ValueError, KeyError, TypeError):
        return Seal(seal="", entries=len(lines), is_intact=False)
    total = hashlib.sha256("".join(f"{line}\n" for line in entries).encode()).hexdigest()
    return Seal(seal=seal, entries=len(entries), is_intact=(seal, count) == (total, len(entries)))


def _plain(value: object) -> object:
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else str(value)
