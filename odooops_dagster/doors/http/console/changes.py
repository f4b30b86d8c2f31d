"""What would change in production by what a run built: its bill of materials against the one of what serves there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import Response

from odooops_dagster.doors.artifacts import open_artifact
from odooops_dagster.doors.http.console.rendering import page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import ProjectVisit, SignedIn
from odooops_dagster.errors import NotFound, Unavailable
from odooops_dagster.platform import Platform
from odooops_dagster.tools.odoo.sbom import changes

# The bill of materials, as the step that builds keeps it.
BILL = "sbom.json"

router = pages()


@router.get("/projects/{slug}/runs/{number}/changes")
def show_changes(visit: SignedIn, slug: str, number: int) -> Response:
    """Show which modules and packages are new, changed or gone against what production serves."""
    here = visit.of(slug)
    run = here.control.runs.by_number(here.project.slug, number)
    ours, served = _bill(here, run.id), _bill_of_production(here)
    found = None if ours is None or served is None else changes(served, ours)
    return page(here, "changes.html", run=run, changes=found, is_built=ours is not None)


def _bill_of_production(here: ProjectVisit) -> Mapping[str, Any] | None:
    """Return the bill of what production serves: of the run that deployed it, or that built its release."""
    control = here.control
    for each in control.environments.list(here.project.slug):
        if each.stage == "production" and each.status != "destroyed" and each.deployed_run_id is not None:
            promotion = control.deployments.of_run(each.deployed_run_id)
            built = control.releases.by_id(promotion.release_id).run_id if promotion else each.deployed_run_id
            return _bill(here, built) if built else None
    return None


def _bill(here: ProjectVisit, run_id: UUID) -> Mapping[str, Any] | None:
    """Return the bill that the run kept; None where it kept none, or retention has removed it."""
    platform: Platform = here.visit.request.app.state.platform
    try:
        with open_artifact(here.control, platform.store, run_id, BILL) as stream:
            found: Mapping[str, Any] = json.load(stream)
    except NotFound:
        return None
    except OSError as exc:
        raise Unavailable("The store cannot be read from the console", hint="look at the gateway's log") from exc
    return found
