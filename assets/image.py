"""Asset `image`: the build that the environment runs, named by its content."""

from __future__ import annotations

import dagster as dg

from assets.partitions import environments
from assets.report import materialized
from odooops_dagster.model import Build, Source, Table
from odooops_dagster.steps.build.candidate import propose_release
from odooops_dagster.steps.build.image import build_image
from odooops_dagster.steps.build.source import fetch_source
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    kinds={"python", "odoo"},
    code_version=CODE_VERSION,
    io_manager_key="memory",
)
def image(scope: dg.ResourceParam[RunScope], source: Source | None) -> dg.MaterializeResult[Build]:
    """Odoo, a Python environment with the project's requirements, and the source, under one digest."""
    with scope.working("image") as step:
        made = build_image(step, source or fetch_source(step))
        release = propose_release(step, made)
        metadata = {
            "digest": made.digest,
            "odoo": f"{made.series} {made.odoo_revision}",
            "git_sha": made.source.git_sha,
            "release": release.version if release else None,
            "python": made.python,
            "addons_paths": [str(path) for path in made.addons_paths],
            "closure": Table.of({"module": name, "own": name in made.source.modules} for name in made.closure),
        }
        return materialized(
            scope,
            "image",
            value=made,
            version=made.digest,
            code_version=CODE_VERSION,
            inputs={"source": made.source.git_sha, "settings": made.source.settings_digest},
            metadata=metadata,
        )
