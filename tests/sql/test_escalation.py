"""Nobody becomes more than they are: forged tokens, borrowed roles, planted objects, held locks."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from odooops_dagster.local.postgres import JOBS
from tests.sql.actors import PERSONAS, Actors
from tests.sql.everything import AUTHOR, Everything
from tests.sql.matrix import count_rows, functions
from tests.sql.matrix_calls import CALLS
from tests.sql.world import Caller, World, refused

ROLES = (*PERSONAS, "anon", "authenticated", "service_role", "authenticator", *JOBS.values(), "postgres")


def claim(caller: Caller, **claims: object) -> None:
    """Set the claims by hand, as anyone with a login can."""
    caller.rows("select set_config('request.jwt.claims', %s, false)", json.dumps(claims))


def attempt(caller: Caller, statement: str) -> str:
    """Return `rows`, `none`, `closed` for a function that is not the caller's, or the refusal's state."""
    try:
        return "rows" if caller.connection.execute(statement.encode()).fetchall() else "none"
    except psycopg.Error as error:
        is_closed = re.search("permission denied for (function|schema ops_private)", str(error))
        return "closed" if is_closed else str(error.sqlstate)


def project_of(world: World, user: UUID) -> UUID:
    """Return a new project whose only owner is this person."""
    project = world.project("owned")
    world.rows("insert into ops.project_memberships values (%s, %s, 'owner')", project, user)
    return project


# Forged claims.


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_login_is_nobody_else_by_claiming_so(world: World, actors: Actors, persona: str) -> None:
    """Neither its name nor its rights change with the claims that it sets for itself."""
    owner = uuid4()
    project = project_of(world, owner)
    login = actors.login(persona)
    name = login.value("select session_user")
    before = login.rows("select p, ops.has_permission(%s, p) from unnest('{read,manage,archive}'::text[]) p", project)
    claim(login, sub=str(owner), role="service_role", email="boss@example.com")
    assert login.value("select ops.caller_id()") == login.value("select ops.caller_name()") == name
    assert login.value("select ops.is_platform()") is False
    assert before == login.rows(
        "select p, ops.has_permission(%s, p) from unnest('{read,manage,archive}'::text[]) p", project
    )


def test_a_login_that_took_its_personas_role_is_still_itself(actors: Actors) -> None:
    """SET ROLE to what one is already makes no stranger."""
    login = actors.login("release_manager")
    login.rows("set role release_manager")
    claim(login, sub="the-boss")
    assert login.value("select ops.caller_id()") == login.value("select session_user")


def test_a_run_is_asked_for_in_nobody_elses_name(world: World, actors: Actors, mine: Everything) -> None:
    """Not by argument, not by claim."""
    login = actors.login("developer")
    claim(login, email="boss@example.com", sub="the-boss")
    run_id = login.queue(mine.project, "feature/new", p_requested_by="the-boss")
    assert world.run(run_id)["requested_by"] == login.value("select session_user")


def test_a_token_is_believed_for_its_subject_and_not_for_its_role(actors: Actors, mine: Everything) -> None:
    """The role that calls is PostgreSQL's."""
    person = actors.token("authenticated", sub=mine.owner)
    assert person.value("select ops.has_permission(%s, 'archive')", mine.project) is True
    claim(person, sub=str(mine.owner), role="service_role")
    assert person.value("select ops.is_platform()") is False
    claim(person, role="service_role")
    with refused("PT404"):
        person.queue(mine.project)


def test_a_token_that_names_nobody_decides_nothing(actors: Actors, mine: Everything) -> None:
    """Two people with such tokens could not be told apart."""
    manager = actors.token("release_manager")
    assert manager.value("select ops.caller_id()") is None
    with refused("42501", "row-level security"):
        manager.rows(
            "insert into ops.approvals (release_id, gate_id, gate_code, approver_id, persona_role, decision,"
            " release_author) values (%s, %s, 'G3', 'anyone', 'release_manager', 'approved', %s)",
            mine.release, mine.g3, AUTHOR,
        )  # fmt: skip


@pytest.mark.parametrize("claims", ["nonsense", "[]", '"owner"', '{"sub": ["a"]}', '{"sub": "a; drop table ops.runs"}'])
def test_claims_that_are_no_claims_open_nothing(actors: Actors, mine: Everything, claims: str) -> None:
    """An error or no row, never somebody else's rows."""
    person = actors.token("authenticated", sub=uuid4())
    person.rows("select set_config('request.jwt.claims', %s, false)", claims)
    queries = ("select id from ops.projects", f"select ops.archive_project('{mine.slug}')")
    assert {attempt(person, query) for query in queries} <= {"none", "22P02", "PT404"}


def test_a_persona_by_token_is_no_member_too(world: World, actors: Actors) -> None:
    """One token, one hat: a tester's token carries no membership."""
    owner = uuid4()
    project = project_of(world, owner)
    tester = actors.token("qa_tester", sub=owner)
    assert tester.value("select ops.has_permission(%s, 'manage')", project) is False


def test_a_servers_own_role_named_owner_is_no_owner(world: World, actors: Actors, mine: Everything) -> None:
    """ops.roles names memberships; a login that is a member of a role of that name is nothing by it."""
    world.rows("create role owner nologin")
    try:
        login = actors.login("sre", "owner")
        assert login.value("select ops.has_permission(%s, 'archive')", mine.project) is False
    finally:
        world.rows("drop role owner")


# Borrowed roles.


@pytest.mark.parametrize("name", [*PERSONAS, *JOBS.values()])
def test_no_login_takes_a_role_that_is_not_its_own(actors: Actors, name: str) -> None:
    """SET ROLE, SET SESSION AUTHORIZATION, the setting itself, a grant to oneself."""
    caller = enter(actors, name)
    for role in ROLES:
        identifier = sql.Identifier(role)
        if role != name:
            with refused("42501"):
                caller.connection.execute(sql.SQL("set role {}").format(identifier))
            with refused("42501"):
                caller.rows("select set_config('role', %s, false)", role)
            with refused("42501"):
                caller.connection.execute(sql.SQL("set session authorization {}").format(identifier))
        with refused("42501"):
            caller.connection.execute(sql.SQL("grant {} to current_user").format(identifier))
    assert caller.value("select ops.caller_role()") == caller.value("select session_user")


# What only an owner or a superuser may.
LIFTS = """
alter role current_user superuser
alter role current_user bypassrls
create role another
set session_replication_role = replica
alter table ops.runs disable row level security
alter table ops.run_events disable trigger all
create policy open on ops.runs for all to public using (true)
drop policy "Members read their projects' runs" on ops.runs
create function ops.mine() returns int language sql as 'select 1'
create or replace function ops.is_platform() returns boolean language sql as 'select true'
alter function ops.queue_run owner to current_user
create table ops.mine ()
create trigger mine before insert on ops.runs for each row execute function suppress_redundant_updates_trigger()
truncate ops.runs cascade
do $$ begin lock table ops.runs in share mode; end $$
select from ops.runs for update
select from ops.runs for key share
comment on table ops.runs is 'mine'
comment on function ops.queue_run is 'mine'
drop schema ops cascade
copy ops.runs to '/tmp/runs'
copy ops.runs to program 'cat'
copy ops.run_events from stdin
select pg_read_file('/etc/passwd')
select lo_import('/etc/passwd')
select lo_export(1, '/tmp/x')
reindex table ops.runs
alter system set log_statement = 'all'
select pg_reload_conf()
select pg_cancel_backend(pid) from pg_stat_activity where usename = 'postgres'
"""


@pytest.mark.parametrize("name", [*PERSONAS, *JOBS.values(), "authenticated"])
def test_no_statement_lifts_a_caller_out_of_its_rights(world: World, actors: Actors, name: str) -> None:
    """Refused, each; and what PostgreSQL only warns of changes nothing."""
    acl = "select relname, relacl::text from pg_class where relnamespace = 'ops'::regnamespace order by oid"
    before = world.rows(acl)
    caller = enter(actors, name)
    for statement in LIFTS.strip().splitlines():
        with pytest.raises(psycopg.Error) as caught:
            caller.connection.execute(statement.encode())
        assert caught.value.sqlstate in ("42501", "22023"), (statement, caught.value)
    # PostgreSQL only warns whoever has some right on the table; the gateway has none
    for statement in ("grant select on ops.runs to public", "revoke select on ops.runs from audit_reader"):
        with refused("42501") if name == "ops_gateway" else nullcontext():
            caller.connection.execute(statement.encode())
    assert world.rows(acl) == before


def enter(actors: Actors, name: str) -> Caller:
    """Return a persona or the platform by login, or a person by token."""
    if name in JOBS.values():
        return actors.platform(name)
    return actors.token(name, sub=uuid4()) if name == "authenticated" else actors.login(name)


def test_statements_prepared_with_more_rights_do_not_keep_them(actors: Actors, mine: Everything) -> None:
    """PostgREST's connections serve one caller after the other."""
    caller = actors.token("service_role")
    caller.rows("prepare everything as select id from ops.runs")
    assert caller.rows("execute everything")
    claims = json.dumps({"sub": str(uuid4()), "role": "authenticated"})
    caller.rows(
        "select set_config('role', 'authenticated', false), set_config('request.jwt.claims', %s, false)", claims
    )
    assert caller.rows("execute everything") == []
    assert mine.slug


def test_transactions_cannot_be_left_behind_with_their_locks(actors: Actors) -> None:
    """Prepared transactions are off on the server that we bring."""
    caller = actors.login("developer")
    caller.rows("begin")
    with refused("55000", "prepared transactions are disabled"):
        caller.rows("prepare transaction 'mine'")


@pytest.mark.parametrize("name", [*PERSONAS, *JOBS.values(), "authenticated"])
def test_nobody_reads_or_moves_a_sequence(world: World, actors: Actors, name: str) -> None:
    """It would tell how much others do, or stop them."""
    caller = enter(actors, name)
    sequences = world.rows("select relname from pg_class where relnamespace = 'ops'::regnamespace and relkind = 'S'")
    assert sequences
    for sequence in (f"ops.{row['relname']}" for row in sequences):
        for query in ("select nextval(%s)", "select setval(%s, 1)", "select currval(%s)"):
            with refused("42501"):
                caller.connection.execute(query.encode(), [sequence])
        with refused("42501"):
            caller.connection.execute(f"select last_value from {sequence}".encode())


# Planted objects.

SPY = """
create function {schema}.spy() returns boolean language plpgsql as $$
begin
    if current_user <> session_user then raise exception 'ran as %', current_user using errcode = 'XXSPY'; end if;
    return true;
end $$
"""
# Names that PL/pgSQL looks up in the caller's temporary schema, if it may.
TYPES = ("uuid", "text", "jsonb", "name", "bytea", "timestamptz", "int4", "int8", "bool", "oid")


def plant_types(caller: Caller) -> None:
    """Give every common type a double whose check runs the caller's function."""
    caller.connection.execute(SPY.format(schema="pg_temp").encode())
    for name in TYPES:
        statement = f"create domain pg_temp.{name} as pg_catalog.{name} check (pg_temp.spy())"
        caller.connection.execute(statement.encode())


def call_everything(caller: Caller, place: Everything) -> dict[str, str]:
    """Return how each function that people call answers, everything taken back."""
    answers = {}
    for key, text in CALLS.items():
        try:
            with caller.connection.transaction(force_rollback=True):
                caller.connection.execute(text.encode(), {**vars(place), "author": AUTHOR})
            answers[key] = "00000"
        except psycopg.Error as error:
            answers[key] = str(error.sqlstate)
    return answers


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_callers_temporary_types_run_in_nobody_elses_name(actors: Actors, mine: Everything, persona: str) -> None:
    """A domain called uuid would run its check as the function's owner, were the temporary schema searched first."""
    before = call_everything(actors.login(persona), mine)
    caller = actors.login(persona)
    plant_types(caller)
    assert call_everything(caller, mine) == before


def test_the_spy_bites(world: World, actors: Actors) -> None:
    """With an empty search path the temporary schema comes first: that is why no function has one."""
    caller = actors.login("developer")
    plant_types(caller)
    world.rows(
        "create function ops.bitten() returns void language plpgsql security definer set search_path = ''"
        " as 'declare v uuid := gen_random_uuid(); begin end'"
    )
    world.rows("grant execute on function ops.bitten to developer")
    with refused("XXSPY", "ran as postgres"):
        caller.rows("select ops.bitten()")


def test_objects_in_public_or_pg_temp_named_like_ours_are_not_asked(
    world: World, actors: Actors, mine: Everything
) -> None:
    """Tables, functions and operators, first on the caller's own path."""
    world.rows("grant create on schema public to developer")
    before = call_everything(actors.login("developer"), mine)
    caller = actors.login("developer")
    caller.connection.execute(SPY.format(schema="public").encode())
    for table in ("runs", "projects", "roles", "project_memberships", "pg_namespace", "pg_class"):
        caller.connection.execute(f"create temp table {table} (id int)".encode())
    for function in ("sha256(bytea) returns bytea", "gen_random_uuid() returns uuid", "lower(text) returns text"):
        statement = f"create function public.{function} language sql as 'select (public.spy())::text::{{}}'"
        caller.connection.execute(statement.format(function.rsplit(" ", 1)[1]).encode())
    caller.rows("create function public.same(uuid, uuid) returns boolean language sql as 'select public.spy()'")
    caller.rows("create operator public.= (leftarg = uuid, rightarg = uuid, function = public.same)")
    caller.rows("set search_path = pg_temp, public, ops, pg_catalog")
    assert call_everything(caller, mine) == before


# Odd arguments and held locks.


def test_functions_asked_for_nothing_do_nothing(world: World, actors: Actors, mine: Everything) -> None:
    """Null arguments leave no row, and are told apart from a failure of ours."""
    stranger = actors.token("authenticated", sub=uuid4())
    before = count_rows(world)
    told = {name: attempt(stranger, call) for name, call in functions(world).items()}
    assert {name: answer for name, answer in told.items() if not re.match("PT4|none|rows|closed", answer)} == {}
    assert count_rows(world) == before
    assert mine.slug


def test_an_outsider_holds_up_nobody_with_advisory_locks(world: World, actors: Actors, mine: Everything) -> None:
    """Anyone who logs in may take one; so nothing waits for one."""
    outsider = actors.login("developer")
    for key in ("ops.apply_pushes", f"ops.branch_heads:{mine.project}"):
        outsider.rows("select pg_advisory_lock(hashtextextended(%s, 0))", key)
    worker, gateway = actors.worker(), actors.platform("ops_gateway")
    worker.rows("set statement_timeout = '5s'")
    gateway.rows("set statement_timeout = '5s'")
    gateway.rows(
        "select * from ops.receive_push('d1', 'push', 'https://github.com/acme/mine.git', 'refs/heads/feature/b', %s)",
        "b" * 40,
    )
    assert [row["outcome"] for row in worker.rows("select * from ops.apply_pushes()")] == ["due"]
    assert worker.rows("select * from ops.record_branch_heads(%s, %s)", mine.project, json.dumps({"main": "c" * 40}))
    held = "select count(*) from pg_locks where locktype = 'advisory' and pid = %s"
    assert world.value(held, outsider.connection.info.backend_pid) == 2


def test_nothing_is_decided_by_a_notification(world: World, actors: Actors, mine: Everything) -> None:
    """Anyone may send one, under any name; a worker that hears one looks for its runs in the table."""
    sending = world.rows(
        "select proname from pg_proc"
        r" where pronamespace::regnamespace::text ~ '^ops' and prosrc ~* '(?n)pg_notify|^\s*(perform\s+)?notify\s'"
        " order by proname"
    )
    assert [row["proname"] for row in sending] == ["announce_rows", "announce_work", "move_runs"]
    for channel in ("ops_work", "ops_queue", "ops", "pgrst"):
        actors.login("developer").rows("select pg_notify(%s, %s)", channel, str(mine.waiting))
    assert world.status(mine.waiting) == "queued"


def test_a_login_in_the_workers_role_is_a_worker_and_decides_as_little(actors: Actors, mine: Everything) -> None:
    """Membership counts, and carries no more than the role has."""
    worker = actors.login("ops_worker")
    assert worker.value("select ops.is_platform()") is True
    assert [row["id"] for row in worker.claim(worker="second")] == [mine.waiting]
    for permission in ("sign_off_g2", "sign_off_g3", "grant_exception"):
        assert worker.value("select ops.has_permission(%s, %s)", mine.project, permission) is False
    with refused("42501"):
        worker.rows("update ops.runs set status = 'succeeded'")


def test_two_hats_are_worn_by_who_was_given_both(actors: Actors, mine: Everything) -> None:
    """A login's personas add up, and to nothing more."""
    both = actors.login("qa_tester", "sre")
    assert both.value("select ops.caller_personas()") == ["qa_tester", "sre"]
    asked = ("sign_off_g2", "deploy", "sign_off_g3", "promote")
    held = [both.value("select ops.has_permission(%s, %s)", mine.project, permission) for permission in asked]
    assert held == [True, True, False, False]


def test_large_objects_of_others_stay_shut(world: World, actors: Actors) -> None:
    """Everybody may make one; the owner's own are theirs."""
    large = world.value("select lo_from_bytea(0, 'secret')")
    caller = actors.login("audit_reader")
    for query in ("select lo_get(%s)", "select lo_put(%s, 0, 'x')", "select lo_unlink(%s)"):
        with refused("42501"):
            caller.connection.execute(query.encode(), [large])
