"""Logs of runs: a window of one, and its end as it grows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import TypeAdapter

from odooops_dagster.control.caller import Caller
from odooops_dagster.doors.http.api.callers import Control, who_calls
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.doors.http.tails import Tails, lines_of, newest_of
from odooops_dagster.model import LogLevel, Run
from odooops_dagster.model.readings import FoundLines, LoggedLine

_PAGE = 500
_MOST = 1000
# How long a stream goes on before its caller has to come again: a key that was revoked, a token that ended stays out.
_STREAM_SECONDS = 60.0
_LINES = TypeAdapter(list[LoggedLine])

LineId = Annotated[int | None, Query(ge=0, lt=2**63)]
Level = Annotated[LogLevel | None, Query(description="Only lines of this level or a worse one.")]

router = noun_router("runs")


def watched_run(control: Control, run_id: UUID) -> Run:
    """Return the run, before an answer has begun that could no longer say that there is none."""
    return control.runs.get(run_id)


@router.get("/v1/runs/{run_id}/logs/window", operation_id="page_run_logs")
def page_run_logs(
    control: Control,
    run_id: UUID,
    *,
    after_id: LineId = None,
    before_id: LineId = None,
    level: Level = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
) -> list[LoggedLine]:
    """Return lines of the run's log, oldest first: after a line, before one, or else the newest ones."""
    run = control.runs.get(run_id)
    rows = control.console.log(run.id, after_id=after_id, before_id=before_id, level=level, limit=limit)
    return [LoggedLine.from_row(row) for row in rows]


@router.get("/v1/runs/{run_id}/logs/search", operation_id="search_run_logs")
def search_run_logs(
    control: Control,
    run_id: UUID,
    *,
    text: Annotated[str, Query(min_length=1, max_length=200, description="What the lines have, whatever its case.")],
    before_id: LineId = None,
    level: Level = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
) -> FoundLines:
    """Return lines of the run's log that have a text, from its end upwards; a request looks through 50,000 lines.

    Ask again with `next_before_id` as `before_id` until it is null, also where a part has no line.
    """
    run = control.runs.get(run_id)
    return control.console.search_log(run.id, text, before_id=before_id, level=level, limit=limit)


@router.get("/v1/runs/{run_id}/logs/stream", operation_id="stream_run_logs", response_class=EventSourceResponse)
async def stream_run_logs(
    request: Request,
    control: Control,
    caller: Annotated[Caller, Depends(who_calls)],
    run: Annotated[Run, Depends(watched_run)],
    *,
    after_id: Annotated[int, Query(ge=0, lt=2**63, description="The id of the last line that you have.")] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Send the lines after one as they are written, for a minute at most; `end` comes after the run's last line.

    `lines` has a list of lines as read_run_logs returns them, `state` the run's new state, `end` nothing. Who is cut
    off asks again from the last line's id, and loses none.
    """
    newest_id = await newest_of(control, run.id)
    until = time.monotonic() + _STREAM_SECONDS
    tails: Tails = request.app.state.tails

    async with tails.watch(control, caller, run.id, newest_id=newest_id) as watcher:
        async for found in lines_of(watcher, after_id=min(after_id, newest_id), patience=_STREAM_SECONDS):
            if found:
                yield _event(found)
            if time.monotonic() > until:
                return
        if watcher.may_read:
            yield ServerSentEvent(raw_data="", event="end")


def _event(found: list[dict[str, Any]] | str) -> ServerSentEvent:
    if isinstance(found, str):
        return ServerSentEvent(raw_data=found, event="state")
    lines = _LINES.dump_json([LoggedLine.from_row(row) for row in found])
    return ServerSentEvent(raw_data=lines.decode(), event="lines", id=str(found[-1]["id"]))
