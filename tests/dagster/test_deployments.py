"""Deployments whose run ended before it said how they went."""

from __future__ import annotations

import dagster as dg
import pytest

from sensors.housekeeping import housekeeping
from tests.dagster.world import World, fence_of


def test_housekeeping_closes_a_deployment_whose_run_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place is free again, and the history says that it failed."""
    monkeypatch.setattr("sensors.housekeeping.jobs_due", lambda *_: [])
    control = world.control
    release = control.releases.create(
        world.project.id, version="1.0", git_shas={"acme/shop": "a" * 40}, image_digest="sha256:" + "1" * 64
    )
    control.gates.record_check(release.id, gate_code="G1", name="build", status="passed")
    deployment = control.deployments.promote(release.id, target_env="staging")
    fence = fence_of(world.claim())
    control.runs.start(fence, dagster_run_id="none")
    control.runs.complete(fence, exit_code=1)
    context = dg.build_sensor_context(instance=world.instance)
    answer = housekeeping(context, control=control, runtime=world.resources()["scope"].runtime, settings=world.settings)
    assert isinstance(answer, dg.SensorResult)
    assert answer.skip_reason is not None
    assert answer.skip_reason.skip_message == "closed 1 deployments of ended runs"
    assert control.deployments.get(deployment.id).status == "failed"
