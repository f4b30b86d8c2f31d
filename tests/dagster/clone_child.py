"""A run's process that is gone in the middle of its clone: `python -m tests.dagster.clone_child <what it is told>`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.settings import Settings
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.store import FolderStore
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
KILLED = 9


def crashing(point: str, when: str, crash: Callable[[], Any]) -> AbstractContextManager[Any]:
    """Let the crash happen at the point for as long as the block."""
    module, _, path = point.partition(":")
    owner: Any = import_module(module)
    *owners, name = path.split(".")
    for each in owners:
        owner = getattr(owner, each)
    real = getattr(owner, name)

    def crashes(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 -- passed on as they are
        if when == "before":
            crash()
        result = real(*arguments, **named)
        if when == "after":
            crash()
        return result

    return patch.object(owner, name, crashes)


def main(told: dict[str, str]) -> None:
    """Clone for a claimed run and be killed at the point."""
    with ControlPlane(told["control_url"]) as control, crashing(told["point"], told["when"], lambda: os._exit(KILLED)):
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


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
