"""No double claim, none lost, every run ends exactly once; mutants of the functions show that the probe would tell."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.probe import run_probe, run_story
from tests.sql.world import World

# What each mutant's function loses.
MUTANTS = {
    "claim_without_skip_locked": ("take_runs", "for no key update skip locked", "for no key update"),
    "claim_without_lock": ("take_runs", "for no key update skip locked", ""),
    "complete_without_fence": ("end_run", "p_attempt => p_attempt", "p_attempt => null"),
    "move_without_fence": ("move_runs", "(p_attempt is null or r.attempt = p_attempt)", "true"),
    "requeue_without_attempt": ("release_attempt", "r.id = p_run_id and r.attempt = p_attempt", "r.id = p_run_id"),
}


def test_200_queued_runs_and_32_concurrent_claimers_no_double_claim_none_lost(world: World) -> None:
    """A tenth of the workers' backends is terminated, and still every run ends exactly once."""
    run_probe(world, runs=200, claimers=32)


def test_200_queued_runs_32_workers_with_a_tenth_of_the_workers_killed(world: World) -> None:
    """They die between claim and completion while the others work; every run ends exactly once, none is lost."""
    run_story(world, runs=200, workers=32, killed=3)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_probe_fails_for_a_mutant(world: World, mutant: str) -> None:
    """A probe that cannot fail proves nothing."""
    function, text, replacement = MUTANTS[mutant]
    definition = world.value("select pg_get_functiondef(oid) from pg_proc where proname = %s", function)
    assert text in definition
    world.connection.execute(definition.replace(text, replacement).encode())
    with pytest.raises((AssertionError, psycopg.Error)):
        run_probe(world, runs=40, claimers=8)
