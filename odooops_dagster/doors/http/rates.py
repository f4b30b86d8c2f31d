"""Limit how many deliveries each sender may make."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

# The bucket that all senders share whose key has not worked yet: guessed keys must neither reach the database at full
# speed nor slow down the senders that have one.
STRANGERS = "strangers"
_STRANGERS_PER_MINUTE = 600
# Senders whose bucket is remembered; the one that was idle longest is forgotten first, with a full bucket.
_REMEMBERED = 10_000


class Rates:
    """A token bucket per sender that holds one minute's deliveries."""

    def __init__(self, *, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def wait(self, sender: str) -> float:
        """Take a token and return 0, or the seconds until there is one."""
        with self._lock:
            name = sender if sender in self._known else STRANGERS
            limit = self._limit(name)
            tokens = self._refilled(name, limit)
            if tokens < 1:
                return (1 - tokens) * 60 / limit
            self._buckets[name] = (tokens - 1, self._clock())
            return 0

    def left(self, sender: str) -> int:
        """Return how many tokens the sender's bucket holds."""
        with self._lock:
            name = sender if sender in self._known else STRANGERS
            return int(self._refilled(name, self._limit(name)))

    def know(self, sender: str, *, is_known: bool) -> None:
        """Remember that the sender's key works, or that it does not."""
        with self._lock:
            if is_known:
                self._known[sender] = None
                self._known.move_to_end(sender)
            else:
                self._known.pop(sender, None)
            while len(self._known) > _REMEMBERED:
                self._buckets.pop(self._known.popitem(last=False)[0], None)

    def _limit(self, name: str) -> int:
        return min(self.per_minute, _STRANGERS_PER_MINUTE) if name == STRANGERS else self.per_minute

    def _refilled(self, name: str, limit: int) -> float:
        now = self._clock()
        tokens, since = self._buckets.get(name, (float(limit), now))
        tokens = min(float(limit), tokens + (now - since) * limit / 60)
        self._buckets[name] = (tokens, now)
        return tokens
