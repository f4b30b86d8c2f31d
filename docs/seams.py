"""Seams of pages: where a merge of two texts cut a sentence off, or laid two lists side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from docs.links import FENCE

COMMENT = re.compile(r"^<!--.*-->$", re.MULTILINE)
ENDS = re.compile(r"[.:;!?][)*_`\"]*$")
# Headings, rows, items, code, quotes, pictures and HTML end as they like.
NO_PARAGRAPH = re.compile(r"#|\||[-*] |\d+\. |```|>|!\[|<|    ")


def seams(text: str) -> list[str]:
    """Return a sentence for each seam in a page of Markdown."""
    # A fence counts as one line: what is in it is a program's.
    page = FENCE.sub("```", text)
    parts = [part.strip("\n") for part in COMMENT.sub("", page).split("\n\n") if part.strip()]
    return [*_cut_off(parts), *_lists_in_two(parts), *_empty_lines(page)]


def _cut_off(parts: list[str]) -> Iterator[str]:
    """A paragraph ends in the middle of a sentence, and no list, table or code goes on."""
    for part, below in pairwise([*parts, "# the end"]):
        goes_on = NO_PARAGRAPH.match(below) and not below.startswith("#")
        if not NO_PARAGRAPH.match(part) and not goes_on and not ENDS.search(part.rstrip()):
            yield f"no end of a sentence: ...{part.rstrip()[-40:]}"


def _lists_in_two(parts: list[str]) -> Iterator[str]:
    """An empty line parts a list whose other items stand close together."""
    for part, below in pairwise(parts):
        if part.startswith("- ") and below.startswith("- ") and "\n- " in part + below:
            yield f"a list in two: {below.splitlines()[0]}"


def _empty_lines(text: str) -> Iterator[str]:
    """Two empty lines follow one another."""
    for found in re.finditer(r"\n\n\n+(?P<below>.*)", text):
        yield f"two empty lines above: {found['below']}"
