"""Compares the names that the bundles tell: with the live schema, and with one another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.links import FENCE, INLINE
from docs.schema.model import Schema
from docs.speckit.bundles import bundle_texts

_OBJECT = re.compile(r"(?<![/\w])(?P<schema>ops|ops_private)\.(?P<name>[a-z_0-9]+)(?![\w*]|\.\.)(?P<call>\([^()]*\))?")
# `ops.run_status` is one of `queued`, `claimed`
_STATES = re.compile(r"`ops\.(?P<enum>\w+)` is one of (?P<labels>`\w+`(?:,? (?:and |or )?`\w+`)*)")
_PERSONAS = re.compile(r"[Pp]ersonas are (?P<names>`\w+`(?:,? (?:and )?`\w+`)*)")
# `G1` (build and checks)
_GATE = re.compile(r"`?(?P<code>\bG\d)`? \((?P<title>[^)`]+)\)")
_GATE_CODE = re.compile(r"\bG\d\b")
_GLOSSARY_GATE = re.compile(r"^\| `(?P<code>G\d)` \| (?P<title>[^:|]+):", re.MULTILINE)
_TICK = re.compile(r"`(\w+)`")
_PLATFORM = ("anon", "authenticated", "service_role", "public")


def name_findings(root: Path, schema: Schema) -> list[str]:
    """Return every name of a bundle that the schema or another bundle tells differently."""
    texts = list(bundle_texts(root))
    titles = {
        match["code"]: ("docs/glossary.md", match["title"].strip().lower())
        for match in _GLOSSARY_GATE.finditer((root / "docs" / "glossary.md").read_text("utf-8"))
    }
    found: list[str] = []
    for path, text in texts:
        faults = [*_objects(text, schema), *_states(text, schema), *_personas(text, schema), *_gates(text, schema)]
        found += [f"{path}: {fault}" for fault in faults]
        found += [f"{path}: {fault}" for fault in _titles(path, text, titles)]
    return found


def _objects(text: str, schema: Schema) -> Iterator[str]:
    private = {function.name: function for function in schema.functions if function.is_private}
    public = {function.name: function for function in schema.functions if not function.is_private}
    others = {table.name for table in schema.tables} | {view.name for view in schema.views}
    others |= {enum.name for enum in schema.enums} | {made.name for made in schema.composites}
    for code in _code(text):
        for match in _OBJECT.finditer(code):
            functions = public if match["schema"] == "ops" else private
            name, call = match["name"], match["call"]
            if name in functions and call:
                yield from _arguments(name, call, functions[name].arguments)
            elif name not in functions and (name not in others or match["schema"] != "ops"):
                yield f"the schema has no {match['schema']}.{name}"


def _arguments(name: str, call: str, known: Iterable[str]) -> Iterator[str]:
    """Compare the arguments that are named, in their order, with the first ones of the function."""
    told = [part.split()[0] for part in call.strip("()").split(",") if part.strip() and part.strip() != "..."]
    names = [argument.split()[0] for argument in known]
    if all(re.fullmatch(r"[a-z_]+", word) for word in told) and names[: len(told)] != told:
        yield f"ops.{name} takes ({', '.join(names)}), not ({', '.join(told)})"


def _states(text: str, schema: Schema) -> Iterator[str]:
    enums = {enum.name: enum.labels for enum in schema.enums}
    for match in _STATES.finditer(text):
        told = tuple(_TICK.findall(match["labels"]))
        if enums.get(match["enum"]) != told:
            yield f"ops.{match['enum']} is one of {enums.get(match['enum'])}, not {told}"


def _personas(text: str, schema: Schema) -> Iterator[str]:
    granted = {grant.role for table in schema.tables for grant in table.grants}
    granted |= {grant.role for view in schema.views for grant in view.grants}
    granted |= {role for function in schema.functions for role in function.executors}
    known = {role for role in granted if role not in _PLATFORM and not role.startswith("ops_")}
    for match in _PERSONAS.finditer(text):
        told = set(_TICK.findall(match["names"]))
        if told != known:
            yield f"the personas are {sorted(known)}, not {sorted(told)}"


def _gates(text: str, schema: Schema) -> Iterator[str]:
    known = next(enum.labels for enum in schema.enums if enum.name == "ops_gate_code")
    yield from (f"there is no gate {code}" for code in sorted({*_GATE_CODE.findall(text)} - set(known)))


def _titles(path: str, text: str, titles: dict[str, tuple[str, str]]) -> Iterator[str]:
    for match in _GATE.finditer(text):
        told = match["title"].lower()
        where, known = titles.setdefault(match["code"], (path, told))
        if known != told:
            yield f"{match['code']} is called {told!r} here and {known!r} in {where}"


def _code(text: str) -> Iterator[str]:
    yield from (match["text"] for match in FENCE.finditer(text))
    yield from (match["text"] for match in INLINE.finditer(FENCE.sub("", text)))
