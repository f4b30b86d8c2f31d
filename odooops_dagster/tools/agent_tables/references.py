"""Where a program names a renamed object of schema ops: in SQL, in calls of supabase-js, in types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from odooops_dagster.tools.agent_tables.clients import schema_of
from odooops_dagster.tools.agent_tables.syntax import (
    Fragment,
    arguments,
    fragments,
    initializers,
    literal,
    method,
    pairs,
    parse,
    receiver,
    text,
    walk,
)

_TYPES_OF_OPS = re.compile(r"""\[\s*["']ops["']\s*\]\s*\[\s*["'](Tables|Views|Enums|Functions)["']\s*\]$""")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Bytes of the program to replace."""

    start: int
    end: int
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A place that may name a renamed object and is left to a person."""

    line: int
    text: str
    reason: str


def read(source: bytes, *, suffix: str, names: Mapping[str, str]) -> tuple[list[Edit], list[Doubt]]:
    """Return what to replace, in the order of the text, and what to look at. `names`: new names by the old ones."""
    root = parse(source, suffix=suffix)
    if root.has_error:
        return [], [
            Doubt(line=_fault(root), text="", reason="this is no TypeScript that can be read: nothing is changed")
        ]
    reader = _Reader(root, names)
    edits = sorted(set(reader.edits()), key=lambda edit: edit.start)
    return edits, reader.doubts


class _Reader:
    def __init__(self, root: Node, names: Mapping[str, str]) -> None:
        self._root = root
        self._names = names
        self._variables = initializers(root)
        self.doubts: list[Doubt] = []
        either = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
        # As the migration rewrites the bodies of functions. A host or a path, https://ops.runs.example, is no name.
        self._sql = re.compile(
            rf"""(?<![\w/.@-])(?:\\?"ops\\?"|ops)\s*\.\s*(?:\\?"(?P<quoted>{either})\\?"|(?P<name>{either})\b)""",
            re.IGNORECASE,
        )
        self._put_in = re.compile(rf"}}\s*\.\s*(?:{either})\b")
        # A table inside of another's columns: run_events(*), last:run_events!inner(message).
        self._embedded = re.compile(rf"(?P<alias>\w+\s*:\s*)?\b(?P<name>{either})(?=\s*(?:!\s*\w+\s*)*\()")

    def edits(self) -> Iterator[Edit]:
        for node in walk(self._root):
            if node.type in ("string", "template_string"):
                yield from self._in_sql(node)
            elif node.type == "call_expression":
                yield from self._in_call(node)
            elif node.type == "object":
                yield from self._in_subscription(node)
            elif node.type == "lookup_type":
                yield from self._in_type(node)

    def _in_sql(self, node: Node) -> Iterator[Edit]:
        for fragment in fragments(node):
            for found in self._sql.finditer(fragment.text):
                group = "quoted" if found["quoted"] else "name"
                yield self._edit(fragment, found.span(group), self._names[found[group].lower()])
        if self._put_in.search(text(node)):
            self._doubt(node, "the schema is put in at run time")

    def _in_call(self, call: Node) -> Iterator[Edit]:
        called, given = method(call), arguments(call)
        if called not in ("from", "rpc", "select") or not given:
            return
        named = literal(given[0])
        is_name = called != "select" and named in self._names
        is_list = called == "select" and named is not None and self._embedded.search(named) is not None
        if not is_name and not is_list:
            return
        schema = schema_of(receiver(call), self._variables)
        if schema == "unknown":
            self._doubt(call, "the client comes from elsewhere: its schema is not known here")
        elif schema == "ours" and is_name:
            yield from self._whole(given[0])
        elif schema == "ours":
            yield from self._in_columns(given[0])

    def _in_columns(self, node: Node) -> Iterator[Edit]:
        """Rename embedded tables, and keep their keys in the answer by an alias."""
        for fragment in fragments(node):
            for found in self._embedded.finditer(fragment.text):
                old, new = found["name"], self._names[found["name"]]
                yield self._edit(fragment, found.span("name"), new if found["alias"] else f"{old}:{new}")

    def _in_subscription(self, node: Node) -> Iterator[Edit]:
        """Rename the table of {schema: 'ops', table: 'runs'}."""
        found = pairs(node)
        if literal(found.get("schema")) == "ops" and literal(found.get("table")) in self._names:
            yield from self._whole(found["table"])

    def _in_type(self, node: Node) -> Iterator[Edit]:
        """Rename the table of Database['ops']['Tables']['runs']."""
        held, index = node.named_children[0], node.named_children[-1]
        string = index.named_children[0] if index.named_children else index
        if literal(string) in self._names and _TYPES_OF_OPS.search(text(held)):
            yield from self._whole(string)

    def _whole(self, node: Node) -> Iterator[Edit]:
        for fragment in fragments(node):
            yield self._edit(fragment, (0, len(fragment.text)), self._names[fragment.text])

    def _edit(self, fragment: Fragment, span: tuple[int, int], new: str) -> Edit:
        """Return the edit of some characters of a fragment."""
        before, old = fragment.text[: span[0]], fragment.text[span[0] : span[1]]
        start = fragment.start + len(before.encode())
        return Edit(start=start, end=start + len(old.encode()), old=old, new=new)

    def _doubt(self, node: Node, reason: str) -> None:
        shown = " ".join(text(node).split())[:100]
        self.doubts.append(Doubt(line=node.start_point.row + 1, text=shown, reason=reason))


def _fault(root: Node) -> int:
    """Return the line of the first fault."""
    faults = (node.start_point.row + 1 for node in walk(root) if node.is_error or node.is_missing)
    return next(faults, 1)
