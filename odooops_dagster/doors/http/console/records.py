"""What is on the record: incidents, deliveries, chains."""

from __future__ import annotations

from fastapi import Response
from starlette.responses import StreamingResponse

from odooops_dagster.control.pages import DELIVERIES, INCIDENTS
from odooops_dagster.doors.http.console.rendering import page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import SignedIn
from odooops_dagster.doors.http.streams import in_blocks
from odooops_dagster.model.trail import sealed_lines

_LISTED = 50

router = pages()


@router.get("/projects/{slug}/record")
def show_record(visit: SignedIn, slug: str, *, verify: bool = False) -> Response:
    """Show the project's incidents and deliveries, and for auditors who ask for it the verdict on each chain."""
    here = visit.of(slug)
    chains = here.control.audit.verify(here.project.id) if verify else None
    return page(
        here,
        "record.html",
        incidents=here.control.pages.read(INCIDENTS, limit=_LISTED, project_id=here.project.id),
        deliveries=here.control.pages.read(DELIVERIES, limit=_LISTED, project_id=here.project.id),
        chains=chains,
    )


@router.get("/projects/{slug}/record/trail.jsonl")
def export_record(visit: SignedIn, slug: str) -> Response:
    """Return everything on the project's record as `ops audit export` does: each line is linked to the one before.

    It is sent as it is read. A connection that breaks leaves no file that looks whole: the last line is the seal.
    """
    here = visit.of(slug)
    lines = (f"{line}\n" for line in sealed_lines(here.control.audit.trail(here.project.id)))
    headers = {"Content-Disposition": f'attachment; filename="{here.project.slug}-record.jsonl"'}
    return StreamingResponse(in_blocks(lines), media_type="application/jsonl", headers=headers)
