"""The schema's documents are what the live schema is, and the programs they are written for can read them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from docs.schema.catalog import read_schema
from docs.schema.model import Column, Schema, Table
from docs.schema.pages import REFERENCE, ROOT, schema_pages, stale
from docs.schema.prisma_names import model_name, view_name
from docs.schema.sources import read_notes
from docs.schema.subjects import SUBJECTS
from docs.schema.words import literal
from tests.node_tools import node_tool
from tests.sql.everything import furnish
from tests.sql.world import World

DIAGRAM = re.compile(r"^```mermaid\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# Mermaid wants a browser's window for the words in boxes; jsdom is one.
PARSE_DIAGRAMS = """
import { readFileSync } from 'node:fs';
import { JSDOM } from 'jsdom';
const { window } = new JSDOM('');
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import('mermaid');
const kinds = [];
for (const text of JSON.parse(readFileSync(0, 'utf8'))) {
    kinds.push((await mermaid.parse(text)).diagramType);
}
console.log(JSON.stringify(kinds));
"""
# What a console would do with the generated types; each line fails to compile when a name or a type is lost.
USE_OF_TYPES = """
import type { Prisma, Run, Environment, Release } from './generated/client';

export const waiting: Prisma.RunWhereInput = { status: 'queued', runRequest: { project: { slug: 'shop' } } };
export const retried: Prisma.RunRequestWhereInput = { retryOfRunRequest: { runNumber: 7n } };
export const gates: Prisma.ReleaseInclude = { releaseGates: { include: { gateChecks: true, approvals: true } } };
export const rolledBack: Prisma.DeploymentWhereInput = { rollbackOfDeployment: { release: { version: '1.0' } } };
export const queue: Prisma.VRunQueueWhereInput = { projectSlug: 'shop' };
export function words(run: Run, environment: Environment, release: Release): string {
  const number: bigint = run.runNumber;
  const expires: Date | null = environment.expiresAt;
  const status: 'candidate' | 'staging' | 'released' | 'rolled_back' | 'withdrawn' = release.status;
  return [number, expires, status].join();
}
// @ts-expect-error a state that no run has
export const wrong: Prisma.RunWhereInput = { status: 'lost' };
"""
# Counts the rows of every model and view; each query names every column, and each value must fit its type.
READ_EVERYTHING = """
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from './generated/client.js';

const adapter = new PrismaPg({ connectionString: process.argv[2] });
const models = new PrismaClient({ adapter }) as unknown as Record<string, { findMany(): Promise<object[]> }>;
const counted: Record<string, number> = {};
for (const name of Object.keys(Prisma.ModelName)) {
  counted[name] = (await models[name[0].toLowerCase() + name.slice(1)].findMany()).length;
}
console.log(JSON.stringify(counted));
process.exit(0);
"""


class Refused(Exception):
    """A program did not accept what it was given."""


@pytest.fixture
def schema(database: str) -> Schema:
    """Return the schema of a fresh migrated database."""
    return read_schema(database)


@pytest.mark.parametrize("fixture", ["database", pytest.param("database15", marks=pytest.mark.pg15)])
def test_documents_are_what_the_live_schema_says(request: pytest.FixtureRequest, fixture: str) -> None:
    """A changed table, view, function or policy changes its documents; PostgreSQL 18 and 15 hold the same."""
    written = schema_pages(read_schema(request.getfixturevalue(fixture)), read_notes())
    differing = [
        str(path.relative_to(ROOT)) for path, text in written.items() if not path.exists() or path.read_text() != text
    ]
    assert differing == [], "run: python -m docs.generate"
    assert stale(written) == [], "run: python -m docs.generate"


def test_a_changed_schema_is_noticed(database: str) -> None:
    """A column or a policy more, and the pages differ: the test above can fail."""
    before = schema_pages(read_schema(database), read_notes())
    with psycopg.connect(database) as connection:
        connection.execute("alter table ops.tools add column licence text")
        connection.execute("create policy extra on ops.tools for select to audit_reader using (true)")
    after = schema_pages(read_schema(database), read_notes())
    changed = {path.name for path, text in after.items() if before[path] != text}
    assert changed == {"schema.dbml", "ERD.md", "schema.prisma", "projects-and-people.md", "policies.md"}


def test_every_table_has_its_subject(schema: Schema) -> None:
    """A new table is put where it is read: into SUBJECTS of docs/schema/subjects.py."""
    told = [name for subject in SUBJECTS for name in subject.tables]
    assert sorted(told) == sorted(table.name for table in schema.tables)


def test_a_month_of_events_is_no_table_of_its_own(database: str) -> None:
    """Partitions come and go with time, and the documents stay the same."""
    before = read_schema(database)
    with psycopg.connect(database) as connection:
        connection.execute(
            "create table ops.run_events_of_2999 partition of ops.run_events"
            " for values from ('2999-01-01') to ('2999-02-01')"
        )
    assert read_schema(database) == before
    assert before.table("run_events").partition_key == "RANGE (created_at)"


@pytest.mark.network
def test_a_database_made_from_the_dbml_has_the_same_tables(schema: Schema, empty_database: str, tmp_path: Path) -> None:
    """DBML's own program reads the file, and the SQL that it makes of it says what the migrations say."""
    made = tmp_path / "made.sql"
    run([node_tool("dbml2sql"), "--postgres", REFERENCE / "schema.dbml", "-o", made], cwd=tmp_path)
    with psycopg.connect(empty_database) as connection:
        connection.execute(made.read_bytes())
    again = read_schema(empty_database)
    assert again.enums == schema.enums
    assert [shape(table) for table in again.tables] == [shape(table) for table in schema.tables]


@pytest.mark.network
def test_mermaid_draws_every_diagram() -> None:
    """Mermaid's own parser, which GitHub uses, reads every diagram of every page."""
    pages = {str(page.relative_to(ROOT)): diagrams(page) for page in (ROOT / "docs").rglob("*.md")}
    kinds = mermaid([text for texts in pages.values() for text in texts])
    assert len(pages["docs/reference/ERD.md"]) == len(SUBJECTS) + 1
    assert {"er", "flowchart-v2", "stateDiagram"} <= set(kinds)


@pytest.mark.network
def test_mermaid_refuses_a_broken_diagram() -> None:
    """The test above can fail."""
    with pytest.raises(Refused):
        mermaid(["erDiagram\n    runs {{ not a diagram"])


@pytest.mark.network
def test_prisma_accepts_its_schema(tmp_path: Path) -> None:
    """`prisma validate` finds nothing wrong: relations have both ends, keys and types are PostgreSQL's."""
    said = prisma("validate", copy_of_prisma_schema(tmp_path))
    assert "is valid" in said


@pytest.mark.network
def test_prisma_refuses_a_broken_schema(tmp_path: Path) -> None:
    """The test above can fail: a model that nobody knows is refused."""
    copy = copy_of_prisma_schema(tmp_path)
    copy.write_text(copy.read_text().replace("model Project {", "model Projekt {"))
    with pytest.raises(Refused):
        prisma("validate", copy)


@pytest.mark.network
def test_prisma_schema_generates_typescript_types_correctly(tmp_path: Path) -> None:
    """The client that Prisma generates compiles, knows every relation, and refuses a state that no run has."""
    prisma("generate", copy_of_prisma_schema(tmp_path))
    (tmp_path / "use.ts").write_text(USE_OF_TYPES)
    compile_typescript(tmp_path, "use.ts", "--noEmit", module="esnext", resolution="bundler")


@pytest.mark.network
def test_prisma_reads_every_row_of_every_table_and_view(database: str, worker_url: str, tmp_path: Path) -> None:
    """What Prisma calls a column is its name in the live schema, and what it takes for its type fits the values."""
    world = World(database, worker_url)
    furnish(world, "shop")
    held = read_schema(database)
    names = {table.name: model_name(table.name) for table in held.tables}
    names |= {view.name: view_name(view.name) for view in held.views}
    rows = {model: world.connection.execute(_all(name)).rowcount for name, model in names.items()}
    world.close()
    prisma("generate", copy_of_prisma_schema(tmp_path))
    (tmp_path / "read.ts").write_text(READ_EVERYTHING)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    compile_typescript(tmp_path, "read.ts", "--rewriteRelativeImportExtensions", module="nodenext")
    assert json.loads(run(["node", "read.js", database], cwd=tmp_path)) == rows
    assert len([count for count in rows.values() if count]) > len(rows) / 2


# -- how


def _all(relation: str) -> sql.Composed:
    return sql.SQL("select * from {}").format(sql.Identifier("ops", relation))


def shape(table: Table) -> object:
    """Return what DBML can say of a table."""
    unique = {index.columns for index in table.indexes if index.is_unique and not index.predicate}
    return (
        table.name,
        [(column.name, column.type, column.is_required, default_of(column)) for column in table.columns],
        table.primary_key,
        {key.columns for key in table.keys if not key.is_primary} | unique,
        {(key.columns, key.target, key.target_columns, key.on_delete) for key in table.foreign_keys},
    )


def default_of(column: Column) -> str | None:
    """Return a default as DBML tells it: a constant without its cast, and nothing of who counts."""
    default = column.default or ""
    if column.is_identity or default.startswith("nextval("):
        return "counted"
    return literal(default) or default or None


def diagrams(page: Path) -> list[str]:
    """Return the text of each diagram of a page."""
    return [match["text"] for match in DIAGRAM.finditer(page.read_text())]


def mermaid(texts: list[str]) -> list[str]:
    """Return the kind of each diagram, as mermaid's parser says."""
    argv: list[str | Path] = ["node", "--input-type=module", "--eval", PARSE_DIAGRAMS]
    kinds: list[str] = json.loads(run(argv, cwd=node_modules().parent, stdin=json.dumps(texts)))
    return kinds


def copy_of_prisma_schema(folder: Path) -> Path:
    """Return a copy that a test may change and generate beside."""
    copy = folder / "schema.prisma"
    copy.write_text((ROOT / "prisma" / "schema.prisma").read_text())
    return copy


def prisma(verb: str, schema: Path) -> str:
    """Return what Prisma says; the engine that it names is for migrations, which neither verb makes."""
    return run([node_tool("prisma"), verb, "--schema", schema], cwd=node_modules().parent)


def compile_typescript(folder: Path, file: str, *options: str, module: str, resolution: str = "nodenext") -> None:
    """Compile a file beside the generated client, strictly."""
    (folder / "node_modules").symlink_to(node_modules())
    argv: list[str | Path] = [node_tool("tsc"), "--strict", "--skipLibCheck", "--target", "es2022", *options]
    run([*argv, "--module", module, "--moduleResolution", resolution, file], cwd=folder)


def node_modules() -> Path:
    """Return the folder of the installed packages."""
    return node_tool("prisma").parents[1]


def run(argv: list[str | Path], *, cwd: Path, stdin: str | None = None) -> str:
    """Return what a program prints; it must end with 0."""
    environment = os.environ | {"PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true", "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(argv, cwd=cwd, input=stdin, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Refused(f"{argv[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return done.stdout
