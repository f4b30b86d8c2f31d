"""A run's log: a window of it as a page, the whole of it as a file, and its end as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated, Any

from fastapi import Header, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import StreamingResponse

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.console.rendering import page, plain, render
from odooops_dagster.doors.http.console.routes import pages
from odooops_dagster.doors.http.console.session import ProjectVisit, SignedIn, Visit
from odooops_dagster.doors.http.tails import Tails, lines_of, newest_of
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import LogLevel, Run
from odooops_dagster.platform import Platform

# Lines of a page: what a browser shows without a pause. Earlier and later ones are a link away.
WINDOW = 500
_BLOCK = 1000
_LONGEST_ID = 2**62
# How long a stream goes on before its session is asked for again: 50 streams ask less than once a second.
_SESSION_SECONDS = 60.0

LineId = Annotated[int | None, Query(ge=0, le=_LONGEST_ID)]
Text = Annotated[str | None, Query(max_length=200)]

router = pages()


@router.get("/projects/{slug}/runs/{number}/log")
def show_log(
    visit: SignedIn,
    slug: str,
    number: int,
    *,
    q: Text = None,
    level: LogLevel | None = None,
    after: LineId = None,
    before: LineId = None,
    at: LineId = None,
    shown: Annotated[int | None, Query(ge=0, lt=WINDOW)] = None,
) -> Response:
    """Show a window of the run's log: around a line, after or before one, or its end; or the lines with a text.

    A page of those loads part after part of the search by itself, and names in `shown` how many lines it has.
    """
    here = visit.of(slug)
    run = here.control.runs.by_number(here.project.slug, number)
    if q:
        return page(here, "log.html", run=run, **_matches(here, run, q, level=level, before=before, shown=shown))
    if at is not None:  # as many lines before it as after it
        earlier = here.control.console.log(run.id, before_id=at, limit=WINDOW // 2)
        after = earlier[0]["id"] - 1 if earlier else at - 1
    return page(here, "log.html", run=run, **window(here, run, level=level, after=after, before=before))


def window(
    here: ProjectVisit,
    run: Run,
    *,
    level: LogLevel | None = None,
    after: int | None = None,
    before: int | None = None,
) -> dict[str, Any]:
    """Return what a page says of a window of the log."""
    lines = here.control.console.log(run.id, after_id=after, before_id=before, level=level, limit=WINDOW)
    return {
        "lines": lines,
        "base": _place(here, run),
        "q": "",
        "level": level or "",
        "last": lines[-1]["id"] if lines else (after or 0),
        "has_earlier": len(lines) == WINDOW or after is not None,
        "has_later": (after is not None and len(lines) == WINDOW) or before is not None,
    }


def _matches(
    here: ProjectVisit, run: Run, q: str, *, level: LogLevel | None, before: int | None, shown: int | None
) -> dict[str, Any]:
    """Return what a page says of the lines with a text: those of a part of the log, and where the search goes on."""
    limit = WINDOW - (shown or 0)
    found = here.control.console.search_log(run.id, q, before_id=before, level=level, limit=limit)
    return {
        "lines": found.lines,
        "base": _place(here, run),
        "q": q,
        "level": level or "",
        "last": found.lines[-1].id if found.lines else 0,
        "has_earlier": False,
        "has_later": False,
        "goes_on": found.next_before_id,
        "shown": WINDOW - limit + len(found.lines),
        "is_full": len(found.lines) == limit,
        "is_later_page": before is not None and shown is None,
    }


def _place(here: ProjectVisit, run: Run) -> str:
    return f"/projects/{here.project.slug}/runs/{run.run_number}"


@router.get("/projects/{slug}/runs/{number}/log.txt")
def download_log(visit: SignedIn, slug: str, number: int) -> Response:
    """Return the whole log, however long it is."""
    run = visit.control.runs.by_number(slug, number)
    name = f"{slug}-{number}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_whole(visit.control, run), media_type="text/plain; charset=utf-8", headers=headers)


def _whole(control: ControlPlane, run: Run) -> Iterator[str]:
    after = 0
    while lines := control.logs.tail(run.id, after_id=after, limit=_BLOCK):
        after = lines[-1]["id"]
        yield "".join(map(_text, lines))


def _text(line: Mapping[str, Any]) -> str:
    return f"{line['timestamp']:%Y-%m-%dT%H:%M:%S%z} {line['level']:5} {plain(line['message'])}\n"


@router.get("/projects/{slug}/runs/{number}/stream", response_class=EventSourceResponse)
async def stream_log(
    visit: SignedIn,
    slug: str,
    number: int,
    *,
    after: LineId = 0,
    last_event_id: Annotated[str | None, Header(max_length=18)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Send the lines after one as they are written, and `end` after the run's last one.

    A browser that connects again names the last line that it has, and gets the next.
    """
    run = await asyncio.to_thread(visit.control.runs.by_number, slug, number)
    asked = int(last_event_id) if last_event_id and last_event_id.isdecimal() else after or 0
    newest_id = await newest_of(visit.control, run.id)
    tails: Tails = visit.request.app.state.tails
    base = f"/projects/{slug}/runs/{number}"
    clock = asyncio.get_running_loop().time
    async with tails.watch(visit.control, visit.session.caller, run.id, newest_id=newest_id) as watcher:
        looked_at = clock()
        async for found in lines_of(watcher, after_id=min(asked, newest_id), patience=_SESSION_SECONDS):
            if isinstance(found, str):
                yield ServerSentEvent(raw_data=found, event="state")
            elif found:
                yield ServerSentEvent(
                    raw_data=render("lines.html", lines=found, base=base), event="lines", id=str(found[-1]["id"])
                )
            if clock() - looked_at >= _SESSION_SECONDS:
                if not await asyncio.to_thread(_is_signed_in, visit):
                    return
                looked_at = clock()
        if watcher.may_read:
            yield ServerSentEvent(raw_data="end", event="end")


def _is_signed_in(visit: Visit) -> bool:
    """Return whether the session of the stream still works, and acts as the same."""
    platform: Platform = visit.request.app.state.platform
    try:
        session = platform.control.console.authenticate(visit.session_sha256)
    except OdooOpsError:
        return False
    return session.caller == visit.session.caller
