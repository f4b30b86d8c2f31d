"""Which night's backup is due, whatever the clock does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql.world import World

# Zones that change their clock by an hour or by half of one, at midnight or at night, to the east and west of all.
ZONES = (
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Atlantic/Azores",
    "Pacific/Apia",
    "Pacific/Kiritimati",
)

moments = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - it gets its zone right here
hours = st.integers(0, 23)
zones = st.sampled_from(ZONES)

# Each example asks the same server again.
asking = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Night:
    """A day, and the moment from which its backup is due."""

    day: date
    due_at: datetime


def nights_of(world: World, moments: Sequence[datetime], hour: int, zone: str) -> list[Night]:
    """Return the night of each moment."""
    rows = world.rows(
        "select n.day, n.due_at from unnest(%s::timestamptz[]) with ordinality as t (at, number),"
        " ops_private.night_of(t.at, %s, %s) as n order by t.number",
        list(moments), hour, zone,
    )  # fmt: skip
    return [Night(row["day"], row["due_at"]) for row in rows]


@asking
@given(now=moments, hour=hours, zone=zones)
def test_a_night_is_due_when_it_says_so_and_the_next_one_is_not(
    world: World, now: datetime, hour: int, zone: str
) -> None:
    """Less than two days lie between the hour that came and now, more than none."""
    [night] = nights_of(world, [now], hour, zone)
    assert timedelta() <= now - night.due_at < timedelta(hours=26)
    assert nights_of(world, [night.due_at], hour, zone) == [night]


@asking
@given(now=moments, later=st.timedeltas(timedelta(), timedelta(days=400)), hour=hours, zone=zones)
def test_nights_never_go_back(world: World, now: datetime, later: timedelta, hour: int, zone: str) -> None:
    """A later moment has the same night or a later one."""
    first, second = nights_of(world, [now, now + later], hour, zone)
    assert first.day <= second.day
    assert first.due_at <= second.due_at


@settings(asking, max_examples=50)
@given(now=moments, hour=hours, zone=zones, step=st.integers(30, 180))
def test_a_clock_that_ticks_misses_no_day_and_doubles_none(
    world: World, now: datetime, hour: int, zone: str, step: int
) -> None:
    """Over ten days each calendar day comes up as one night, but for the day that a whole country skipped."""
    ticks = [now + timedelta(minutes=minutes) for minutes in range(0, 10 * 24 * 60, step)]
    nights = list(dict.fromkeys(nights_of(world, ticks, hour, zone)))
    days = [night.day for night in nights]
    assert len(set(days)) == len(days)
    expected = [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]
    assert set(expected) - set(days) <= {date(2011, 12, 30)}


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-03-29T00:30:00+00:00", "2026-03-28"),  # 01:30 before the clock skips from 2 to 3
        ("2026-03-29T01:00:00+00:00", "2026-03-29"),  # 03:00: the hour 2 was skipped and counts as come
        ("2026-10-25T00:00:00+00:00", "2026-10-25"),  # 02:00 for the first time
        ("2026-10-25T01:00:00+00:00", "2026-10-25"),  # 02:00 for the second time
        ("2026-10-26T00:59:00+00:00", "2026-10-25"),  # 01:59 of the next day
    ],
)
def test_days_of_23_and_25_hours_have_one_night(world: World, now: str, day: str) -> None:
    """As in Zurich, at two o'clock."""
    [night] = nights_of(world, [datetime.fromisoformat(now)], 2, "Europe/Zurich")
    assert night.day == date.fromisoformat(day)
