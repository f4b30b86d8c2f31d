"""Releases as pushes make them: the platform's own runs build them, tell their gates, and bring them to staging."""

from __future__ import annotations

from uuid import uuid4

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import CHECKS, Push, Run
from odooops_dagster.model.releases import Release
from tests.dagster.world import World, image_of, wish

A, B = "a" * 40, "b" * 40


def pushed(world: World, ref: str, sha: str, *, before: str = "0" * 40) -> Run:
    """Deliver a push as the gateway does, let the repository confirm a branch, and return the run that was queued."""
    pushes = world.control.pushes
    push = Push(repo_url=world.project.repo_url, ref=ref, sha=sha, previous_sha=before, pusher="grace")
    pushes.receive(uuid4().hex, event="push", push=push, payload={})
    pushes.apply()
    if ref.startswith("refs/heads/"):
        names = {each.branch for each in world.control.environments.list(world.project.slug)}
        known = {name: pushes.head(world.project.id, name) for name in names}
        heads = {name: head for name, head in known.items() if head} | {ref.removeprefix("refs/heads/"): sha}
        pushes.record_heads(world.project.id, heads=heads)
    [run] = [each for each in world.control.runs.list(world.project.slug) if (each.git_ref, each.git_sha) == (ref, sha)]
    return run


def queued(world: World, branch: str, sha: str, **wishes: object) -> Run:
    """Queue what a push of the branch queues; the stand-ins do what is wished of them."""
    world.control.environments.ensure(world.project.id, branch=branch)
    wish(world.settings.home, branch, wishes)
    return world.control.runs.get(
        world.control.runs.queue(world.project.id, env=branch, git_sha=sha, ref=f"refs/heads/{branch}", kind="deploy")
    )


def done(world: World, run: Run) -> Run:
    """Do the run's work and return its row."""
    claimed = world.claim()
    assert claimed.id == run.id
    assets = ("source", "image") if run.kind == "build" else ()
    world.materialize(claimed, assets=assets)
    return world.row(run)


def newest(control: ControlPlane, world: World) -> Release:
    """Return the newest release."""
    return control.releases.list(world.project.id, limit=1)[0]


def gates(control: ControlPlane, release: Release) -> dict[str, str]:
    """Return how the release's gates stand."""
    return {row["gate_code"]: row["status"] for row in control.gates.summary(release.id)}


def test_a_push_to_a_release_branch_becomes_a_release_on_staging(world: World) -> None:
    """Its gate G1 passed by its own build, with evidence of each check, and staging proved its health."""
    control = world.control
    run = done(world, pushed(world, "refs/heads/release/1.0", A))
    assert run.status == "succeeded", run.error_message
    release = newest(control, world)
    assert (release.version, release.status, release.created_by) == ("1.0-rc.1", "staging", "grace")
    assert release.git_shas == {"shop": A, "shop/addons/web": B}
    assert release.image_digest == image_of(A)
    assert gates(control, release) == {"G1": "passed", "G2": "pending", "G3": "pending", "G4": "passed"}
    [deployment] = control.deployments.list(world.project.id)
    assert (deployment.run_id, deployment.status, deployment.g4_status) == (run.id, "succeeded", "passed")
    [g1, *_] = control.gates.list(release.id)
    proved = {row["check_id"] for row in control.gates.evidence(g1.gate_id)}
    answered = {row["id"]: row["name"] for row in control.gates.checks(g1.gate_id)}
    assert proved == set(answered)
    assert set(answered.values()) == {"build", *(spec.name for spec in CHECKS if spec.asset == "database")}


def test_a_failing_test_fails_gate_g1_and_keeps_the_release_from_staging(world: World) -> None:
    """The gate names the check."""
    run = done(world, queued(world, "release/1.0", A, failing_check="module_tests_passed"))
    assert run.status == "failed"
    release = newest(world.control, world)
    [g1, *_] = world.control.gates.summary(release.id)
    assert (g1["status"], g1["reason"]) == ("failed", "by build (module_tests_passed failed)")
    assert world.control.deployments.list(world.project.id) == []


def test_another_commit_is_another_release_that_takes_nothing_from_the_first(world: World) -> None:
    """Not its gates, not its evidence, not its deployment."""
    control = world.control
    done(world, pushed(world, "refs/heads/release/1.0", A))
    first = newest(control, world)
    before = (gates(control, first), [control.gates.evidence(gate.gate_id) for gate in control.gates.list(first.id)])
    done(world, queued(world, "release/1.0", B, failing_check="log_clean"))
    second = newest(control, world)
    assert (second.version, gates(control, second)["G1"]) == ("1.0-rc.2", "failed")
    assert control.releases.by_id(first.id) == first
    assert before == (
        gates(control, first), [control.gates.evidence(gate.gate_id) for gate in control.gates.list(first.id)],
    )  # fmt: skip


def test_a_staging_that_does_not_answer_fails_its_deployment(world: World) -> None:
    """The build was good all the same."""
    run = done(world, queued(world, "release/1.0", A, failing_check="healthy"))
    assert run.status == "failed"
    release = newest(world.control, world)
    assert gates(world.control, release)["G1"] == "passed"
    assert [each.status for each in world.control.deployments.list(world.project.id)] == ["failed"]


def test_a_release_that_its_gates_hold_is_not_put_on_staging(world: World) -> None:
    """The step asks them before it changes anything, and the run says which one holds it."""
    policies = world.control.policies
    policies.set(world.project.id, policy_type="promotion", rules={"staging_requires_g2": True})
    run = done(world, pushed(world, "refs/heads/release/1.0", A))
    assert run.status == "failed"
    assert str(run.error_message).startswith("Release 1.0-rc.1 is not eligible for staging: G2")
    assert world.control.environments.of_run(run).database_name is None


def test_a_push_to_the_default_branch_and_a_tag_are_releases_too(world: World) -> None:
    """Each is built beside production, and G1 has its build."""
    control = world.control
    for ref, version in (("refs/heads/main", "main-rc.1"), ("refs/tags/v1.0", "v1.0")):
        run = done(world, pushed(world, ref, A))
        assert (run.kind, run.status) == ("build", "succeeded"), run.error_message
        release = newest(control, world)
        assert (release.version, release.git_ref, gates(control, release)["G1"]) == (version, ref, "passed")


def test_a_preview_is_no_release(world: World) -> None:
    """It has no gates, and nothing is told of it."""
    done(world, pushed(world, "refs/heads/feature/cart", A))
    assert world.control.releases.list(world.project.id) == []
    assert world.control.events.list(world.project.id) == []


@pytest.mark.parametrize("step", ["image", "database"])
def test_a_build_that_breaks_is_told_as_far_as_it_came(world: World, step: str) -> None:
    """Without an image there is no release."""
    done(world, queued(world, "release/1.0", A, **{step: "fail"}))
    found = world.control.releases.list(world.project.id)
    assert [gates(world.control, release)["G1"] for release in found] == ([] if step == "image" else ["failed"])
