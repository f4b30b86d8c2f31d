"""The platform tells the gates of a release what its own runs found, through the door that everybody else uses."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.sql.builds import Build, begin, built, gates
from tests.sql.events import envelope, ingest
from tests.sql.releases import make_release, set_rules
from tests.sql.world import World, refused


def release_id(world: World) -> UUID:
    """Return the newest release."""
    found: UUID = world.value("select id from ops.releases order by created_at desc limit 1")
    return found


def reason(world: World, code: str) -> str:
    """Return by what a gate of the newest release was decided."""
    return str(
        world.value(
            "select reason from ops.v_release_gate_summary where release_id = %s and gate_code = %s",
            release_id(world), code,
        )
    )  # fmt: skip


def told(world: World) -> list[tuple[Any, ...]]:
    """Return what was told, in order."""
    rows = world.rows("select * from ops.event_ingest_log order by id")
    return [(row["event_type"], row["processing_status"], row["envelope"].get("status")) for row in rows]


def answers(world: World, code: str) -> dict[str, str]:
    """Return the answers to the questions of a gate of the newest release."""
    rows = world.rows(
        "select c.name, c.status from ops.gate_checks as c join ops.release_gates as g on g.id = c.gate_id"
        " where g.release_id = %s and g.gate_code = %s order by c.created_at", release_id(world), code,
    )  # fmt: skip
    return {row["name"]: row["status"] for row in rows}


def test_a_build_passes_gate_g1_by_its_own_checks(world: World, project: UUID) -> None:
    """Each check has its evidence, and the run it comes from."""
    build = built(world, project, p_kind="test")
    assert gates(world, release_id(world))["G1"] == "pending"
    build.end()
    assert answers(world, "G1") == {
        "modules_installed": "passed", "module_tests_passed": "passed", "log_clean": "passed", "build": "passed",
    }  # fmt: skip
    assert gates(world, release_id(world)) == {"G1": "passed", "G2": "pending", "G3": "pending", "G4": "pending"}
    rows = world.rows(
        "select c.name, c.run_id, c.source, array_agg(e.kind order by e.kind) as files from ops.gate_checks as c"
        " join ops.evidence_artifacts as e on e.check_id = c.id group by c.id order by c.name"
    )
    assert {row["name"]: row["files"] for row in rows} == {
        "build": ["build.json", "sbom.json"],
        "log_clean": ["build.log", "tests.json"],
        "module_tests_passed": ["build.log", "tests.json"],
        "modules_installed": ["build.log", "modules.json"],
    }
    assert {(row["run_id"], row["source"]) for row in rows} == {(build.run_id, "odooops")}
    complete = world.row("select * from ops.v_evidence_completeness where gate_code = 'G1'")
    assert (complete["is_complete"], complete["gaps"], complete["evidence_count"]) == (True, [], 8)


def test_a_test_that_failed_fails_gate_g1_and_is_named(world: World, project: UUID) -> None:
    """The gate's reason names the check, and the check `build` has the run's own words."""
    build = begin(world, project)
    build.propose()
    build.check("module_tests_passed")
    world.rows("select ops.complete_workflow_run(%s, 1, '1 of 3 tests failed', p_attempt => 1)", build.run_id)
    assert gates(world, release_id(world))["G1"] == "failed"
    assert reason(world, "G1") == "by build (module_tests_passed failed)"
    assert world.value("select summary from ops.gate_checks where name = 'build'") == "1 of 3 tests failed"
    row = world.row("select * from ops.v_release_gate_summary where gate_code = 'G1'")
    assert (row["checks_failed"], row["checks_passed"]) == (2, 2)
    assert not world.value("select ops.is_eligible_for_promotion(%s, 'staging')", release_id(world))


def test_the_build_of_production_tells_what_it_built(world: World, project: UUID) -> None:
    """No test ran: policy may wait for one."""
    set_rules(world, project, "gates", g1_checks=["build", "module_tests_passed"])
    build = begin(world, project, "main", p_kind="build")
    build.propose()
    build.end()
    assert answers(world, "G1") == {"build": "passed"}
    assert reason(world, "G1") == "waits for module_tests_passed"


def test_tests_that_policy_leaves_out_are_skipped(world: World, project: UUID) -> None:
    """They answer nothing, so a gate that wants them waits."""
    set_rules(world, project, "gates", g1_checks=["build", "module_tests_passed"])
    build = begin(world, project, p_kind="test")
    build.propose()
    build.check(module_tests_passed={"ran": False})
    build.end()
    assert answers(world, "G1")["module_tests_passed"] == "skipped"
    assert gates(world, release_id(world))["G1"] == "pending"


def test_staging_tells_its_way_from_start_to_health(world: World, project: UUID) -> None:
    """G1 before the deployment begins, G4 and what G2 may wait for when it ended."""
    set_rules(world, project, "gates", g2_checks=["staged"])
    build = built(world, project)
    answer = build.announce()
    assert answer is not None
    assert answer["status"] == "accepted", answer
    row = world.row("select * from ops.v_deployment_history")
    assert (row["status"], row["run_id"], row["requested_by"], row["stage"]) == (
        "running", build.run_id, "grace", "staging",
    )  # fmt: skip
    assert gates(world, release_id(world))["G1"] == "passed"
    assert reason(world, "G2") == "approved by 0 of 1; waits for staged"
    build.heal()
    build.end()
    assert gates(world, release_id(world)) == {"G1": "passed", "G2": "pending", "G3": "pending", "G4": "passed"}
    assert reason(world, "G2") == "approved by 0 of 1; by staged"
    assert answers(world, "G4") == {"healthy": "passed", "health": "passed"}
    assert world.value("select status from ops.releases") == "staging"
    assert told(world) == [
        ("build_complete", "accepted", "pass"),
        ("deployment_event", "accepted", "running"),
        ("deployment_event", "accepted", "succeeded"),
        ("health_check", "accepted", "pass"),
    ]
    gaps = world.rows("select gate_code, gaps from ops.v_evidence_completeness where gaps <> '{}'")
    assert gaps == []


def test_a_staging_that_did_not_come_up_is_told_too(world: World, project: UUID) -> None:
    """G1 stays passed; its place is free again."""
    build = built(world, project)
    build.announce()
    build.end(exit_code=1)
    assert gates(world, release_id(world)) == {"G1": "passed", "G2": "pending", "G3": "pending", "G4": "pending"}
    assert world.value("select status from ops.deployments") == "failed"
    assert answers(world, "G2") == {"staged": "failed"}


def test_a_rejected_release_is_not_deployed_to_staging_again(world: World, project: UUID) -> None:
    """The gates refuse it, and the refusal is in the log."""
    first = built(world, project)
    first.announce()
    first.heal()
    first.end()
    world.rows("select ops.sign_off_gate(%s, 'G2', 'rejected', p_approver_id => 'ana')", release_id(world))
    again = built(world, project)
    answer = again.announce()
    assert answer is not None
    assert (answer["http_status"], answer["status"]) == (409, "rejected")
    assert "G2" in answer["message"]
    again.end(exit_code=1)
    assert world.value("select count(*) from ops.deployments") == 1
    assert "rejected" in {status for _, status, _ in told(world)}


def test_a_second_deployment_of_a_release_is_one_of_its_own(world: World, project: UUID) -> None:
    """Staging may be made anew, with newer data of production."""
    for _ in range(2):
        build = built(world, project)
        build.announce()
        build.heal()
        build.end()
    rows = world.rows("select run_id, status from ops.deployments")
    assert [row["status"] for row in rows] == ["succeeded"] * 2
    assert len({row["run_id"] for row in rows}) == 2


def test_a_run_that_was_killed_fails_its_gate_when_it_is_given_up(world: World, project: UUID) -> None:
    """Not before: the next attempt may pass."""
    build = begin(world, project, p_max_attempts=2)
    build.propose()
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")
    assert gates(world, release_id(world))["G1"] == "pending"
    [row] = world.claim()
    world.start(row["id"], 2)
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")
    assert world.status(build.run_id) == "failed"
    assert gates(world, release_id(world))["G1"] == "failed"


def test_the_second_attempt_of_a_deployment_goes_on_with_it(world: World, project: UUID) -> None:
    """One run brings one deployment."""
    build = built(world, project)
    build.announce()
    world.expire_leases()
    world.rows("select * from ops.requeue_expired_runs()")
    [row] = world.claim()
    world.start(row["id"], 2)
    again = Build(world, build.run_id, build.sha, 2)
    again.propose()
    again.check()
    again.announce()
    again.heal()
    again.end()
    assert [row["status"] for row in world.rows("select status from ops.deployments")] == ["succeeded"]


def test_a_canceled_run_tells_nothing(world: World, project: UUID) -> None:
    """Nothing was decided."""
    build = begin(world, project)
    build.propose()
    world.rows("select ops.complete_workflow_run(%s, null, p_attempt => 1, p_canceled => true)", build.run_id)
    assert (gates(world, release_id(world))["G1"], told(world)) == ("pending", [])


def test_a_preview_tells_nothing(world: World, project: UUID) -> None:
    """It has no gates."""
    build = built(world, project, "feature/a")
    assert build.announce() is None
    build.end()
    assert told(world) == []


def test_a_withdrawn_release_is_told_nothing(world: World, project: UUID) -> None:
    """And its run ends as if it had none."""
    build = built(world, project)
    world.rows("select ops.withdraw_release(%s)", release_id(world))
    build.end()
    assert (world.status(build.run_id), told(world)) == ("succeeded", [])


def test_a_run_ends_though_its_gates_cannot_be_told(world: World, project: UUID) -> None:
    """The run says so in its own trail."""
    build = built(world, project)
    with world.connection.transaction():
        world.rows(
            "create function pg_temp.broken() returns trigger language plpgsql as $$ begin raise 'disk full'; end $$"
        )
        world.rows(
            "create trigger broken before insert on ops.gate_checks for each row execute function pg_temp.broken()"
        )
    build.end()
    world.rows("drop trigger broken on ops.gate_checks")
    assert world.status(build.run_id) == "succeeded"
    assert world.messages(build.run_id)[-1] == "the gates of its release could not be told: disk full"
    assert world.value("select ops.verify_run_chain(%s)", build.run_id)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"idempotency_key": "odooops/shop#1/1/build_complete"}, "idempotency_key"), ({"source": "odooops"}, "source")],
)
def test_nobody_else_tells_in_the_platforms_name(
    world: World, project: UUID, values: dict[str, str], field: str
) -> None:
    """Not even the service role, whose key build pipelines hold: such an event would take a build's place."""
    make_release(world, project, "1.0")
    for caller in (world, world.role("service_role"), world.operator()):
        answer = ingest(caller, envelope(**values))
        assert (answer["http_status"], answer["field"]) == (400, field)


def test_evidence_names_the_check_that_it_proves(world: World, project: UUID) -> None:
    """Or the event is refused, and nothing is written."""
    make_release(world, project, "1.0")
    proof = {"kind": "log", "s3_url": "s3://b/l", "sha256": "1" * 64}
    checks = [{"name": "lint", "status": "pass"}]
    for name in ("lint", "build"):
        assert ingest(world, envelope(checks=checks, evidence=[proof | {"check": name}]))["http_status"] == 200
    rows = world.rows(
        "select c.name from ops.evidence_artifacts as e join ops.gate_checks as c on c.id = e.check_id order by 1"
    )
    assert [row["name"] for row in rows] == ["build", "lint"]
    for event in (envelope(evidence=[proof | {"check": "lint"}]), envelope("gate_signoff", evidence=[proof | {"check": "build"}])):
        answer = ingest(world, event)
        assert (answer["http_status"], answer["field"]) == (400, "evidence[0].check")


def test_a_decision_is_in_the_log_of_events_through_whichever_door(world: World, project: UUID) -> None:
    """With the envelope that would have told it."""
    release = make_release(world, project, "1.0")
    world.rows("select ops.sign_off_gate(%s, 'G2', 'approved', p_approver_id => 'ana')", release.id)
    row = world.row("select * from ops.event_ingest_log")
    assert (row["event_type"], row["processing_status"], row["release_id"]) == ("gate_signoff", "accepted", release.id)
    assert (row["envelope"]["approver_id"], row["envelope"]["decision"]) == ("ana", "approved")
    with refused("PT403", "made this release"):
        world.rows("select ops.sign_off_gate(%s, 'G2', 'approved', p_approver_id => 'dev')", release.id)
    assert world.value("select count(*) from ops.event_ingest_log") == 1
