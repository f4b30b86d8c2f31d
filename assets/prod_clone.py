"""Asset `prod_clone`: a harmless copy of production's data, for the environments that get one."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.owners import DEVELOPERS
from assets.partitions import environments
from assets.report import check_result, check_specs, checks, materialized
from odooops_dagster.model import Build, CheckResult, CloneResult, checks_of
from odooops_dagster.steps.build.image import build_of_commit
from odooops_dagster.steps.clone.clone import clone_production
from resources.run_scope import RunScope

CODE_VERSION = "1"

NO_CLONE = "no data of production come into this environment"


@dg.asset(
    partitions_def=environments,
    group_name="build",
    owners=DEVELOPERS,
    kinds={"postgres", "odoo"},
    code_version=CODE_VERSION,
    io_manager_key="memory",
    # The cloned backups are those of another partition, production's.
    deps=[dg.AssetDep("backup", partition_mapping=dg.AllPartitionMapping())],
    check_specs=check_specs("prod_clone"),
)
def prod_clone(
    scope: dg.ResourceParam[RunScope], image: Build | None
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[CloneResult | None]]:
    """A backup of production, neutralised, masked, scrubbed and verified; nothing for a development preview."""
    with scope.working("prod_clone") as step:
        build = image or build_of_commit(step)
        made = clone_production(step, build)
        if made is None:
            yield _nothing_to_ask()
            return
        yield from checks(scope, made.checks, asset="prod_clone", metadata=made.metadata)
        yield materialized(
            scope,
            "prod_clone",
            checks=made.checks,
            value=made,
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={"backup": str(made.backup_id), "image": build.digest},
            metadata=made.metadata,
        )


def _nothing_to_ask() -> dg.MaterializeResult[CloneResult | None]:
    """Return a passed result for each check, because Dagster waits for them; the record has only checks that ran."""
    answers = [CheckResult(name=spec.name, passed=True, summary=NO_CLONE) for spec in checks_of("prod_clone")]
    return dg.MaterializeResult(
        asset_key="prod_clone",
        value=None,
        data_version=dg.DataVersion("none"),
        metadata={"data": NO_CLONE},
        check_results=[check_result(answer, asset="prod_clone") for answer in answers],
    )
