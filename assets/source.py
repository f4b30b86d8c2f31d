"""Asset `source`: the pushed commit, checked out."""

from __future__ import annotations

import dagster as dg

from assets.owners import DEVELOPERS
from assets.partitions import environments
from assets.report import materialized
from odooops_dagster.engine.commits import commit_shown
from odooops_dagster.model import Source, Table
from odooops_dagster.steps.build.source import fetch_source
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    group_name="build",
    owners=DEVELOPERS,
    kinds={"git"},
    code_version=CODE_VERSION,
    io_manager_key="memory",
)
def source(scope: dg.ResourceParam[RunScope]) -> dg.MaterializeResult[Source]:
    """The commit of the environment's branch with its submodules, and its addons and requirements."""
    with scope.working("source") as step:
        made = fetch_source(step)
        metadata = {
            "commit": commit_shown(step.project.repo_url, made.git_sha, home=step.settings.home),
            "branch": step.environment.branch,
            "tree_digest": made.tree_digest,
            "modules": Table.of({"module": name} for name in made.modules),
            "module_count": len(made.modules),
            "settings": made.settings_digest,
            "requirements": [str(path.relative_to(made.path)) for path in made.requirements],
            "path": made.path,
        }
        return materialized(
            scope,
            "source",
            value=made,
            version=made.git_sha,
            code_version=CODE_VERSION,
            inputs={"git": made.git_sha, "settings": made.settings_digest},
            metadata=metadata,
        )
