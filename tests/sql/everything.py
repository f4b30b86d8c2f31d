"""A project with a row in every table that belongs to one, so that what a stranger sees of it can be told."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any
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
    mail: UUID
    rule: int
    image: UUID

    def words(self) -> list[str]:
        """Return what names the project: seen by nobody who may not see it; a number says nothing by itself."""
        values = [getattr(self, field.name) for field in fields(self)]
        return [str(value) for value in values if not isinstance(value, int)]


def furnish(world: World, slug: str) -> Everything:
    """Return a new project with something in every table that belongs to a project."""
    project = world.project(slug)
    rows: dict[str, Any] = {"project": project, "owner": world.member(project, "owner")}
    world.member(project, "owner")
    world.member(project, "viewer")
    world.rows("insert into ops.workflows (project_id, name, workflow_type) values (%s, %s, 'build')", project, slug)
    rows |= _push_and_work(world, slug, project)
    rows["production"] = world.row("select id from ops.ensure_environment(%s, 'main')", project)["id"]
    return Everything(slug=slug, **rows, **_release(world, slug, rows))


def _push_and_work(world: World, slug: str, project: UUID) -> dict[str, Any]:
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
    world.rows("select ops.set_project_forge(%s, 'github', 'https://api.github.com', %s)", slug, f"acme/{slug}")
    world.rows(
        "select ops.record_pull_comment(%s, 'https://api.github.com', %s, 1, 1, 'feature/a')", project, f"acme/{slug}"
    )
    rule = world.value("select ops.create_notification_rule('{run}', 'webhook', %s, %s)", slug, slug)
    world.complete(ended)
    # behind the next project's first run
    waiting = world.queue(project, "feature/a", p_kind="test", p_idempotency_key=slug, p_priority=-1)
    return {"ended": ended, "waiting": waiting, "environment": run["environment_id"], "rule": rule}


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
), rehearsal as (
    insert into ops.rehearsals (
        project_id, release_id, environment_id, run_id, shown_digest, phases, passed, summary, finished_at
    )
    values (
        %(project)s, %(release)s, %(production)s, %(ended)s, repeat('0', 64), '{"start": 1}', true, 'it would take over',
        clock_timestamp()
    )
), preview as (
    insert into ops.upgrade_previews (
        project_id, environment_id, run_id, backup_id, engine, source_series, target_series, source_digest,
        image_digest, git_sha, verdict, summary, seconds, new_errors, new_warnings, evidence_id, report
    )
    values (
        %(project)s, %(production)s, %(ended)s, %(backup)s, 'same_series', '19.0', '19.0', %(digest)s, %(digest)s,
        repeat('a', 40), 'green', 'fine', 1, 0, 0, gen_random_uuid(), '{}'
    )
), incident as (
    insert into ops.incidents (project_id, deployment_id, title, opened_by)
    values (%(project)s, %(deployment)s, 'down', 'a-manager')
    returning id
), event as (
    insert into ops.environment_events (project_id, environment_id, environment, event, source, recorded_by)
    values (%(project)s, %(production)s, 'main', 'restarted', 'test', 'a-manager')
), attempt as (
    insert into ops.egress_attempts (
        project_id, environment_id, minute, source, outcome, destination, port, protocol, module, attempts, first_at,
        last_at
    )
    values (
        %(project)s, %(production)s, '2026-01-01 00:00+00', gen_random_uuid(), 'refused', 'example.com', 443, 'http',
        'base', 1, '2026-01-01 00:00:01+00', '2026-01-01 00:00:01+00'
    )
), mail as (
    insert into ops.mails (
        project_id, environment_id, sha256, sender, recipients, subject, size_bytes, received_at, content
    )
    values (%(project)s, %(production)s, repeat('0', 64), 'a@b.example', '{}', 'Hello', 1, now(), 'x')
    returning id
), image as (
    insert into ops.images (project_id, build_digest, reference, used_at)
    values (%(project)s, 'sha256:' || repeat('b', 64), 'registry.example/shop@' || %(digest)s, '2026-01-01 00:00+00')
    returning id
), image_use as (
    insert into ops.image_uses (image_id, run_id) select id, %(ended)s from image
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
), pair as (
    insert into ops.upgrade_advisories (from_version, to_version) values ('18.0', '19.0')
    on conflict (from_version, to_version) do update set to_version = excluded.to_version
    returning id
), source as (
    insert into ops.upgrade_advisory_sources (
        advisory_id, project_id, name, number, sha256, items_sha256, counts, imported_by
    )
    select id, %(project)s, 'own', 1, repeat('0', 64), repeat('0', 64), '{}', 'a-manager' from pair
    returning id
), advisory as (
    insert into ops.upgrade_advisory_items (source_id, kind, severity, module, subject, summary)
    select id, 'note', 'info', 'base', %(slug)s, 'it changes' from source
), key as (
    insert into ops.event_keys (
        prefix, key_sha256, name, persona, event_types, project_id, created_by, expires_at
    )
    select left(md5(%(slug)s), 12), repeat('0', 64), %(slug)s, 'sre', '{health_check}', %(project)s, 'a-manager',
        now() + interval '1 day'
), session as (
    insert into ops.console_sessions (person, personas, persona, link_sha256, link_expires_at, created_by)
    values ('a-manager', '{sre}', 'sre', encode(sha256(convert_to(%(slug)s, 'UTF8')), 'hex'), now(), 'a-manager')
), invitation as (
    insert into ops.console_invitations (email, person, personas, invited_by, expires_at)
    values (lower(%(slug)s) || '@example.com', 'a-manager', '{sre}', 'a-manager', now())
), sealing as (
    insert into ops.sealing_keys (public_key) values (decode(repeat('00', 32), 'hex'))
    on conflict (public_key) do update set recorded_at = now()
    returning public_key
), sealed as (
    insert into ops.sealed_values (public_key, sealed) select public_key, decode(repeat('00', 60), 'hex') from sealing
    returning id
), variable as (
    insert into ops.variables (project_id, environment_id, name, value_id, set_by)
    select %(project)s, %(environment)s, 'KEY', id, 'a-manager' from sealed
), delivery as (
    insert into ops.event_ingest_log (
        idempotency_key, project_id, release_id, processing_status, http_status, envelope_sha256, size_bytes,
        caller_role, caller_id
    )
    values (%(slug)s, %(project)s, %(release)s, 'accepted', 200, repeat('0', 64), 1, 'service_role', 'a-pipeline')
)
select incident.id as incident, mail.id as mail, image.id as image from incident, mail, image
"""


def _release(world: World, slug: str, rows: dict[str, UUID]) -> dict[str, Any]:
    """Leave a release that went to production, and what came of it."""
    world.rows("set session_replication_role = replica")
    values = {"shas": Jsonb({"shop": SHA}), "digest": f"sha256:{'0' * 64}", "author": AUTHOR, "slug": slug}
    made = world.connection.execute(RELEASE.encode(), {**values, **rows}).fetchone()
    assert made is not None
    after = world.connection.execute(AFTERMATH.encode(), {**values, **rows, **made}).fetchone()
    assert after is not None
    world.rows("set session_replication_role = origin")
    return {**made, **after}
