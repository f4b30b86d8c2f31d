"""Asset `recovery_drill`: a backup that was restored and booted."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.partitions import environments
from assets.report import GROUP, OWNERS, checks, materialized
from odooops_dagster.steps.recovery.drill import run_drill
from resources.run_scope import RunScope

CODE_VERSION = "1"

CHECKS = {
    "rows_complete": "Every table has the rows that were counted in the moment of the backup.",
    "left_out": "The server takes everything that the dump has.",
    "files_complete": "Every file is there and hashes to its name.",
    "healthy": "The backup's build answers with the restored data.",
    "attachment_readable": "Odoo hands out an attachment as it was attached.",
}


@dg.asset(
    partitions_def=environments,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres", "odoo"},
    code_version=CODE_VERSION,
    deps=["backup"],
    check_specs=[
        # What belongs to another server is named, and stops nothing.
        dg.AssetCheckSpec(name, asset="recovery_drill", blocking=name != "left_out", description=question)
        for name, question in CHECKS.items()
    ],
)
def recovery_drill(scope: dg.ResourceParam[RunScope]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """The proof that a backup can be restored, with the time it took and the work that would be lost."""
    with scope.working("drill") as step:
        made = run_drill(step)
        yield from checks(scope, made.checks, asset="recovery_drill", metadata=made.metadata)
        yield materialized(
            scope,
            "recovery_drill",
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={"backup": str(made.backup.manifest_sha256), "image": str(made.backup.image_digest)},
            metadata=made.metadata,
        )
