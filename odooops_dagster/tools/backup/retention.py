"""Decides which backups the retention policy keeps; a pure function, the only place of this decision."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from odooops_dagster.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The attributes of a backup that retention needs."""

    id: str
    taken_at: datetime
    is_verified: bool
    is_held: bool = False
    label: str | None = None
    is_mirrored: bool = False  # a second store holds it, whatever was found in the first one


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The retention policy: the number of days, weeks and months whose newest verified backup is kept."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 3
    # Number of newest verified backups that are always kept.
    minimum: int = 1
    # A labelled backup is kept for this long.
    labels_for: timedelta = timedelta(days=30)
    # An unverified backup is kept for this long, because it may still be verified.
    unverified_for: timedelta = timedelta(days=2)
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if min(self.daily, self.weekly, self.monthly) < 0 or self.minimum < 1:
            raise BadInput("a retention policy counts days, weeks and months from 0 and its minimum from 1")
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, ZoneInfoNotFoundError) as exc:
            message = f"{self.time_zone!r} is no time zone"
            raise BadInput(message, hint="use a name such as Europe/Zurich") from exc


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision on a backup, with all reasons."""

    id: str
    is_kept: bool
    reasons: tuple[str, ...]


def plan(candidates: Sequence[Candidate], *, policy: Policy, now: datetime) -> list[Verdict]:
    """Return the verdict on each backup, newest first."""
    ordered = sorted(candidates, key=lambda candidate: (candidate.taken_at, candidate.id), reverse=True)
    reasons: dict[str, list[str]] = {candidate.id: [] for candidate in ordered}
    for candidate in ordered:
        reasons[candidate.id] += _own_reasons(candidate, policy, now)
    past = [candidate for candidate in ordered if candidate.is_verified and candidate.taken_at <= now]
    zone = ZoneInfo(policy.time_zone)
    days = {candidate.id: candidate.taken_at.astimezone(zone).date() for candidate in past}
    for unit, count, period in _PERIODS:
        for number, candidate in enumerate(_newest_of_each(past, days, period, count(policy)), start=1):
            reasons[candidate.id].append(f"newest of {unit} {number} of {count(policy)}")
    # Ignore backups from the future, so that a wrong clock never leaves us without a good backup.
    for candidate in past[: policy.minimum]:
        reasons[candidate.id].append(f"one of the last {policy.minimum} verified")
    return [_verdict(candidate, reasons[candidate.id]) for candidate in ordered]


def _own_reasons(candidate: Candidate, policy: Policy, now: datetime) -> list[str]:
    """Return the reasons that do not depend on other backups."""
    found = []
    age = now - candidate.taken_at
    if candidate.is_held:
        found.append("held")
    if age < timedelta():
        found.append("its time lies in the future")
    if candidate.label and age < policy.labels_for:
        found.append(f"labelled {candidate.label}")
    if not candidate.is_verified and age < policy.unverified_for:
        found.append("not verified yet")
    if not candidate.is_verified and candidate.is_mirrored:
        found.append("whole in the mirror")
    return found


def _week(day: date) -> Hashable:
    return day.isocalendar()[:2]


def _month(day: date) -> Hashable:
    return (day.year, day.month)


_PERIODS: tuple[tuple[str, Callable[[Policy], int], Callable[[date], Hashable]], ...] = (
    ("day", lambda policy: policy.daily, lambda day: day),
    ("week", lambda policy: policy.weekly, _week),
    ("month", lambda policy: policy.monthly, _month),
)


def _newest_of_each(
    ordered: Sequence[Candidate], days: dict[str, date], period: Callable[[date], Hashable], count: int
) -> list[Candidate]:
    """Return the newest backup of each of the last `count` periods; periods without a backup do not count."""
    chosen: dict[Hashable, Candidate] = {}
    for candidate in ordered:
        if len(chosen) == count:
            break
        chosen.setdefault(period(days[candidate.id]), candidate)
    return list(chosen.values())


def _verdict(candidate: Candidate, reasons: list[str]) -> Verdict:
    if reasons:
        return Verdict(id=candidate.id, is_kept=True, reasons=tuple(reasons))
    why = "beyond the days, weeks and months that are kept" if candidate.is_verified else "was never verified"
    return Verdict(id=candidate.id, is_kept=False, reasons=(why,))
