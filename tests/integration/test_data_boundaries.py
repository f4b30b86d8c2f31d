"""What docs/odooops-sh/DATA_BOUNDARIES.md says is so: columns against the live schema, connections by trying."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psycopg
import pytest

from docs.schema.catalog import read_schema
from docs.schema.model import Column, Schema
from odooops_dagster.doors.http.github_push import read_push
from odooops_dagster.home import CONTROL_DATABASE, DAGSTER_DATABASE
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.servers import PostgresServer, state_folder

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "odooops-sh" / "DATA_BOUNDARIES.md"
PUSH = ROOT / "tests" / "payloads" / "push_branch_created.json"

# Columns that name a person; the platform's own workers and programs are none.
PERSON = re.compile(
    r"_by$|^person$|^sender$|^recipients?$|^approver_id$|^release_author$|^caller_id$|^user_id$|^pusher$|^author|e_?mail"
)
# A worker, and a key of cosign.
NO_PERSON = {"runs.claimed_by", "outbox.claimed_by", "images.signed_by"}
NAMES = {"people.name", "person_aliases.alias", "person_aliases.spelling"}
SECRET = re.compile(r"password|passwd|secret|token|credential|api_?key|private_?key|passphrase|dsn|cookie")


@pytest.fixture(scope="module")
def schema(postgres_server: PostgresServer) -> Schema:
    """Return the live schema."""
    with postgres_server.fresh_database() as url:
        return read_schema(url)


def test_every_jsonb_column_is_listed_with_what_it_holds(schema: Schema) -> None:
    """A column that takes free content is a decision, and stands on the page."""
    held = {name for name, column in columns(schema).items() if column.type == "jsonb"}
    assert told_under("Where free content can enter") == held


def test_every_column_that_names_a_person_is_listed(schema: Schema) -> None:
    """Whoever asks where their name is kept finds every place."""
    held = {name for name in columns(schema) if PERSON.search(name.split(".")[1])}
    assert told_under("Personal data") == (held | NAMES) - NO_PERSON


def test_the_only_bytes_in_the_schema_are_hashes_caught_mails_and_sealed_values(schema: Schema) -> None:
    """Nothing of a dump, a filestore or a log is kept in a binary column."""
    held = [name for name, column in columns(schema).items() if column.type == "bytea"]
    others = [name for name in held if not re.search(r"hash$|\.root$|\.public_key$", name)]
    assert others == ["mails.content", "sealed_values.sealed"]
    assert len(held) > 1


def test_no_column_is_made_for_a_secret(schema: Schema) -> None:
    """What has no place is not kept by accident."""
    assert [name for name in columns(schema) if SECRET.search(name.split(".")[1])] == []
    assert [name for name in ("login_token", "db_password", "apikey") if not SECRET.search(name)] == []


def test_nothing_in_the_control_plane_reaches_another_database(database: str) -> None:
    """No extension, no foreign server, no untrusted language: SQL of the schema ends at its own database."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select extname from pg_extension where extname <> 'plpgsql'"
            " union all select srvname from pg_foreign_server"
            " union all select lanname from pg_language where lanname not in ('internal', 'c', 'sql', 'plpgsql')"
        ).fetchall()
    assert found == []


@pytest.mark.parametrize("name", [CONTROL_DATABASE, DAGSTER_DATABASE])
def test_an_environments_role_reaches_neither_ops_nor_dagsters_storage(
    postgres_server: PostgresServer, name: str
) -> None:
    """An Odoo that was broken into finds no way to the control plane on the same server."""
    with state_folder("boundary") as folder:
        databases = OdooDatabases(postgres_server.url("postgres"), secrets=folder)
        role = "ops_boundary_test"
        try:
            password = databases.ensure_role(role)
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(postgres_server.url(name), user=role, password=password)
        finally:
            databases.drop_role(role)


def test_of_a_push_no_address_and_no_list_of_files_is_kept() -> None:
    """What the forge tells beyond the commit is dropped at the gateway."""
    payload = json.loads(PUSH.read_text())
    payload["pusher"]["email"] = "grace@example.org"
    payload["head_commit"]["author"] = {"name": "Grace", "email": "grace@example.org"}
    payload["head_commit"]["added"] = ["customers.csv"]
    kept = json.dumps(read_push(payload).facts())
    assert "@example.org" not in kept
    assert "customers.csv" not in kept


def test_the_days_on_the_page_are_the_defaults(database: str) -> None:
    """What people are told of retention is what the policies say where nobody set any."""
    with psycopg.connect(database) as connection:
        rules: dict[str, object] = dict(
            connection.execute("select rule, default_value from ops.policy_rules()").fetchall()
        )
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| `\w+`: ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    told = {
        rule: int(number)
        for kept, names in rows
        for rule, number in zip(re.findall(r"`(\w+)`", names), re.findall(r"\d+", kept), strict=False)
    }
    assert len(told) >= 8
    assert told == {rule: rules[rule] for rule in told}
    hours = Settings.model_fields["preview_hours"].default
    assert f"| {hours} hours after the last deployment | `ODOOOPS_PREVIEW_HOURS` |" in PAGE.read_text()


# -- how


def columns(schema: Schema) -> dict[str, Column]:
    """Return every column of every table as table.column."""
    return {f"{table.name}.{column.name}": column for table in schema.tables for column in table.columns}


def told_under(heading: str) -> set[str]:
    """Return the columns that the page names in the first cells of a section's table."""
    section = PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+\.\w+)`", cell)}
