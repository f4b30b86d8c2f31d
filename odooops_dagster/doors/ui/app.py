"""The application that serves the Dagster UI: `uvicorn --factory odooops_dagster.doors.ui.app:create_app`."""

from __future__ import annotations

from odooops_dagster.doors.ui.artifacts import Artifacts
from odooops_dagster.doors.ui.guard import Guard
from odooops_dagster.engine.webserver import dagster_webserver
from odooops_dagster.home import workspace_file
from odooops_dagster.local.logins import Logins
from odooops_dagster.platform import this_platform
from odooops_dagster.settings import Settings


def create_app() -> Guard:
    """Return Dagster's webserver behind the login."""
    settings = Settings()
    return Guard(
        Artifacts(dagster_webserver(workspace_file(settings.home)), platform=this_platform()),
        logins=Logins(settings.home),
        hosts=() if settings.dagster_host is None else (settings.dagster_host,),
    )
