"""Which backups stay: against an oracle that counts days on its fingers, over years of simulated nights."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.backup import retention
from odooops_dagster.tools.backup.retention import Candidate, Policy, plan

START = datetime(2024, 1, 1, 2, 0, tzinfo=UTC)


def nightly(day: int, *, minutes: int = 0, is_verified: bool = True) -> Candidate:
    """Return the backup of a night."""
    taken_at = START + timedelta(days=day, minutes=minutes)
    return Candidate(id=f"{day}-{minutes}", taken_at=taken_at, is_verified=is_verified)


def kept(candidates: Iterable[Candidate], now: datetime, policy: Policy) -> set[str]:
    """Return the ids that stay."""
    return {verdict.id for verdict in plan(list(candidates), policy=policy, now=now) if verdict.is_kept}


def promised(candidates: Iterable[Candidate], now: datetime, policy: Policy) -> set[str]:
    """Return what the policy promises, worked out the long way: period by period, from now backwards."""
    zone = ZoneInfo(policy.time_zone)
    good = [c for c in candidates if c.is_verified and c.taken_at <= now]
    newest_first = sorted(good, key=lambda c: (c.taken_at, c.id))[::-1]
    found = {c.id for c in newest_first[: policy.minimum]}
    for count, style in ((policy.daily, "%Y-%m-%d"), (policy.weekly, "%G-%V"), (policy.monthly, "%Y-%m")):
        words = sorted({c.taken_at.astimezone(zone).strftime(style) for c in good})[::-1][:count]
        for word in words:
            of_period = [c for c in newest_first if c.taken_at.astimezone(zone).strftime(style) == word]
            found.add(of_period[0].id)
    return found


@pytest.mark.parametrize(
    ("zone", "nights"), [("UTC", 800), ("America/New_York", 366), ("Australia/Lord_Howe", 366), ("Pacific/Apia", 366)]
)
def test_over_years_of_nights_exactly_what_was_promised_is_there(zone: str, nights: int) -> None:
    """Each night one is made and what the plan gives up is gone for good; none is missed later."""
    policy = Policy(time_zone=zone)
    there: list[Candidate] = []
    every: list[Candidate] = []
    for day in range(nights):
        candidate = nightly(day)
        there.append(candidate)
        every.append(candidate)
        stay = kept(there, candidate.taken_at, policy)
        there = [candidate for candidate in there if candidate.id in stay]
        assert stay == promised(every[-100:], candidate.taken_at, policy)  # three months are in them
        assert len(stay) <= 7 + 4 + 3
    assert len(there) >= 11


def test_a_year_of_nights_leaves_days_weeks_and_months() -> None:
    """Written out for one evening, so that a person can check it against a calendar."""
    now = datetime(2024, 12, 31, 12, 0, tzinfo=UTC)
    stay = kept(map(nightly, range(366)), now, Policy())
    dates = sorted((START + timedelta(days=int(backup_id.partition("-")[0]))).strftime("%m-%d") for backup_id in stay)
    days = ["12-25", "12-26", "12-27", "12-28", "12-29", "12-30", "12-31"]
    weeks = ["12-15", "12-22"]  # with 12-29 and 12-31, which are days as well
    months = ["10-31", "11-30"]  # with 12-31
    assert dates == sorted([*days, *weeks, *months])


_NIGHTS = st.lists(
    st.builds(
        Candidate,
        id=st.uuids().map(str),
        taken_at=st.datetimes(datetime(2023, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
        is_verified=st.booleans(),
        is_held=st.sampled_from([False, False, False, True]),
        label=st.sampled_from([None, None, "before-upgrade"]),
    ),
    max_size=40,
    unique_by=lambda candidate: candidate.id,
)
_POLICIES = st.builds(
    Policy,
    daily=st.integers(0, 9),
    weekly=st.integers(0, 6),
    monthly=st.integers(0, 5),
    minimum=st.integers(1, 4),
    time_zone=st.sampled_from(["UTC", "Europe/Zurich", "America/St_Johns", "Pacific/Kiritimati"]),
)
_MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the same


@settings(max_examples=200, deadline=None)
@given(_NIGHTS, _POLICIES, _MOMENTS)
def test_whatever_was_made_and_missed_the_promise_is_kept(
    candidates: list[Candidate], policy: Policy, now: datetime
) -> None:
    """Missed weeks, several a day, a clock that was wrong: the oracle's, and what is held, labelled, new or to come."""
    stay = kept(candidates, now, policy)
    others = {
        c.id
        for c in candidates
        if c.is_held
        or c.taken_at > now
        or (c.label and now - c.taken_at < policy.labels_for)
        or (not c.is_verified and now - c.taken_at < policy.unverified_for)
    }
    assert stay == promised(candidates, now, policy) | others


@settings(max_examples=100, deadline=None)
@given(_NIGHTS, _POLICIES, _MOMENTS)
def test_the_last_verified_one_of_the_past_always_stays(
    candidates: list[Candidate], policy: Policy, now: datetime
) -> None:
    """Also when one from the future pretends to be newer, and when the policy keeps nothing."""
    past = [c for c in candidates if c.is_verified and c.taken_at <= now]
    newest = sorted(past, key=lambda c: (c.taken_at, c.id))[-policy.minimum :]
    assert {c.id for c in newest} <= kept(candidates, now, policy)


@settings(max_examples=100, deadline=None)
@given(_NIGHTS, _POLICIES, _MOMENTS)
def test_the_plan_is_the_same_in_every_order_and_after_it_was_carried_out(
    candidates: list[Candidate], policy: Policy, now: datetime
) -> None:
    """A second run gives nothing up that the first one kept; every verdict has its reason."""
    verdicts = plan(candidates, policy=policy, now=now)
    assert plan(candidates[::-1], policy=policy, now=now) == verdicts
    assert all(verdict.reasons for verdict in verdicts)
    stay = {verdict.id for verdict in verdicts if verdict.is_kept}
    assert kept([c for c in candidates if c.id in stay], now, policy) == stay


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 9), min_size=60, max_size=120))
def test_a_clock_that_jumps_costs_no_night_its_turn(steps: list[int]) -> None:
    """Each night the clock says what it likes; what it called the future stays until it has come."""
    policy = Policy()
    there: list[Candidate] = []
    day = 100
    for number, step in enumerate(steps):
        day = max(0, day + step)
        now = START + timedelta(days=day)
        there.append(Candidate(id=f"{number:03}", taken_at=now, is_verified=True))
        stay = kept(there, now, policy)
        assert {c.id for c in there if c.taken_at > now} <= stay
        assert f"{number:03}" in stay
        there = [c for c in there if c.id in stay]


def test_missed_weeks_cost_no_older_backup_its_place() -> None:
    """After a holiday without backups as many stay as before it: the last days that have one count."""
    before = [nightly(day) for day in range(100)]
    now = before[-1].taken_at
    assert kept(before, now + timedelta(days=60), Policy()) == kept(before, now, Policy())


@pytest.mark.parametrize(("zone", "nights"), [("America/New_York", 7), ("Europe/Zurich", 7), ("Asia/Kathmandu", 7)])
def test_the_day_the_clocks_change_is_one_day(zone: str, nights: int) -> None:
    """Of 23 or 25 hours: six backups an hour apart around midnight fall on the days of the wall clock."""
    local = ZoneInfo(zone)
    for month in (3, 10, 11):
        hours = [datetime(2024, month, 1, tzinfo=local).astimezone(UTC) + timedelta(hours=n) for n in range(31 * 24)]
        candidates = [Candidate(id=str(n), taken_at=hour, is_verified=True) for n, hour in enumerate(hours)]
        policy = Policy(daily=nights, weekly=0, monthly=0, time_zone=zone)
        stay = kept(candidates, hours[-1], policy)
        days = [c.taken_at.astimezone(local).date() for c in candidates if c.id in stay]
        assert days == sorted({hour.astimezone(local).date() for hour in hours})[-nights:]


def test_labelled_and_unverified_ones_have_their_time() -> None:
    """To the second."""
    labelled = Candidate(id="l", taken_at=START, is_verified=False, label="before-upgrade")
    for candidate, life in ((labelled, timedelta(days=30)), (nightly(0, is_verified=False), timedelta(days=2))):
        assert plan([candidate], policy=Policy(), now=START + life - timedelta(seconds=1))[0].is_kept
        verdict = plan([candidate], policy=Policy(), now=START + life)[0]
        assert not verdict.is_kept
        assert verdict.reasons == ("was never verified",)


def test_a_held_one_stays_for_ever() -> None:
    """Verified or not."""
    held = Candidate(id="h", taken_at=START, is_verified=False, is_held=True)
    assert plan([held], policy=Policy(), now=START + timedelta(days=9999))[0].reasons == ("held",)


def test_verdicts_say_every_reason() -> None:
    """A person sees why one stays, and why one goes."""
    verdicts = plan(
        [nightly(day) for day in range(20)],
        policy=Policy(daily=2, weekly=1, monthly=1),
        now=START.replace(day=20, hour=3),
    )
    assert verdicts[0].reasons == (
        "newest of day 1 of 2",
        "newest of week 1 of 1",
        "newest of month 1 of 1",
        "one of the last 1 verified",
    )
    assert verdicts[1].reasons == ("newest of day 2 of 2",)
    assert verdicts[2].reasons == ("beyond the days, weeks and months that are kept",)


@pytest.mark.parametrize(
    "wrong",
    [{"daily": -1}, {"weekly": -1}, {"monthly": -1}, {"minimum": 0}, {"time_zone": "Mars"}, {"time_zone": "../x"}],
)
def test_a_policy_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    """Before anything is planned with it."""
    with pytest.raises(BadInput):
        Policy(**wrong)  # type: ignore[arg-type]


class Counting(datetime):
    """A moment that counts how often it is compared."""

    comparisons = 0

    def __lt__(self, other: date) -> bool:
        Counting.comparisons += 1
        assert isinstance(other, datetime)
        return super().__lt__(other)

    def __eq__(self, other: object) -> bool:
        Counting.comparisons += 1
        return super().__eq__(other)

    __hash__ = datetime.__hash__


def comparisons(count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often moments are compared and days asked for in a plan of so many backups."""
    asked = 0

    def spy(candidate: Candidate, policy: Policy, now: datetime) -> list[str]:
        nonlocal asked
        asked += 1
        return own_reasons(candidate, policy, now)

    own_reasons = retention._own_reasons  # noqa: SLF001 - steps are counted
    with monkeypatch.context() as patched:
        patched.setattr(retention, "_own_reasons", spy)
        rng = random.Random(7)  # noqa: S311 - repeatable
        moments = [Counting(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(10**6)) for _ in range(count)]
        candidates = [Candidate(id=str(n), taken_at=moment, is_verified=n % 7 > 0) for n, moment in enumerate(moments)]
        Counting.comparisons = 0
        plan(candidates, policy=Policy(), now=datetime(2026, 1, 1, tzinfo=UTC))
    return Counting.comparisons + asked


def test_ten_times_the_backups_take_little_more_than_ten_times_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorting is all that grows faster; each backup is looked at once."""
    few, many = comparisons(1_000, monkeypatch), comparisons(10_000, monkeypatch)
    assert 10_000 <= many < 20 * few
