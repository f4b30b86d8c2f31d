"""Where environments run."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.local.programs import services_folder
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.runtime.process import ProcessRuntime
from resources.settings import platform_settings


class RuntimeResource(dg.ConfigurableResource[Runtime]):
    """Runs Odoo as processes under a supervisor that outlives the run."""

    def create_resource(self, context: dg.InitResourceContext) -> Runtime:  # noqa: ARG002 - Dagster's signature
        """Return the process runtime of the state folder."""
        # The stack keeps the supervisor: one started from here would outlive `ops down`.
        return ProcessRuntime(services_folder(platform_settings().home), may_start_supervisor=False)
