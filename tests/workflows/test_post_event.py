"""The action post-event: its script, run against a real gateway."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from tests.servers import PostgresServer
from tests.sql.releases import IMAGE, Release, make_release
from tests.sql.world import SHA, World
from tests.workflows.runner import Runner, StepFailed
from tests.workflows.test_lint import ROOT

ACTION = ROOT / ".github" / "actions" / "post-event"
GITHUB = {"sha": SHA, "run_id": "7341", "run_attempt": "1", "repository": "acme/shop", "ref_name": "main"}


@pytest.fixture
def release(world: World) -> Release:
    """Release 1.0 of project shop."""
    return make_release(world, world.project(), "1.0")


@pytest.fixture
def key(owner: ControlPlane, release: Release) -> str:
    """Return a key with which CI posts builds."""
    assert release
    expires = datetime.now(UTC) + timedelta(days=1)
    return owner.keys.create("ci", persona="ci_service_role", event_types=("build_complete",), expires_at=expires).key


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a machine that GitHub gives to run 7341."""
    return Runner(workspace=tmp_path, temporary=tmp_path, github=GITHUB)


def post(runner: Runner, url: str, key: str, **given: str) -> dict[str, str]:
    """Run the action and return the platform's answer."""
    inputs = {"url": url, "key": key, "project": "shop", "status": "success", "wait-seconds": "0"}
    answer = runner.action(ACTION, inputs | {name.replace("_", "-"): value for name, value in given.items()})["answer"]
    return dict(json.loads(answer))


@pytest.mark.parametrize("told", ["success", "failure", "cancelled", "skipped", "pass", "fail"])
def test_the_result_of_a_job_becomes_a_check_of_g1(
    world: World, runner: Runner, gateway: str, key: str, told: str
) -> None:
    """In GitHub's words and in the platform's."""
    assert post(runner, gateway, key, status=told)["status"] == "accepted"
    [check] = world.rows(
        "select c.name, c.status::text, g.gate_code::text from ops.gate_checks c"
        " join ops.release_gates g on g.id = c.gate_id"
    )
    expected = {"success": "passed", "pass": "passed", "failure": "failed", "fail": "failed"}.get(told, "skipped")
    assert (check["gate_code"], check["name"], check["status"]) == ("G1", "build", expected)
    [delivery] = world.rows("select * from ops.event_ingest_log")
    assert delivery["processing_status"] == "accepted"
    assert delivery["idempotency_key"] == "github_actions/7341/1/build_complete"


def test_a_repeated_run_is_a_duplicate_and_another_attempt_is_not(runner: Runner, gateway: str, key: str) -> None:
    """A job that is run again tells anew; the same attempt told twice changes nothing."""
    assert post(runner, gateway, key)["status"] == "accepted"
    assert post(runner, gateway, key)["status"] == "duplicate"
    runner.github = GITHUB | {"run_attempt": "2"}
    assert post(runner, gateway, key, status="failure")["status"] == "accepted"


def test_the_key_of_the_specification_is_taken_as_it_is(runner: Runner, gateway: str, key: str, world: World) -> None:
    """Whoever wants one event per run, whatever the attempt, names it."""
    post(runner, gateway, key, idempotency_key="github_actions/7341/build_complete")
    assert world.value("select idempotency_key from ops.event_ingest_log") == "github_actions/7341/build_complete"


def test_the_release_and_its_image_may_be_named(runner: Runner, gateway: str, key: str) -> None:
    """By version, with the digest that was pushed; another digest is refused."""
    assert post(runner, gateway, key, release="1.0", image_digest=IMAGE)["status"] == "accepted"
    with pytest.raises(StepFailed, match="not made of this image"):
        post(runner, gateway, key, release="1.0", image_digest=f"sha256:{'2' * 64}", idempotency_key="other")


def test_a_refusal_fails_the_step_with_the_platforms_sentence(runner: Runner, gateway: str, key: str) -> None:
    """A key that is wrong, and a release that the platform never made."""
    with pytest.raises(StepFailed, match="401"):
        post(runner, gateway, key[:-1] + ("0" if key[-1] != "0" else "1"))
    runner.github = GITHUB | {"sha": "b" * 40}
    with pytest.raises(StepFailed, match=r"409 .*has no release"):
        post(runner, gateway, key)


def test_the_step_waits_until_the_platform_has_made_the_release(
    runner: Runner, gateway: str, key: str, world: World, postgres_server: PostgresServer
) -> None:
    """CI is often quicker than the platform's own build; the commit names the release."""
    project = world.value("select id from ops.projects where slug = 'shop'")
    runner.github = GITHUB | {"sha": "b" * 40}
    # In the place of waiting: the release is made.
    create = f"select ops.create_release('{project}', '1.1', '{{\"acme/shop\": \"{'b' * 40}\"}}', '{IMAGE}', 'grace')"
    psql = postgres_server.embedded.bin_dir / "psql"
    make = f'sleep() {{ "{psql}" --quiet --no-psqlrc "{world.url}" -c "$CREATE" >/dev/null; }}'
    runner.environment = {"CREATE": create, "BASH_ENV": str(runner.temporary / "env")}
    (runner.temporary / "env").write_text(make)
    assert post(runner, gateway, key, wait_seconds="60")["status"] == "accepted"
    assert "has not made the release yet" in runner.printed


def test_the_key_stands_in_no_argument_and_no_output(runner: Runner, gateway: str, key: str) -> None:
    """Neither in what the step prints, nor in the argument list of curl."""
    seen = runner.temporary / "argv"
    (runner.temporary / "env").write_text(f'curl() {{ printf "%s\\n" "$@" >> {seen}; command curl "$@"; }}')
    runner.environment = {"BASH_ENV": str(runner.temporary / "env")}
    post(runner, gateway, key)
    assert "/v1/events" in seen.read_text()
    assert key not in seen.read_text() + runner.printed
