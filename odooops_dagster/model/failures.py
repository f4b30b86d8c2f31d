"""Why a command of Odoo failed, in one sentence that names the place in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

# code: a Python error; data: a file that Odoo loads; test: a failed test; log: an error that Odoo only logged.
FailureKind = Literal["code", "data", "test", "log"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One line of a traceback: a file of the repository, its line, the function and the line's text."""

    file: str
    line: int
    function: str = ""
    code: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}{f' in {self.function}' if self.function else ''}"
        return f"{where}: {self.code}" if self.code else where


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The first thing that went wrong.

    `file` is relative to the repository, empty if none of its files is known to be the reason; `line` counts from 1,
    0 if it is unknown. `frames` are the traceback's lines in the repository, outermost first; `excerpt` is
    what Odoo logged.
    """

    kind: FailureKind
    message: str
    file: str = ""
    line: int = 0
    test: str = ""
    frames: tuple[Frame, ...] = ()
    excerpt: str = ""

    @property
    def place(self) -> str:
        """Return `file:line`, or as much of it as is known."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file

    @property
    def sentence(self) -> str:
        """Return one line for people: the place, the test, the message."""
        return ": ".join(part for part in (self.place, self.test, self.message) if part)

    def to_row(self) -> Mapping[str, Any]:
        """Return the failure as data, for a check's row."""
        return asdict(self)
