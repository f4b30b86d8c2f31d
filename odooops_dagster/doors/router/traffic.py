"""What the router knows of the requests that pass: which are at work, who was last asked for, and who is wanted."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from odooops_dagster.home import wanted_folder

# A socket's requests are counted this often while somebody waits for their end.
_LOOK_SECONDS = 0.02
_LONGEST_WAIT_SECONDS = 60.0


class Traffic:
    """The requests of one router; it forgets them with its end.

    Args:
        home: the state folder, in which wanted environments are marked; None marks none.
    """

    def __init__(self, home: Path | None = None) -> None:
        self._home = home
        self._since = time.time()
        self._asked: dict[str, float] = {}
        self._at_work: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    def note(self, label: str) -> None:
        """Note that the environment is asked for now."""
        self._asked[label] = time.time()

    def want(self, label: str) -> None:
        """Mark the environment as one that shall start; a mark that is there already is enough."""
        if self._home is None:
            return
        folder = wanted_folder(self._home)
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            (folder / label).touch(mode=0o600)

    def begin(self, place: Path) -> None:
        """Count one more request at the socket."""
        self._at_work[place.name] += 1

    def end(self, place: Path) -> None:
        """Count one less."""
        self._at_work[place.name] -= 1
        if not self._at_work[place.name]:
            del self._at_work[place.name]

    def at_work(self, place: Path) -> int:
        """Return how many requests are at work at the socket."""
        return self._at_work[place.name]

    def wait(self, label: str) -> None:
        """Count one more request that waits for the environment."""
        self._waiting[label] += 1

    def waited(self, label: str) -> None:
        """Count one less."""
        self._waiting[label] -= 1
        if not self._waiting[label]:
            del self._waiting[label]

    def waiting(self, label: str) -> int:
        """Return how many requests wait for the environment."""
        return self._waiting[label]

    async def answer(self, question: Mapping[str, Any]) -> dict[str, object]:
        """Answer a question of the platform; an unknown one gets an empty answer."""
        if question.get("do") == "asked":
            return {"since": self._since, "asked": self._asked}
        if question.get("do") == "drain":
            return {"at_work": await self._drain(Path(str(question["socket"])), seconds=float(question["seconds"]))}
        return {}

    async def _drain(self, place: Path, *, seconds: float) -> int:
        until = time.monotonic() + min(seconds, _LONGEST_WAIT_SECONDS)
        while self.at_work(place) and time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
        return self.at_work(place)
