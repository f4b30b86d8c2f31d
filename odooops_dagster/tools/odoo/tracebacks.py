"""Reads Python's tracebacks in Odoo's log."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from odooops_dagster.model import Frame

_FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line (?P<line>\d+)(, in (?P<function>.+))?$')
_HEAD = "Traceback (most recent call last):"
# Between an exception and the one that it caused. Source: Python's traceback.py, `_cause_message`, `_context_message`.
_CAUSED = "The above exception was the direct cause of the following exception:"
_DURING = "During handling of the above exception, another exception occurred:"
# Odoo appends these to the message. Source: odoo/tools/convert.py and odoo/addons/base/models/ir_ui_view.py.
_CONTEXT = "View error context:"
_PREAMBLE = re.compile(
    r"^(ParseError: while parsing .*|Error while (parsing or )?validating view.*:"
    r"|Exception: Module loading \w+ failed: file \S+ could not be processed:)$"
)
_MODULE_PATH = re.compile(r"^([a-z_]\w*\.)+(?=[A-Z])")


@dataclass(frozen=True, kw_only=True)
class Raised:
    """One exception: its frames, outermost first, and the lines of its text."""

    frames: tuple[Frame, ...]
    lines: tuple[str, ...]
    is_cause: bool  # of the exception that follows

    @property
    def message(self) -> str:
        """Return the exception in one line, without what Odoo and PostgreSQL write around it."""
        text = [line.strip() for line in takewhile(lambda line: line.strip() != _CONTEXT, self.lines) if line.strip()]
        told = [_MODULE_PATH.sub("", line) for line in text if not line.startswith("<")]
        told = [line for line in told if not _PREAMBLE.match(line)] or told
        return html.unescape(told[0]) if told else ""


def chain(lines: Sequence[str]) -> tuple[Raised, ...]:
    """Return the exceptions of a record's lines in their order; empty if there are none."""
    return tuple(_raised(part, is_cause=is_cause) for part, is_cause in _parts(lines))


def origin(raised: Sequence[Raised]) -> Raised:
    """Return the exception that is the reason: the last one, or the one that it names as its cause."""
    at = len(raised) - 1
    while at > 0 and raised[at - 1].is_cause:
        at -= 1
    return raised[at]


def _parts(lines: Sequence[str]) -> Iterator[tuple[list[str], bool]]:
    """Yield the lines of each traceback without its head, and whether it caused the next one."""
    part: list[str] | None = None
    for line in lines:
        if line in {_CAUSED, _DURING} and part is not None:
            yield part, line == _CAUSED
            part = None
        elif line == _HEAD:
            part = []
        elif part is not None:
            part.append(line)
    if part is not None:
        yield part, False


def _raised(lines: Sequence[str], *, is_cause: bool) -> Raised:
    frames: list[Frame] = []
    last = -1
    for number, line in enumerate(lines):
        found = _FRAME.match(line)
        if found:
            below = lines[number + 1].strip() if number + 1 < len(lines) else ""
            code = below if number + 1 < len(lines) and lines[number + 1].startswith("    ") else ""
            frames.append(
                Frame(file=found["file"], line=int(found["line"]), function=found["function"] or "", code=code)
            )
            last = number
    after = [line for line in lines[last + 1 :] if not line.startswith("    ")]
    return Raised(frames=tuple(frames), lines=tuple(after), is_cause=is_cause)
