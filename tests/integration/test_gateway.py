"""Deliveries of GitHub against a real gateway and a real control plane."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import psycopg
import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.doors.http.errors import SignatureMismatch
from odooops_dagster.doors.http.github import MAX_BODY_BYTES
from odooops_dagster.doors.http.signers import Signer
from odooops_dagster.local.webhook_secrets import write_webhook_secret
from odooops_dagster.model import Project, Run
from odooops_dagster.settings import Settings

PAYLOADS = Path(__file__).parents[1] / "payloads"
SECRET = "It's a Secret to Everybody"
# A signature that is none of the secret.
UNCHECKED = f"sha256={'0' * 64}"
REPOSITORY = "https://github.com/Codertocat/Hello-World.git"
FIRST, SECOND, NOTHING = "a" * 40, "b" * 40, "0" * 40


class GitHub:
    """Delivers as GitHub does: signed, with its headers, in either content type."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def deliver(
        self,
        event: str,
        payload: dict[str, Any],
        *,
        delivery: str | None = None,
        secret: str = SECRET,
        as_form: bool = False,
        slug: str = "",
    ) -> httpx2.Response:
        """Deliver the event, to a project's own webhook where one is named."""
        text = json.dumps(payload)
        body = urlencode({"payload": text}).encode() if as_form else text.encode()
        kind = "application/x-www-form-urlencoded" if as_form else "application/json"
        headers = {"Content-Type": kind, "X-GitHub-Event": event, "X-GitHub-Delivery": delivery or str(uuid4())}
        return self.send(body, headers | {"X-Hub-Signature-256": signature(body, secret)}, slug=slug)

    def send(self, body: bytes, headers: dict[str, str], *, slug: str = "") -> httpx2.Response:
        """Post the bytes as they are."""
        path = f"/webhooks/github/{slug}" if slug else "/webhooks/github"
        response: httpx2.Response = self.client.post(path, content=body, headers=headers)
        return response

    def push(self, ref: str, sha: str, *, before: str = NOTHING, **changes: Any) -> httpx2.Response:  # noqa: ANN401
        """Deliver a real push, moved to another ref and commit."""
        return self.deliver("push", push_of(ref, sha, before=before, **changes))


def push_of(ref: str, sha: str, *, before: str = NOTHING, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a real push's payload with another ref and commit."""
    return recorded("push_branch_created") | {"ref": ref, "before": before, "after": sha} | changes


def recorded(name: str) -> dict[str, Any]:
    """Return a payload that GitHub sent."""
    payload: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return payload


def signature(body: bytes, secret: str = SECRET) -> str:
    """Return the header that GitHub would send."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def answer(control: ControlPlane, project: Project, heads: dict[str, str]) -> list[Run]:
    """Let the repository answer that these are its branches, if it is due to be asked, and return all runs."""
    control.pushes.apply()
    if project.id in {due.id for due in control.projects.to_poll(older_than_seconds=60)}:
        control.pushes.record_heads(project.id, heads=heads)
    return control.runs.list(project.slug)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a webhook secret."""
    return Settings(home=tmp_path, github_webhook_secret=SECRET)  # type: ignore[arg-type]


@pytest.fixture
def github(settings: Settings, control: ControlPlane) -> Iterator[GitHub]:
    """GitHub, pointed at a gateway."""
    with TestClient(create_app(settings, control)) as client:
        yield GitHub(client)


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """The project of the recorded deliveries' repository."""
    return make_project(control)


def make_project(control: ControlPlane, *, slug: str = "hello", repo_url: str = REPOSITORY) -> Project:
    """Create a project."""
    return control.projects.create(
        slug, repo_url=repo_url, odoo_version="19.0", default_branch="master", poll_enabled=False
    )


def test_ping_is_answered_with_pong(github: GitHub) -> None:
    """GitHub's first delivery shows that address and secret are right."""
    response = github.deliver("ping", recorded("ping"))
    assert (response.status_code, response.json()["outcome"]) == (200, "pong")


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
def test_a_push_makes_the_repository_due_and_its_answer_runs(
    github: GitHub, control: ControlPlane, project: Project, as_form: bool
) -> None:
    """Both content types that GitHub offers lead to the run, and to whoever pushed."""
    response = github.deliver("push", push_of("refs/heads/feature/x", FIRST), as_form=as_form)
    assert (response.status_code, response.json()["outcome"]) == (202, "accepted")
    assert control.runs.list(project.slug) == []
    [run] = answer(control, project, {"feature/x": FIRST})
    assert (run.kind, run.git_sha, run.git_ref, run.trigger) == ("deploy", FIRST, "refs/heads/feature/x", "push")
    assert run.requested_by == "Codertocat"


@pytest.mark.parametrize("branch", ["feature/web/cart", "fix-%20", "a|b", "ünï/ço", "x" * 200])
def test_branch_names_arrive_as_they_are(github: GitHub, control: ControlPlane, project: Project, branch: str) -> None:
    """Slashes and strange signs survive the whole way."""
    assert github.push(f"refs/heads/{branch}", FIRST).status_code == 202
    answer(control, project, {branch: FIRST})
    assert [environment.branch for environment in control.environments.list(project.slug)] == [branch]


def test_the_default_branch_is_built_and_not_deployed(github: GitHub, control: ControlPlane, project: Project) -> None:
    """A push to production's branch changes no running system."""
    payload = recorded("push_branch_created")
    github.deliver("push", payload)
    [run] = answer(control, project, {"master": payload["after"]})
    assert (run.kind, run.git_sha) == ("build", "6113728f27ae82c7b1a177c8d03f9e96e0adf246")


@pytest.mark.parametrize("delivery", ["d-1", "d-2"], ids=["the same id", "another id"])
def test_a_repeated_delivery_changes_nothing(
    github: GitHub, control: ControlPlane, project: Project, delivery: str
) -> None:
    """GitHub's redelivery button, or a replay of what was signed once, which may bear any id."""
    first = github.deliver("push", push_of("refs/heads/feature/x", FIRST), delivery="d-1")
    assert len(answer(control, project, {"feature/x": FIRST})) == 1
    answer(control, project, {"feature/x": FIRST})
    again = github.deliver("push", push_of("refs/heads/feature/x", FIRST), delivery=delivery)
    assert (first.status_code, again.status_code, again.json()["outcome"]) == (202, 200, "duplicate")
    assert control.projects.to_poll(older_than_seconds=60) == []


@pytest.mark.parametrize(("after", "before"), [(FIRST, NOTHING), (NOTHING, SECOND)], ids=["old commit", "deletion"])
def test_what_is_signed_and_not_so_changes_nothing(
    github: GitHub, control: ControlPlane, project: Project, after: str, before: str
) -> None:
    """Whoever knows the secret cannot deploy another commit or destroy an environment: the repository is asked."""
    github.push("refs/heads/feature/x", SECOND)
    runs = answer(control, project, {"feature/x": SECOND})
    github.push("refs/heads/feature/x", after, before=before)
    control.pushes.apply()
    assert [due.slug for due in control.projects.to_poll(older_than_seconds=60)] == [project.slug]
    assert answer(control, project, {"feature/x": SECOND}) == runs
    assert control.pushes.head(project.id, "feature/x") == SECOND


def test_a_forced_push_builds_the_new_commit(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Rewritten history is a movement like any other; the older run is superseded."""
    github.push("refs/heads/feature/x", FIRST)
    answer(control, project, {"feature/x": FIRST})
    github.push("refs/heads/feature/x", SECOND, before=FIRST, forced=True)
    runs = {run.git_sha: run.status for run in answer(control, project, {"feature/x": SECOND})}
    assert runs == {FIRST: "canceled", SECOND: "queued"}


def test_a_deleted_branch_destroys_its_preview(github: GitHub, control: ControlPlane, project: Project) -> None:
    """The preview goes with its branch."""
    github.push("refs/heads/feature/x", FIRST)
    answer(control, project, {"feature/x": FIRST})
    response = github.push("refs/heads/feature/x", NOTHING, before=FIRST, deleted=True, head_commit=None)
    assert response.status_code == 202
    assert "destroy" in {run.kind for run in answer(control, project, {"master": SECOND})}


def test_a_tag_is_built(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Beside production: the build is the tag's release."""
    response = github.deliver("push", recorded("push_tag_created"))
    assert (response.status_code, response.json()["outcome"]) == (202, "accepted")
    control.pushes.apply()
    [run] = control.runs.list(project.slug)
    assert (run.kind, run.git_ref, run.git_sha) == (
        "build", "refs/tags/simple-tag", "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    )  # fmt: skip


def test_an_annotated_tag_is_built_at_the_commit_it_points_to(
    github: GitHub, control: ControlPlane, project: Project
) -> None:
    """GitHub names the tag itself as `after`."""
    payload = recorded("push_tag_created")
    github.deliver("push", {**payload, "after": "f" * 40})
    control.pushes.apply()
    [run] = control.runs.list(project.slug)
    assert run.git_sha == "6113728f27ae82c7b1a177c8d03f9e96e0adf246"


def test_a_deleted_tag_is_ignored(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Its release stays."""
    response = github.deliver("push", recorded("push_tag_deleted"))
    assert (response.status_code, response.json()["outcome"]) == (202, "ignored")
    assert control.runs.list(project.slug) == []


@pytest.mark.parametrize("event", ["delete", "pull_request", "star", "installation"])
def test_other_events_are_ignored(github: GitHub, control: ControlPlane, project: Project, event: str) -> None:
    """A webhook set to send everything does no harm; a deletion is told by its push."""
    response = github.deliver(event, recorded("delete_tag"))
    assert (response.status_code, response.json()["outcome"]) == (202, "ignored")
    assert control.runs.list(project.slug) == []


def test_a_push_to_an_unknown_repository_says_how_to_make_it_known(github: GitHub) -> None:
    """The answer that GitHub shows beside the delivery names the command."""
    response = github.deliver("push", recorded("push_branch_created"))
    assert (response.status_code, response.json()["outcome"]) == (202, "unknown_project")
    assert f"ops project create SLUG --repo {REPOSITORY}" in response.json()["message"]


def test_a_push_to_an_archived_project_does_nothing(github: GitHub, control: ControlPlane, project: Project) -> None:
    """Archived means that pushes are no longer acted on."""
    control.projects.archive(project.slug)
    assert github.push("refs/heads/feature/x", FIRST).json()["outcome"] == "unknown_project"
    assert control.runs.list(project.slug) == []


@pytest.mark.parametrize(
    "repo_url",
    [
        "https://github.com/Codertocat/Hello-World.git",
        "https://github.com/Codertocat/Hello-World",
        "https://github.com/codertocat/hello-world/",
        "git@github.com:Codertocat/Hello-World.git",
        "ssh://git@github.com/Codertocat/Hello-World.git",
        "ssh://git@github.com:22/Codertocat/Hello-World",
        "git://github.com/Codertocat/Hello-World.git",
        "github.com:Codertocat/Hello-World",
    ],
)
def test_every_form_of_the_address_names_the_repository(github: GitHub, control: ControlPlane, repo_url: str) -> None:
    """It does not matter which of GitHub's addresses a project was created with."""
    make_project(control, repo_url=repo_url)
    assert github.push("refs/heads/feature/x", FIRST).json()["outcome"] == "accepted"


@pytest.mark.parametrize(
    "repo_url",
    [
        "https://github.com/Codertocat/Hello-World2",
        "https://gitlab.com/Codertocat/Hello-World",
        "/Codertocat/Hello-World",
    ],
)
def test_other_repositories_are_told_apart(github: GitHub, control: ControlPlane, repo_url: str) -> None:
    """Neither a longer name nor another host will do."""
    make_project(control, repo_url=repo_url)
    assert github.push("refs/heads/feature/x", FIRST).json()["outcome"] == "unknown_project"


def test_a_local_repository_is_known_by_its_path(github: GitHub, control: ControlPlane, tmp_path: Path) -> None:
    """A folder may be named as a path or as a file URL."""
    make_project(control, repo_url=f"{tmp_path}/Shop.git")
    repository = recorded("push_branch_created")["repository"] | {"clone_url": f"file://{tmp_path}/Shop.git"}
    assert github.push("refs/heads/feature/x", FIRST, repository=repository).json()["outcome"] == "accepted"


def test_two_projects_of_one_repository_are_both_due(github: GitHub, control: ControlPlane) -> None:
    """One repository may be built for two series."""
    make_project(control, slug="one")
    make_project(control, slug="two", repo_url="git@github.com:Codertocat/Hello-World.git")
    github.push("refs/heads/feature/x", FIRST)
    control.pushes.apply()
    assert {due.slug for due in control.projects.to_poll(older_than_seconds=60)} == {"one", "two"}


@pytest.fixture
def own_secret(control: ControlPlane, project: Project, settings: Settings, database: str) -> str:
    """Return the secret of the project's own webhook."""
    secret = write_webhook_secret(settings.home, project.id)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("select ops.record_webhook_secret(%s)", [project.id])
    assert control.projects.get(project.slug).own_webhook_at is not None
    return secret


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


@pytest.mark.parametrize("header", ["X-GitHub-Event", "X-GitHub-Delivery"])
def test_a_missing_header_is_named(github: GitHub, header: str) -> None:
    """The answer says which one."""
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "d", "X-Hub-Signature-256": signature(b"{}")}
    del headers[header]
    response = github.send(b"{}", headers)
    assert response.status_code == 400
    assert header in response.json()["error"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "field", ["ref", "before", "after", "repository", "repository.clone_url", "repository.full_name"]
)
def test_a_missing_field_is_named(github: GitHub, control: ControlPlane, field: str) -> None:
    """The answer says which one, and no row is left."""
    payload = push_of("refs/heads/feature/x", FIRST)
    inside, _, name = field.rpartition(".")
    del (payload[inside] if inside else payload)[name]
    response = github.deliver("push", payload)
    assert response.status_code == 400
    assert response.json()["error"].startswith(f"{field}: ")
    assert control.pushes.apply() == []


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ref", "master"),
        ("ref", "refs/heads/../../etc"),
        ("ref", "refs/heads/a\0b"),
        ("ref", "refs/heads/\ud800"),
        ("ref", 7),
        ("after", "HEAD"),
        ("after", "A" * 40),
        ("after", "a" * 39),
        ("before", None),
        ("repository", []),
    ],
)
def test_a_malformed_field_is_named(github: GitHub, field: str, value: object) -> None:
    """What git could not have sent is refused before anything is stored."""
    response = github.deliver("push", push_of("refs/heads/feature/x", FIRST) | {field: value})
    assert response.status_code == 400
    assert response.json()["error"].startswith(f"{field}: ")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000, b"payload={}"])
def test_a_body_that_is_no_object_is_refused(github: GitHub, body: bytes) -> None:
    """Rubbish gets an answer, not a stack trace."""
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "d", "X-Hub-Signature-256": signature(body)}
    response = github.send(body, headers | {"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["error"].startswith("body: ")


@pytest.mark.usefixtures("project")
def test_text_that_postgres_cannot_store_is_cleaned(github: GitHub) -> None:
    """A NUL in a commit message does not cost the push."""
    commit = recorded("push_branch_created")["head_commit"] | {"message": "a\0b\ud800" + "x" * 10_000}
    response = github.push("refs/heads/feature/x", FIRST, head_commit=commit)
    assert response.json()["outcome"] == "accepted"


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("megabytes", [26, 60])
def test_a_body_larger_than_github_sends_is_refused(github: GitHub, announced: bool, megabytes: int) -> None:
    """Whether its length was announced or not."""
    chunks = [b" " * 1024**2] * megabytes
    body = b"".join(chunks) if announced else iter(chunks)
    response = github.client.post("/webhooks/github", content=body, headers={"X-Hub-Signature-256": UNCHECKED})
    assert response.status_code == 413


def test_a_body_as_large_as_github_sends_is_taken(github: GitHub) -> None:
    """The limit itself is allowed."""
    body = b'{"zen": "' + b"z" * (MAX_BODY_BYTES - 11) + b'"}'
    headers = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "d", "X-Hub-Signature-256": signature(body)}
    assert len(body) == MAX_BODY_BYTES
    assert github.send(body, headers).status_code == 200


def test_an_unreachable_database_is_503_and_the_process_stays_alive(tmp_path: Path) -> None:
    """GitHub marks the delivery as failed, so that it can be sent again."""
    settings = Settings(
        home=tmp_path,
        github_webhook_secret=SECRET,  # type: ignore[arg-type]
        database_url="postgresql://nobody:none@127.0.0.1:1/none?connect_timeout=1",  # type: ignore[arg-type]
    )
    with TestClient(create_app(settings)) as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert GitHub(client).push("refs/heads/feature/x", FIRST).status_code == 503


def test_a_migrated_database_is_ready(github: GitHub) -> None:
    """Ready means that a delivery would be taken."""
    response = github.client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


def test_an_empty_database_is_not_ready(empty_database: str, settings: Settings) -> None:
    """The answer names the command that mends it."""
    with ControlPlane(empty_database) as control, TestClient(create_app(settings, control)) as client:
        response = client.get("/readyz")
    assert response.status_code == 503
    assert "ops db migrate" in response.json()["hint"]


def test_the_api_describes_itself(github: GitHub) -> None:
    """OpenAPI lists the routes and their refusals."""
    paths = github.client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/healthz", "/readyz", "/v1/events", "/webhooks/github", "/webhooks/github/{project}"}
    assert {"200", "202", "400", "401", "408", "413", "503"} <= set(paths["/webhooks/github"]["post"]["responses"])


def test_the_gateway_shows_no_page(github: GitHub) -> None:
    """A page for browsers would load scripts from elsewhere, on the address that the network reaches."""
    pages = {path: github.client.get(path) for path in ("/docs", "/redoc", "/docs/oauth2-redirect", "/")}
    assert {path: answer.status_code for path, answer in pages.items()} == dict.fromkeys(pages, 404)
    assert all(answer.headers["content-type"] == "application/json" for answer in pages.values())
