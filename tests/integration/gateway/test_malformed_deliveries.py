"""A delivery that is not what GitHub sends is refused, and the answer names what is wrong."""

from __future__ import annotations

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.webhooks.receipt import MAX_BODY_BYTES
from tests.deliveries import FIRST, UNCHECKED, GitHub, push_of, recorded, signature


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
