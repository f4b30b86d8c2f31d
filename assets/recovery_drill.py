"""Asset `recovery_drill`: the proof that a backup can be restored and booted."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.owners import OPERATORS
from assets.partitions import environments
from assets.report import check_specs, checks, materialized
from odooops_dagster.steps.recovery.drill import run_drill
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    group_name="data",
    owners=OPERATORS,
    kinds={"postgres", "odoo"},
    code_version=CODE_VERSION,
    deps=["backup"],
    check_specs=check_specs("recovery_drill"),
)
def recovery_drill(scope: dg.ResourceParam[RunScope]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """The proof that a backup can be restored, with the time it took and the work that would be lost."""
    with scope.working("drill") as step:
        made = run_drill(step)
        yield from checks(scope, made.checks, asset="recovery_drill", metadata=made.metadata)
        yield materialized(
            scope,
            "recovery_drill",
            checks=made.checks,
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={"backup": str(made.backup.manifest_sha256), "image": str(made.backup.image_digest)},
            metadata=made.metadata,
        )
