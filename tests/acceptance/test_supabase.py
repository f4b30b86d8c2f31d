"""Supabase's own CLI: it makes the database that `ops db migrate` makes, and has nothing to say against it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from odooops_dagster.control.export import differences
from odooops_dagster.control.migrate import migrate, shipped_migrations, states
from odooops_dagster.home import ADMINISTRATOR
from tests.conftest import postgres15
from tests.hosted import hosted_server
from tests.node_tools import node_tool
from tests.servers import PostgresServer
from tests.sql.catalog import catalog
from tests.supabase import ROOT, TYPES, Supabase, shim, written_types

# The migrations of the first version that people had.
FIRST_VERSION = ("20260213000090", "20260213000160")
ACCEPTED = ROOT / "supabase" / "advisors.txt"

# One break of each kind that the advisors must see in schema ops.
BREAKS = """
create table ops.open_to_all (id int primary key);
grant select on ops.open_to_all to anon, authenticated;
create view ops.with_owners_rights as select * from ops.runs;
grant select on ops.with_owners_rights to authenticated;
create function ops.unpinned() returns int language sql as 'select 1';
create policy always on ops.tools for insert to authenticated with check (true);
create policy per_row on ops.tools for select to authenticated using (auth.uid() is not null);
"""
BROKEN = {
    "rls_disabled_in_public",
    "security_definer_view",
    "function_search_path_mutable",
    "rls_policy_always_true",
    "auth_rls_initplan",
    "multiple_permissive_policies",
}


@pytest.fixture(scope="module")
def supabase(tmp_path_factory: pytest.TempPathFactory) -> Supabase:
    """Return the CLI in a project of this version."""
    return Supabase(tmp_path_factory.mktemp("supabase"))


@pytest.fixture(params=["18", "15"])
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """Yield a server of each supported end of the range."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    with comparable(request.getfixturevalue(name)) as found:
        yield found


@contextmanager
def comparable(server: PostgresServer) -> Iterator[PostgresServer]:
    """Yield the server without what the CLI refuses in strict coverage: a right on a parameter, of no database."""
    execute(server.url("postgres"), f"revoke set on parameter temp_file_limit from {ADMINISTRATOR}")
    yield server
    execute(server.url("postgres"), f"grant set on parameter temp_file_limit to {ADMINISTRATOR}")


@pytest.fixture
def pushed(server: PostgresServer, supabase: Supabase) -> Iterator[str]:
    """Yield a database that `supabase db push` made."""
    with bare_database(server) as url:
        supabase.push(url)
        yield url


@pytest.fixture
def migrated(server: PostgresServer) -> Iterator[str]:
    """Yield a database that `ops db migrate` made."""
    with server.fresh_database() as url:
        yield url


@contextmanager
def bare_database(server: PostgresServer) -> Iterator[str]:
    """Yield an empty database with what Supabase brings."""
    with server.fresh_database(migrated=False) as url:
        shim(url)
        yield url


def execute(url: str, statements: str) -> None:
    """Run statements as the owner."""
    with psycopg.connect(url) as connection:
        connection.execute(statements.encode())


def test_push_and_migrate_make_the_same_database(pushed: str, migrated: str, supabase: Supabase) -> None:
    """Neither way has, lacks or grants anything that the other does not."""
    assert supabase.difference(pushed, migrated) == ""
    assert supabase.difference(migrated, pushed) == ""
    assert catalog(pushed) == catalog(migrated)


@pytest.mark.parametrize(
    "change",
    [
        "create function ops.more() returns int language sql as 'select 1'",
        "drop index ops.run_requests_retry_idx",
        "grant select on ops.tools to anon",
        "drop view ops.v_run_lineage",
        "alter table ops.tools disable row level security",
    ],
)
def test_a_difference_would_be_seen(postgres_server: PostgresServer, supabase: Supabase, change: str) -> None:
    """The tool that finds none above finds each of these."""
    with comparable(postgres_server) as server, server.fresh_database() as one, server.fresh_database() as other:
        execute(other, change)
        assert supabase.difference(one, other) != ""
        assert supabase.difference(other, one) != ""


def test_each_way_finds_what_the_other_applied(pushed: str, migrated: str, supabase: Supabase) -> None:
    """They share one history."""
    assert migrate(pushed).applied == ()
    assert "up to date" in supabase.push(migrated)
    assert supabase.difference(pushed, migrated) == ""


@pytest.mark.parametrize("version", ["18", "15"])
def test_the_owner_of_a_hosted_project_may_use_either(supabase: Supabase, version: str) -> None:
    """Who is no superuser, where the roles and schema auth are another's."""
    bin_dir = postgres15() if version == "15" else None
    with hosted_server(bin_dir) as server, server.project() as by_push, server.project() as by_migrate:
        supabase.push(by_push)
        assert not migrate(by_migrate).shim_applied
        assert supabase.difference(by_push, by_migrate) == ""
        assert supabase.difference(by_migrate, by_push) == ""
        assert migrate(by_push).applied == ()
        assert "up to date" in supabase.push(by_migrate)
        assert unaccepted(supabase.advisors(by_push)) == set()


def test_a_database_of_the_first_version_is_brought_up_by_either(
    server: PostgresServer, supabase: Supabase, tmp_path: Path
) -> None:
    """One migration is older than the newest that such a database has, for which push wants to be asked."""
    first = Supabase(tmp_path)
    for file in first.migrations.iterdir():
        if not FIRST_VERSION[0] <= file.name.split("_")[0] <= FIRST_VERSION[1]:
            file.unlink()
    with ExitStack() as stack:
        by_push, by_migrate = (stack.enter_context(bare_database(server)) for _ in range(2))
        for url in (by_push, by_migrate):
            assert "20260213000160" in first.push(url)
        refused = supabase.run("db", "push", "--yes", f"--remote={by_push}?sslmode=disable")
        assert refused.returncode != 0
        assert "--include-all" in refused.stderr
        supabase.push(by_push, "--include-all")
        assert migrate(by_migrate).applied[0] == "20260213000001_ops_rename_agent_tables"
        assert supabase.difference(by_push, by_migrate) == ""
        assert migrate(by_push).applied == ()


def test_a_state_replaces_the_one_before_it(migrated: str, supabase: Supabase) -> None:
    """Pushed over a database whose functions, views and policies were others, as after an upgrade."""
    expected = catalog(migrated)
    execute(
        migrated,
        f"delete from supabase_migrations.schema_migrations where version = '{states()[-1].version}';"
        "create function ops.gone() returns int language sql as 'select 1';"
        "create view ops.v_gone as select ops.gone();"
        "create policy gone on ops.tools for select to authenticated using (ops.gone() = 1);"
        "drop function ops.active_counts();"
        "create function ops.active_counts() returns int language sql as 'select 1';"
        "create function ops.peek_runs(p_other text) returns int language sql as 'select 1';",
    )
    supabase.push(migrated)
    assert catalog(migrated) == expected


def test_the_advisors_find_nothing_that_is_not_accepted(migrated: str, supabase: Supabase) -> None:
    """Security and performance, down to mere information."""
    found = supabase.advisors(migrated)
    assert unaccepted(found) == set()
    assert set(accepted()) <= {finding["cache_key"] for finding in found}


def test_the_advisors_look_at_schema_ops(migrated: str, supabase: Supabase) -> None:
    """Each kind of break is found, so that finding nothing says something."""
    execute(migrated, BREAKS)
    assert {finding["name"] for finding in supabase.advisors(migrated)} >= BROKEN


def test_every_accepted_finding_has_its_reason() -> None:
    """In the file, and explained where the platform's security is."""
    page = (ROOT / "docs" / "odooops-sh" / "SECURITY.md").read_text("utf-8")
    for key, reason in accepted().items():
        assert reason, key
        assert key in page, key


def test_the_kept_types_are_those_of_the_schema(migrated: str, supabase: Supabase) -> None:
    """Write them anew with `make export`."""
    assert TYPES.read_text("utf-8") == written_types(migrated, supabase)


def test_the_kept_migrations_are_those_of_the_schema() -> None:
    """Write them anew with `make export`; one that was renamed before its release leaves nothing behind."""
    folder = ROOT / "supabase" / "migrations"
    assert differences(folder) == ()
    assert {file.stem for file in folder.iterdir()} == {f"{m.version}_{m.name}" for m in shipped_migrations()}


def test_the_kept_types_are_typescript(tmp_path: Path) -> None:
    """A program that uses them compiles, and one that errs does not."""
    shutil.copy(TYPES, tmp_path)
    program = tmp_path / "program.ts"
    reads = 'import type { Database } from "./database";\ntype Run = Database["ops"]["Views"]["v_runs"]["Row"];\n'
    program.write_text(reads + "export const status = (run: Run) => run.status?.toUpperCase();\n", "utf-8")
    assert compiles(program)
    program.write_text(reads + "export const status = (run: Run) => run.state;\n", "utf-8")
    assert not compiles(program)


def compiles(program: Path) -> bool:
    """Return whether TypeScript takes the program, strictly."""
    argv = [str(node_tool("tsc")), "--noEmit", "--strict", "--target", "es2022", str(program)]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def unaccepted(findings: list[dict[str, Any]]) -> set[str]:
    """Return the keys of the findings for which no reason was given."""
    return {finding["cache_key"] for finding in findings if finding["name"] != "unused_index"} - set(accepted())


def accepted() -> dict[str, str]:
    """Return the accepted findings with their reasons."""
    lines = (line for line in ACCEPTED.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return {key: reason.strip() for key, _, reason in (line.partition(" ") for line in lines)}
