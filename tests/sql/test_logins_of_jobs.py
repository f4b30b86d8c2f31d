"""The platform's three logins: what the password of each is worth, and that each is enough for its programs."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.postgres import JOBS
from odooops_dagster.tools.backup.retention_plan import plan_backups
from tests.servers import PostgresServer, as_user
from tests.sql.backups import verified
from tests.sql.everything import Everything
from tests.sql.releases import set_rules
from odooops_dagster.control import NOUNS
from tests.sql.world import SHA, Caller, World, connect, refused

ROOT = Path(__file__).parents[2]
IMAGE = "sha256:" + "1" * 64
# What the gateway's password was once worth: each of these made its holder the owner of something.
OWNERSHIP = {
    "become an owner": "select ops.set_member(%(project)s, gen_random_uuid(), 'owner')",
    "remove a member": "select ops.remove_member(%(project)s, %(owner)s)",
    "keep no backups": "select ops.set_policy(null, 'backup', '{\"nightly\": false}')",
    "ask no questions": "select ops.set_policy(%(project)s, 'promotion', '{\"release\": \"on_push\"}')",
    "change a setting": "select ops.set_project_setting(%(slug)s, 'odoo.demo', 'true')",
    "pass a gate": "select ops.record_gate_check(%(release)s, 'G1', 'build', 'passed')",
    "promote": "select ops.promote_release(%(release)s, 'production')",
    "make a release": "select ops.release_build(%(project)s)",
    "roll back": "select ops.rollback_deployment(%(deployment)s, 'why not')",
    "drop a backup": "select ops.drop_backup(%(backup)s, 'why not')",
    "restore a backup": "select ops.restore_backup(%(backup)s, 'main')",
    "archive": "select ops.archive_project(%(slug)s)",
    "bring code": "select ops.create_project('mallory', 'https://mallory.example/x.git', '19.0')",
    "name another database": "select ops.adopt_environment(%(project)s, 'elsewhere')",
    "drop a database": "select ops.decide_orphan('database', 'ops_shop', 'dropped', 'mallory')",
    "queue a run": "select ops.queue_run(%(project)s, 'main', 'a', 'r')",
    "make a key": "select ops.create_event_key('mine', 'ci_service_role', '{build_complete}', now() + interval '1 day')",
    "sign off": "select ops.sign_off_gate(%(release)s, 'G3', 'approved', p_approver_id => 'mallory')",
    "break glass": "select ops.break_glass(%(release)s, 'G3', 'why not')",
}
# What the operator's login may not do either: it decides nothing for people.
FOR_PEOPLE = {"sign off", "break glass"}


@pytest.fixture
def logins(url: str, server: PostgresServer) -> dict[str, str]:
    """Return the URL of each job's login."""
    return {job: as_user(url, login, server) for job, login in JOBS.items()}


def sqlstate(caller: Caller, statement: str, place: Everything) -> str | None:
    """Return how the statement is refused, if it is; whatever it did is taken back."""
    try:
        with caller.connection.transaction(force_rollback=True):
            caller.connection.execute(statement.encode(), vars(place))
    except psycopg.Error as error:
        return error.sqlstate
    return None


@pytest.mark.parametrize("deed", OWNERSHIP)
def test_the_password_of_the_gateway_or_the_worker_makes_nobody_an_owner(
    mine: Everything, logins: dict[str, str], deed: str
) -> None:
    """Only the operator's login, which no program of the stack has, may even call what people ask for."""
    refusals = {}
    for name, login in logins.items():
        with connect(login) as connection:
            refusals[name] = sqlstate(Caller(connection), OWNERSHIP[deed], mine)
    assert refusals["gateway"] == refusals["worker"] == "42501"
    assert (refusals["operator"] == "42501") == (deed in FOR_PEOPLE)


def test_no_login_of_the_platform_makes_or_renews_a_key_that_signs_off(world: World) -> None:
    """It would decide for a person; the owner of the schema makes such keys."""
    make = "select * from ops.create_event_key('max', %s, %s, now() + interval '1 day', p_approver_id => 'max')"
    world.rows(make, "release_manager", ["gate_signoff"])
    prefix = world.value("select prefix from ops.event_keys")
    with refused("PT403", "decides for a person"):
        world.operator().rows(make, "release_manager", ["gate_signoff"])
    with refused("PT403", "decides for a person"):
        world.operator().rows("select * from ops.rotate_event_key(%s, now() + interval '1 day')", prefix)


@pytest.mark.parametrize("table", ["runs", "projects", "event_keys", "people", "v_run_queue", "roles"])
def test_the_gateway_reads_nothing(logins: dict[str, str], table: str) -> None:
    """It answers the network."""
    with connect(logins["gateway"]) as connection, refused("42501"):
        connection.execute(f"select * from ops.{table}".encode())


@pytest.mark.usefixtures("project")
def test_the_gateway_stores_deliveries_and_learns_whose_secret_signs_them(
    world: World, logins: dict[str, str], project: UUID
) -> None:
    """And that is all."""
    world.rows("select ops.record_webhook_secret(%s)", project)
    with connect(logins["gateway"]) as connection:
        gateway = Caller(connection)
        assert gateway.value("select ops.project_of_webhook('shop')") == project
        assert gateway.value("select ops.project_of_webhook('nobody')") is None
        row = gateway.row(
            "select * from ops.receive_push('d1', 'push', 'https://github.com/acme/shop.git', 'refs/heads/main', %s,"
            " p_project_id => %s)", SHA, project,
        )  # fmt: skip
    assert row["outcome"] == "accepted"


def test_the_gateway_tells_no_event_of_its_own(mine: Everything, logins: dict[str, str]) -> None:
    """Its permissions count for events that a key vouches for."""
    body = (
        '{"schema_version": 1, "event_type": "health_check", "idempotency_key": "k", "source": "x", "occurred_at":'
        ' "2026-02-13T00:00:00Z", "status": "passed", "project": "%s"}' % mine.slug
    )
    with connect(logins["gateway"]) as connection:
        answer = Caller(connection).value("select ops.receive_event(%s::bytea)", body.encode())
    assert (answer["http_status"], answer["message"]) == (401, "The key is not known")


# -- what the worker decides by itself


def expired(world: World, project: UUID, *, days: int) -> UUID:
    """Return a verified backup that is so old."""
    backup = verified(world, project)
    world.rows(
        "update ops.backups set taken_at = now() - make_interval(days => %s),"
        " created_at = now() - make_interval(days => %s) where id = %s", days, days, backup,
    )  # fmt: skip
    return backup


def retention_at_work(world: World, project: UUID) -> UUID:
    """Return a retention run at work."""
    run: UUID = world.value("select ops.apply_retention(%s)", project)
    world.claim()
    world.start(run)
    return run


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Pacific/Kiritimati"])
def test_the_record_and_the_run_keep_the_same_backups(world: World, project: UUID, zone: str) -> None:
    """Of two years of backups at odd hours, the record lets exactly those go that the run wants to drop."""
    world.rows(
        "insert into ops.backups (project_id, environment_id, stage, status, manifest_url, manifest_sha256, created_at,"
        " taken_at, stored_at, verified_at) select e.project_id, e.id, e.stage, 'verified', 's3://b/m', repeat('5', 64),"
        " t.at, t.at, t.at, t.at from ops.environments as e, lateral (select clock_timestamp() - n * interval '17 hours'"
        " as at from generate_series(0, 1000) as n) as t where e.name = 'main'"
    )
    now = datetime.now(UTC)
    with ControlPlane(world.worker_url) as control:
        rules = control.policies.get(project, policy_type="retention")
        planned = plan_backups(control.backups.list(project), rules, time_zone=zone, now=now)
    may_go = {row["id"] for row in world.rows(
        "select g.backup_id as id from ops_private.backups_that_may_go(%s, %s) as g except"
        " select k.id from ops_private.backups_kept_by_calendar(%s, %s, %s) as k (id)", project, now, project, zone, now,
    )}  # fmt: skip
    assert {item.backup.id for item in planned if not item.verdict.is_kept} == may_go
    assert 0 < 1001 - len(may_go) < 20


@pytest.mark.usefixtures("production")
def test_the_worker_drops_only_what_retention_does_not_keep(world: World, project: UUID) -> None:
    """The old one goes; the newest, a young one and a held one stay, whatever the worker says."""
    set_rules(world, project, "retention", daily=1, weekly=1, monthly=1, minimum=1)
    old, held = expired(world, project, days=400), expired(world, project, days=300)
    young, newest = expired(world, project, days=0), expired(world, project, days=0)
    world.rows("select ops.hold_backup(%s, 'audit')", held)
    run = retention_at_work(world, project)
    worker, drop = world.worker(), "select * from ops.drop_expired_backup(%s, 1, %s, 'old', 'UTC')"
    for kept in (held, young, newest):
        with refused("PT409", "policy retention keeps it"):
            worker.rows(drop, run, kept)
    assert worker.row(drop, run, old)["status"] == "dropped"
    assert worker.row(drop, run, old)["status"] == "dropped", "a retry is harmless"


@pytest.mark.usefixtures("production")
def test_the_worker_drops_backups_for_the_projects_retention_run_alone(world: World, project: UUID) -> None:
    """Not for another project's, nor for another kind of run, nor for an attempt that is over."""
    old = expired(world, project, days=400)
    expired(world, project, days=0)
    set_rules(world, project, "retention", daily=1, weekly=1, monthly=1, minimum=1)
    drop = "select * from ops.drop_expired_backup(%s, %s, %s, 'old', 'UTC')"
    other = retention_at_work(world, world.project("hr"))
    with refused("PT409", "applies no retention to this backup's project"):
        world.worker().rows(drop, other, 1, old)
    deployment = world.work(project, "feature/a")
    with refused("PT409", "applies no retention"):
        world.worker().rows(drop, deployment, 1, old)
    with refused("PT410"):
        world.worker().rows(drop, retention_at_work(world, project), 7, old)


def test_the_worker_promotes_where_policy_says_so_and_nowhere_else(world: World, project: UUID) -> None:
    """A build of a project whose promotion is on_push; by_hand and gated wait for a person."""
    run = world.work(project, "main")
    world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'live', %s, %s)", run, IMAGE, SHA)
    world.complete(run)
    built = world.queue(project, "main", "b" * 40, p_kind="build")
    world.claim()
    world.start(built)
    image = "sha256:" + "2" * 64
    world.rows("select ops.record_lineage(%s, 1, 'image', 'shop/main', '1', %s)", built, image)
    world.complete(built)
    due = "select * from ops.promote_due_builds()"
    for rule in ("gated", "by_hand"):
        set_rules(world, project, "promotion", release=rule)
        assert world.worker().rows(due) == []
    set_rules(world, project, "promotion", release="on_push")
    assert len(world.worker().rows(due)) == 1


@pytest.mark.usefixtures("production")
def test_the_clocks_strike_for_the_worker(world: World, project: UUID) -> None:
    """What is due is queued by functions that ask for it as the worker, who may not ask for it by itself."""
    backup = verified(world, project)
    world.rows("update ops.environments set database_name = 'live', status = 'running', url = 'http://x', port = 8069")
    worker = world.worker()
    (night,) = worker.rows("select * from ops.queue_nightly_backups(now() + interval '2 days', 2, 'UTC')")
    assert (night["refusal"], bool(night["backup_id"])) == (None, True)
    (drill,) = worker.rows("select * from ops.queue_due_drills('2026-02-12 12:00Z', 'UTC')")
    assert (drill["backup_id"], drill["refusal"]) == (backup, None)
    worker.rows("select * from ops.watch_backup_freshness(now() + interval '30 days')")
    worker.rows("select * from ops.queue_due_retention()")
    worker.rows("select * from ops.expire_environments()")


# -- each login is enough for its programs

# The programs' code, and the login with which it comes. What the command does as the schema's owner is left out.
# Whoever asks the API, and whoever has signed in at the console, calls as themselves.
AS_CALLERS = [ROOT / "odooops_dagster/doors/http" / name for name in ("api", "console")]
TAILS = ROOT / "odooops_dagster/doors/http/tails.py"  # reads a log as those who watch it
SIGNS_IN = ROOT / "odooops_dagster/doors/http/console/login.py"
CODE = {
    "worker": ("odooops_dagster/steps", "odooops_dagster/engine", "assets", "sensors", "schedules", "resources"),
    "operator": ("odooops_dagster/doors/cli",),
    "gateway": ("odooops_dagster/doors/http",),
}
AS_OWNER = {"gates.sign_off", "gates.grant_exception", "gates.revoke_exception", "gates.break_glass", "deployments.keep"}
AS_OWNER |= {"people.create", "people.add_alias", "people.remove_alias", "people.add_key", "people.revoke_key"}


def calls_of_methods() -> dict[str, set[str]]:
    """Return the functions of the schema that each method of the control plane calls, such as runs.claim."""
    found: dict[str, set[str]] = {}
    for file in (ROOT / "odooops_dagster/control").glob("*.py"):
        for made in ast.parse(file.read_text()).body:
            if isinstance(made, ast.ClassDef):
                for noun in (noun for noun, name in NOUNS.items() if name == made.name):
                    for method in (node for node in made.body if isinstance(node, ast.FunctionDef)):
                        found[f"{noun}.{method.name}"] = _texts(method)
    return found


def _texts(method: ast.FunctionDef) -> set[str]:
    values = (node.value for node in ast.walk(method) if isinstance(node, ast.Constant))
    return {value for value in values if isinstance(value, str)}


@pytest.mark.parametrize("job", CODE)
def test_each_login_may_call_what_its_programs_call(world: World, job: str) -> None:
    """Found in the code: a function that a program calls and its login may not is a run that fails one day."""
    grants = {
        row["proname"]: row["may"]
        for row in world.rows(
            "select proname, has_function_privilege(%s, oid, 'execute') as may from pg_proc"
            " where pronamespace = 'ops'::regnamespace", JOBS[job],  # type: ignore[index]
        )
    }  # fmt: skip
    files = (file for folder in CODE[job] for file in (ROOT / folder).rglob("*.py"))
    own = (file
        for file in files
        if file == SIGNS_IN or not (file == TAILS or any(folder in file.parents for folder in AS_CALLERS))
    )
    text = "\n".join(file.read_text() for file in own)
    methods = {name: calls & set(grants) for name, calls in calls_of_methods().items() if name not in AS_OWNER}
    called = {
        name: calls
        for name, calls in methods.items()
        if calls and re.search(rf"\b{re.escape(name)}\(|\b{re.escape(name)}\b,", text)
    }
    assert len(called) > {"worker": 40, "operator": 30, "gateway": 2}[job]
    assert {name: calls for name, calls in called.items() if not all(grants[call] for call in calls)} == {}
