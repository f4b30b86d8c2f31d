"""The jobs: the assets or steps of each kind of run."""

from __future__ import annotations

import dagster as dg

from assets.backup_jobs import compare, retention, verify
from assets.partitions import environments
from assets.promote import promote
from assets.rehearse import rehearse
from assets.restore import restore
from assets.service import start, stop
from odooops_dagster.kinds import KINDS
from odooops_dagster.steps.environment.destroy import destroy_environment
from resources.run_scope import RunScope

deploy = dg.define_asset_job(
    "deploy",
    selection=KINDS["deploy"].assets,
    description="A commit becomes the environment's running Odoo.",
)
build = dg.define_asset_job("build", selection=KINDS["build"].assets, description="A commit becomes an image.")
test = dg.define_asset_job(
    "test",
    selection=KINDS["test"].assets,
    description="A commit's modules are installed and tested; nothing is deployed.",
)

clone = dg.define_asset_job(
    "clone",
    selection=KINDS["clone"].assets,
    description="What is deployed gets a new copy of production's data.",
)

back_up = dg.define_asset_job(
    "back_up", selection=KINDS["backup"].assets, description="An environment's data go to the store and are read back."
)

drill = dg.define_asset_job(
    "drill", selection=KINDS["drill"].assets, description="A backup is restored and booted where nobody is disturbed."
)

upgrade = dg.define_asset_job(
    "upgrade",
    selection=KINDS["upgrade"].assets,
    description="An upgrade is tried on a harmless copy of production, and reported.",
)


@dg.op
def take_away(scope: dg.ResourceParam[RunScope]) -> None:
    """Destroy the environment and delete its partition; its history stays."""
    with scope.working("destroy") as step:
        destroy_environment(step)
        scope.instance.delete_dynamic_partition(str(environments.name), step.environment.partition_key)


@dg.job(partitions_def=environments)
def destroy() -> None:
    """Remove an environment's services, databases and files."""
    take_away()


JOBS = (
    deploy,
    build,
    test,
    destroy,
    stop,
    start,
    back_up,
    restore,
    drill,
    clone,
    upgrade,
    promote,
    rehearse,
    verify,
    retention,
    compare,
)
