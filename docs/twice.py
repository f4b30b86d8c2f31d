"""What a page tells twice, as a merge of two texts leaves it behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, combinations, pairwise

from docs.links import FENCE

END_OF_GENERATED = re.compile(r"^<!-- end of .* -->$")
GENERATED = re.compile(r"^<!-- [^\n]*: written by [^\n]* -->$.*?^<!-- end of ", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
# Shorter ones are names, and words that any two rows share.
LONG_ENOUGH = 50
# Fewer rows of the same names may be chance.
SHARED_ROWS = 3


def told_twice(text: str) -> list[str]:
    """Return a sentence for each thing that a page of Markdown tells twice."""
    prose = FENCE.sub("", text)
    return [*_stray_tables(prose), *_tables_alike(prose), *_repeated(GENERATED.sub("", prose))]


def _stray_tables(text: str) -> Iterator[str]:
    """A generated table is followed by rows that nobody generates."""
    for above, below in pairwise(text.splitlines()):
        if END_OF_GENERATED.match(above) and below.startswith("|"):
            yield f"a table follows {above}"


def _tables_alike(text: str) -> Iterator[str]:
    """Two tables of one section have rows of the same names in the same columns."""
    sections = HEADING.split(text)
    for (head, names), (other, others) in chain.from_iterable(combinations(_tables(part), 2) for part in sections):
        if head[:2] == other[:2] and len(names & others) >= SHARED_ROWS:
            yield f"two tables of `{head[0]}` have the rows {', '.join(sorted(names & others)[:3])}"


def _tables(text: str) -> list[tuple[list[str], set[str]]]:
    """Return the headings of each table and the first cells of its rows."""
    tables: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            tables[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif tables[-1]:
            tables.append([])
    return [(rows[0], {row[0] for row in rows[2:] if not row[0].isdecimal()}) for rows in tables if rows]


def _repeated(text: str) -> Iterator[str]:
    """A sentence or a line stands twice."""
    seen: set[str] = set()
    for block in re.split(r"\n\s*\n|\n(?=[-*|#] ?)", text):
        for sentence in re.split(r"(?<=[.;:]) ", " ".join(block.split()).removeprefix("- ")):
            if len(sentence) >= LONG_ENOUGH and not sentence.startswith("|"):
                yield from [f"twice: {sentence}"] if sentence in seen else []
                seen.add(sentence)
