"""The files that runs left, as bytes."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from odooops_dagster.doors.artifacts import artifact_for_people
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.platform import Platform

router = noun_router("runs")


@router.get(
    "/v1/runs/{run_id}/artifacts/{name}",
    operation_id="download_artifact",
    response_class=StreamingResponse,
    responses={200: {"description": "The file's bytes.", "content": {"text/plain; charset=utf-8": {}}}},
)
def download_artifact(request: Request, control: Control, run_id: UUID, name: str) -> Response:
    """Return a file that the run left, as text, whatever it contains."""
    platform: Platform = request.app.state.platform
    return artifact_for_people(control, platform.store, control.runs.get(run_id), name)
