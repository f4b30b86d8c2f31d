"""Gates in SQL say what the model says, whatever was told, in whatever order, and however much time passed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odooops_dagster.control.migrate import read_folder
from tests.servers import PostgresServer, as_user
from tests.sql.gate_history import CLEARED, HISTORIES, STAGED, TWICE, ZONES, History, Promotion, Replay
from tests.sql.gate_model import DAYS, covers
from tests.sql.world import World

# One round replays the same histories each time. Rounds are other ones each time; of one that fails, its seed is told.
ROUNDS = int(os.environ.get("ODOOOPS_TEST_ROUNDS", "1"))
FUNCTIONS = dict(read_folder("functions"))
VIEW = dict(read_folder("views"))["v_gate_status"]


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield a database with one project, in which nothing that a history does is kept."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    server: PostgresServer = request.getfixturevalue(name)
    with server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", server))
        world.project()
        yield world
        world.close()


def compare(world: World, *, examples: int, always_the_same: bool = False) -> None:
    """Replay random histories in the database and in the model, and compare at the end of each.

    Raises:
        AssertionError: the two differ.
    """
    phases = [Phase.generate] if always_the_same else [Phase.generate, Phase.shrink]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=always_the_same or ROUNDS == 1,
        print_blob=True,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(HISTORIES)
    def same(history: History) -> None:
        with world.connection.transaction(force_rollback=True):
            Replay(world, history).run()

    same()


def test_gates_and_promotions_are_what_the_model_says(world: World) -> None:
    """Statuses, merits, requirements, eligibility, and every deployment that is refused."""
    compare(world, examples=150 * ROUNDS)


Mutant = tuple[str, str, str]
FROZEN = Promotion(staging_requires_g2=False, production_requires_g4=False, freezes=((-60, 60, None),))
MUTANTS: dict[str, Mutant] = {
    "exceptions never end": ("v_gate_status", "and e.expires_at > ops.right_now()", ""),
    "a revoked exception counts": ("v_gate_status", "and e.revoked_at is null", ""),
    "a requested exception counts": ("v_gate_status", "e.granted_at is not null and ", ""),
    "windows never close": ("v_gate_status", "o.deadline_at < ops.right_now()", "false"),
    "one approval is enough": ("count_approvals", ">= (p_gate).quorum", ">= 1"),
    "the first answer counts": ("count_checks", "c.occurred_at desc", "c.occurred_at"),
    "a skipped check is no question": ("count_checks", "l.status is null or l.status = 'skipped'", "l.status is null"),
    "a failed gate does not block staging": ("promotion_requirements", "(d.status::text not in ('failed', 'inconclusive') or d.is_reopened) and (", "("),
    "a window that closed unproven stays closed": ("promotion_requirements", " or d.is_reopened", ""),
    "a withdrawn release goes on": ("promotion_requirements", "r.status not in ('withdrawn', 'rolled_back')", "true"),
    "a rejection can be taken back": ("standing_decisions", "a.decision desc, ", ""),
    "an approval counts for ever": ("count_approvals", " and l.changed is null", ""),
    "every decision ends an exception": ("v_gate_status", "a.decision = 'rejected' and a.created_at", "a.created_at"),
    "a freeze holds nothing": ("promotion_requirements", "f.reason is null or g.broken", "true"),
}


@contextmanager
def mutated(world: World, mutant: Mutant) -> Iterator[None]:
    """Let the schema make the mistake as long as the block."""
    name, right, wrong = mutant
    text = VIEW.replace("create view", "create or replace view") if name == "v_gate_status" else FUNCTIONS[name]
    assert right in text
    with world.connection.transaction(force_rollback=True):
        world.connection.execute(text.replace(right, wrong).encode())
        yield


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize("world", ["18"], indirect=True)
def test_the_comparison_notices(world: World, mutant: str) -> None:
    """A mistake in the schema is found, mostly within a hundred histories."""
    with mutated(world, MUTANTS[mutant]), pytest.raises(AssertionError):
        compare(world, examples=1500, always_the_same=True)


# Mistakes that only a rare history shows, and such a history.
RARE: dict[str, tuple[Mutant, list[tuple[Any, ...]]]] = {
    "the first approval of a person counts": (
        ("standing_decisions", "a.occurred_at desc", "a.occurred_at"),
        [("decide", "G2", "ana", "approved"), ("check", "G1", "build", "passed"), ("decide", "G2", "ana", "approved")],
    ),
    "an exception of before a rejection counts": (
        ("v_gate_status", "a.created_at >= e.granted_at", "false"),
        [("waive", "G2", 60, True, False), ("decide", "G2", "ana", "rejected")],
    ),
    "late health counts": (
        ("count_checks", "and (p_until is null or c.created_at <= p_until)", ""),
        [*STAGED, ("wait", 611), ("heal", 0, "health", "passed")],
    ),
    "health is anybody's": (
        ("count_checks", "and (p_deployment_id is null or c.deployment_id = p_deployment_id)", ""),
        [*TWICE, ("heal", 1, "health", "failed")],
    ),
    "broken glass is not seen beside a longer exception": (
        ("v_gate_status", "bool_or(e.is_break_glass) over ()", "e.is_break_glass"),
        [*CLEARED, ("rule", FROZEN), ("waive", "G1", 600, True, False), ("waive", "G1", 10, True, True)],
    ),
    "a deployment that failed counts": (
        ("gate_verdict", " and d.status <> 'failed'", ""),
        [*STAGED, ("heal", 0, "health", "passed"), ("deploy", "staging"), ("move", 0, "failed")],
    ),
}


@pytest.mark.parametrize("mutant", RARE)
def test_the_comparison_notices_what_a_rare_history_shows(world: World, mutant: str) -> None:
    """The same history is no matter as the schema is."""
    change, steps = RARE[mutant]
    history = History(
        checks={"G1": ["build"], "G2": [], "G3": [], "G4": ["health"]},
        quorum={"G2": 1, "G3": 1},
        window_seconds=300,
        promotion=Promotion(staging_requires_g2=False, production_requires_g4=False, freezes=()),
        steps=steps,
    )
    with world.connection.transaction(force_rollback=True):
        Replay(world, history).run()
    with mutated(world, change), pytest.raises(AssertionError):
        Replay(world, history).run()


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
# Nights on which clocks move, in the zones below.
CHANGES = st.sampled_from(
    [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2026, 4, 4, 15, tzinfo=UTC),
    ]
)
NEAR_CHANGES = st.builds(lambda at, minutes: at + timedelta(minutes=minutes), CHANGES, st.integers(-200, 200))
TIMES_OF_WEEK = st.builds(
    lambda day, hour, minute: f"{day} {hour:02}:{minute:02}",
    st.sampled_from(DAYS),
    st.integers(0, 23),
    st.integers(0, 59),
)
WEEKLY = st.fixed_dictionaries(
    {"from": TIMES_OF_WEEK, "to": TIMES_OF_WEEK, "time_zone": st.sampled_from(ZONES), "reason": st.just("weekend")}
).filter(lambda window: window["from"] != window["to"])


@settings(max_examples=1000 * ROUNDS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(window=WEEKLY, at=st.one_of(MOMENTS, NEAR_CHANGES))
def test_a_weekly_freeze_goes_by_the_clocks_of_its_place(world: World, window: dict[str, str], at: datetime) -> None:
    """Also in the nights in which those are moved."""
    reason = world.value("select ops.freeze_reason(%s::jsonb, %s)", json.dumps([window]), at)
    assert (reason is not None) == covers(window, at)


def test_a_freeze_begins_with_its_minute_and_its_end_is_free(world: World) -> None:
    """Half open, so that two windows may follow each other."""
    window = {"from": "fri 16:00", "to": "mon 08:00", "time_zone": "Europe/Brussels", "reason": "weekend"}
    brussels = ZoneInfo("Europe/Brussels")
    frozen = {
        datetime(2026, 3, 27, 15, 59, 59, tzinfo=brussels): False,
        datetime(2026, 3, 27, 16, 0, tzinfo=brussels): True,
        datetime(2026, 3, 29, 2, 30, tzinfo=brussels): True,
        datetime(2026, 3, 30, 7, 59, 59, tzinfo=brussels): True,
        datetime(2026, 3, 30, 8, 0, tzinfo=brussels): False,
    }
    for at, is_frozen in frozen.items():
        reason = world.value("select ops.freeze_reason(%s::jsonb, %s)", json.dumps([window]), at)
        assert reason == ("weekend, until mon 08:00" if is_frozen else None), at
