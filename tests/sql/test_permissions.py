"""What members and personas may do, case by case; matrix.txt has the whole of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest

from odooops_dagster.control.migrate import migrate
from odooops_dagster.local.postgres import JOBS
from tests.sql.actors import Actors
from tests.sql.world import Caller, World, refused

ROLES = ("viewer", "developer", "admin", "owner")


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


def test_a_permission_that_does_not_exist_is_no_silent_no(world: World, project: UUID) -> None:
    """A typing error in a policy would close a door for ever."""
    for permission in ("fly", None):
        with refused("PT400", "no permission"):
            world.rows("select ops.has_permission(%s, %s)", project, permission)


def test_every_permission_of_a_role_is_one_that_can_be_asked_for(world: World, project: UUID) -> None:
    """The table and the function name the same ones."""
    permissions = world.rows("select distinct unnest(permissions) as name from ops.roles")
    assert all(world.value("select ops.has_permission(%s, %s)", project, row["name"]) for row in permissions)


def test_a_refusal_names_the_roles_that_may(world: World, project: UUID) -> None:
    """So that one knows whom to ask."""
    viewer = world.person(world.member(project, "viewer"))
    with pytest.raises(psycopg.Error, match="You may not queue in this project") as caught:
        viewer.queue(project)
    assert caught.value.diag.message_hint == "It takes one of these roles: admin, developer, owner."


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


@pytest.fixture(params=["member", "persona"])
def developer(request: pytest.FixtureRequest, world: World, actors: Actors, project: UUID) -> Caller:
    """Return a developer: a member of the project, or the persona, who is one everywhere."""
    if request.param == "persona":
        return actors.login("developer")
    return actors.token("authenticated", sub=world.member(project, "developer"))


def test_a_developer_touches_nothing_of_production(world: World, project: UUID, developer: Caller) -> None:
    """Neither queues, nor cancels, nor repeats, nor makes the place."""
    waiting = world.queue(project, "main")
    with refused("PT403", "queue production"):
        developer.queue(project, "main", p_kind="test")
    with refused("PT403", "queue production"):
        developer.rows("select ops.cancel_run(%s)", waiting)
    world.rows("select ops.cancel_run(%s)", waiting)
    with refused("PT403", "queue production"):
        developer.rows("select ops.retry_run(%s)", waiting)
    with refused("PT403", "queue production"):
        developer.rows("select ops.ensure_environment(%s, 'live', 'production')", project)
    assert world.value("select count(*) from ops.environments where name = 'live'") == 0
    assert developer.value("select (ops.ensure_environment(%s, 'release/1')).stage::text", project) == "staging"


@pytest.mark.parametrize("kind", ["backup", "restore", "clone", "upgrade", "drill", "promote"])
def test_a_developer_moves_neither_data_nor_releases(project: UUID, developer: Caller, kind: str) -> None:
    """Such work has a permission of its own, on any environment."""
    with refused("PT403"):
        developer.queue(project, "feature/a", p_kind=kind)


def test_a_developer_is_not_served_before_everybody_else(world: World, project: UUID, developer: Caller) -> None:
    """Nor by repeating what was pressing then."""
    with refused("PT403", "manage"):
        developer.queue(project, p_priority=1)
    pressing = world.queue(project, p_priority=9)
    world.rows("select ops.cancel_run(%s)", pressing)
    again = developer.value("select ops.retry_run(%s)", pressing)
    assert world.run(again)["priority"] == 0
    assert world.run(developer.queue(project, "feature/b", p_priority=-1))["priority"] == -1


def test_a_pipeline_queues_builds_and_nothing_else(world: World, actors: Actors, project: UUID) -> None:
    """Not a deployment, and nothing for production."""
    pipeline = actors.login("ci_service_role")
    for kind in ("build", "test"):
        assert world.status(pipeline.queue(project, "feature/a", p_kind=kind)) == "queued"
    for env, kind in (("feature/a", "deploy"), ("feature/a", "destroy"), ("main", "build")):
        with refused("PT403"):
            pipeline.queue(project, env, p_kind=kind)


def test_personas_come_in_where_the_public_may_not(world: World, actors: Actors, project: UUID) -> None:
    """The embedded server's databases are closed to who has no business there."""
    name = world.connection.info.dbname
    world.connection.execute(f"revoke connect, temporary on database {name} from public".encode())
    migrate(world.url)
    assert actors.login("qa_tester").value("select count(*) from ops.projects where id = %s", project) == 1
    assert actors.token("sre", sub="somebody").value("select count(*) from ops.projects") == 1
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        actors.login()


# Members.


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


def test_members_are_set_and_removed_by_rpc(world: World, project: UUID) -> None:
    """Adding, changing, removing; each may be told twice."""
    owner, admin = (world.person(world.member(project, role)) for role in ("owner", "admin"))
    person = uuid4()
    for role in ("viewer", "developer", "developer"):
        member = admin.row("select * from ops.set_member(%s, %s, %s)", project, person, role)
        assert (member["user_id"], member["role"]) == (person, role)
    with refused("PT403", "archive"):
        admin.rows("select ops.set_member(%s, %s, 'owner')", project, person)
    owner.rows("select ops.set_member(%s, %s, 'owner')", project, person)
    with refused("PT403", "archive"):
        admin.rows("select ops.set_member(%s, %s, 'viewer')", project, person)
    with refused("PT403", "archive"):
        admin.rows("select ops.remove_member(%s, %s)", project, person)
    assert owner.value("select ops.remove_member(%s, %s)", project, person) is True
    assert owner.value("select ops.remove_member(%s, %s)", project, person) is False
    with refused("PT400"):
        owner.rows("select ops.set_member(%s, null, 'viewer')", project)


def test_everybody_may_leave(world: World, project: UUID) -> None:
    """A viewer removes themselves, and nobody else."""
    user, other = world.member(project, "viewer"), world.member(project, "viewer")
    viewer = world.person(user)
    with refused("PT403"):
        viewer.rows("select ops.remove_member(%s, %s)", project, other)
    assert viewer.value("select ops.remove_member(%s, %s)", project, user) is True
    assert viewer.rows("select * from ops.projects") == []


@pytest.mark.parametrize(
    "statement",
    [
        "select ops.remove_member(%(project)s, %(owner)s)",
        "select ops.set_member(%(project)s, %(owner)s, 'admin')",
        "delete from ops.project_memberships where project_id = %(project)s",
        "update ops.project_memberships set role = 'viewer' where project_id = %(project)s",
    ],
)
@pytest.mark.parametrize("who", ["owner", "platform", "schema's owner"])
def test_the_last_owner_stays(world: World, project: UUID, statement: str, who: str) -> None:
    """Whoever asks, by RPC or by hand; a second owner sets the first one free."""
    owner = world.member(project, "owner")
    callers = {"owner": lambda: world.person(owner), "platform": lambda: world.role("service_role")}
    caller = callers.get(who, lambda: world)()
    names = {"project": project, "owner": owner}
    with refused("PT409", "keeps an owner"):
        caller.connection.execute(statement.encode(), names)
    world.member(project, "owner")
    narrow = statement if "ops.re" in statement or "ops.set" in statement else f"{statement} and user_id = %(owner)s"
    caller.connection.execute(narrow.encode(), names)
    assert world.value("select count(*) from ops.project_memberships where role = 'owner'") == 1


def test_two_owners_do_not_remove_each_other_at_once(world: World, project: UUID) -> None:
    """One of them stays."""
    owners = [world.member(project, "owner") for _ in range(2)]
    start = threading.Barrier(2)

    def leave(user: UUID) -> bool:
        person = world.person(user)
        start.wait()
        try:
            return bool(person.value("select ops.remove_member(%s, %s)", project, user))
        except psycopg.Error as error:
            assert error.sqlstate == "PT409", error  # noqa: PT017 -- the other one was quicker
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, owners)) == [False, True]
    assert world.value("select count(*) from ops.project_memberships where role = 'owner'") == 1


def test_a_project_that_goes_takes_its_owners_with_it(world: World) -> None:
    """The rule is for projects that are there; what ops.create_project made has a record and stays."""
    add = "insert into ops.projects (slug, workspace_key, odoo_version, repo_url) values ('a', 'a', '19.0', '/a')"
    project = world.value(f"{add} returning id")
    world.member(project, "owner")
    world.rows("delete from ops.projects where id = %s", project)
    assert world.rows("select * from ops.project_memberships") == []


def test_seed_bs_names_read_the_same_rows(world: World, project: UUID) -> None:
    """The files of runs, and who belongs to a project."""
    run_id = world.work(project)
    world.rows("select ops.add_run_artifact(%s, 'log', 's3://b/log', repeat('0', 64))", run_id)
    owner = world.member(project, "owner")
    artifact = world.row("select * from ops.artifacts")
    assert (artifact["project_id"], artifact["run_id"], artifact["artifact_key"]) == (project, run_id, "log")
    member = world.row("select * from ops.project_members")
    assert (member["project_slug"], member["user_id"], member["role"]) == ("shop", owner, "owner")
    assert "archive" in member["permissions"]


@pytest.mark.parametrize("login", JOBS.values())
def test_a_login_of_the_platform_is_no_more_than_a_login(world: World, login: str) -> None:
    """No superuser, no member of anything but of those who find a connection on a full server."""
    row = world.row(
        "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication,"
        " exists (select from pg_auth_members m where m.member = r.oid"
        "  and m.roleid::regrole::text <> 'pg_use_reserved_connections') as is_member"
        " from pg_roles r where rolname = %s", login,
    )  # fmt: skip
    assert not any(row.values())
