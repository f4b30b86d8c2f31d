"""Asset `upgrade_report`: what an upgrade would do to production, tried on a harmless copy."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.owners import OPERATORS
from assets.partitions import environments
from assets.report import check_specs, checks, materialized
from odooops_dagster.steps.upgrade.preview import preview_upgrade
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    group_name="data",
    owners=OPERATORS,
    kinds={"postgres", "odoo"},
    code_version=CODE_VERSION,
    # The data are those of another partition, production's.
    deps=[dg.AssetDep("backup", partition_mapping=dg.AllPartitionMapping())],
    check_specs=check_specs("upgrade_report"),
)
def upgrade_report(scope: dg.ResourceParam[RunScope]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """The predicted effect of an upgrade on production, with its verdict, its reasons and the predicted downtime."""
    with scope.working("upgrade") as step:
        made = preview_upgrade(step)
        yield from checks(scope, made.checks, asset="upgrade_report", metadata=made.metadata)
        yield materialized(
            scope,
            "upgrade_report",
            checks=made.checks,
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={"backup": str(made.preview.backup_id), "image": made.preview.image_digest},
            metadata=made.metadata,
        )
