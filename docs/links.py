"""Reads Markdown as GitHub does: links, anchors, code."""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(?P<text>[^`\n]+)`")
LINK = re.compile(
    r"\]\((?P<target>[^)\s]+)(?: \"[^\"]*\")?\)"  # [text](target "title"), and ![image](target)
    r"|^\[[^\]]+\]: (?P<definition>\S+)"
    r"|(?:href|src)=\"(?P<attribute>[^\"]+)\"",
    re.MULTILINE,
)
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)


def links(text: str) -> list[str]:
    """Return what the document links to, code left out."""
    prose = INLINE.sub("", FENCE.sub("", text))
    found = (match["target"] or match["definition"] or match["attribute"] for match in LINK.finditer(prose))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def leads_somewhere(document: Path, target: str) -> bool:
    """Return whether the link's file exists and has the heading that it names."""
    name, _, anchor = target.partition("#")
    path = document.parent / name if name else document
    if not path.exists():
        return False
    return not anchor or anchor in anchors(path.read_text())


@cache
def anchors(text: str) -> frozenset[str]:
    """Return the anchor that GitHub gives each heading; the second of the same words ends with -1."""
    found: set[str] = set()
    for match in HEADING.finditer(FENCE.sub("", text)):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match["text"])
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        again = (f"{slug}-{number}" for number in count(1))
        found.add(slug if slug not in found else next(name for name in again if name not in found))
    return frozenset(found)


def inline_code(text: str) -> list[str]:
    """Return what stands between single backticks."""
    return [match["text"] for match in INLINE.finditer(FENCE.sub("", text))]
