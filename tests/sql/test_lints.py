"""The schema owes nothing, and each lint bites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from odooops_dagster.control.migrate import read_folder
from tests.sql.lints import LINTS, findings
from tests.sql.world import World

ROOT = Path(__file__).parents[2]
# What breaks each rule, the object that the lint must name, and what mends it.
BREAKS = {
    "tables_without_row_level_security": (
        "alter table ops.tools disable row level security", "tools", "alter table ops.tools enable row level security",
    ),
    "tables_without_policy": (
        """
        create table ops.bad (id int primary key); alter table ops.bad enable row level security;
        comment on table ops.bad is 'x'
        """,
        "bad", "drop table ops.bad",
    ),
    "relations_without_comment": (
        "comment on view ops.v_runs is null", "v_runs", "comment on view ops.v_runs is 'x'",
    ),
    "partitions_open_by_their_own_name": (
        "grant select on ops.run_logs_default to audit_reader", "run_logs_default",
        "revoke all on ops.run_logs_default from audit_reader",
    ),
    "partitions_without_their_tables_refusals": (
        "alter table ops.run_events_default disable trigger run_events_stay_whole", "run_events_default",
        "alter table ops.run_events_default enable trigger run_events_stay_whole",
    ),
    "functions_without_comment": (
        "comment on function ops.get_run is null", "get_run", "comment on function ops.get_run is 'x'",
    ),
    "foreign_keys_without_index": (
        "drop index ops.run_requests_retry_idx", "ops.run_requests.run_requests_retry_of_fkey",
        "create index on ops.run_requests (retry_of) where retry_of is not null",
    ),
    "functions_without_pinned_search_path": (
        "alter function ops.get_run set search_path = ''", "get_run",
        "alter function ops.get_run set search_path = pg_catalog, pg_temp",
    ),
    "functions_open_to_anon": (
        "grant execute on function ops.queue_run to anon", "queue_run",
        "revoke all on function ops.queue_run from anon",
    ),
    "overloaded_functions": (
        """
        create function ops.get_run(int) returns int language sql set search_path = pg_catalog, pg_temp as 'select 1';
        comment on function ops.get_run(int) is 'x'; revoke all on function ops.get_run(int) from public;
        grant execute on function ops.get_run(int) to service_role
        """,
        "get_run", "drop function ops.get_run(int)",
    ),
    "views_with_their_owners_rights": (
        "alter view ops.v_runs reset (security_invoker)", "v_runs",
        "alter view ops.v_runs set (security_invoker = true)",
    ),
    "relations_open_to_anon": (
        "grant select on ops.v_runs to public", "v_runs", "revoke all on ops.v_runs from public",
    ),
    "tables_without_primary_key": (
        "alter table ops.tools drop constraint tools_pkey", "tools", "alter table ops.tools add primary key (id)",
    ),
    "columns_of_time_without_zone": (
        "alter table ops.tools add column seen_at timestamp", "tools.seen_at",
        "alter table ops.tools drop column seen_at",
    ),
    "states_that_are_no_enum": (
        "alter table ops.tools add column build_status text", "tools.build_status",
        "alter table ops.tools drop column build_status",
    ),
    "append_only_tables_without_a_refusal": (
        "drop trigger approvals_stay_whole on ops.approvals", "approvals",
        """
        create trigger approvals_stay_whole before truncate on ops.approvals
        execute function ops_private.refuse_change()
        """,
    ),
    "append_only_tables_open_to_change": (
        """
        grant update on ops.approvals to release_manager;
        create policy "Managers correct decisions" on ops.approvals for update to release_manager using (true)
        """,
        "approvals",
        """
        revoke update on ops.approvals from release_manager; drop policy "Managers correct decisions" on ops.approvals
        """,
    ),
    "relations_open_beyond_their_rows": (
        "grant usage on ops.run_events_id_seq to authenticated", "run_events_id_seq",
        "revoke all on ops.run_events_id_seq from authenticated",
    ),
    "grants_without_policy": (
        "grant insert (name) on ops.tools to sre", "tools sre INSERT", "revoke insert (name) on ops.tools from sre",
    ),
    "policies_without_grant": (
        'create policy "Sres add tools too" on ops.tools for insert to sre with check (true)',
        "tools: Sres add tools too", 'drop policy "Sres add tools too" on ops.tools',
    ),
    "policies_without_a_sentence": (
        'alter policy "The platform reads every tool" on ops.tools rename to tools_select', "tools: tools_select",
        'alter policy tools_select on ops.tools rename to "The platform reads every tool"',
    ),
    "policies_for_everybody": (
        'create policy "Anyone reads every tool" on ops.tools for select using (true)',
        "tools: Anyone reads every tool",
        'drop policy "Anyone reads every tool" on ops.tools',
    ),
    "private_functions_open_to_callers": (
        "grant execute on function ops_private.refuse_change to sre", "refuse_change",
        "revoke all on function ops_private.refuse_change from sre",
    ),
    "functions_that_anyone_can_hold_up": (
        """
        create function ops.waits() returns void language sql set search_path = pg_catalog, pg_temp
        as 'select pg_advisory_xact_lock(1)';
        comment on function ops.waits is 'x'; revoke all on function ops.waits from public;
        grant execute on function ops.waits to service_role
        """,
        "waits", "drop function ops.waits",
    ),
    "public_functions_that_no_role_may_call": (
        "revoke all on function ops.peek_runs from service_role, ops_worker", "peek_runs",
        "grant execute on function ops.peek_runs to service_role, ops_worker",
    ),
    "private_functions_that_nothing_calls": (
        """
        create function ops_private.idle() returns void language sql set search_path = pg_catalog, pg_temp as '';
        comment on function ops_private.idle is 'x'; revoke all on function ops_private.idle from public
        """,
        "idle", "drop function ops_private.idle",
    ),
    "states_with_several_writers": (
        """
        create function ops.ends() returns void language sql set search_path = pg_catalog, pg_temp
        as $$ update ops.runs as r set exit_code = 1, status = 'failed' where r.status = 'running' $$;
        comment on function ops.ends is 'x'; revoke all on function ops.ends from public;
        grant execute on function ops.ends to service_role
        """,
        "runs: ends, move_runs", "drop function ops.ends",
    ),
    "computed_view_columns_without_comment": (
        "comment on column ops.v_runs.duration is null", "v_runs.duration",
        "comment on column ops.v_runs.duration is 'x'",
    ),
}  # fmt: skip


def test_every_lint_has_a_proof_that_it_bites() -> None:
    """A lint without a break below proves nothing."""
    assert set(BREAKS) == set(LINTS)


@pytest.mark.parametrize("lint", LINTS)
def test_a_lint_finds_nothing_then_the_break_then_nothing(world: World, lint: str) -> None:
    """Zero, one, zero."""
    breaking, name, mending = BREAKS[lint]
    assert findings(world) == {}
    world.connection.execute(breaking.encode())
    assert findings(world) == {lint: [name]}
    world.connection.execute(mending.encode())
    assert findings(world) == {}


def unexplained(files: list[tuple[str, str]]) -> list[str]:
    """Return the functions that take their owner's rights without a word, or explain what they do not take."""
    return [
        name
        for name, text in files
        if (re.search(r"^security definer$", text, re.MULTILINE) is None) == ("-- Definer: " in text)
    ]


def test_every_definer_function_says_why() -> None:
    """Elevated rights are explained where they are taken; the lint bites either way."""
    files = read_folder("functions")
    assert unexplained(files) == []
    silent = [(name, re.sub("-- Definer: .*", "", text) if name == "queue_run" else text) for name, text in files]
    assert unexplained(silent) == ["queue_run"]
    boasting = [(name, f"-- Definer: x\n{text}" if name == "get_run" else text) for name, text in files]
    assert unexplained(boasting) == ["get_run"]


def test_every_function_has_a_file_of_its_name(world: World) -> None:
    """One per file, and none without; those of ops_private are in a folder `private`."""
    rows = world.rows(
        "select pronamespace::regnamespace::text as schema, proname as name from pg_proc"
        " where pronamespace::regnamespace::text in ('ops', 'ops_private')"
    )
    files = (ROOT / "sql" / "functions").rglob("*.sql")
    places = [("ops_private" if file.parent.name == "private" else "ops", file.stem) for file in files]
    assert sorted((row["schema"], row["name"]) for row in rows) == sorted(places)


@pytest.mark.parametrize(
    ("lint", "breaking", "mending"),
    [
        (
            "tables_without_row_level_security",
            "alter table ops.run_logs_default disable row level security",
            "alter table ops.run_logs_default enable row level security",
        ),
        (
            "tables_without_policy",
            """drop policy "Nobody reads a part by its own name" on ops.run_logs_default""",
            "select ops.ensure_partitions()",
        ),
        (
            "relations_without_comment",
            "comment on table ops.run_logs_default is null",
            "comment on table ops.run_logs_default is 'x'",
        ),
        (
            "partitions_open_by_their_own_name",
            """
            drop policy "Nobody reads a part by its own name" on ops.run_logs_default;
            create policy "open" on ops.run_logs_default using (true)
            """,
            """drop policy "open" on ops.run_logs_default; select ops.ensure_partitions()""",
        ),
    ],
)
def test_the_lints_bite_for_a_partition_too(world: World, lint: str, breaking: str, mending: str) -> None:
    """A month owes what its table owes."""
    world.connection.execute(breaking.encode())
    [found] = findings(world).items()
    assert found[0] == lint
    assert all("run_logs_default" in name for name in found[1])
    world.connection.execute(mending.encode())
    assert findings(world) == {}


def test_every_table_has_its_policies_in_a_file_of_its_name(world: World) -> None:
    """One per file, and none without; a partition is its table's."""
    query = (
        "select relname from pg_class"
        " where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p') and not relispartition"
    )
    names = [row["relname"] for row in world.rows(query)]
    assert sorted(names) == sorted(name for name, _ in read_folder("policies"))
