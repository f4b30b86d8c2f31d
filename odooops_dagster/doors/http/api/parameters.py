"""Parameters that several routes take."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.api.paging import PageQuery, page_query

Asked = Annotated[PageQuery, Depends(page_query)]
OfProject = Annotated[
    str | None,
    Query(
        alias="project",
        max_length=100,
        description="Only this project's: its slug or, where it is named by id elsewhere, its id.",
    ),
]


def _key_within(place: str) -> Any:  # noqa: ANN401 - FastAPI's Header is whatever it annotates
    return Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description=f"Names the request within its {place}: a repeat with the same key returns what the first"
        " one made.",
    )


IdempotencyKey = Annotated[str | None, _key_within("project")]
KeyOfRelease = Annotated[str | None, _key_within("release")]
KeyOfDeployment = Annotated[str | None, _key_within("deployment")]


def project_id(control: ControlPlane, project: str) -> UUID:
    """Return the id of the project, which is named by its slug or its id."""
    try:
        return UUID(project)
    except ValueError:
        return control.projects.get(project).id


def id_of(control: ControlPlane, project: str | None) -> UUID | None:
    """Return the id of the project that is named; None where none is."""
    return None if project is None else project_id(control, project)
