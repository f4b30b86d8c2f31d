"""Which tests of the long lanes are tried again, as tests/flaky.toml says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.lanes import NOT_LONG, ROOT

TABLE = ROOT / "tests" / "flaky.toml"
MORE_TRIES = 2
_MOST = 10
_LONGEST = timedelta(days=14)


class FlakyError(Exception):
    """The list holds what it may not."""


@dataclass(frozen=True, kw_only=True)
class Flaky:
    """One test that is tried again until an end."""

    node: str
    reason: str
    since: date
    until: date

    def __post_init__(self) -> None:
        """Refuse an entry without a reason, or with a far end."""
        if not self.reason.strip():
            raise FlakyError(f"{self.node} has no reason")
        if not self.since <= self.until <= self.since + _LONGEST:
            raise FlakyError(f"{self.node} ends on {self.until}: mend it within {_LONGEST.days} days of {self.since}")


def read(table: Path = TABLE) -> Mapping[str, Flaky]:
    """Return the entries by node.

    Raises:
        FlakyError: there are too many, one comes twice, has no reason or no near end.
    """
    entries = [Flaky(**entry) for entry in tomllib.loads(table.read_text())["test"]]
    if len(entries) > _MOST:
        raise FlakyError(f"{len(entries)} tests are flaky, and {_MOST} may be: mend one first")
    by_node = {entry.node: entry for entry in entries}
    if len(by_node) < len(entries):
        raise FlakyError(f"{table.name} names a test twice")
    return by_node


def tries(entry: Flaky | None, *, lane: str, today: date) -> int:
    """Return how often a test is tried again; none in a lane that is not long, whatever the list says."""
    return 0 if entry is None or lane in NOT_LONG or today > entry.until else MORE_TRIES
