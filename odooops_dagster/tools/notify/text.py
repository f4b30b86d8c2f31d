"""The words of a notification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A header is one line of a mail, and a title one of a list.
_LONGEST_TITLE = 150


@dataclass(frozen=True, kw_only=True)
class Note:
    """What one message tells: a title, what happened, who must act now, and where to read more."""

    title: str
    text: str
    act: str | None
    url: str | None

    @classmethod
    def of(cls, payload: Mapping[str, Any], *, page: str | None) -> Note:
        """Build from a message's payload; `page` is the run's, for what has no address of its own."""
        return cls(
            title=" ".join(str(payload.get("title", "")).split())[:_LONGEST_TITLE],
            text=str(payload.get("text") or "").strip(),
            act=payload.get("act"),
            url=payload.get("url") or page,
        )

    def __str__(self) -> str:
        lines = [self.title, self.text, f"Now acts: {self.act}." if self.act else "", self.url or ""]
        return "\n".join(line for line in lines if line)


def subject_of(notes: Sequence[Note]) -> str:
    """Return the one line that stands for all."""
    (first, *others) = notes
    return f"[OdooOps] {first.title}" + (f" (and {len(others)} more)" if others else "")


def body_of(notes: Sequence[Note]) -> str:
    """Return the text of all, in their order."""
    return "\n\n".join(map(str, notes)) + "\n"
