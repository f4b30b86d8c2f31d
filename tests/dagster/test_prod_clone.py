"""The asset of production's clone: what is on record of it, and what it stops."""

from __future__ import annotations

import dagster as dg
import pytest

from tests.dagster.world import SHA, World, image_of


def test_a_preview_without_production_s_data_records_no_clone(world: World) -> None:
    """Dagster shows that there was none; lineage and checks tell only what happened."""
    world.queue()
    run = world.claim()
    result = world.materialize(run)
    assert result.output_for_node("prod_clone") is None
    assert "prod_clone" not in {row["asset_key"] for row in world.control.lineage.list(run.id)}
    assert "clone_harmless" not in {row["name"] for row in world.control.checks.list(run.id)}


def test_a_clone_is_in_the_lineage_of_its_database_and_in_the_deployment_s_metadata(world: World) -> None:
    """Who looks at the environment sees which backup it shows, and how old it is."""
    world.queue("clone", clone=True)
    run = world.claim()
    result = world.materialize(run)
    lineage = {row["asset_key"]: row["inputs"] for row in world.control.lineage.list(run.id)}
    assert lineage["prod_clone"] == {"backup": str(run.id), "image": image_of(SHA)}
    assert lineage["database"]["prod_clone"] == "backup:key"
    for asset in ("prod_clone", "database", "deployment"):
        [shown] = result.asset_materializations_for_node(asset)
        assert shown.metadata["data"].value == "backup of production, 3 h old"


@pytest.mark.parametrize(("check", "is_fatal"), [("clone_harmless", True), ("neutralization_coverage", False)])
def test_only_a_blocking_check_of_the_clone_stops_the_run(world: World, check: str, is_fatal: bool) -> None:
    """A copy that is not harmless is never opened; what nothing neutralises is said, and policy may make it fatal."""
    world.queue("clone", clone=True, failing_check=check)
    run = world.claim()
    result = world.materialize(run)
    rows = {row["name"]: row["passed"] for row in world.control.checks.list(run.id)}
    assert rows[check] is False
    assert result.success is not is_fatal
    steps = {event.step_key for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_SUCCESS}
    assert ("database" in steps) is not is_fatal
    assert world.row(run).error_message == (f"{check} of 19.0" if is_fatal else None)
