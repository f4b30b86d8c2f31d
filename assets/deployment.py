"""Asset `deployment`: the environment serves the new build at its URL."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.database import BuiltDatabase
from assets.owners import DEVELOPERS
from assets.partitions import environments
from assets.report import check_specs, checks, materialized
from odooops_dagster.engine.commits import commit_shown
from odooops_dagster.local.environment_use import memory_use
from odooops_dagster.steps.environment.deployment import deploy, redeploy
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    group_name="build",
    owners=DEVELOPERS,
    kinds={"odoo"},
    code_version=CODE_VERSION,
    check_specs=check_specs("deployment"),
)
def deployment(
    scope: dg.ResourceParam[RunScope], database: BuiltDatabase | None
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """The running preview; it is replaced only after the new build has passed the health check beside it."""
    with scope.working("deployment") as step:
        tried = step.control.egress.counted(step.environment.id)
        made = deploy(step, database.image, database.database) if database else redeploy(step)
        yield from checks(scope, made.checks, asset="deployment", metadata=made.metadata)
        yield materialized(
            scope,
            "deployment",
            checks=made.checks,
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={
                "image": made.build.digest,
                "database": database.database.data_version if database else made.database,
            },
            metadata={
                "url": made.url,
                "data": database.database.metadata.get("data") if database else None,
                "memory_mb": memory_use(step.settings, step.environment),
                "refused_connections": tried.get("refused", 0),
                "allowed_connections": tried.get("allowed", 0) + tried.get("reported", 0),
                "commit": commit_shown(step.project.repo_url, made.build.source.git_sha, home=step.settings.home),
                **made.metadata,
            },
        )
