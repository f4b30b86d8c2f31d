"""A control plane of many teams: projects with hundreds of branches each, every one of them deployed."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

BRANCHES_PER_PROJECT = 50

PROJECTS = b"""
    select ops.create_project(
        p_slug => 'team' || n, p_repo_url => 'https://forge.example/team' || n || '/odoo.git', p_odoo_version => '19.0'
    )
    from generate_series(1, %s) as n
"""
BRANCHES = b"""
    select ops.ensure_environment(
        p_project_id => project.id, p_branch => case when branch = 1 then 'main' else 'feature/' || branch end
    )
    from ops.projects as project, generate_series(1, %s) as branch
"""
# Production and one preview in twenty are awake, the others sleep; all were deployed.
DEPLOYED = b"""
    update ops.environments set
        status = case
            when stage = 'production' or hashtext(partition_key) % 20 = 0 then 'running' else 'stopped'
        end::ops.environment_status,
        url = 'http://' || host_label || '.localhost:8000', database_name = 'ops_' || replace(id::text, '-', ''),
        image_digest = 'sha256:' || encode(sha256(id::text::bytea), 'hex'),
        deployed_sha = encode(substr(sha256(id::text::bytea), 1, 20), 'hex')
"""
HEADS = b"""
    insert into ops.branch_heads (project_id, branch, sha)
    select project_id, branch, deployed_sha from ops.environments
    on conflict (project_id, branch) do update set sha = excluded.sha
"""


def settle(connection: Connection[Any], environments: int) -> None:
    """Make so many environments, fifty to a project; refuses a number that does not divide."""
    if environments % BRANCHES_PER_PROJECT:
        raise SystemExit(f"--environments takes multiples of {BRANCHES_PER_PROJECT}")
    connection.execute(PROJECTS, [environments // BRANCHES_PER_PROJECT])
    connection.execute(BRANCHES, [BRANCHES_PER_PROJECT])
    connection.execute(DEPLOYED)
    connection.execute(HEADS)
    connection.execute(b"vacuum analyze")
