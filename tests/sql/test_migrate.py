"""Bringing a database to the shipped schema: once, whole, and never over somebody's change."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.control import migrate as migrations
from odooops_dagster.errors import SchemaDrift, Unavailable
from odooops_dagster.control.migrate import migrate, read_folder, shipped_migrations, status
from tests.sql.catalog import catalog
from tests.sql.world import connect

Folders = dict[str, list[tuple[str, str]]]
FOLDERS = ("shim", "migrations", "reapply", "functions", "views", "policies")


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Folders:
    """Return sql/ as a value that a test may change before it migrates."""
    folders = {name: read_folder(name) for name in FOLDERS}
    monkeypatch.setattr(migrations, "read_folder", lambda name: sorted(folders[name]))
    return folders


def replace(folders: Folders, folder: str, name: str, text: str, replacement: str) -> None:
    """Change a file's text."""
    before = dict(folders[folder])[name]
    assert text in before
    folders[folder] = [(n, t) if n != name else (n, t.replace(text, replacement)) for n, t in folders[folder]]


def test_a_fresh_database_gets_everything_and_a_second_time_changes_nothing(bare_url: str) -> None:
    """Migrating twice is a no-op."""
    first = migrate(bare_url)
    assert first.applied == tuple(f"{m.version}_{m.name}" for m in shipped_migrations())
    assert first.shim_applied
    before = catalog(bare_url)
    second = migrate(bare_url)
    assert second.applied == ()
    assert not second.shim_applied
    assert catalog(bare_url) == before


def test_the_fresh_schema_is_the_golden_one(url: str) -> None:
    """A change of the schema shows in a diff: write the file anew with `python -m tests.sql.catalog URL`."""
    golden = Path(__file__).with_name("catalog.txt").read_text("utf-8")
    assert "\n".join(catalog(url)) + "\n" == golden


def test_status_tells_applied_from_pending_and_changes_nothing(bare_url: str) -> None:
    """Looking is free."""
    names = tuple(f"{m.version}_{m.name}" for m in shipped_migrations())
    assert (status(bare_url).applied, status(bare_url).pending) == ((), names)
    with connect(bare_url) as connection:
        row = connection.execute("select to_regnamespace('supabase_migrations') as found").fetchone()
    assert row == {"found": None}
    migrate(bare_url)
    assert (status(bare_url).applied, status(bare_url).pending) == (names, ())


def test_migrations_are_recorded_where_supabase_records_them(url: str) -> None:
    """So that either tool sees what the other applied."""
    with connect(url) as connection:
        rows = connection.execute(
            "select version, name, statements from supabase_migrations.schema_migrations order by version"
        ).fetchall()
    assert [(row["version"], row["name"], row["statements"]) for row in rows] == [
        (m.version, m.name, [m.text]) for m in shipped_migrations()
    ]


def test_drift_of_an_applied_migration_is_refused(url: str, shipped: Folders) -> None:
    """Released means frozen."""
    before = catalog(url)
    replace(shipped, "migrations", "20260213000110_environments", "generation > 0", "generation >= 0")
    with pytest.raises(SchemaDrift, match="20260213000110_environments"):
        migrate(url)
    with pytest.raises(SchemaDrift):
        status(url)
    assert catalog(url) == before


def test_a_migration_that_supabase_split_into_statements_is_no_drift(url: str) -> None:
    """Its tool records statements without the semicolons between them."""
    with connect(url) as connection:
        connection.execute(
            "update supabase_migrations.schema_migrations"
            " set statements = regexp_split_to_array(statements[1], ';\\s*\\n') where version = '20260213000110'"
        )
        connection.execute("update supabase_migrations.schema_migrations set statements = null where name ~ 'push'")
    assert migrate(url).applied == ()


def test_a_new_migration_is_applied_to_an_old_database(url: str, shipped: Folders) -> None:
    """Also one whose time is before those already applied."""
    shipped["migrations"] += [("20260101000000_early", "create table ops.early ();")]
    shipped["migrations"] += [("20990101000000_late", "create table ops.late ();")]
    assert migrate(url).applied == ("20260101000000_early", "20990101000000_late")


def test_a_failure_leaves_the_old_schema(url: str, shipped: Folders) -> None:
    """All or nothing."""
    before = catalog(url)
    shipped["migrations"] += [("20990101000000_late", "create table ops.late ();")]
    shipped["policies"] += [("zzz", "select 1 / 0;")]
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(url)
    assert catalog(url) == before


def test_a_migration_killed_midway_leaves_the_old_schema(url: str, shipped: Folders) -> None:
    """The backend dies between the new table and the new policies."""
    before = catalog(url)
    shipped["migrations"] += [("20990101000000_late", "create table ops.late ();")]
    shipped["policies"] += [("zzz", "select pg_sleep(60);")]
    failures: list[BaseException] = []

    def victim() -> None:
        try:
            migrate(url)
        except psycopg.Error as exc:
            failures.append(exc)

    thread = threading.Thread(target=victim)
    thread.start()
    with connect(url) as connection:
        while not connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where query ~ '^select pg_sleep' and pid <> pg_backend_pid() and datname = current_database()"
        ).fetchall():
            assert thread.is_alive()
    thread.join(30)
    assert failures
    assert catalog(url) == before


def test_migrations_at_once_follow_each_other(bare_url: str) -> None:
    """One applies, the others find it done."""
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(migrate, [bare_url] * 4))
    assert sorted(len(report.applied) for report in reports) == [0, 0, 0, len(shipped_migrations())]


def test_a_function_with_one_more_argument_replaces_the_old_one(url: str, shipped: Folders) -> None:
    """No ambiguous overload stays behind."""
    replace(
        shipped, "functions", "claim_next_run", "p_worker_id text,", "p_worker_id text,\n    p_queue text default 'x',"
    )
    migrate(url)
    with connect(url) as connection:
        assert connection.execute("select * from ops.claim_next_run('w1')").fetchall() == []
        row = connection.execute("select count(*) as n from pg_proc where proname = 'claim_next_run'").fetchone()
    assert row == {"n": 1}


def test_a_function_may_change_its_result_and_rename_its_arguments(url: str, shipped: Folders) -> None:
    """What `create or replace` alone refuses."""
    replace(shipped, "functions", "active_counts", "table (active int)", "table (working int)")
    replace(shipped, "functions", "peek_runs", "p_limit", "p_count")
    migrate(url)
    with connect(url) as connection:
        assert connection.execute("select working from ops.active_counts()").fetchall() == [{"working": 0}]
        connection.execute("select * from ops.peek_runs(p_count => 1)")
        # A new function is open to everyone until it is closed again.
        assert connection.execute(
            "select has_function_privilege('anon', 'ops.active_counts()', 'execute') as open"
        ).fetchone() == {"open": False}


def test_what_no_file_defines_any_more_is_gone(url: str, shipped: Folders) -> None:
    """Functions, views and policies are those of the files."""
    with connect(url) as connection:
        connection.execute("create function ops.stale() returns int language sql as 'select 1'")
        connection.execute("create view ops.v_stale as select 1 as one")
        connection.execute("create policy stale on ops.tools for select to anon using (true)")
    shipped["functions"] = [(name, text) for name, text in shipped["functions"] if name != "finish_run"]
    migrate(url)
    assert not [line for line in catalog(url) if "stale" in line or "finish_run" in line]


def test_a_grant_that_no_file_gives_any_more_is_gone(url: str) -> None:
    """On functions, tables and views; a right once given is else never taken back."""
    before = catalog(url)
    with connect(url) as connection:
        connection.execute("grant execute on function ops.queue_run, ops.claim_runs to audit_reader, qa_tester, anon")
        connection.execute("grant insert, update on ops.approvals, ops.v_runs to sre, authenticated")
    assert catalog(url) != before
    migrate(url)
    assert catalog(url) == before


def test_a_schema_auth_that_is_there_is_left_alone(bare_url: str) -> None:
    """Supabase brings its own."""
    with connect(bare_url) as connection:
        for role in ("anon", "authenticated", "service_role", "authenticator"):
            if not connection.execute("select from pg_roles where rolname = %s", [role]).fetchall():
                connection.execute(psycopg.sql.SQL("create role {}").format(psycopg.sql.Identifier(role)))
        connection.execute("create schema auth")
        for name, kind in (("uid", "uuid"), ("role", "text"), ("jwt", "jsonb")):
            connection.execute(
                f"create function auth.{name}() returns {kind} language sql as 'select null::{kind}'".encode()
            )
    assert not migrate(bare_url).shim_applied
    assert migrate(bare_url, shim=True).shim_applied


def test_a_server_that_is_away_is_said_in_one_line() -> None:
    """With what to do."""
    with pytest.raises(Unavailable) as caught:
        migrate("postgresql://postgres@127.0.0.1:1/x")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
