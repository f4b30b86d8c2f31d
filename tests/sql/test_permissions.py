"""Who may see and do what, tested by acting as each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.world import SHA, Caller, World, refused

ROLES = ("viewer", "developer", "admin", "owner")


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A project that a stranger must not see, with something in every table that belongs to it."""

    project: UUID
    environment: UUID
    ended: UUID
    waiting: UUID


@pytest.fixture
def secret(world: World) -> Secret:
    """Return project Y with rows everywhere."""
    project = world.project("hushhush")
    world.member(project, "owner")
    world.rows("insert into ops.workflows (project_id, name, workflow_type) values (%s, 'w', 'build')", project)
    world.rows(
        "select * from ops.receive_push('hushhush-1', 'push', 'https://github.com/acme/hushhush.git',"
        " 'refs/heads/feature/hushhush', %s)",
        SHA,
    )
    world.rows("select * from ops.apply_pushes()")
    (run,) = world.claim()
    ended: UUID = run["id"]
    world.start(ended)
    world.rows("select ops.append_run_log(%s, 'info', 'hushhush line')", ended)
    world.rows("select ops.add_run_artifact(%s, 'hushhush', 's3://b/hushhush', repeat('0', 64))", ended)
    world.rows("select ops.record_check(%s, 1, 'hushhush', true, true, 'hushhush')", ended)
    world.rows("select ops.record_lineage(%s, 1, 'image', 'hushhush/feature/hushhush', '1', '2')", ended)
    world.rows("select ops.remember_template(%s, 1, 'hushhush', '19.0', 'hushhush', '{base}')", ended)
    world.rows("select ops.record_deployment(%s, 1, 'http://hushhush', 80, 'hushhush', 'sha256:1', 'a')", ended)
    world.rows("select ops.worker_heartbeat('w1', 'hushhush')")
    world.complete(ended)
    waiting = world.queue(project, "feature/hushhush", p_kind="test")
    return Secret(project=project, environment=run["environment_id"], ended=ended, waiting=waiting)


@pytest.fixture
def stranger(world: World, project: UUID, secret: Secret) -> Caller:
    """Return a viewer of project X, who belongs to nothing else."""
    assert secret.project != project
    world.queue(project)
    return world.person(world.member(project, "viewer"))


def relations(world: World) -> list[str]:
    """Return the names of every table and view."""
    return [
        row["relname"]
        for row in world.rows(
            "select relname from pg_class where relnamespace = 'ops'::regnamespace and relkind in ('r', 'v') order by 1"
        )
    ]


def everything(caller: Caller, relation: str) -> list[dict[str, Any]] | None:
    """Return all that the caller sees of the relation, or None where it may not look."""
    try:
        return caller.connection.execute(f"select to_jsonb(t)::text as row from ops.{relation} t".encode()).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return None


def test_the_secret_project_has_something_in_every_table(world: World, secret: Secret) -> None:
    """Otherwise the next tests prove nothing."""
    empty = {name for name in relations(world) if not everything(world, name)}
    assert empty == {"tools", "upgrade_advisories"}
    assert secret.waiting


def test_a_viewer_of_x_sees_nothing_of_y_through_any_table_or_view(
    world: World, stranger: Caller, secret: Secret
) -> None:
    """Not a row that names it, by word or by id."""
    words = ["hushhush", *(str(value) for value in (secret.project, secret.environment, secret.ended, secret.waiting))]
    for relation in relations(world):
        seen = str(everything(stranger, relation))
        assert not [word for word in words if word in seen], relation


def test_a_viewer_of_x_still_sees_x(world: World, stranger: Caller) -> None:
    """Blindness would pass the test before."""
    seen = {relation for relation in relations(world) if everything(stranger, relation)}
    assert {"projects", "environments", "runs", "run_requests", "run_events", "v_runs", "v_run_queue"} <= seen
    assert world.value("select count(*) from ops.runs") > len(everything(stranger, "runs") or [])


# Each RPC that a person may execute, called for project Y; what it must answer a stranger.
STRANGER_CALLS = {
    "queue_run": ("select ops.queue_run(%(project)s, 'feature/hushhush', 'a', 'r')", "PT404"),
    "cancel_run": ("select ops.cancel_run(%(waiting)s)", "PT404"),
    "retry_run": ("select ops.retry_run(%(ended)s)", "PT404"),
    "archive_project": ("select ops.archive_project('hushhush')", "PT404"),
    "ensure_environment": ("select ops.ensure_environment(%(project)s, 'feature/hushhush')", "PT404"),
    "verify_run_chain": ("select ops.verify_run_chain(%(ended)s)", "PT404"),
    "has_permission": ("select where ops.has_permission(%(project)s, 'read')", None),
    "get_run": ("select * from ops.get_run(%(ended)s)", None),
    "read_run_logs": ("select * from ops.read_run_logs(%(ended)s)", None),
    "list_queued_runs": ("select * from ops.list_queued_runs() where project_slug = 'hushhush'", None),
    "visible_projects": ("select * from ops.visible_projects() as id where id = %(project)s", None),
}
# What a person may execute that says nothing of any project.
HARMLESS = {
    "branch_stage", "caller_role", "hash_event", "is_platform", "normalise_repo_url", "partition_key",
}  # fmt: skip


def test_every_rpc_a_person_may_execute_is_tried_on_a_foreign_project(world: World) -> None:
    """A new one must be added to the table above."""
    open_to_people = {
        row["proname"]
        for row in world.rows(
            "select proname from pg_proc where pronamespace = 'ops'::regnamespace"
            " and has_function_privilege('authenticated', oid, 'execute')"
        )
    }
    assert open_to_people == set(STRANGER_CALLS) | HARMLESS


@pytest.mark.parametrize("name", STRANGER_CALLS)
def test_a_viewer_of_x_gets_nothing_of_y_through_any_rpc(stranger: Caller, secret: Secret, name: str) -> None:
    """Refused as if it did not exist, or no row."""
    query, code = STRANGER_CALLS[name]
    parameters = {"project": secret.project, "ended": secret.ended, "waiting": secret.waiting}
    if code is None:
        assert stranger.connection.execute(query.encode(), parameters).fetchall() == []
    else:
        with refused(code):
            stranger.connection.execute(query.encode(), parameters)


def test_a_foreign_project_is_refused_exactly_as_one_that_does_not_exist(stranger: Caller, secret: Secret) -> None:
    """The words tell no difference."""

    def words(project: object) -> str:
        with pytest.raises(psycopg.Error) as caught:
            stranger.connection.execute("select ops.queue_run(%s, 'main', 'a', 'r')", [project])
        return str(caught.value.diag.message_primary)

    assert words(secret.project) == words("00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize("role", ROLES)
def test_members_see_their_project(world: World, project: UUID, role: str) -> None:
    """Every member reads."""
    run_id = world.queue(project)
    person = world.person(world.member(project, role))
    assert person.row("select slug from ops.projects")["slug"] == "shop"
    assert person.status(run_id) == "queued"
    assert person.value("select ops.verify_run_chain(%s)", run_id) is True


@pytest.mark.parametrize(
    ("permission", "least"),
    [("read", 0), ("queue", 1), ("queue_production", 2), ("manage", 2), ("archive", 3)],
)
def test_each_role_may_do_what_it_may_and_no_more(world: World, project: UUID, permission: str, least: int) -> None:
    """Roles are ordered."""
    allowed = [
        world.person(world.member(project, role)).value("select ops.has_permission(%s, %s)", project, permission)
        for role in ROLES
    ]
    assert allowed == [rank >= least for rank in range(4)]


def test_a_viewer_may_not_queue_or_cancel(world: World, project: UUID) -> None:
    """Reading is all."""
    waiting = world.queue(project)
    viewer = world.person(world.member(project, "viewer"))
    with refused("PT403"):
        viewer.queue(project)
    with refused("PT403"):
        viewer.rows("select ops.cancel_run(%s)", waiting)
    with refused("PT403"):
        viewer.rows("select ops.ensure_environment(%s, 'feature/a')", project)


def test_a_developer_queues_under_their_own_name_but_not_for_production(world: World, project: UUID) -> None:
    """The name cannot be borrowed."""
    user = world.member(project, "developer")
    developer = world.person(user)
    run_id = developer.queue(project, p_requested_by="the boss")
    assert world.run(run_id)["requested_by"] == str(user)
    with refused("PT403"):
        developer.queue(project, "main")
    assert world.status(world.person(world.member(project, "admin")).queue(project, "main")) == "queued"


def test_an_admin_manages_members_but_makes_no_owner(world: World, project: UUID) -> None:
    """Owners are made by owners."""
    admin, owner = (world.person(world.member(project, role)) for role in ("admin", "owner"))
    add = "insert into ops.project_memberships (project_id, user_id, role) values (%s, gen_random_uuid(), %s)"
    admin.rows(add, project, "developer")
    owner.rows(add, project, "owner")
    with refused("42501"):
        admin.rows(add, project, "owner")
    with refused("42501"):
        admin.rows("update ops.project_memberships set role = 'owner' where role = 'developer'")
    admin.rows("delete from ops.project_memberships where role = 'owner'")
    assert world.value("select count(*) from ops.project_memberships where role = 'owner'") == 2


def test_a_viewer_changes_no_table(world: World, project: UUID, secret: Secret) -> None:
    """Neither their own project's nor another's."""
    viewer = world.person(world.member(project, "viewer"))
    assert secret.project
    before = {name: everything(world, name) for name in relations(world) if not name.startswith("v_run_queue")}
    for relation in [name for name in relations(world) if not name.startswith("v_")]:
        for statement in (f"delete from ops.{relation}", f"insert into ops.{relation} default values"):
            with suppress(psycopg.errors.InsufficientPrivilege):
                viewer.connection.execute(statement.encode())
    assert {name: everything(world, name) for name in before} == before


def test_anon_may_nothing(world: World, secret: Secret) -> None:
    """Who has not signed in sees nothing and calls nothing."""
    anon = world.role("anon")
    assert secret.project
    for relation in relations(world):
        assert everything(anon, relation) is None
    query = (
        "select count(*) from pg_proc"
        " where pronamespace = 'ops'::regnamespace and has_function_privilege('anon', oid, 'execute')"
    )
    assert world.value(query) == 0
    assert world.value("select has_schema_privilege('anon', 'ops', 'usage')") is False


def test_the_service_role_may_call_every_rpc_and_see_everything(world: World, secret: Secret) -> None:
    """It is the platform for PostgREST."""
    service = world.role("service_role")
    assert service.status(secret.waiting) == "queued"
    assert service.claim()[0]["id"] == secret.waiting
    assert all(everything(service, relation) is not None for relation in relations(world))


def test_the_workers_login_writes_no_table(world: World, secret: Secret) -> None:
    """It has RPCs, and reads."""
    worker = world.worker()
    assert worker.status(secret.waiting) == "queued"
    written = world.rows(
        "select c.relname, p.privilege from pg_class c,"
        " unnest('{insert,update,delete,truncate,references,trigger}'::text[]) as p (privilege)"
        " where relnamespace = 'ops'::regnamespace and relkind in ('r', 'v', 'S', 'p')"
        " and case when c.relkind = 'S' then false else has_table_privilege('ops_worker', c.oid, p.privilege) end"
    )
    assert written == []
    with refused("42501"):
        worker.rows("update ops.runs set status = 'succeeded'")


def test_the_workers_login_is_no_more_than_a_login(world: World) -> None:
    """No superuser, no member of anything."""
    row = world.row(
        "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication,"
        " exists (select from pg_auth_members m where m.member = r.oid) as is_member"
        " from pg_roles r where rolname = 'ops_worker'"
    )
    assert not any(row.values())


def test_claims_in_the_token_cannot_be_forged_into_the_platform(world: World, project: UUID) -> None:
    """The role that calls is PostgreSQL's, not the token's word."""
    person = world.person(world.member(project, "viewer"))
    person.rows("select set_config('request.jwt.claims', '{\"role\": \"service_role\"}', false)")
    assert person.value("select ops.is_platform()") is False
    with refused("PT404"):
        person.queue(project)
