"""Asset `backup`: a verified copy of an environment's data."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.owners import OPERATORS
from assets.partitions import environments
from assets.report import check_specs, checks, materialized
from odooops_dagster.steps.recovery.backup import back_up
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    group_name="data",
    owners=OPERATORS,
    kinds={"postgres", "odoo"},
    code_version=CODE_VERSION,
    deps=["production"],
    check_specs=check_specs("backup"),
)
def backup(scope: dg.ResourceParam[RunScope]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """The database, the filestore and their manifest at one moment; good only after it was read back from the store."""
    with scope.working("backup") as step:
        made = back_up(step)
        yield from checks(scope, made.checks, asset="backup", metadata=made.metadata)
        yield materialized(
            scope,
            "backup",
            checks=made.checks,
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={
                "production": str(made.backup.taken_at),
                "database": str(made.backup.database_name),
                "image": str(made.backup.image_digest),
            },
            metadata=made.metadata,
        )
