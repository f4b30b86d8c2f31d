"""TypeScript as a tree: what stands where, and what a client of supabase-js is bound to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

# JavaScript is read as TSX, of which it is a part; a generic arrow function is not.
_TYPESCRIPT = (".ts", ".mts", ".cts")
SUFFIXES = (*_TYPESCRIPT, ".tsx", ".js", ".mjs", ".cjs", ".jsx")
# sql<Run[]>`select ...`: the grammar knows no type arguments before a template. Source: tree-sitter-typescript 0.23,
# common/define-grammar.js, where a template follows an expression only.
_TYPED_TAG = re.compile(rb"(?<=[\w$\])])<[^<>`]{0,500}(?:<[^<>`]{0,500}>[^<>`]{0,500})*>(?=`)")


def parse(source: bytes, *, suffix: str) -> Node:
    """Return the root of the program."""
    source = _TYPED_TAG.sub(lambda found: b" " * len(found[0]), source)
    return _parser(is_plain=suffix in _TYPESCRIPT).parse(source).root_node


@cache
def _parser(*, is_plain: bool) -> Parser:
    language = tree_sitter_typescript.language_typescript() if is_plain else tree_sitter_typescript.language_tsx()
    return Parser(Language(language))


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything below it, in the order of the text."""
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        stack.extend(reversed(found.children))


def text(node: Node | None) -> str:
    """Return the node's text; of no node, none."""
    return node.text.decode() if node is not None and node.text is not None else ""


def literal(node: Node | None) -> str | None:
    """Return what a string without substitutions says, None for anything else."""
    if node is None or node.type not in ("string", "template_string"):
        return None
    if any(child.type in ("template_substitution", "escape_sequence") for child in node.children):
        return None
    return text(node)[1:-1]


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """A part of a string as it is written: its first byte in the program, and its text, escapes and all."""

    start: int
    text: str


def fragments(node: Node) -> Iterator[Fragment]:
    """Yield the parts of a string between its quotes and around its substitutions."""
    source, start = node.text or b"", node.start_byte
    at = start + 1
    for hole in (child for child in node.children if child.type == "template_substitution"):
        yield Fragment(start=at, text=source[at - start : hole.start_byte - start].decode())
        at = hole.end_byte
    yield Fragment(start=at, text=source[at - start : -1].decode())


def method(call: Node) -> str | None:
    """Return the name of the method that is called, None where a function is."""
    function = call.child_by_field_name("function")
    if function is None or function.type != "member_expression":
        return None
    return text(function.child_by_field_name("property"))


def receiver(call: Node) -> Node | None:
    """Return the object of a method call."""
    function = call.child_by_field_name("function")
    return function.child_by_field_name("object") if function is not None else None


def arguments(call: Node) -> list[Node]:
    """Return the arguments of a call."""
    given = call.child_by_field_name("arguments")
    return given.named_children if given is not None else []


def pairs(node: Node) -> dict[str, Node]:
    """Return the values of an object literal by their keys."""
    found = {}
    for pair in node.named_children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type == "pair" and key is not None and value is not None:
            found[literal(key) or text(key)] = value
    return found


def initializers(root: Node) -> dict[str, Node]:
    """Return by its name what each variable of the program is initialized with; the last counts."""
    found = {}
    for node in walk(root):
        if node.type == "variable_declarator":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if name is not None and value is not None:
                found[text(name)] = value
    return found
