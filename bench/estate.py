"""A big team's control plane, written straight into the tables of a throw-away database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from bench.history import finish_runs

PROJECTS = 20
ENVIRONMENTS = 40
EVENTS_PER_RUN = 4

PROJECT = b"select id from ops.create_project(p_slug => %s, p_repo_url => %s, p_odoo_version => '19.0')"
BRANCHES = b"""
    select ops.ensure_environment(p_project_id => project.id, p_branch => 'feature/' || branch)
    from ops.projects as project, generate_series(1, %s) as branch
"""
# Staging and production, by hand: no branch of theirs is pushed here.
STAGES = b"""
    insert into ops.environments (
        project_id, name, branch, stage, partition_key, host_label, status, url, database_name
    )
    select p.id, s.stage, 'release', s.stage::ops.environment_stage, p.slug || '/' || s.stage,
        s.stage || '--' || p.slug, 'running',
        'http://localhost', p.slug || '_' || s.stage
    from ops.projects as p, unnest(array['staging', 'production']) as s (stage)
"""
# The newest first within each project; one in a thousand is withdrawn.
RELEASES = b"""
    insert into ops.releases (project_id, version, status, git_shas, image_digest, created_by, created_at, withdrawn_at)
    select p.id, to_char(n / %(projects)s, 'FM0000000'),
        case when n %% 1000 = 999 then 'withdrawn' when n %% 3 = 0 then 'released' else 'candidate'
        end::ops.ops_release_status,
        jsonb_build_object('main', lpad(to_hex(n), 40, '0')), 'sha256:' || lpad(to_hex(n), 64, '0'), 'author',
        now() - (%(releases)s - n) * interval '1 minute', case when n %% 1000 = 999 then now() end
    from generate_series(0, %(releases)s - 1) as n
    join (select *, row_number() over (order by slug) - 1 as place from ops.projects) as p
        on p.place = n %% %(projects)s
"""
GATES = b"""
    insert into ops.release_gates (
        release_id, gate_code, status, merit, required_checks, reason, evaluated_at, created_at
    )
    select r.id, g.code, g.merit, g.merit,
        case g.code when 'G1' then '{build}' when 'G4' then '{health}' else '{}' end::text [],
        'filled', now(), r.created_at
    from ops.releases as r, lateral (
        select code, case
            when code = 'G1' or (r.status = 'released') then 'passed'
            when code = 'G2' and abs(hashtext(r.id::text)) % 10 = 0 then 'failed' else 'pending'
        end::ops.ops_gate_status as merit
        from unnest(enum_range(null::ops.ops_gate_code)) as code
    ) as g
"""
CHECKS = b"""
    insert into ops.gate_checks (gate_id, name, status, summary, created_at)
    select g.id, n.name, 'passed', 'filled', g.created_at
    from ops.release_gates as g, unnest(case g.gate_code
        when 'G1' then array['build', 'tests', 'log'] when 'G4' then array['health'] else '{}'::text [] end) as n (name)
    where g.gate_code = 'G1' or g.merit = 'passed'
"""
APPROVALS = b"""
    insert into ops.approvals (
        release_id, gate_id, gate_code, approver_id, persona_role, decision, release_author, created_at
    )
    select g.release_id, g.id, g.gate_code, 'somebody',
        case g.gate_code when 'G2' then 'qa_tester' else 'release_manager' end,
        case g.merit when 'failed' then 'rejected' else 'approved' end::ops.ops_decision_type, 'author', g.created_at
    from ops.release_gates as g where g.gate_code in ('G2', 'G3') and g.merit <> 'pending'
"""
EXCEPTIONS = b"""
    insert into ops.exceptions (
        release_id, gate_id, gate_code, release_author, reason, requested_by, granted_by, granted_at, expires_at,
        created_at
    )
    select g.release_id, g.id, g.gate_code, 'author', 'no tester is there', 'author', 'manager', g.created_at,
        case when g.created_at > now() - interval '1 day' then now() else g.created_at end + interval '1 day',
        g.created_at
    from ops.release_gates as g where g.gate_code = 'G2' and abs(hashtext(g.id::text)) % 10 = 1
"""
DEPLOYMENTS = b"""
    insert into ops.deployments (
        project_id, release_id, environment_id, stage, status, image_digest, git_shas, no_backup_reason, requested_by,
        g4_status, created_at, started_at, finished_at
    )
    select r.project_id, r.id, e.id, e.stage, 'succeeded', r.image_digest, r.git_shas, 'filled', 'manager', 'passed',
        r.created_at, r.created_at, r.created_at + interval '1 minute'
    from ops.releases as r
    join ops.environments as e on e.project_id = r.project_id and e.stage <> 'development'
    where e.stage = 'staging' or r.status = 'released'
"""
EVIDENCE = b"""
    insert into ops.evidence_artifacts (check_id, kind, s3_url, sha256, created_by)
    select c.id, 'log', 's3://bucket/' || c.id, encode(sha256(c.id::text::bytea), 'hex'), 'bench'
    from ops.gate_checks as c where c.name <> 'log'
"""
INCIDENTS = b"""
    insert into ops.incidents (project_id, deployment_id, title, severity, opened_by, opened_at)
    select d.project_id, d.id, 'slow', 'minor', 'sre', d.created_at
    from ops.deployments as d where abs(hashtext(d.id::text)) % 100 = 0
"""
BACKUPS = b"""
    insert into ops.backups (
        project_id, environment_id, stage, status, manifest_url, manifest_sha256, taken_at, stored_at, verified_at,
        created_at
    )
    select e.project_id, e.id, e.stage, 'verified', 's3://bucket/' || e.id || n, encode(sha256(n::text::bytea), 'hex'),
        day, day, day, day
    from ops.environments as e, generate_series(0, 364) as n, lateral (select now() - n * interval '1 day' as day) as d
    where e.stage = 'production'
"""
LINEAGE = b"""
    insert into ops.run_lineage (run_id, attempt, asset_key, partition_key, code_version, data_version, created_at)
    select r.id, 1, a.asset, e.partition_key, '1', encode(r.event_hash, 'hex'), r.created_at
    from ops.runs as r join ops.environments as e on e.id = r.environment_id,
        unnest(array['source', 'image', 'database', 'deployment']) as a (asset)
"""
ADVISORIES = b"""
    insert into ops.upgrade_advisories (from_version, to_version, severity)
    select '19.0', n || '.0', 'warning' from generate_series(20, 60) as n
"""
QUEUED = b"""
    select ops.queue_run(
        project_id => e.project_id, env => e.name, git_sha => lpad('', 40, 'a'), ref => 'refs/heads/' || e.branch
    )
    from ops.environments as e where e.stage = 'development' order by e.id limit 300
"""


@dataclass(frozen=True, kw_only=True)
class Estate:
    """What the questions name: a project, one of its releases and environments, a run, and a person of the project."""

    project_id: UUID
    release_id: UUID
    environment_id: UUID
    partition_key: str
    run_id: UUID
    person_id: UUID


def fill(connection: Connection[Any], *, releases: int, events: int, projects: int = PROJECTS) -> Estate:
    """Fill the database and return what is asked about; triggers and foreign keys are off for the filling only."""
    for number in range(projects):
        connection.execute(PROJECT, [f"project-{number:02}", f"https://example.com/{number}.git"])
    connection.execute(BRANCHES, [ENVIRONMENTS])
    connection.execute(STAGES)
    finish_runs(connection, events // EVENTS_PER_RUN)
    connection.execute(b"set session_replication_role = 'replica'")
    connection.execute(RELEASES, {"projects": projects, "releases": releases})
    for statement in (
        GATES, CHECKS, APPROVALS, EXCEPTIONS, DEPLOYMENTS, EVIDENCE, INCIDENTS, BACKUPS, LINEAGE, ADVISORIES,
    ):  # fmt: skip
        connection.execute(statement)
    connection.execute(b"reset session_replication_role")
    connection.execute(QUEUED)
    connection.execute(b"vacuum analyze")
    return _estate(connection, place=projects // 2)


def _estate(connection: Connection[Any], *, place: int) -> Estate:
    """Choose the things of a project in the middle, and make a person its viewer."""
    row = connection.execute(
        b"""
        with project as (select id from ops.projects order by slug limit 1 offset %s),
        member as (
            insert into ops.project_memberships (project_id, user_id, role)
            select id, gen_random_uuid(), 'developer' from project returning user_id
        )
        select p.id, r.id, e.id, e.partition_key, q.run_id, m.user_id
        from project as p, member as m,
            lateral (select id from ops.releases where project_id = p.id order by created_at limit 1 offset 20) as r,
            lateral (
                select id, partition_key from ops.environments
                where project_id = p.id and stage = 'development' limit 1 offset 10
            ) as e,
            lateral (select run_id from ops.run_requests where environment_id = e.id order by run_number limit 1) as q
        """,
        [place],
    ).fetchone()
    if row is None:
        raise SystemExit("too few releases or events to ask about")
    return Estate(
        project_id=row[0],
        release_id=row[1],
        environment_id=row[2],
        partition_key=row[3],
        run_id=row[4],
        person_id=row[5],
    )
