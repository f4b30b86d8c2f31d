"""Schema ops as agents were tracked in it before: it makes room, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from odooops_dagster.control.migrate import migrate, shipped_migrations
from odooops_dagster.errors import Conflict
from tests.servers import PostgresServer, as_user
from tests.sql.catalog import catalog
from tests.sql.lints import findings
from tests.sql.world import Connection, World, connect

LEGACY = Path(__file__).with_name("legacy.sql").read_text("utf-8")

# What each table is called before and after.
TABLES = {
    "ops.runs": "ops.agent_runs",
    "ops.run_events": "ops.agent_run_events",
    "ops.run_logs": "ops.agent_run_logs",
    "ops.run_usage": "ops.agent_run_usage",
    "ops.run_usage_2026_01": "ops.agent_run_usage_2026_01",
    "ops.run_usage_default": "ops.agent_run_usage_default",
    "ops.artifacts": "ops.agent_artifacts",
    "ops.runs_by_agent": "ops.agent_runs_by_agent",
    "ops.agent_memory": "ops.agent_memory",
    "ops.kpi_snapshots": "ops.kpi_snapshots",
    "billing.invoices": "billing.invoices",
}

# Everything that hangs on the tables, as PostgreSQL says it: what it says may differ in names only.
BELONGINGS = """
select 'constraint ' || conname || ' ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) as line
from pg_constraint where connamespace = any ('{ops,billing}'::regnamespace[]) and contype <> 'n'
union all
select 'index ' || indexdef from pg_indexes where schemaname in ('ops', 'billing')
union all
select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all
select 'policy ' || tablename || policyname || permissive || roles::text || cmd || coalesce(qual, '')
    || coalesce(with_check, '')
from pg_policies where schemaname in ('ops', 'billing')
union all
select 'rule ' || definition from pg_rules where schemaname = 'ops'
union all
select 'acl ' || c.oid::regclass || ' ' || relrowsecurity || ' ' || relforcerowsecurity || coalesce(relacl::text, '')
    || (select coalesce(string_agg(a.attname || a.attacl::text, ' '), '') from pg_attribute a where attrelid = c.oid)
from pg_class c where relnamespace = any ('{ops,billing}'::regnamespace[]) and relkind in ('r', 'p', 'v', 'm', 'S')
union all
select 'view ' || viewname || pg_get_viewdef(format('%I.%I', schemaname, viewname)::regclass) from pg_views
where schemaname = 'ops'
union all
select 'default ' || adrelid::regclass || ' ' || pg_get_expr(adbin, adrelid) from pg_attrdef
join pg_class c on c.oid = adrelid where relnamespace = 'ops'::regnamespace
union all
select 'comment ' || c.oid::regclass || obj_description(c.oid, 'pg_class') from pg_class c
where relnamespace = 'ops'::regnamespace and obj_description(c.oid, 'pg_class') is not null
union all
select 'routine ' || proname || coalesce(proacl::text, '') || coalesce(obj_description(oid, 'pg_proc'), '') from pg_proc
where pronamespace = 'ops'::regnamespace
"""


@pytest.fixture
def legacy_url(bare_url: str) -> str:
    """Return the owner's URL of a database in which agents were tracked.

    The role outlives it, and its rights go with the database: `drop owned` and an autovacuum may each wait for the
    other, as a table's rights are changed without a lock on the table, and its policies with one.
    """
    with connect(bare_url) as connection:
        for role in ("anon", "agent_app"):
            if not connection.execute("select from pg_roles where rolname = %s", [role]).fetchall():
                connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
        connection.execute("grant agent_app to current_user")
        connection.execute(LEGACY.encode())
    return bare_url


def contents(connection: Connection, tables: dict[str, str]) -> dict[str, list[str]]:
    """Return every row of every table, by the table's old name."""
    found = {}
    for old, name in tables.items():
        query = sql.SQL("select t::text as row from {} t order by 1").format(sql.Identifier(*name.split(".")))
        found[old] = [row["row"] for row in connection.execute(query)]
    return found


def belongings(connection: Connection) -> set[str]:
    """Return what hangs on the tables."""
    return {" ".join(row["line"].split()) for row in connection.execute(BELONGINGS.encode())}


def without_prefix(line: str) -> str:
    """Return the line as if nothing had been renamed."""
    return line.replace("agent_", "")


def value(connection: Connection, query: str) -> Any:  # noqa: ANN401 - whatever the query gives
    """Return the only value that the query gives."""
    (row,) = connection.execute(query.encode()).fetchall()
    (found,) = row.values()
    return found


def test_no_row_is_lost_or_changed(legacy_url: str) -> None:
    """Everything that was in a table is in the table of its new name."""
    with connect(legacy_url) as connection:
        before = contents(connection, {name: name for name in TABLES})
        migrate(legacy_url)
        after = contents(connection, TABLES)
    assert {name: len(rows) for name, rows in before.items()} == {
        "ops.runs": 200, "ops.run_events": 1000, "ops.run_logs": 300, "ops.run_usage": 60, "ops.run_usage_2026_01": 30,
        "ops.run_usage_default": 30, "ops.artifacts": 50, "ops.runs_by_agent": 3, "ops.agent_memory": 1,
        "ops.kpi_snapshots": 2, "billing.invoices": 5,
    }  # fmt: skip
    assert after == before


def test_what_hangs_on_the_tables_comes_along(legacy_url: str) -> None:
    """Indexes, constraints, triggers, policies, views, defaults, comments and grants differ in names only."""
    with connect(legacy_url) as connection:
        before = {without_prefix(line) for line in belongings(connection)}
        migrate(legacy_url)
        after = {without_prefix(line) for line in belongings(connection)}
    assert before <= after


def test_the_platform_beside_it_is_that_of_a_fresh_database(legacy_url: str, url: str) -> None:
    """No name of the platform's is another because something stood there, and nothing of it is open by old defaults."""
    migrate(legacy_url)
    fresh, beside = set(catalog(url)), set(catalog(legacy_url))
    assert fresh <= beside
    known = "agent_|kpi_|event_source|set_updated_at|finish_agent|append_only|may_see|active_runs|ends_after_it_starts"
    assert not [line for line in beside - fresh if not any(word in line for word in known.split("|"))]


def test_its_own_programs_go_on(legacy_url: str) -> None:
    """Functions whose text named the tables write to them, defaults count on, triggers fire, views follow."""
    with connect(legacy_url) as connection:
        migrate(legacy_url)
        run = value(
            connection, "insert into ops.agent_runs (agent_id, status) values ('agent-9', 'running') returning id::text"
        )
        assert value(connection, f"select ticket from ops.agent_runs where id = '{run}'") == 700
        assert value(connection, "select agent_id from ops.agent_v_run_queue where agent_id = 'agent-9'") == "agent-9"
        assert value(connection, f"select ops.finish_agent('{run}')::text") == "completed"
        event = connection.execute("select * from ops.agent_run_events where run_id = %s", [run]).fetchone()
        assert event is not None
        assert (event["id"], event["message"]) == (1001, "status of ops.agent_runs is completed")
        assert value(connection, f"select updated_at > '2026-02-01' from ops.agent_runs where id = '{run}'")
        assert value(connection, "insert into ops.agent_run_logs (event_id, line) values (1, 'x') returning id") == 301
        assert value(connection, "insert into ops.agent_artifacts (uri) values ('x') returning id") == 51
        assert value(connection, "select billing.cost(md5('run7')::uuid)") == 7
        assert value(connection, "select ops.kpi_total()") == 7
        connection.execute("refresh materialized view concurrently ops.agent_runs_by_agent")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute("delete from ops.agent_runs where id = md5('run1')::uuid")
        assert value(connection, "select count(*) from ops.runs") == 0


def test_its_callers_see_and_do_what_they_did(legacy_url: str) -> None:
    """Also with the schema closed to the public; and of the platform they see nothing."""
    migrate(legacy_url)
    with connect(legacy_url) as connection:
        connection.execute("set role agent_app")
        connection.execute("set app.agent = 'agent-1'")
        assert value(connection, "select count(*) from ops.agent_runs") == 67
        assert value(connection, "select count(*) from ops.agent_run_events") == 335
        assert value(connection, "select count(*) from ops.kpi_snapshots") == 2
        assert value(connection, "select count(*) from ops.active_runs") == 50
        connection.execute("update ops.agent_runs set metadata = '{}' where agent_id = 'agent-1'")
        assert value(connection, "select ops.agent_append_event(md5('run1')::uuid, 'info', 'hello', '{}')") == 1001
        for query in ("select from ops.runs", "select from ops.agent_objects", "delete from ops.agent_runs"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query.encode())


def test_each_companion_is_guarded_as_it_was(legacy_url: str) -> None:
    """Policies of every kind, forced ones, triggers and rules decide of the companions what they decided before."""
    guarded = ("run_logs", "run_usage", "artifacts", "agent_memory")
    with connect(legacy_url) as connection:
        before = what_agent_1_sees(connection, {name: f"ops.{name}" for name in guarded})
        migrate(legacy_url)
        after = what_agent_1_sees(connection, {name: f"ops.agent_{name.removeprefix('agent_')}" for name in guarded})
        assert after == before == {"run_logs": 100, "run_usage": 20, "artifacts": 17, "agent_memory": 1, "invoices": 2}
        for query in ("update ops.agent_run_events set level = 'error'", "delete from ops.agent_artifacts"):
            with pytest.raises(psycopg.errors.RaiseException, match="is append-only"):
                connection.execute(query.encode())
        assert connection.execute("delete from ops.agent_run_usage").rowcount == 0
        connection.execute("set role agent_app")
        for table in ("agent_run_logs (line) values ('')", "agent_artifacts (uri) values ('not of my runs')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                connection.execute(f"insert into ops.{table}".encode())


def what_agent_1_sees(connection: Connection, tables: dict[str, str]) -> dict[str, int]:
    """Return how many rows of each table, and of what hangs on it, the caller agent-1 is shown."""
    connection.execute("set role agent_app")
    connection.execute("set app.agent = 'agent-1'")
    names = tables | {"invoices": "billing.invoices"}
    seen = {old: value(connection, f"select count(*) from {name}") for old, name in names.items()}
    connection.execute("reset role")
    return seen


def test_the_platform_works_beside_it(legacy_url: str, server: PostgresServer) -> None:
    """A run is queued, claimed and ended, and what the lints ask of the platform it fulfils."""
    migrate(legacy_url)
    world = World(legacy_url, as_user(legacy_url, "ops_worker", server))
    run = world.work(world.project())
    assert world.complete(run) == "succeeded"
    legacy = "agent_|kpi_|set_updated_at|finish_agent|append_only|may_see|active_runs"
    found = {
        name: kept
        for name, objects in findings(world).items()
        if (kept := [o for o in objects if not any(word in o for word in legacy.split("|"))])
    }
    world.close()
    assert found == {}


def test_migrating_again_changes_nothing(legacy_url: str) -> None:
    """Nor does telling the migration itself again, and what the agents' side made since is left alone."""
    migrate(legacy_url)
    with connect(legacy_url) as connection:
        connection.execute("create view ops.agent_late as select 1 as one")
        connection.execute("create function ops.agent_later() returns int language sql as 'select 1'")
        connection.execute("create policy late on ops.agent_artifacts for select to agent_app using (true)")
        connection.execute(shipped_migrations()[0].text.encode())
        before = (catalog(legacy_url), belongings(connection), contents(connection, TABLES))
        assert migrate(legacy_url).applied == ()
        assert (catalog(legacy_url), belongings(connection), contents(connection, TABLES)) == before


def test_what_the_agents_made_later_keeps_its_policies(legacy_url: str) -> None:
    """A companion made after the platform came, whatever it is called, is none of the platform's tables."""
    migrate(legacy_url)
    with connect(legacy_url) as connection:
        connection.execute("create table ops.feedback (run_id uuid references ops.agent_runs (id), stars int)")
        connection.execute(
            "create table ops.run_usage_2027_02 partition of ops.agent_run_usage"
            " for values from ('2027-02-01') to ('2027-03-01')"
        )
        for table in ("feedback", "run_usage_2027_02"):
            connection.execute(f"alter table ops.{table} enable row level security".encode())
            connection.execute(f"create policy theirs on ops.{table} to agent_app using (ops.may_see(run_id))".encode())
        connection.execute("alter table ops.kpi_snapshots rename to figures")
        before = belongings(connection)
        migrate(legacy_url)
        assert belongings(connection) == before


def test_a_platform_that_stands_already_is_left_alone(url: str) -> None:
    """The migration is older than those already applied, and finds the platform's own runs."""
    first = shipped_migrations()[0]
    assert first.version == "20260213000001"
    before = catalog(url)
    with connect(url) as connection:
        connection.execute("delete from supabase_migrations.schema_migrations where version = %s", [first.version])
    assert migrate(url).applied == (f"{first.version}_{first.name}",)
    assert catalog(url) == before


@pytest.mark.parametrize(
    ("obstacle", "named"),
    [
        ("create table ops.agent_run_events ()", "ops.run_events cannot become ops.agent_run_events, which exists"),
        ("create view ops.agent_runs as select 1 as one", "ops.runs cannot become ops.agent_runs"),
        ("create type ops.agent_run_status as enum ('x')", "ops.run_status cannot become ops.agent_run_status"),
        (
            "create function ops.agent_append_event(uuid, text, text, jsonb) returns int language sql as 'select 1'",
            "append_event",
        ),
        ("create table ops.projects (id int)", "ops.projects has the name of a table of the platform"),
    ],
)
def test_a_name_that_is_taken_is_refused_and_nothing_changes(legacy_url: str, obstacle: str, named: str) -> None:
    """The message names it, the hint says what to do."""
    with connect(legacy_url) as connection:
        connection.execute(obstacle.encode())
        before = (catalog(legacy_url), belongings(connection), contents(connection, {name: name for name in TABLES}))
        with pytest.raises(Conflict, match=named) as caught:
            migrate(legacy_url)
        assert caught.value.hint
        after = (catalog(legacy_url), belongings(connection), contents(connection, {name: name for name in TABLES}))
        assert after == before
        assert value(connection, "select to_regnamespace('supabase_migrations') is null")


def test_a_later_function_of_the_same_name_is_refused(legacy_url: str) -> None:
    """What the migration could not know of is not replaced in silence."""
    migrate(legacy_url)
    with connect(legacy_url) as connection:
        connection.execute("alter function ops.agent_append_event rename to keep")
        connection.execute("insert into ops.agent_objects values ('function', 'ops.finish_run(uuid,text)')")
    with pytest.raises(Conflict, match=r"ops\.finish_run"):
        migrate(legacy_url)


def test_agents_tracked_without_runs_make_room_too(bare_url: str) -> None:
    """Companions may be all that is there, and a schema may be empty."""
    with connect(bare_url) as connection:
        connection.execute("create schema ops")
        connection.execute("create table ops.run_events (id serial primary key, message text)")
        connection.execute("insert into ops.run_events (message) values ('kept')")
        migrate(bare_url)
        assert connection.execute("select * from ops.agent_run_events").fetchall() == [{"id": 1, "message": "kept"}]


def test_an_empty_schema_is_only_filled(bare_url: str, url: str) -> None:
    """Who made the schema by hand gets the platform that a fresh database gets."""
    with connect(bare_url) as connection:
        connection.execute("create schema ops")
    migrate(bare_url)
    assert catalog(bare_url) == catalog(url)
