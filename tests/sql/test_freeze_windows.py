"""Freeze windows as a table of cases: a window, a moment, and whether something is promoted then."""

from __future__ import annotations

import json
from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.releases import Release, make_release, set_rules
from tests.sql.world import World, refused

PROMOTE: LiteralString = "select ops.promote_release(%s, 'production', 'a test')"
HOLIDAYS = {"from": "2026-12-24T00:00Z", "to": "2027-01-02T00:00Z"}
OFFSET = {"from": "2026-12-24T00:00+05:30", "to": "2026-12-24T01:00+05:30"}
WEEKEND = {"from": "fri 16:00", "to": "mon 08:00", "time_zone": "Europe/Brussels"}
NIGHT = {"from": "tue 22:00", "to": "wed 06:00", "time_zone": "America/New_York"}
CHANGE = {"from": "sun 02:00", "to": "sun 03:00", "time_zone": "Europe/Brussels"}

CASES = [
    ("before the first second", HOLIDAYS, "2026-12-23T23:59:59Z", False),
    ("in the first second", HOLIDAYS, "2026-12-24T00:00:00Z", True),
    ("in the last second", HOLIDAYS, "2027-01-01T23:59:59Z", True),
    ("at the end, which is outside", HOLIDAYS, "2027-01-02T00:00:00Z", False),
    ("another offset, inside", OFFSET, "2026-12-23T18:30:00Z", True),
    ("another offset, outside", OFFSET, "2026-12-24T00:30:00Z", False),
    ("over the end of the week, Friday before", WEEKEND, "2026-07-03T13:59:00Z", False),
    ("over the end of the week, Friday in summer", WEEKEND, "2026-07-03T14:00:00Z", True),
    ("over the end of the week, Friday in winter", WEEKEND, "2026-12-04T14:30:00Z", False),
    ("over the end of the week, Sunday", WEEKEND, "2026-07-05T12:00:00Z", True),
    ("over the end of the week, Monday", WEEKEND, "2026-07-06T05:59:59Z", True),
    ("over the end of the week, Monday after", WEEKEND, "2026-07-06T06:00:00Z", False),
    ("over midnight, of their Tuesday and our Wednesday", NIGHT, "2026-07-08T03:00:00Z", True),
    ("over midnight, our Tuesday", NIGHT, "2026-07-07T23:00:00Z", False),
    ("an hour that the clock skips, before", CHANGE, "2026-03-29T00:59:00Z", False),
    ("an hour that the clock skips, after", CHANGE, "2026-03-29T01:00:00Z", False),
    ("an hour that the clock has twice, first", CHANGE, "2026-10-25T00:30:00Z", True),
    ("an hour that the clock has twice, second", CHANGE, "2026-10-25T01:30:00Z", True),
]


@pytest.mark.parametrize(("window", "at", "is_frozen"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_window_holds_from_its_begin_to_before_its_end(
    world: World, window: dict[str, str], at: str, is_frozen: bool
) -> None:
    """In the time zone that it names; the reason is told, with the end."""
    reason = world.value("select ops.freeze_reason(%s::jsonb, %s)", json.dumps([window | {"reason": "audit"}]), at)
    assert reason == (f"audit, until {window['to']}" if is_frozen else None)


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return a release that may go to production."""
    made = make_release(world, project)
    made.check("G1")
    made.approve("G2")
    made.approve("G3", by="max")
    return made


@pytest.mark.parametrize(
    ("stage_of_promotion", "ends_as"),
    [("before it is asked for", None), ("while it waits", "pending"), ("while it runs", "succeeded")],
)
def test_a_window_that_opens_during_a_promotion_stops_it_until_it_starts(
    world: World, project: UUID, release: Release, stage_of_promotion: str, ends_as: str | None
) -> None:
    """What runs already is brought to its end: half a promotion helps nobody."""

    def freeze_if(now: str) -> None:
        if now == stage_of_promotion:
            always = {"from": "2000-01-01T00:00Z", "to": "2999-01-01T00:00Z", "reason": "audit"}
            set_rules(world, project, "promotion", freeze_windows=[always])

    freeze_if("before it is asked for")
    if ends_as is None:
        with refused("PT409", "not eligible for production"):
            world.rows(PROMOTE, release.id)
        return
    deployment = world.value(PROMOTE, release.id)
    freeze_if("while it waits")
    if ends_as == "pending":
        with refused("PT409", "not eligible for production"):
            world.rows("select ops.record_deployment_status(%s, 'running')", deployment)
    else:
        world.rows("select ops.record_deployment_status(%s, 'running')", deployment)
        freeze_if("while it runs")
        world.rows("select ops.record_deployment_status(%s, 'succeeded')", deployment)
    assert world.value("select status from ops.deployments") == ends_as
