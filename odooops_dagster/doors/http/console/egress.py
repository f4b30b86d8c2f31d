"""What the project's environments tried to reach, minute by minute, and how that ended."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from fastapi import Query, Response

from odooops_dagster.control.pages import EGRESS
from odooops_dagster.doors.http.api.paging import page_of, page_query
from odooops_dagster.doors.http.console.rendering import page
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import SignedIn
from odooops_dagster.model.readings import EgressMinute, EgressOutcome

_LISTED = 100

Text = Annotated[str, Query(max_length=300)]

router = pages()


@router.get("/projects/{slug}/egress")
def show_egress(
    visit: SignedIn,
    slug: str,
    *,
    outcome: EgressOutcome | Literal[""] = "",
    environment: Text = "",
    destination: Text = "",
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Show the attempts of all environments, the newest first: of an outcome, an environment, a destination."""
    here = visit.of(slug)
    chosen = {"outcome": outcome, "environment": environment, "destination": destination}
    found = page_of(
        here.control,
        EGRESS,
        EgressMinute.from_row,
        page_query(limit=_LISTED, after=after),
        project_id=here.project.id,
        outcome=outcome or None,
        environment_name=environment or None,
        destination=destination or None,
    )
    return page(here, "egress.html", attempts=found.items, next=found.next, outcomes=get_args(EgressOutcome), **chosen)
