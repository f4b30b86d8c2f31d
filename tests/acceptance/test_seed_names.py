"""Every path and name that the specification gives is there, or stands elsewhere for a reason, or is awaited."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.schema.catalog import read_schema
from docs.schema.model import Schema
from docs.speckit.bundles import collected
from odooops_dagster.doors.http.envelope import FIELDS, NEEDED
from tests.sql.actors import PERSONAS
from tests.unit.test_docs import is_command

ROOT = Path(__file__).resolve().parents[2]
LISTED = tomllib.loads(Path(__file__).with_name("seed_names.toml").read_text("utf-8"))
PATHS, NAMES = LISTED["path"], LISTED["name"]
Entry = dict[str, Any]


def place(entry: Entry) -> Path:
    """Return where the path stands."""
    return ROOT / str(entry.get("stands", entry["path"]))


def missing() -> Iterator[str]:
    """Yield each path that is not there yet, with what delivers it."""
    for entry in PATHS:
        if not place(entry).exists():
            yield f"{place(entry).relative_to(ROOT)}: {entry.get('awaits', 'nothing delivers it')}"


@pytest.mark.parametrize("entry", PATHS, ids=lambda entry: entry["path"])
def test_every_path_is_there(entry: Entry) -> None:
    """As it is given, or elsewhere for a reason; what is awaited may be missing."""
    assert place(entry).exists() or entry.get("awaits")
    assert "stands" not in entry or len(entry["why"]) > 10


@pytest.fixture(scope="module")
def schema(postgres_server: Any) -> Iterator[Schema]:  # noqa: ANN401 - tests.servers.PostgresServer
    """Return the schema of a migrated database."""
    with postgres_server.fresh_database() as url:
        yield read_schema(url)


@pytest.mark.parametrize("entry", NAMES, ids=lambda entry: entry["name"])
def test_every_name_is_there(schema: Schema, entry: Entry) -> None:
    """By its kind: of the schema, of the command line, of an event, or proved by a test."""
    assert LOOKS[entry["kind"]](schema, entry) or entry.get("awaits")
    assert "stands" not in entry or len(entry["why"]) > 10


def test_what_is_not_there_is_not_found(schema: Schema) -> None:
    """Each look can say no."""
    for kind, look in LOOKS.items():
        entry = {"name": "nonsense.nothing", "arguments": [], "labels": [], "stands": "tests/nothing.py::test_nothing"}
        assert not look(schema, entry), kind


def _relation(schema: Schema, entry: Entry) -> bool:
    return entry["name"] in _columns(schema)


def _function(schema: Schema, entry: Entry) -> bool:
    known = [[a.split()[0] for a in f.arguments] for f in schema.functions if f.name == entry["name"]]
    return any(names[: len(entry["arguments"])] == entry["arguments"] for names in known)


def _enum(schema: Schema, entry: Entry) -> bool:
    return any(enum.name == entry["name"] and set(entry["labels"]) <= set(enum.labels) for enum in schema.enums)


def _column(schema: Schema, entry: Entry) -> bool:
    relation, _, column = entry["name"].partition(".")
    return column in _columns(schema).get(relation, set())


def _columns(schema: Schema) -> dict[str, set[str]]:
    """Return the columns of each table and view."""
    tables = {table.name: {column.name for column in table.columns} for table in schema.tables}
    return tables | {view.name: {column.name for column in view.columns} for view in schema.views}


def _test(_: Schema, entry: Entry) -> bool:
    file, _, name = entry["stands"].partition("::")
    return name in collected(ROOT / file)


LOOKS: dict[str, Callable[[Schema, Entry], bool]] = {
    "relation": _relation,
    "function": _function,
    "enum": _enum,
    "column": _column,
    "test": _test,
    "role": lambda _, entry: entry["name"] in PERSONAS,
    "event": lambda _, entry: entry["name"] in NEEDED,
    "field": lambda _, entry: entry["name"] in {*FIELDS, "schema_version"},
    "command": lambda _, entry: is_command(str(entry.get("stands", entry["name"])).split()),
}

if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in missing())
