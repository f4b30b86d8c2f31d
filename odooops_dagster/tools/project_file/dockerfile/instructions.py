"""Divides a Dockerfile into its instructions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Text that begins with no word is told as an instruction that nobody knows.
_INSTRUCTION = re.compile(r"\s*(?P<word>\S+)\s*(?P<rest>.*)", re.DOTALL)
# A document that follows in the next lines; its text is no instruction.
_DOCUMENT = re.compile(r"<<-?(?P<quote>[\"']?)(?P<end>\w+)(?P=quote)")
_WITH_DOCUMENTS = frozenset({"RUN", "COPY", "ADD"})
_SHOWN = 80
# Docker reads them in the first lines alone, up to one that is none. Source: "Parser directives", Dockerfile reference.
_DIRECTIVE = re.compile(r"#\s*(?P<name>[a-zA-Z][a-zA-Z0-9]*)\s*=\s*(?P<value>.+?)\s*")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction: its word in capitals, what follows it, and the number of its first line."""

    number: int
    word: str
    rest: str

    def __str__(self) -> str:
        """Return the beginning of the instruction, in one line."""
        return f"{self.word} {' '.join(self.rest.split())[:_SHOWN]}".strip()


def other_escape(lines: list[str]) -> int | None:
    """Return the number of the line that gives the backslash's meaning to another character; None if none does."""
    for number, line in enumerate(lines, 1):
        found = _DIRECTIVE.fullmatch(line.strip())
        if found is None:
            return None
        if found["name"].lower() == "escape" and found["value"] != "\\":
            return number
    return None


def instructions(lines: list[str]) -> Iterator[Instruction]:
    """Yield each instruction; a line that ends in a backslash goes on, empty lines and comments are left out."""
    begun, text = 0, ""
    waiting: list[str] = []
    for number, line in enumerate(lines, 1):
        if waiting:
            if line.strip() == waiting[0]:
                del waiting[0]
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        begun = begun or number
        text += line.rstrip()
        if text.endswith("\\"):
            text = f"{text[:-1]} "
            continue
        if found := _INSTRUCTION.fullmatch(text):
            each = Instruction(number=begun, word=found["word"].upper(), rest=found["rest"])
            waiting = [end for _, end in _DOCUMENT.findall(each.rest)] if each.word in _WITH_DOCUMENTS else []
            yield each
        begun, text = 0, ""
    if found := _INSTRUCTION.fullmatch(text):
        yield Instruction(number=begun, word=found["word"].upper(), rest=found["rest"])
