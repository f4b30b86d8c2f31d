"""Splits SQL scripts into statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Comments and quoted strings, in which a semicolon ends nothing, and the semicolon that ends a statement.
_TOKEN = re.compile(
    r"--[^\n]*"
    r"|/\*(?:[^*]|\*(?!/))*\*/"
    r"|\b[eE]'(?:[^'\\]|\\.|'')*'"
    r"|'(?:[^']|'')*'"
    r'|"(?:[^"]|"")*"'
    r"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$)(?s:.*?)(?P=tag)"
    r"|(?P<end>;)",
)


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line number and the text of each statement; skip statements that consist of comments only."""
    start = 0
    for token in _TOKEN.finditer(text):
        if token["end"]:
            yield from _statement(text, start, token.start())
            start = token.end()
    yield from _statement(text, start, len(text))


def _statement(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    statement = text[start:end]
    bare = re.sub(r"--[^\n]*|/\*(?:[^*]|\*(?!/))*\*/", lambda found: " " * len(found[0]), statement)
    if bare.strip():
        skipped = len(bare) - len(bare.lstrip())
        line = text.count("\n", 0, start + skipped) + 1
        yield line, statement[skipped:].strip()
