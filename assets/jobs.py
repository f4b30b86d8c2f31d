"""What a run of each kind does."""

from __future__ import annotations

import dagster as dg

from assets.partitions import environments
from assets.restore import restore
from odooops_dagster.model import RunKind
from odooops_dagster.steps.destroy import destroy_environment
from resources.run_scope import RunScope

deploy = dg.define_asset_job(
    "deploy",
    selection=["source", "image", "prod_clone", "database", "deployment"],
    description="A commit becomes the environment's running Odoo.",
)
build = dg.define_asset_job("build", selection=["source", "image"], description="A commit becomes an image.")
test = dg.define_asset_job(
    "test",
    selection=["source", "image", "prod_clone", "database"],
    description="A commit's modules are installed and tested; nothing is deployed.",
)

clone = dg.define_asset_job(
    "clone",
    selection=["source", "image", "prod_clone", "database", "deployment"],
    description="What is deployed gets a new copy of production's data.",
)

# Not named like its asset: Dagster wants the names of jobs and of what they run to differ.
back_up = dg.define_asset_job(
    "back_up", selection=["backup"], description="An environment's data go to the store and are read back."
)

drill = dg.define_asset_job(
    "drill", selection=["recovery_drill"], description="A backup is restored and booted where nobody is disturbed."
)


@dg.op
def take_away(scope: dg.ResourceParam[RunScope]) -> None:
    """Take the environment away and forget its partition; its history stays."""
    with scope.working("destroy") as step:
        destroy_environment(step)
        scope.instance.delete_dynamic_partition(str(environments.name), step.environment.partition_key)


@dg.job(partitions_def=environments)
def destroy() -> None:
    """An environment's services, databases and files go."""
    take_away()


# The kinds that this version carries out, and the job of each.
JOBS: dict[RunKind, str] = {
    "deploy": deploy.name,
    "build": build.name,
    "test": test.name,
    "destroy": destroy.name,
    "backup": back_up.name,
    "restore": restore.name,
    "drill": drill.name,
    "clone": clone.name,
}
