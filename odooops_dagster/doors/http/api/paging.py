"""Pages of lists: `next` names where the next one begins, and means nothing to anybody but this server."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.pages import Listing
from odooops_dagster.errors import BadInput

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A page of a list, newest first; pass `next` as `after` for the one that follows, null after the last."""

    items: list[Item]
    next: str | None = None


class PageQuery(BaseModel):
    """Which page, and how long."""

    limit: int = 50
    after: str | None = None


def page_query(
    limit: Annotated[int, Query(ge=1, le=1000, description="How many.")] = 50,
    after: Annotated[str | None, Query(max_length=500, description="The `next` of the page before.")] = None,
) -> PageQuery:
    """Return the page that the request asks for."""
    return PageQuery(limit=limit, after=after)


def page_of(
    control: ControlPlane,
    listing: Listing,
    make: Callable[[Mapping[str, Any]], Item],
    asked: PageQuery,
    **equal: object,
) -> Page[Item]:
    """Return a page of the list whose columns have these values; a value of None is no condition."""
    after = _place(asked.after, listing) if asked.after else None
    rows = control.pages.read(listing, limit=asked.limit + 1, after=after, **equal)
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    return Page(items=[make(row) for row in rows], next=_cursor(rows[-1], listing) if more else None)


def _cursor(row: Mapping[str, Any], listing: Listing) -> str:
    values = [row[name] for name in listing.order]
    told = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(told, default=str).encode()).decode().rstrip("=")


def _place(cursor: str, listing: Listing) -> list[object]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as exc:
        raise _foreign() from exc
    if not isinstance(values, list) or len(values) != len(listing.order):
        raise _foreign()
    if not all(isinstance(value, (str, int)) for value in values):
        raise _foreign()
    return [str(value) for value in values]  # which the database reads as the column's type, or refuses


def _foreign() -> BadInput:
    return BadInput("`after` is not the `next` of a page of this list", hint="leave it out for the first page")
