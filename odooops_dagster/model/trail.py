"""A trail in a file: one JSON object a line, each linked to the line before it, and a last line that seals them.

An edited line does not fit its link, a removed one leaves a gap; the seal, kept elsewhere, shows a file that was
written again from its first line. Events of runs are verified further, by the chain that each run has of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SEAL = "seal"
_LINK = "link"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The seal of a trail, over how many entries, and what in them is not as it was sealed."""

    seal: str
    entries: int
    faults: tuple[str, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Return whether nothing was changed since it was sealed."""
        return not self.faults


def sealed_lines(entries: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield each entry as a line of JSON with its link, then the line with the seal: the last link."""
    link, count = "", 0
    for entry in entries:
        line = _text(entry)
        link = _link(link, line)
        count += 1
        yield _text({**json.loads(line), _LINK: link})
    yield json.dumps({_SEAL: link, "entries": count})


def read_seal(lines: Sequence[str]) -> Seal:
    """Return the seal of the lines, with every line that is not as it was sealed, by its number and its name."""
    *entries, last = lines or [""]
    read = [_read(line) for line in entries]
    told = _read(last)
    seal, count = str(told.get(_SEAL, "")), told.get("entries")
    faults = [*_unlinked(read), *_unchained(read)]
    if not seal:
        faults.append("the last line seals nothing: the end of the file is missing")
    elif count != len(entries) or (read and seal != read[-1].get(_LINK)):
        faults.append(f"the seal is over {count} entries that end in another one than the {len(entries)} here")
    return Seal(seal=seal, entries=len(entries), faults=tuple(faults))


def entries_of(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the entries of sealed lines, without their links."""
    for line in lines[:-1]:
        entry = _read(line)
        entry.pop(_LINK, None)
        yield entry


def _unlinked(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines that do not fit their link, or that do not follow the line before them."""
    link = ""
    for number, entry in enumerate(entries, start=1):
        told = str(entry.get(_LINK, ""))
        bare = {name: value for name, value in entry.items() if name != _LINK}
        if told != _link(link, _text(bare)):
            yield f"line {number}, {_name(entry)}: it was changed, or the line before it is missing"
        link = told


def _unchained(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the events of runs that are not what their hash says, or that leave a gap in the chain of their run."""
    events = [line for line in entries if line.get("kind") == "run_event" and isinstance(line.get("entry"), Mapping)]
    ends: dict[str, tuple[int, str]] = {}
    for line in sorted(events, key=lambda line: int(line["entry"].get("seq") or 0)):
        event = line["entry"]
        run, seq = str(event.get("run_id")), int(event.get("seq") or 0)
        known = ends.get(run)
        if known is not None and (seq, event.get("prev_hash")) != (known[0] + 1, known[1]):
            yield f"{_name(line)}: it does not follow event {known[0]} of its run"
        if not _is_sealed(event):
            yield f"{_name(line)}: it is not what its hash says"
        ends[run] = (seq, str(event.get("hash")))


def _is_sealed(event: Mapping[str, Any]) -> bool:
    """Return whether the event's hash matches its fields, those of ops.hash_event, in the spelling `sealed`."""
    try:
        sealed = str(event["sealed"])
        told = json.loads(sealed)
        fields = [event[name] for name in ("run_id", "seq", "attempt", "event_type", "message", "payload")]
        digest = hashlib.sha256(_bytes(event["prev_hash"]) + sealed.encode()).digest()
        return told[:-1] == fields and digest == _bytes(event["hash"])
    except (KeyError, ValueError, TypeError):
        return False


def _bytes(value: object) -> bytes:
    return bytes.fromhex(str(value).removeprefix("\\x"))


def _name(entry: Mapping[str, Any]) -> str:
    """Return what the entry is, in a few words."""
    inner = entry.get("entry")
    row = inner if isinstance(inner, dict) else {}
    known = ("seq" in row and f"event {row['seq']} of run {row.get('run_id')}", row.get("id"), inner)
    words = (entry.get("kind") or entry.get("chain"), next((str(each) for each in known if each), None))
    return " ".join(str(word) for word in words if word) or "an entry"


def _read(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _link(before: str, line: str) -> str:
    return hashlib.sha256(f"{before}\n{line}".encode()).hexdigest()


def _text(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, default=_plain, sort_keys=True)


def _plain(value: object) -> object:
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else str(value)
