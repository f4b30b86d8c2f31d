"""The ends of logs that people watch: one reader per run, however many watch it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.caller import Caller
from odooops_dagster.errors import NotFound, OdooOpsError
from odooops_dagster.model import FINISHED

# How long a written line waits to be seen, at most, beside the writer's own half second.
_LOOK_SECONDS = 0.5
# A run's state is read less often than its lines, which come first.
_STATE_LOOKS = 4
# Lines that late watchers find here; who is further behind reads the database.
_KEPT = 2000
_PAGE = 500


class Watcher:
    """Somebody who watches a run, and as whom the run may be read."""

    def __init__(self, tail: Tail, control: ControlPlane, caller: Caller) -> None:
        self.tail = tail
        self.caller = caller
        self.control = control
        self.may_read = True

    def read(self, line_id: int) -> list[dict[str, Any]]:
        """Return a page of the lines after that one, from the database."""
        return self.control.logs.tail(self.tail.run_id, after_id=line_id, limit=_PAGE)


class Tail:
    """The newest lines of one run, for everybody who may see it: read again while somebody watches.

    All who may read a run see the same lines. They are read as each watcher in turn, so that whoever may not read the
    run any more is found out without a question of its own.
    """

    def __init__(self, run_id: UUID, *, after_id: int) -> None:
        self.run_id = run_id
        self.watchers: deque[Watcher] = deque()
        self._lines: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._since = after_id  # every line after this one is among ours
        self.last = after_id
        self.state = ""
        self.ended = False
        self.changed = asyncio.Condition()

    def after(self, line_id: int) -> list[dict[str, Any]] | None:
        """Return the lines after that one; None if some of them are not kept any more."""
        return None if line_id < self._since else [line for line in self._lines if line["id"] > line_id]

    async def follow(self) -> None:
        """Read until the run has ended and its last line is read."""
        looks = 0
        while not self.ended:
            is_for_state = looks % _STATE_LOOKS == 0
            state, lines = await self._looked(is_for_state)
            self._keep(lines)
            self.ended = is_for_state and state in FINISHED and not lines
            if lines or state != self.state or self.ended:
                self.state = state
                await self._tell()
            looks = 0 if len(lines) == _PAGE else looks + 1
            await asyncio.sleep(0 if len(lines) == _PAGE or self.ended else _LOOK_SECONDS)

    async def _looked(self, is_for_state: bool) -> tuple[str, list[dict[str, Any]]]:
        """Return the state and the new lines, as the first watcher who may read them sees them."""
        watcher = self._turn(is_for_state)
        if watcher is None:
            return self.state, []
        try:
            return await asyncio.to_thread(self._look, watcher.control, is_for_state)
        except NotFound:  # for this watcher
            for each in [each for each in self.watchers if each.caller == watcher.caller]:
                each.may_read = False
                self.watchers.remove(each)
            await self._tell()
        except OdooOpsError:  # the database is away for a moment: look again
            pass
        return self.state, []

    def _turn(self, is_next: bool) -> Watcher | None:
        """Return as whom to look: where the state is read, the next one of them, so that each has a turn."""
        if is_next:
            self.watchers.rotate(-1)
        return self.watchers[0] if self.watchers else None

    def _look(self, control: ControlPlane, is_for_state: bool) -> tuple[str, list[dict[str, Any]]]:
        """Return the state, read first so that no line is younger, and the new lines."""
        state = control.runs.get(self.run_id).status if is_for_state else self.state
        return state, control.logs.tail(self.run_id, after_id=self.last, limit=_PAGE)

    def _keep(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            if len(self._lines) == _KEPT:
                self._since = self._lines[0]["id"]
            self._lines.append(line)
            self.last = line["id"]

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class Tails:
    """The tails that somebody watches now."""

    def __init__(self) -> None:
        self._watched: dict[UUID, tuple[Tail, asyncio.Task[None], int]] = {}

    @asynccontextmanager
    async def watch(
        self, control: ControlPlane, caller: Caller, run_id: UUID, *, newest_id: int
    ) -> AsyncIterator[Watcher]:
        """Yield a watcher of the run's tail, which all its watchers share.

        Args:
            control: the control plane as the caller sees it, who may read the run.
            caller: who watches.
            run_id: the run.
            newest_id: its newest line; where nobody watches yet, the tail begins after it.
        """
        tail, task, count = self._watched.get(run_id) or self._begin(run_id, newest_id)
        self._watched[run_id] = (tail, task, count + 1)
        watcher = Watcher(tail, control, caller)
        tail.watchers.append(watcher)
        try:
            yield watcher
        finally:
            if watcher.may_read:
                tail.watchers.remove(watcher)
            tail, task, count = self._watched.pop(run_id)
            if count > 1:
                self._watched[run_id] = (tail, task, count - 1)
            else:
                task.cancel()

    @staticmethod
    def _begin(run_id: UUID, newest_id: int) -> tuple[Tail, asyncio.Task[None], int]:
        tail = Tail(run_id, after_id=newest_id)
        return tail, asyncio.create_task(tail.follow()), 0


async def newest_of(control: ControlPlane, run_id: UUID) -> int:
    """Return the id of the run's newest line, 0 if it has none: where a tail begins that nobody watches yet."""
    newest = await asyncio.to_thread(control.console.log, run_id, limit=1)
    return int(newest[0]["id"]) if newest else 0


async def lines_of(watcher: Watcher, *, after_id: int, patience: float) -> AsyncIterator[list[dict[str, Any]] | str]:
    """Yield batches of lines after that one, none lost and none twice, and each new state of the run, to its end.

    Ends early where the watcher may not read the run any more.

    Args:
        watcher: who watches.
        after_id: the last line that the watcher has.
        patience: the seconds after which an empty batch is yielded, so that the watcher can be looked at again.
    """
    tail = watcher.tail
    state = ""
    while watcher.may_read:
        is_over = tail.ended
        lines = tail.after(after_id)
        if lines is None:
            lines = await _read(watcher, after_id)
        if lines:
            after_id = lines[:_PAGE][-1]["id"]
            yield lines[:_PAGE]
            continue
        if tail.state and tail.state != state:
            state = tail.state
            yield state
        if is_over:
            return
        try:
            async with tail.changed:
                if watcher.may_read and not tail.ended and tail.last <= after_id and tail.state == state:
                    await asyncio.wait_for(tail.changed.wait(), patience)
        except TimeoutError:
            yield []


async def _read(watcher: Watcher, after_id: int) -> list[dict[str, Any]]:
    """Return lines from the database; where there is none for this watcher, such as a former member, not at once."""
    lines = await asyncio.to_thread(watcher.read, after_id)
    if not lines:
        await asyncio.sleep(_LOOK_SECONDS)
    return lines
