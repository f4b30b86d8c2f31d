"""Which night's backup is due, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odooops_dagster.steps.recovery.nightly import night_of

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


@settings(deadline=None)
@given(now=moments, hour=hours, zone=zones)
def test_a_night_is_due_when_it_says_so_and_the_next_one_is_not(now: datetime, hour: int, zone: str) -> None:
    """Less than two days lie between the hour that came and now, more than none."""
    night = night_of(now, hour=hour, time_zone=zone)
    assert timedelta() <= now - night.due_at < timedelta(hours=26)
    assert night_of(night.due_at, hour=hour, time_zone=zone) == night


@settings(deadline=None)
@given(now=moments, later=st.timedeltas(timedelta(), timedelta(days=400)), hour=hours, zone=zones)
def test_nights_never_go_back(now: datetime, later: timedelta, hour: int, zone: str) -> None:
    """A later moment has the same night or a later one."""
    first, second = (night_of(moment, hour=hour, time_zone=zone) for moment in (now, now + later))
    assert first.day <= second.day
    assert first.due_at <= second.due_at


@settings(max_examples=50, deadline=None)
@given(now=moments, hour=hours, zone=zones, step=st.integers(30, 180))
def test_a_clock_that_ticks_misses_no_day_and_doubles_none(now: datetime, hour: int, zone: str, step: int) -> None:
    """Over ten days each calendar day comes up as one night, but for the day that a whole country skipped."""
    ticks = [now + timedelta(minutes=minutes) for minutes in range(0, 10 * 24 * 60, step)]
    nights = list(dict.fromkeys(night_of(tick, hour=hour, time_zone=zone) for tick in ticks))
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
def test_days_of_23_and_25_hours_have_one_night(now: str, day: str) -> None:
    """As in Zurich, at two o'clock."""
    night = night_of(datetime.fromisoformat(now), hour=2, time_zone="Europe/Zurich")
    assert night.day == date.fromisoformat(day)
