"""The seeds' tasks, each "done when" a test of its name: OdooOps Sh (A), the Odoo.sh clone (B), release gates (C)."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest

from odooops_dagster.control.migrate import migrate
from tests.servers import PostgresServer
from tests.sql.catalog import catalog
from tests.sql.everything import Everything, furnish
from tests.sql.lints import findings
from tests.sql.releases import make_release
from tests.sql.world import World, connect, refused

# Seed A, week 2.
CORE_TABLES = [
    "project_memberships", "projects", "run_artifacts", "run_events", "run_logs", "runs", "tools", "upgrade_advisories",
    "workflows",
]  # fmt: skip
# Seed A, week 3, with the arguments that the seed names.
CORE_FUNCTIONS = {
    "claim_next_run": ["p_worker_id"],
    "start_workflow_run": ["p_run_id", "p_worker_id"],
    "complete_workflow_run": ["p_run_id", "p_exit_code", "p_error_message"],
    "append_run_log": ["p_run_id", "p_level", "p_message", "p_metadata"],
    "add_run_artifact": ["p_run_id", "p_artifact_key", "p_s3_url"],
    "list_queued_runs": [],
}
# Seed B, T1: `artifacts` and `project_members` are views here.
CLONE_RELATIONS = [
    "approvals", "artifacts", "backups", "environments", "policies", "project_members", "projects", "restores", "roles",
    "run_events", "runs",
]  # fmt: skip
CLONE_FUNCTIONS = {
    "queue_run": ["project_id", "env", "git_sha", "ref"],
    "claim_next_run": ["p_worker_id"],
    "append_event": ["run_id", "level", "message", "payload"],
    "finish_run": ["run_id", "status"],
    "create_backup": ["project_id", "env"],
    "restore_backup": ["backup_id", "target_env"],
}
# Seed C, T1.
ENUMS = {
    "ops_gate_code": ["G1", "G2", "G3", "G4"],
    "ops_release_status": None,
    "ops_gate_status": None,
    "ops_decision_type": None,
    "ops_processing_status": None,
}
# Seed C, T2: each table with the tables that it refers to.
GATE_TABLES = {
    "releases": {"projects"},
    "release_gates": {"releases"},
    "gate_checks": {"release_gates"},
    "approvals": {"releases", "release_gates"},
    "evidence_artifacts": {"releases", "release_gates", "gate_checks"},
    "exceptions": {"releases"},
    "deployments": {"releases", "deployments"},
    "environment_events": set(),
    "event_ingest_log": set(),
    "incidents": {"deployments"},
    "recovery_drills": {"evidence_artifacts"},
}

# Seed C, T6.
REPORTING_VIEWS = (
    "v_release_gate_summary", "v_promotion_eligibility", "v_evidence_completeness", "v_exception_status",
    "v_deployment_history",
)  # fmt: skip


@pytest.fixture
def furnished(world: World) -> Everything:
    """Return a project with a row in every table."""
    return furnish(world, "shop")
# What a pipeline has to know before it goes on.
READ_BY_PIPELINES = {
    "v_gate_status",
    "v_release_gate_summary",
    "v_promotion_eligibility",
    "v_evidence_completeness",
}


def psql(server: PostgresServer, url: str, command: str) -> str:
    """Return what psql prints."""
    program = server.embedded.bin_dir / "psql"
    done = subprocess.run(
        [program, "--no-psqlrc", "--pset=pager=off", url, "--command", command],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout


def refers_to(world: World, table: str) -> set[str]:
    """Return the tables that foreign keys of the table name."""
    rows = world.rows(
        "select distinct t.relname from pg_constraint k join pg_class t on t.oid = k.confrelid"
        " where k.conrelid = format('ops.%%I', %s::text)::regclass and k.contype = 'f'", table
    )  # fmt: skip
    return {row["relname"] for row in rows}


def arguments(world: World, function: str) -> list[str]:
    """Return the names of the function's arguments; there is one function of the name."""
    return list(
        world.value(
            "select coalesce(proargnames[1:pronargs], '{}') from pg_proc"
            " where proname = %s and pronamespace = 'ops'::regnamespace", function
        )
    )  # fmt: skip


def tables_of(world: World) -> set[str]:
    """Return the tables and views of the schema."""
    rows = world.rows(
        "select relname from pg_class where relnamespace = 'ops'::regnamespace and relkind in ('r', 'p', 'v')"
    )
    return {row["relname"] for row in rows}


def test_a_week_2_psql_describes_ops_projects(server: PostgresServer, url: str) -> None:
    """The seed's verification, as it is typed."""
    shown = psql(server, url, r"\d ops.projects")
    assert 'Table "ops.projects"' in shown
    for column in ("slug", "workspace_key", "odoo_version", "repo_url", "status"):
        assert f" {column} " in shown
    assert "Policies:" in shown


def test_a_week_2_the_listing_query_shows_the_nine_tables(server: PostgresServer, url: str) -> None:
    """The seed's verification, as it is typed."""
    shown = psql(server, url, "SELECT tablename FROM pg_tables WHERE schemaname='ops' ORDER BY tablename;")
    listed = [line.strip() for line in shown.splitlines()[2:-2]]
    assert set(CORE_TABLES) <= set(listed)
    assert listed == sorted(listed)


@pytest.mark.parametrize("functions", [CORE_FUNCTIONS, CLONE_FUNCTIONS], ids=["a_week_3", "b_t1"])
def test_every_function_of_the_seeds_takes_the_arguments_they_name(
    world: World, functions: dict[str, list[str]]
) -> None:
    """In their order, before whatever is optional."""
    for function, names in functions.items():
        assert arguments(world, function)[: len(names)] == names, function


def test_a_week_3_five_queued_runs_three_workers_each_gets_a_unique_run(world: World, project: UUID) -> None:
    """Three workers ask at once, each until nothing is left: five claims, no collision."""
    queued = {world.queue(project, f"feature/{n}") for n in range(5)}
    together = Barrier(3)

    def work(worker: str) -> list[UUID]:
        claimed = []
        with connect(world.worker_url) as connection:
            together.wait(30)
            while rows := connection.execute("select * from ops.claim_next_run(%s)", [worker]).fetchall():
                claimed += [row["id"] for row in rows]
        return claimed

    with ThreadPoolExecutor(3) as pool:
        claims = [run for runs in pool.map(work, ["worker-001", "worker-002", "worker-003"]) for run in runs]
    assert len(claims) == 5
    assert set(claims) == queued


def test_a_week_3_the_idempotency_key_is_enforced(world: World, project: UUID) -> None:
    """Told twice it is one run, told otherwise it is refused."""
    first = world.queue(project, p_idempotency_key="k")
    assert world.queue(project, p_idempotency_key="k") == first
    with refused("PT409"):
        world.queue(project, sha="b" * 40, p_idempotency_key="k")


def test_b_t1_control_plane_schema_all_tables_policies_and_indexes(world: World) -> None:
    """Every relation that the seed names is there, with row level security, a policy and an index per foreign key."""
    assert set(CLONE_RELATIONS) <= tables_of(world)
    assert findings(world) == {}


def test_c_t1_done_when_ops_schema_exists_all_enums_defined_no_migration_errors(bare_url: str) -> None:
    """Migrated from nothing."""
    assert migrate(bare_url).applied
    with connect(bare_url) as connection:
        rows = connection.execute(
            "select t.typname, array_agg(e.enumlabel::text order by e.enumsortorder) as labels from pg_type t"
            " join pg_enum e on e.enumtypid = t.oid where t.typnamespace = 'ops'::regnamespace group by 1"
        ).fetchall()
    found = {row["typname"]: row["labels"] for row in rows}
    for name, labels in ENUMS.items():
        assert found[name] == (labels or found[name])
        assert len(found[name]) > 1


def test_c_t2_done_when_all_11_tables_created_and_foreign_keys_verified(world: World) -> None:
    """Each refers to what the seed says."""
    assert len(GATE_TABLES) == 11
    assert set(GATE_TABLES) <= tables_of(world)
    for table, others in GATE_TABLES.items():
        assert others <= refers_to(world, table), table


def test_c_t2_done_when_append_only_trigger_on_environment_events_confirmed(
    world: World, furnished: Everything
) -> None:
    """Not even the owner of the database changes, removes or empties what happened."""
    assert world.value("select count(*) from ops.environment_events where project_id = %s", furnished.project) > 0
    for statement in ("update ops.environment_events set event = 'x'", "delete from ops.environment_events"):
        with refused("PT409", "append-only"):
            world.connection.execute(statement.encode())
    with refused("PT409", "append-only"):
        world.rows("truncate ops.environment_events")


FORBIDDEN = {
    "exceptions_expire": (
        "23502",
        """insert into ops.exceptions (release_id, gate_id, gate_code, release_author, reason, requested_by, expires_at)
        select release_id, gate_id, gate_code, release_author, 'x', 'x', null from ops.exceptions""",
    ),
    "one_gate_of_a_code": ("23505", "insert into ops.release_gates (release_id, gate_code) values (%(release)s, 'G1')"),
    "evidence_is_of_something": (
        "23514",
        """insert into ops.evidence_artifacts (kind, s3_url, sha256, created_by)
        values ('log', 's3://b/x', repeat('0', 64), 'ci')""",
    ),
    "rollback_of_a_deployment": (
        "23503",
        """insert into ops.deployments (
            project_id, release_id, stage, image_digest, git_shas, requested_by, no_backup_reason, reason, rollback_of
        )
        select project_id, release_id, stage, image_digest, git_shas, 'x', 'x', 'x', gen_random_uuid()
        from ops.deployments""",
    ),
    "one_event_of_a_key": (
        "23505",
        """insert into ops.event_ingest_log (
            project_id, idempotency_key, processing_status, http_status, envelope_sha256, size_bytes, caller_role,
            caller_id
        )
        select project_id, idempotency_key, 'accepted', 200, repeat('0', 64), 1, 'x', 'x'
        from ops.event_ingest_log where idempotency_key = %(slug)s""",
    ),
}


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_c_t2_done_when_the_constraints_of_the_tables_hold(world: World, furnished: Everything, forbidden: str) -> None:
    """The tables themselves refuse what the seed forbids, without what refuses it before."""
    constraint, statement = FORBIDDEN[forbidden]
    for table in GATE_TABLES:
        world.connection.execute(f"alter table ops.{table} disable trigger user".encode())
    with refused(constraint):
        world.connection.execute(statement.encode(), {"release": furnished.release, "slug": furnished.slug})


def test_c_t2_done_when_zero_drift(url: str) -> None:
    """A second look at the migrations finds nothing to do and nothing changed."""
    before = catalog(url)
    assert migrate(url).applied == ()
    assert catalog(url) == before


def test_c_t6_done_when_all_5_views_created_and_grants_applied(world: World) -> None:
    """Those who decide and those who look back read each of them, with their own rights; pipelines what they need."""
    readers = {"authenticated", "qa_tester", "release_manager", "sre", "developer", "audit_reader"}
    assert set(REPORTING_VIEWS) <= tables_of(world)
    for view in REPORTING_VIEWS:
        rows = world.rows(
            "select role from unnest(%s::text[]) as role"
            " where has_table_privilege(role, format('ops.%%I', %s::text), 'select')",
            [*sorted(readers), "anon", "ci_service_role"], view,
        )  # fmt: skip
        pipelines = {"ci_service_role"} if view in READ_BY_PIPELINES else set()
        assert {row["role"] for row in rows} == readers | pipelines, view
        assert "security_invoker=true" in world.value("select reloptions from pg_class where relname = %s", view)


def test_c_t6_done_when_data_verified_against_known_test_state(world: World, project: UUID) -> None:
    """A release with one gate passed, one rejected, one waived for an hour and one waived too long ago."""
    release = make_release(world, project, "1.0")
    release.check("G1")
    release.check("G1", "lint", "failed")
    release.check("G1", "lint", "passed")
    world.rows(
        "insert into ops.evidence_artifacts (gate_id, check_id, kind, s3_url, sha256, created_by)"
        " select gate_id, id, 'log', 's3://b/l', repeat('1', 64), 'ci' from ops.gate_checks where name = 'build'"
    )
    release.waive("G2", lasts="5 minutes")
    release.let_time_pass("10 minutes")
    release.reject("G2")
    release.waive("G3")
    gates = world.rows("select * from ops.v_release_gate_summary where release_id = %s order by gate_code", release.id)
    assert [
        (g["gate_code"], g["status"], g["checks_passed"], g["checks_failed"], g["approvals"], g["rejections"])
        for g in gates
    ] == [
        ("G1", "passed", 2, 0, 0, 0), ("G2", "failed", 0, 0, 0, 1), ("G3", "bypassed", 0, 0, 0, 0),
        ("G4", "pending", 0, 0, 0, 0),
    ]  # fmt: skip
    eligibility = world.row("select * from ops.v_promotion_eligibility where release_id = %s", release.id)
    assert (eligibility["eligible_for_staging"], eligibility["eligible_for_production"]) == (False, False)
    evidence = world.rows(
        "select * from ops.v_evidence_completeness where release_id = %s order by gate_code", release.id
    )
    assert [(e["gate_code"], e["evidence_count"], e["checks_without_evidence"]) for e in evidence] == [
        ("G1", 1, ["lint"]), ("G2", 0, []), ("G3", 0, []), ("G4", 0, []),
    ]  # fmt: skip
    exceptions = world.rows("select * from ops.v_exception_status where release_id = %s order by gate_code", release.id)
    assert [(x["gate_code"], x["status"], x["time_remaining"] > timedelta()) for x in exceptions] == [
        ("G2", "expired", False), ("G3", "active", True),
    ]  # fmt: skip


def test_c_t6_done_when_deployments_and_rollbacks_are_in_the_history(world: World, project: UUID) -> None:
    """Two releases went to staging, and the second was taken back."""
    for version in ("1.0", "2.0"):
        release = make_release(world, project, version)
        release.check("G1")
        deployment = world.value("select ops.promote_release(%s, 'staging')", release.id)
        world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    back = world.value("select ops.rollback_deployment(%s, 'it fails')", deployment)
    history = world.rows("select * from ops.v_deployment_history where project_id = %s order by created_at", project)
    assert [(d["version"], d["status"], d["g4_status"], d["is_rollback"]) for d in history] == [
        ("1.0", "succeeded", "pending", False), ("2.0", "succeeded", "pending", False),
        ("1.0", "pending", "pending", True),
    ]  # fmt: skip
    assert [(d["rolled_back_by"], d["replaced_version"]) for d in history] == [
        (None, None),
        (back, "1.0"),
        (None, "2.0"),
    ]
