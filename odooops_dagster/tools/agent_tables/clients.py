"""Find the schema that a client of supabase-js uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tree_sitter import Node

from odooops_dagster.tools.agent_tables.syntax import arguments, literal, method, pairs, receiver, text

# Ours: schema ops. Other: another schema, or no client at all. Unknown: it comes from elsewhere.
Schema = Literal["ours", "other", "unknown"]
# Their `from` is none of a table.
_NO_CLIENTS = {"Array", "Buffer", "Object", "Uint8Array", "Set", "Map", "Observable"}
_DEPTH = 20


def schema_of(node: Node | None, names: Mapping[str, Node], depth: int = _DEPTH) -> Schema:
    """Return the schema of the client that an expression is. `names`: the program's variables."""
    if node is None or not depth:
        return "unknown"
    if node.type == "call_expression":
        return _of_call(node, names, depth)
    if node.type in ("await_expression", "parenthesized_expression", "non_null_expression", "as_expression"):
        return schema_of(node.named_children[0], names, depth - 1)
    if _is_no_client(node):
        return "other"
    return schema_of(names.get(text(node)), names, depth - 1) if node.type == "identifier" else "unknown"


def _is_no_client(node: Node) -> bool:
    """Return whether its `from` is of a bucket, or JavaScript's own."""
    if node.type == "member_expression":
        return text(node.child_by_field_name("property")) == "storage"
    return node.type == "identifier" and text(node) in _NO_CLIENTS


def _of_call(call: Node, names: Mapping[str, Node], depth: int) -> Schema:
    called = method(call)
    if called == "schema" and arguments(call):
        named = literal(arguments(call)[0])
        return "unknown" if named is None else "ours" if named == "ops" else "other"
    if called is None and text(call.child_by_field_name("function")) == "createClient":
        return _of_options(arguments(call))
    return schema_of(receiver(call), names, depth - 1) if called is not None else "unknown"


def _of_options(given: list[Node]) -> Schema:
    """Return the schema of createClient(url, key, {db: {schema}}); without the option it is public."""
    if len(given) < 3:
        return "other"
    if given[2].type != "object":
        return "unknown"
    database = pairs(given[2]).get("db")
    if database is None:
        return "other"
    named = literal(pairs(database).get("schema")) if database.type == "object" else None
    return "unknown" if named is None else "ours" if named == "ops" else "other"
