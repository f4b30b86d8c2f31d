"""A delivery is taken with the secret that it has to be signed with, and with no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.doors.http.errors import SignatureMismatch
from odooops_dagster.doors.http.signers import Signer
from odooops_dagster.local.webhook_secrets import write_webhook_secret
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from tests.deliveries import FIRST, SECRET, GitHub, answer, make_project, push_of, recorded, signature


def test_a_project_with_its_own_secret_takes_no_other(
    github: GitHub, control: ControlPlane, project: Project, own_secret: str
) -> None:
    """Who set another repository's webhook up knows the platform's secret, and reaches nothing with it."""
    push = push_of("refs/heads/feature/x", FIRST)
    refused = github.deliver("push", push)
    assert (refused.status_code, "of its own" in refused.json()["error"]) == (401, True)
    assert github.deliver("push", push, slug=project.slug).status_code == 401
    assert answer(control, project, {"feature/x": FIRST}) == []
    taken = github.deliver("push", push, slug=project.slug, secret=own_secret)
    assert (taken.status_code, taken.json()["outcome"]) == (202, "accepted")
    assert [run.trigger for run in answer(control, project, {"feature/x": FIRST})] == ["push"]


@pytest.mark.usefixtures("project")
def test_the_secret_of_one_project_is_none_of_another(github: GitHub, control: ControlPlane, own_secret: str) -> None:
    """Neither at its webhook, nor for its repository, nor where the platform's is asked for."""
    other = make_project(control, slug="other", repo_url="https://github.com/acme/other.git")
    foreign = push_of("refs/heads/feature/x", FIRST)
    foreign["repository"] = foreign["repository"] | {"clone_url": "https://github.com/acme/other.git"}
    assert github.deliver("push", foreign, slug="other", secret=own_secret).status_code == 401
    assert github.deliver("push", foreign, secret=own_secret).status_code == 401
    told = github.deliver("push", foreign, slug="hello", secret=own_secret).json()
    assert (told["outcome"], "another repository" in told["message"]) == ("unknown_project", True)
    assert answer(control, other, {"feature/x": FIRST}) == []


@pytest.mark.parametrize("slug", ["hello", "nobody", "%00", "HELLO"])
def test_a_project_without_a_secret_is_refused_like_none(github: GitHub, project: Project, slug: str) -> None:
    """A sender does not learn which projects there are; the platform's secret does not open a project's address."""
    response = github.deliver("ping", recorded("ping"), slug=slug)
    assert response.status_code == 401
    assert "ops webhook create" in response.json()["hint"]
    assert project.own_webhook_at is None


def test_a_replaced_secret_ends_at_once(github: GitHub, project: Project, settings: Settings, own_secret: str) -> None:
    """The gateway goes on running."""
    assert github.deliver("ping", recorded("ping"), slug=project.slug, secret=own_secret).status_code == 200
    replaced = write_webhook_secret(settings.home, project.id)
    assert github.deliver("ping", recorded("ping"), slug=project.slug, secret=own_secret).status_code == 401
    assert github.deliver("ping", recorded("ping"), slug=project.slug, secret=replaced).status_code == 200


@pytest.mark.usefixtures("project")
def test_a_delivery_with_the_shared_secret_says_how_to_have_ones_own(github: GitHub) -> None:
    """The answer that GitHub shows beside the delivery names the command."""
    assert "ops webhook create" in github.push("refs/heads/feature/x", FIRST).json()["message"]


@pytest.mark.parametrize("secret", ["", "wrong", SECRET.lower()])
def test_a_wrong_signature_is_refused(github: GitHub, control: ControlPlane, project: Project, secret: str) -> None:
    """Who does not know the secret changes nothing."""
    response = github.deliver("push", push_of("refs/heads/feature/x", FIRST), secret=secret)
    assert response.status_code == 401
    assert control.runs.list(project.slug) == []


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=abc", "sha256=ünï", "x" * 5000])
def test_a_missing_or_malformed_signature_is_refused(github: GitHub, header: str) -> None:
    """Rubbish in the header is no different from a wrong signature."""
    raw = {b"X-GitHub-Event": b"ping", b"X-GitHub-Delivery": b"d", b"X-Hub-Signature-256": header.encode()}
    response = github.client.post("/webhooks/github", content=b"{}", headers=list(raw.items()))
    assert response.status_code == 401


def test_the_signature_covers_the_raw_bytes(github: GitHub) -> None:
    """The same JSON written differently is another body."""
    body = b'{"zen": "a"}'
    headers = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "d", "X-Hub-Signature-256": signature(body)}
    assert github.send(body, headers).status_code == 200
    assert github.send(body + b" ", headers).status_code == 401


def test_the_signature_that_github_publishes_as_an_example_fits() -> None:
    """Body, secret and signature are those of GitHub's documentation."""
    published = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    signer = Signer(secret=SECRET.encode(), project_id=None, hint="")
    signer.verify(b"Hello, World!", signature=published)
    with pytest.raises(SignatureMismatch):
        signer.verify(b"Hello, World?", signature=published)


def test_without_a_secret_nothing_is_taken(control: ControlPlane, tmp_path: Path) -> None:
    """An open door is refused, with the setting that closes it."""
    for secret in (None, ""):
        settings = Settings(home=tmp_path, github_webhook_secret=secret)  # type: ignore[arg-type]
        with TestClient(create_app(settings, control)) as client:
            response = GitHub(client).deliver("ping", recorded("ping"))
        assert response.status_code == 503
        assert "ODOOOPS_GITHUB_WEBHOOK_SECRET" in response.json()["hint"]
