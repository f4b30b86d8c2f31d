"""The sensor that tells forges: nothing is lost, nothing is told twice, and no receiver holds up a tick."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.forge_tokens import write_forge_token
from odooops_dagster.model import Fence
from odooops_dagster.model.messages import Message
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.notify import run_url
from odooops_dagster.steps.upkeep.outbox import claim_parcels
from sensors import outbox as sensor
from tests.dagster.outboxes import tick
from tests.forges import TOKEN, Failure, GitHubStandIn, serving
from tests.suites.processes import eventually

pytestmark = pytest.mark.usefixtures("_sends_of_its_own")

SHA = "a" * 40


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a platform whose people get each mail at once."""
    return Settings(home=tmp_path, digest_minutes=0)


@pytest.fixture
def stand_in() -> Iterator[GitHubStandIn]:
    """A GitHub that is told nothing yet."""
    with serving(GitHubStandIn()) as served:
        yield served
    assert served.broken == []


@pytest.fixture
def shop(control: ControlPlane, stand_in: GitHubStandIn, settings: Settings) -> UUID:
    """A project that tells the forge, with a token."""
    project = control.projects.create("shop", repo_url="https://github.com/acme/shop", odoo_version="19.0")
    control.messages.set_forge("shop", forge="github", api_url=stand_in.url, repository="acme/shop")
    write_forge_token(settings.home, project.id, TOKEN, api_url=stand_in.url)
    return project.id


def test_a_run_is_told_while_it_waits_and_when_it_ended(
    control: ControlPlane, shop: UUID, stand_in: GitHubStandIn, settings: Settings
) -> None:
    """With the run's one sentence, and the page that says more."""
    run_id = control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    assert "1 arrived" in tick(control, settings)
    fail(control, run_id, reason="The test test_tax failed.\nTraceback")
    assert "1 arrived" in tick(control, settings)
    assert [(each["state"], each["context"], each["sha"]) for each in stand_in.statuses] == [
        ("pending", "odooops/development", SHA),
        ("failure", "odooops/development", SHA),
    ]
    assert stand_in.statuses[1]["description"] == "Run #1 failed: The test test_tax failed."
    assert stand_in.statuses[1]["target_url"] == run_url(settings, "d1")
    assert tick(control, settings) == "nothing is to be told"


def test_a_forge_that_is_down_is_told_later_and_once(
    control: ControlPlane, shop: UUID, stand_in: GitHubStandIn, settings: Settings
) -> None:
    """Whatever it answers meanwhile, also if it took the status and its answer was lost."""
    control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    stand_in.failures += [
        Failure(status=401, body={"message": "Bad credentials"}),
        Failure(status=404, body={"message": "Not Found"}),
        Failure(status=403, headers={"Retry-After": "1"}, body={"message": "rate limit"}),
    ]
    stand_in.failures.insert(0, Failure(status=502, is_kept=True))
    for _ in range(4):
        assert "1 failed" in tick(control, settings)
        assert tick(control, settings) == "nothing is to be told"
        control.messages.retry()
    assert "1 arrived" in tick(control, settings)
    assert [each["state"] for each in stand_in.statuses] == ["pending"]
    assert [message.status for message in control.messages.list()] == ["delivered"]


def test_a_sender_that_was_killed_leaves_nothing_untold(
    control: ControlPlane, database: str, shop: UUID, stand_in: GitHubStandIn, settings: Settings
) -> None:
    """Its claim ends by itself; what it told already is not told again."""
    control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    (parcel,) = claim_parcels(control, settings, worker="killed")
    stand_in.statuses.append(told_by(parcel[0]))
    assert tick(control, settings) == "nothing is to be told"
    end_claims(database)
    assert "1 arrived" in tick(control, settings)
    assert len(stand_in.statuses) == 1
    assert control.messages.record_failed(parcel, error="late", is_final=True) == 0


def test_a_forge_without_a_token_says_what_to_do(
    control: ControlPlane, shop: UUID, stand_in: GitHubStandIn, settings: Settings, tmp_path: Path
) -> None:
    """The message waits; it is sent as soon as there is one."""
    (tmp_path / "secrets" / "forges" / shop.hex).unlink()
    control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    assert "1 failed" in tick(control, settings)
    (message,) = control.messages.list(project_id=shop, status="waiting")
    assert "ops forge token set" in str(message.last_error)
    write_forge_token(settings.home, shop, TOKEN, api_url=stand_in.url)
    control.messages.set_forge("shop", forge="github", api_url=stand_in.url, repository="acme/shop")
    assert "1 arrived" in tick(control, settings)


def test_an_answer_that_means_nothing_is_a_failed_try(
    control: ControlPlane, shop: UUID, stand_in: GitHubStandIn, settings: Settings
) -> None:
    """It is on the record, which counts until an alarm opens."""
    control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    stand_in.failures += [Failure(status=502), Failure(status=200, body={"statuses": "none"})]
    for _ in range(2):
        assert "1 failed" in tick(control, settings)
        (message,) = control.messages.list(project_id=shop, status="waiting")
        control.messages.retry()
    assert message.last_error == "it could not be sent: TypeError"
    assert "1 arrived" in tick(control, settings)


def test_a_token_goes_to_no_other_address_than_the_one_it_was_given_for(
    control: ControlPlane, shop: UUID, stand_in: GitHubStandIn, settings: Settings
) -> None:
    """Who may set a project's forge in the record, but reads no file of the platform, does not get the token."""
    told: list[str] = []
    with serving(GitHubStandIn()) as thief:
        control.messages.set_forge("shop", forge="github", api_url=thief.url, repository="acme/shop")
        control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
        assert "1 failed" in tick(control, settings)
        assert thief.requests == 0
        told += [str(message.last_error) for message in control.messages.list(project_id=shop, status="waiting")]
    assert [thief.url in error for error in told] == [True]
    control.messages.set_forge("shop", forge="github", api_url=stand_in.url, repository="acme/shop")
    assert "1 arrived" in tick(control, settings)


def test_a_commit_that_the_forge_does_not_know_opens_an_alarm(
    control: ControlPlane, shop: UUID, stand_in: GitHubStandIn, settings: Settings
) -> None:
    """No other try could succeed; the next message that arrives ends the alarm."""
    stand_in.failures.append(Failure(status=422, body={"message": "No commit found for SHA"}))
    control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    tick(control, settings)
    (alarm,) = control.incidents.list(shop, status="open")
    assert "No commit found for SHA" in alarm.description
    control.runs.queue(shop, env="feature/b", git_sha="b" * 40, ref="refs/heads/feature/b")
    tick(control, settings)
    assert control.incidents.list(shop, status="open") == []


def test_a_slow_forge_holds_up_no_tick(
    control: ControlPlane, shop: UUID, stand_in: GitHubStandIn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tick ends, and who sent the message records that it arrived."""
    monkeypatch.setattr(sensor, "ANSWER_SECONDS", 0.1)
    control.runs.queue(shop, env="feature/a", git_sha=SHA, ref="refs/heads/feature/a")
    stand_in.failures.append(Failure(status=201, body={}, wait_seconds=2, is_kept=True))
    assert tick(control, settings) == "1 sent, 0 arrived, 0 failed"  # the forge has not answered yet
    eventually(lambda: "1 arrived" in tick(control, settings), what="the forge's answer")
    assert [message.status for message in control.messages.list()] == ["delivered"]


def fail(control: ControlPlane, run_id: UUID, *, reason: str) -> None:
    """Work on the run until it fails by a fault of the project."""
    (claimed,) = control.runs.claim("w1", limit=1, lease_seconds=60)
    fence = Fence(run_id=run_id, attempt=claimed.attempt, worker_id="w1")
    control.runs.start(fence, dagster_run_id="d1")
    control.runs.complete(fence, exit_code=1, error_message=reason, fault="project")


def end_claims(url: str) -> None:
    """Let every claim on a message have ended."""
    with psycopg.connect(url) as connection:
        connection.execute("update ops.outbox set lease_expires_at = now() - interval '1 second'")


def told_by(message: Message) -> dict[str, object]:
    """Return the status as the forge has it after the message."""
    told = message.payload
    return {"sha": told["sha"], "state": message.state, "context": told["context"], "description": told["description"]}
