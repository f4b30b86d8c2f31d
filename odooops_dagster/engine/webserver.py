"""Dagster's own webserver as an ASGI application, for a door to put a login in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster_webserver.app import create_app_from_workspace_process_context

from odooops_dagster.engine.private import WorkspaceFileTarget, WorkspaceProcessContext

if TYPE_CHECKING:
    from starlette.applications import Starlette

# The values of `dagster-webserver` without options.
_STATEMENT_MILLISECONDS = 15_000
_RECYCLE_SECONDS = 3600
_OVERFLOW = 20


def dagster_webserver(workspace: Path) -> Starlette:
    """Return the application that shows the code locations of the workspace file; its lifespan closes them."""
    instance = dg.DagsterInstance.get()
    instance.optimize_for_webserver(_STATEMENT_MILLISECONDS, _RECYCLE_SECONDS, _OVERFLOW)
    context = WorkspaceProcessContext(
        instance, WorkspaceFileTarget(paths=[str(workspace)]), version=version("dagster-webserver")
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        with context, instance:
            yield

    return create_app_from_workspace_process_context(context, lifespan=lifespan)
