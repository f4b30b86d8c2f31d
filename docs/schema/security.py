"""Fills in the tables of the page about security: who is granted what, and functions with their owner's rights."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docs.schema.catalog import ROLES
from docs.schema.model import Grant, Schema, Table, View
from docs.schema.sources import Notes, function_link
from docs.schema.tables import code, prose, table

_LETTERS = {"select": "r", "insert": "i", "update": "u", "delete": "d", "truncate": "t"}


def filled_in(text: str, schema: Schema, notes: Notes) -> str:
    """Return the page with its generated parts, each between two marks, as the schema is."""
    for name, lines in (("grants", _grants(schema)), ("definers", _definers(schema, notes))):
        text = fill(text, name, "\n".join(lines))
    return text


def fill(text: str, name: str, content: str) -> str:
    """Put the content between the marks of this name."""
    start, end = f"<!-- {name}: written by python -m docs.generate -->", f"<!-- end of {name} -->"
    marked = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"there is no place for {name}: {start} ... {end}")
    return marked.sub(lambda _: f"{start}\n{content}\n{end}", text)


def _grants(schema: Schema) -> Iterator[str]:
    roles = [role for role in ROLES if role != "anon"]
    relations: list[Table | View] = [*schema.tables, *schema.views]
    rows = [(code(item.name), *(_letters(item.grants, role) for role in roles)) for item in relations]
    yield from table(("table or view", *(code(role) for role in roles)), rows)


def _letters(grants: tuple[Grant, ...], role: str) -> str:
    held = next((grant for grant in grants if grant.role == role), None)
    if held is None:
        return ""
    partly = {column.split(" ")[0] for column in held.columns}
    return " ".join(_LETTERS[verb] + (r"\*" if verb in partly else "") for verb in held.verbs)


def _definers(schema: Schema, notes: Notes) -> Iterator[str]:
    rows = []
    for item in schema.functions:
        if item.is_definer:
            told = notes.functions.get(item.name)
            callers = "triggers" if item.is_trigger else ", ".join(code(role) for role in item.executors)
            link = function_link(item.name, page="../reference/schema/functions.md", root="../../")
            rows.append((link, prose((told.definer_reason if told else None) or ""), callers or "other functions"))
    yield from table(("function", "why its owner's rights", "called by"), rows)
