"""Asset `backup`: a copy of an environment's data that was read back."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.partitions import environments
from assets.report import GROUP, OWNERS, checks, materialized
from odooops_dagster.steps.recovery.backup import back_up
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.asset(
    partitions_def=environments,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"postgres", "odoo"},
    code_version=CODE_VERSION,
    deps=["production"],
    check_specs=[
        dg.AssetCheckSpec(
            "backup_verified",
            asset="backup",
            blocking=True,
            description="The store holds what was written, and the server of the environments takes it.",
        ),
        # Whether attachments in an object store make the backup fail is the project's policy.
        dg.AssetCheckSpec(
            "attachments_elsewhere", asset="backup", description="No attachment is in an object store, out of reach."
        ),
        dg.AssetCheckSpec(
            "left_out", asset="backup", description="The server of the environments takes everything that the dump has."
        ),
        dg.AssetCheckSpec(
            "filestore_complete", asset="backup", description="Production has every file of which its database speaks."
        ),
    ],
)
def backup(scope: dg.ResourceParam[RunScope]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Database, filestore and what is known of both, in one moment; good only once the store gave it back."""
    with scope.working("backup") as step:
        made = back_up(step)
        yield from checks(scope, made.checks, asset="backup", metadata=made.metadata)
        yield materialized(
            scope,
            "backup",
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={
                "production": str(made.backup.taken_at),
                "database": str(made.backup.database_name),
                "image": str(made.backup.image_digest),
            },
            metadata=made.metadata,
        )
