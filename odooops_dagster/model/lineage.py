"""The ancestry of a thing, as a tree of names for people and as a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A thing, what is known of it in one line, and what it was made of."""

    name: str
    detail: str = ""
    made_of: tuple[Origin, ...] = ()

    def __str__(self) -> str:
        """Return the thing in one line."""
        return f"{self.name}  {self.detail}".rstrip()


def tree_lines(origin: Origin, *, before: str = "") -> Iterator[str]:
    """Yield the tree, a line each; `before` is what stands before the lines of what it was made of."""
    yield str(origin)
    for place, part in enumerate(origin.made_of, start=1):
        is_last = place == len(origin.made_of)
        first, *others = tree_lines(part)
        yield f"{before}{'└─' if is_last else '├─'} {first}"
        yield from (f"{before}{'   ' if is_last else '│  '}{line}" for line in others)


def mermaid_lines(origin: Origin) -> Iterator[str]:
    """Yield a flowchart in which what a thing was made of leads to it; the same thing is drawn once."""
    yield "flowchart LR"
    ids: dict[Origin, str] = {}
    numbers = count(1)
    for each in _all(origin):
        if each not in ids:
            ids[each] = f"n{next(numbers)}"
            yield f'    {ids[each]}["{_label(each)}"]'
    edges = dict.fromkeys((ids[part], ids[each]) for each in _all(origin) for part in each.made_of)
    yield from (f"    {part} --> {whole}" for part, whole in edges)


def _all(origin: Origin) -> Iterator[Origin]:
    yield origin
    for part in origin.made_of:
        yield from _all(part)


def _label(origin: Origin) -> str:
    """Return the label, without what Mermaid would read as the end of it."""
    text = f"{origin.name}<br/>{origin.detail}" if origin.detail else origin.name
    return text.replace('"', "#quot;").replace("\n", " ")
