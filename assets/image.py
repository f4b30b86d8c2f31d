"""Asset `image`: the build that the environment runs, named by its content."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.owners import DEVELOPERS
from assets.partitions import environments
from assets.report import check_specs, checks, materialized
from odooops_dagster.model import Build, CheckResult, Source, Table
from odooops_dagster.steps.build.candidate import propose_release
from odooops_dagster.steps.build.image import build_image
from odooops_dagster.steps.build.source import fetch_source
from odooops_dagster.steps.upgrade.advisories import CHECK, check_advisories
from resources.run_scope import RunScope

NO_TARGET = "odooops.yaml names no series to move to"
# It passes in Dagster, which waits for an answer, and is not on the record.
_NOTHING_TO_ASK = CheckResult(name=CHECK, passed=True, summary=NO_TARGET, blocking=False)
CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    group_name="build",
    owners=DEVELOPERS,
    kinds={"python", "odoo"},
    code_version=CODE_VERSION,
    io_manager_key="memory",
    check_specs=check_specs("image"),
)
def image(
    scope: dg.ResourceParam[RunScope], source: Source | None
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Build]]:
    """Odoo, a Python environment with the project's requirements, and the source, under one digest."""
    with scope.working("image") as step:
        made = build_image(step, source or fetch_source(step))
        release = propose_release(step, made)
        metadata = {
            "digest": made.digest,
            "image": made.image or None,
            "odoo": f"{made.series} {made.odoo_revision}",
            "release": release.version if release else None,
            "python": made.python,
            "addons_paths": [str(path) for path in made.addons_paths],
            "closure_count": len(made.closure),
            "closure": Table.of({"module": name, "own": name in made.source.modules} for name in made.closure),
        }
        answer = check_advisories(step, made)
        if answer is not None:
            yield from checks(scope, [answer], asset="image", metadata=metadata)
        yield materialized(
            scope,
            "image",
            checks=[answer or _NOTHING_TO_ASK],
            value=made,
            version=made.digest,
            code_version=CODE_VERSION,
            inputs={"source": made.source.git_sha, "settings": made.source.settings_digest},
            metadata=metadata,
        )
