"""A project with a row in every table that belongs to one, so that what a stranger sees of it can be told."""

from __future__ import annotations

from dataclasses import dataclass, fields
from uuid import UUID

from psycopg.types.json import Jsonb

from tests.sql.world import SHA, World

# The author of every release here; not among the callers.
AUTHOR = "the-author"


@dataclass(frozen=True, kw_only=True)
class Everything:
    """One project and the rows that calls and decisions about it name."""

    slug: str
    project: UUID
    owner: UUID
    environment: UUID
    production: UUID
    ended: UUID
    waiting: UUID
    release: UUID
    g2: UUID
    g3: UUID
    backup: UUID
    deployment: UUID
    exception: UUID
    incident: UUID

    def words(self) -> list[str]:
        """Return what names the project: seen by nobody who may not see it."""
        return [str(getattr(self, field.name)) for field in fields(self)]


def furnish(world: World, slug: str) -> Everything:
    """Return a new project with something in every table that belongs to a project."""
    project = world.project(slug)
    rows = {"project": project, "owner": world.member(project, "owner")}
    world.member(project, "owner")
    world.member(project, "viewer")
    world.rows("insert into ops.workflows (project_id, name, workflow_type) values (%s, %s, 'build')", project, slug)
    rows |= _push_and_work(world, slug, project)
    rows["production"] = world.row("select id from ops.ensure_environment(%s, 'main')", project)["id"]
    return Everything(slug=slug, **rows, **_release(world, slug, rows))


def _push_and_work(world: World, slug: str, project: UUID) -> dict[str, UUID]:
    """Leave one run that left everything, and one that waits."""
    world.rows(
        "select * from ops.receive_push(%s, 'push', %s, 'refs/heads/feature/a', %s)",
        slug, f"https://github.com/acme/{slug}.git", SHA,
    )  # fmt: skip
    world.rows("select * from ops.apply_pushes()")
    world.rows("select ops.record_branch_heads(%s, %s)", project, Jsonb({"feature/a": SHA}))
    (run,) = world.claim(worker=slug)
    ended: UUID = run["id"]
    world.start(ended, worker=slug)
    world.rows("select ops.append_run_log(%s, 'info', %s)", ended, slug)
    world.rows("select ops.add_run_artifact(%s, %s, 's3://b/a', repeat('0', 64))", ended, slug)
    world.rows("select ops.record_check(%s, 1, %s, true, true, 'answered')", ended, slug)
    world.rows("select ops.record_lineage(%s, 1, 'image', %s, '1', '2')", ended, slug)
    world.rows("select ops.remember_template(%s, 1, %s, '19.0', %s, '{base}')", ended, slug, slug)
    port = 80 + world.value("select count(*) from ops.environments")  # of its own
    world.rows("select ops.record_deployment(%s, 1, 'http://a', %s, %s, 'sha256:1', 'a')", ended, port, slug)
    world.rows("select ops.worker_heartbeat(%s, 'test')", slug)
    # the function replaces the whole list
    world.rows(
        "insert into ops.orphans (kind, name, answer, reason, is_foreign, found_at)"
        " values ('database', %s, 'stranger', 'unknown', false, now())",
        slug,
    )
    world.rows("select ops.record_orphan_decision('database', %s, 'adopted', 'unknown')", slug)
    world.rows("select ops.set_project_setting(%s, 'odoo.demo', 'true')", slug)
    world.complete(ended)
    # behind the next project's first run
    waiting = world.queue(project, "feature/a", p_kind="test", p_idempotency_key=slug, p_priority=-1)
    return {"ended": ended, "waiting": waiting, "environment": run["environment_id"]}


# Written past the triggers: what they do is asked elsewhere, here every row is only to be there.
RELEASE = """
with release as (
    insert into ops.releases (project_id, version, git_shas, image_digest, created_by)
    values (%(project)s, '1.0', %(shas)s, %(digest)s, %(author)s)
    returning *
), gates as (
    insert into ops.release_gates (release_id, gate_code)
    select release.id, code::ops.ops_gate_code from release, unnest('{G1,G2,G3,G4}'::text[]) as code
    returning *
), answer as (
    insert into ops.gate_checks (gate_id, name, status)
    select id, 'tests', 'passed' from gates where gate_code = 'G1'
), decision as (
    insert into ops.approvals (
        release_id, gate_id, gate_code, approver_id, persona_role, decision, release_author
    )
    select release_id, id, gate_code, 'a-tester', 'qa_tester', 'approved', %(author)s
    from gates where gate_code = 'G2'
), waived as (
    insert into ops.exceptions (
        release_id, gate_id, gate_code, release_author, reason, requested_by, granted_by, granted_at, expires_at
    )
    select release_id, id, gate_code, %(author)s, 'urgent', 'a-manager', 'a-manager', now(), now() + interval '1 day'
    from gates where gate_code = 'G3'
    returning *
), backup as (
    insert into ops.backups (project_id, environment_id, stage)
    values (%(project)s, %(production)s, 'production')
    returning *
), deployment as (
    insert into ops.deployments (
        project_id, release_id, environment_id, stage, image_digest, git_shas, backup_id, requested_by, status,
        started_at, finished_at
    )
    select %(project)s, release.id, %(production)s, 'production', %(digest)s, %(shas)s, backup.id, 'a-manager',
        'succeeded', now(), now()
    from release, backup
    returning *
), evidence as (
    insert into ops.evidence_artifacts (release_id, kind, s3_url, sha256, created_by)
    select id, 'sbom', 's3://b/sbom', repeat('0', 64), 'ci' from release
)
select
    release.id as release, deployment.id as deployment, backup.id as backup, waived.id as exception,
    (select id from gates where gate_code = 'G2') as g2, (select id from gates where gate_code = 'G3') as g3
from release, deployment, backup, waived
"""

AFTERMATH = """
with restore as (
    insert into ops.restores (backup_id, project_id) values (%(backup)s, %(project)s)
), drill as (
    insert into ops.recovery_drills (project_id, backup_id) values (%(project)s, %(backup)s)
), incident as (
    insert into ops.incidents (project_id, deployment_id, title, opened_by)
    values (%(project)s, %(deployment)s, 'down', 'a-manager')
    returning id
), event as (
    insert into ops.environment_events (project_id, environment_id, environment, event, source, recorded_by)
    values (%(project)s, %(production)s, 'main', 'restarted', 'test', 'a-manager')
), rules as (
    insert into ops.policies (project_id, policy_type, rules, updated_by)
    values (%(project)s, 'gates', '{}', 'a-manager')
), wanted as (
    insert into ops.repository_rules (project_id, rules, git_sha, run_id)
    values (%(project)s, '{}', repeat('a', 40), %(ended)s)
), month as (
    insert into ops.checkpoints (events_before, run_count, event_count, root, created_at, prev_hash, hash)
    values (clock_timestamp(), 1, 1, '', now(), '', '')
    returning id
), checkpoint as (
    insert into ops.run_checkpoints (run_id, last_seq, last_hash, event_count, checkpoint_id, prev_hash, hash)
    select %(ended)s, 1, '', 1, id, '', '' from month
), key as (
    insert into ops.event_keys (
        prefix, key_sha256, name, persona, event_types, project_id, created_by, expires_at
    )
    select left(md5(%(slug)s), 12), repeat('0', 64), %(slug)s, 'sre', '{health_check}', %(project)s, 'a-manager',
        now() + interval '1 day'
), delivery as (
    insert into ops.event_ingest_log (
        idempotency_key, project_id, release_id, processing_status, http_status, envelope_sha256, size_bytes,
        caller_role, caller_id
    )
    values (%(slug)s, %(project)s, %(release)s, 'accepted', 200, repeat('0', 64), 1, 'service_role', 'a-pipeline')
)
select incident.id as incident from incident
"""


def _release(world: World, slug: str, rows: dict[str, UUID]) -> dict[str, UUID]:
    """Leave a release that went to production, and what came of it."""
    world.rows("set session_replication_role = replica")
    values = {"shas": Jsonb({"shop": SHA}), "digest": f"sha256:{'0' * 64}", "author": AUTHOR, "slug": slug}
    made = world.connection.execute(RELEASE.encode(), {**values, **rows}).fetchone()
    assert made is not None
    after = world.connection.execute(AFTERMATH.encode(), {**values, **rows, **made}).fetchone()
    assert after is not None
    world.rows("set session_replication_role = origin")
    return {**made, **after}
