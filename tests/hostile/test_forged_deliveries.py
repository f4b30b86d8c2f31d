"""A delivery that a forge did not sign with the project's secret does nothing, whichever forge's headers it wears."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.doors.http.webhooks.receipt import MAX_BODY_BYTES
from odooops_dagster.local.webhook_secrets import signing_token
from odooops_dagster.settings import Settings
from tests.forge_deliveries import EVENTS, HEAD, REPOSITORIES, Sender, payload_of, signed_by_gitlab
from tests.integration.gateway.test_deliveries_of_other_forges import make_project, stored

FORGES = sorted(EVENTS)
PROOFS = ("X-Forgejo-Signature", "X-Gitea-Signature", "webhook-signature", "X-Gitlab-Token", "X-Hub-Signature")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a gateway."""
    return Settings(home=tmp_path)


@pytest.fixture
def client(settings: Settings, control: ControlPlane) -> Iterator[TestClient]:
    """Yield a gateway."""
    with TestClient(create_app(settings, control)) as made:
        yield made


@pytest.fixture(params=FORGES)
def sender(
    request: pytest.FixtureRequest, client: TestClient, control: ControlPlane, settings: Settings, database: str
) -> Sender:
    """Return a forge that delivers to its project's address, beside another project with a secret of its own."""
    forge: str = request.param
    secret = make_project(control, settings, database, repo_url=REPOSITORIES[forge])
    return Sender(client, forge, secret)


def push_of(sender: Sender) -> tuple[bytes, str]:
    """Return a push's body and event."""
    event, name = EVENTS[sender.forge]["push"]
    return json.dumps(payload_of(name)).encode(), event


def test_a_delivery_without_a_signature_is_not_read(sender: Sender, database: str) -> None:
    """Whichever headers of the forge it has besides."""
    body, event = push_of(sender)
    response = sender.send(body, event=event, changed={"X-Hub-Signature-256": ""} | dict.fromkeys(PROOFS, ""))
    assert (response.status_code, "secret" in response.json()["hint"]) == (401, True)
    assert stored(database) == []


def test_a_wrong_secret_is_refused(sender: Sender, database: str) -> None:
    """The answer says no more than that."""
    for secret in ("", "wrong", "A" * 43, f"{sender.secret}_", f"whsec_{sender.secret}"):
        response = Sender(sender.client, sender.forge, secret).deliver("push")
        assert (response.status_code, sender.secret in response.text) == (401, False), secret
    assert stored(database) == []


def test_the_secret_of_one_project_is_none_of_another(
    sender: Sender, control: ControlPlane, settings: Settings, database: str
) -> None:
    """Neither at its address, nor for its repository at the own one."""
    other = make_project(
        control, settings, database, slug="other", repo_url=REPOSITORIES[sender.forge].replace("shop", "other")
    )
    assert Sender(sender.client, sender.forge, sender.secret, slug="other").deliver("push").status_code == 401
    assert Sender(sender.client, sender.forge, sender.secret, slug="nobody").deliver("push").status_code == 401
    foreign = Sender(sender.client, sender.forge, other, slug="other").deliver("push")
    assert (foreign.status_code, foreign.json()["outcome"]) == (202, "unknown_project")
    assert control.pushes.apply() == []


def test_headers_of_another_forge_do_not_help(sender: Sender, database: str) -> None:
    """The first signature decides: one that does not fit is not made good by another forge's that does."""
    body, event = push_of(sender)
    mine = sender.headers(body, event=event, delivery="d1")
    own = next(name for name in PROOFS if name in mine)
    for worn in FORGES:
        wrong = Sender(sender.client, worn, "wrong").headers(body, event=event, delivery="d2")
        proof = next(name for name in PROOFS if name in wrong)
        if PROOFS.index(proof) < PROOFS.index(own):
            assert sender.send(body, event=event, delivery="d1", changed={**wrong, own: mine[own]}).status_code == 401
            right = Sender(sender.client, worn, sender.secret).headers(body, event=event, delivery="d2")
            assert sender.send(body, event=event, changed={**right, own: "0" * 64}).status_code in (202, 400)
        elif proof != own:
            spoiled = {**wrong, own: "0" * 64}
            assert sender.send(body, event=event, changed=spoiled).status_code == 401
    assert all(row["sha"] == HEAD for row in stored(database))


def test_a_signature_covers_the_bytes(sender: Sender, database: str) -> None:
    """A body that was changed on the way is refused; GitLab's plain token covers none, which its page says."""
    body, event = push_of(sender)
    headers = sender.headers(body, event=event, delivery="d1")
    response = sender.send(body + b" ", event=event, changed=headers)
    assert response.status_code == (202 if sender.forge == "gitlab" else 401)
    assert len(stored(database)) == (sender.forge == "gitlab")


def test_a_kept_delivery_counts_once(sender: Sender, database: str) -> None:
    """Under its own id, and under another one where the id is not signed; what GitLab signs is refused then."""
    assert sender.deliver("push", delivery="d1").status_code == 202
    body, event = push_of(sender)
    kept = sender.headers(body, event=event, delivery="d1")
    ids = ("X-Forgejo-Delivery", "X-Gitea-Delivery", "X-Request-UUID", "webhook-id")
    renamed = {name: "d2" for name in ids if name in kept}
    if sender.forge == "gitlab":
        return  # who has a token that is sent as it is can send what it likes: a new body needs no old one
    response = sender.send(body, event=event, changed=kept | renamed)
    assert response.status_code == (401 if sender.forge == "gitlab-signed" else 200)
    assert len(stored(database)) == 1


def test_more_than_any_forge_sends_is_not_read(sender: Sender, database: str) -> None:
    """Signed or not."""
    body, event = push_of(sender)
    response = sender.send(body + b" " * MAX_BODY_BYTES, event=event)
    assert response.status_code == 413
    assert stored(database) == []


def test_a_signed_body_that_is_no_event_is_refused(sender: Sender, database: str) -> None:
    """The forge is told what is wrong with it."""
    for body in (b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000, b"payload={}"):
        assert sender.send(body, event=EVENTS[sender.forge]["push"][0]).status_code == 400
    assert stored(database) == []


@pytest.fixture
def gitlab(client: TestClient, control: ControlPlane, settings: Settings, database: str) -> Sender:
    """Return a GitLab that signs id, time and body as Standard Webhooks has it."""
    secret = make_project(control, settings, database, repo_url=REPOSITORIES["gitlab-signed"])
    return Sender(client, "gitlab-signed", secret)


def test_what_the_library_of_standard_webhooks_signs_is_taken(gitlab: Sender) -> None:
    """With the token that the platform prints, and also where the header has a former key's signature besides."""
    body, event = push_of(gitlab)
    now = datetime.now(UTC)
    signature = Webhook(signing_token(gitlab.secret)).sign("d1", now, body.decode())
    told = {"webhook-signature": f"v1,{'A' * 43}= {signature}", "webhook-timestamp": str(int(now.timestamp()))}
    assert gitlab.send(body, event=event, delivery="d1", changed=told).status_code == 202


def test_a_signature_of_another_time_or_shape_is_refused(gitlab: Sender, database: str) -> None:
    """Old, of the future, malformed, or beside the plain token: nobody falls back to the weaker proof."""
    body, event = push_of(gitlab)
    now = int(time.time())
    for changed in (
        signed_by_gitlab(gitlab.secret, body, delivery="d1", at=now - 400),
        signed_by_gitlab(gitlab.secret, body, delivery="d1", at=now + 400),
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": ""},
        {"webhook-id": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-signature": "v1,AAAA", "X-Gitlab-Token": gitlab.secret},
    ):
        assert gitlab.send(body, event=event, changed=changed).status_code == 401, changed
    assert stored(database) == []
