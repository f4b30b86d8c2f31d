"""Work: what is unfinished or due next, and its announcements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow

_CHANNEL = "ops_work"


@dataclass(frozen=True, kw_only=True)
class Ahead(FromRow):
    """Whether runs are unfinished, and the seconds until the next message and poll are due; None where none is."""

    has_runs: bool
    message_in_seconds: float | None
    poll_in_seconds: float | None


class Work:
    """Asks what lies ahead, and hears what is announced."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ahead(self, *, poll_seconds: int) -> Ahead:
        """Return what is unfinished or due next, if a repository rests so many seconds between two polls."""
        return Ahead.from_row(self._database.call("work_ahead", p_poll_seconds=poll_seconds)[0])

    def announce(self, word: str) -> None:
        """Announce work to every listener; who knows the word looks for it."""
        self._database.call("announce_work", p_word=word)

    def announcements(self, *, pause_seconds: float) -> Iterator[str | None]:
        """Yield None once it listens, and after each silent pause; between them each announced word.

        It holds a connection of its own while it is iterated.

        Raises:
            Unavailable: the connection cannot be made, or has ended: what was announced since is not heard.
        """
        return self._database.notifications(_CHANNEL, pause_seconds=pause_seconds)
