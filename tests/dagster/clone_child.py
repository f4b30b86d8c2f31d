"""A run's process that is gone in the middle of its clone."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.settings import Settings
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.store import FolderStore
from tests.crashes import ending_at
from tests.dagster.studios import Desk, build_of

# Every place at which the clone has done one more thing, in order; a crash comes just before or just after.
POINTS = (
    "odooops_dagster.tools.postgres.databases:OdooDatabases.ensure_role",
    "odooops_dagster.tools.postgres.databases:OdooDatabases.create",
    "odooops_dagster.steps.recovery.load:restore_database",
    "odooops_dagster.tools.sanitize.pipeline:run_all",
    "odooops_dagster.tools.sanitize.pipeline:_scrub",
    "odooops_dagster.tools.sanitize.pipeline:_answer",
    "odooops_dagster.steps.clone.template:sanitize",
    "odooops_dagster.tools.postgres.databases:OdooDatabases.turn_into_template",
    "odooops_dagster.control.templates:Templates.remember",
    "odooops_dagster.steps.clone.clone:set_parameters",
    "odooops_dagster.steps.clone.clone:offenders",
    "odooops_dagster.steps.clone.clone:copy_tree",
    "odooops_dagster.tools.postgres.databases:OdooDatabases.hand_over",
    "odooops_dagster.tools.postgres.databases:OdooDatabases.drop_role",
)


def main(told: dict[str, str]) -> None:
    """Clone for a claimed run and be killed at the point."""
    with ControlPlane(told["control_url"]) as control, ending_at((told["point"], told["when"])):
        home = Path(told["home"])
        desk = Desk(
            control=control,
            databases=OdooDatabases(
                told["admin_url"], secrets=home / "secrets", identity=lambda: identify(control, home)
            ),
            settings=Settings(home=home),
            store=FolderStore(home / "store"),
            log=print,
        )
        clone_production(desk.take_up(control.runs.get(UUID(told["run_id"]))), build_of(home / "code"))
