"""`ops db` on a real database."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from odooops_dagster.control.migrate import shipped_migrations
from odooops_dagster.doors.cli.db import app
from odooops_dagster.errors import SchemaDrift
from tests.json_forms import as_published

NAMES = [f"{migration.version}_{migration.name}" for migration in shipped_migrations()]


@pytest.fixture
def empty(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an empty database that the settings name."""
    for name in ("DATABASE_URL", "MIGRATE_URL", "DAGSTER_DATABASE_URL", "ODOO_DATABASE_URL"):
        monkeypatch.setenv(f"ODOOOPS_{name}", empty_database)
    return empty_database


def db(*arguments: str) -> Result:
    """Run `ops db`."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def printed(verb: str) -> Any:  # noqa: ANN401 - whatever the command prints
    """Return what `ops db` prints for programs."""
    return as_published(("db", verb), db(verb, "--json").stdout)


@pytest.mark.usefixtures("empty")
def test_migrate_applies_what_status_says_is_pending() -> None:
    """And then status says that nothing is."""
    assert printed("status") == {"applied": [], "pending": NAMES}
    report = printed("migrate")
    assert (report["applied"], report["shim_applied"]) == (NAMES, True)
    assert printed("status") == {"applied": NAMES, "pending": []}
    assert printed("migrate")["applied"] == []


@pytest.mark.usefixtures("empty")
def test_people_read_a_line_per_migration() -> None:
    """Applied or pending."""
    assert db("status").stdout.splitlines() == [f"pending {name}" for name in NAMES]
    assert db("migrate").stdout.splitlines() == [f"applied {name}" for name in NAMES]


def test_a_changed_migration_is_refused_by_both(empty: str) -> None:
    """Nothing is built over a drifted schema."""
    db("migrate")
    with psycopg.connect(empty) as connection:
        connection.execute(
            "update supabase_migrations.schema_migrations set statements = '{select 1}' where name ~ 'core'"
        )
    for verb in ("status", "migrate"):
        with pytest.raises(SchemaDrift, match="odooops_control_plane_core"):
            db(verb)
