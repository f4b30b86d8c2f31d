"""Jobs `stop` and `start`: an environment's Odoo ends or begins to serve."""

from __future__ import annotations

import dagster as dg

from assets.partitions import environments
from odooops_dagster.steps.environment.service import start_environment, stop_environment
from resources.run_scope import RunScope


@dg.op
def end_service(scope: dg.ResourceParam[RunScope]) -> None:
    """Stop the environment's Odoo; its data stay as they are."""
    with scope.working("stop") as step:
        stop_environment(step)


@dg.op
def begin_service(scope: dg.ResourceParam[RunScope]) -> None:
    """Start the environment's Odoo, and wait until it answers."""
    with scope.working("start") as step:
        start_environment(step)


@dg.job(partitions_def=environments)
def stop() -> None:
    """Stop an environment; its data stay as they are."""
    end_service()


@dg.job(partitions_def=environments)
def start() -> None:
    """Start an environment that is stopped."""
    begin_service()
