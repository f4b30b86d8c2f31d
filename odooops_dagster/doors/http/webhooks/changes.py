"""What a delivery tells, whichever forge sent it: pushes, and pull requests of the repository's own branches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.github_push import PushPayload, read_push, storable
from odooops_dagster.errors import BadInput
from odooops_dagster.model import Push
from odooops_dagster.tools.git import is_ref

NOTHING = "0" * 40
# What a pull request is told again: it may have been opened after its branch's run.
OPENED = frozenset({"opened", "reopened"})


@dataclass(frozen=True, kw_only=True)
class Change:
    """A push of a branch or a tag, or a pull request of a branch, and what is kept of it."""

    event: Literal["push", "pull_request"]
    push: Push
    facts: Mapping[str, Any]

    @classmethod
    def of_push(cls, parsed: PushPayload) -> Change:
        """Return a push."""
        return cls(event="push", push=parsed.push(), facts=parsed.facts())


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a delivery tells: changes, or why nothing of it is acted on; a ping is a test of the forge's."""

    changes: Sequence[Change] = ()
    ignored: str = ""
    is_ping: bool = False


def store(
    control: ControlPlane, changes: Sequence[Change], *, delivery: str, signed: bytes, project: UUID | None
) -> str:
    """Store the changes of a delivery, and return the outcome of the first that is accepted, else of the first.

    Args:
        control: the control plane.
        changes: what the delivery tells; at least one.
        delivery: its id.
        signed: what the forge signed, by which a repeat under another id is known.
        project: whose secret signed it; None for the platform's.
    """
    outcomes = [
        control.pushes.receive(
            f"{delivery}/{number}" if number else delivery,
            event=change.event,
            push=change.push,
            payload=change.facts,
            body_sha256=hashlib.sha256(signed + (f"/{number}".encode() if number else b"")).hexdigest(),
            project_id=project,
        )
        for number, change in enumerate(changes)
    ]
    return "accepted" if "accepted" in outcomes else outcomes[0]


def read_body_as_object(body: bytes, content_type: str) -> dict[str, Any]:
    """Return the event as an object; it is JSON, or JSON in a form's field.

    Raises:
        BadInput: it is neither.
    """
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            body = parse_qs(body, strict_parsing=True, max_num_fields=10)[b"payload"][0]
        payload = json.loads(body)
    except (ValueError, KeyError, RecursionError) as exc:
        raise BadInput("body: not JSON, nor a form with JSON in its payload field") from exc
    if not isinstance(payload, dict):
        raise BadInput("body: not a JSON object")
    return payload


def named(header: str, value: str) -> str:
    """Return a header's value; raise BadInput if it is missing or malformed."""
    if not value or len(value) > 200 or not value.isprintable() or not value.isascii():
        raise BadInput(f"{header}: the header is missing or malformed")
    return value


def at(payload: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - JSON
    """Return what stands at a path of names with points between; raise BadInput with the path if it is missing."""
    found: Any = payload
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            raise BadInput(f"{path}: Field required")
        found = found[name]
    return found


def text_at(payload: Mapping[str, Any], path: str) -> str:
    """Return the text at a path; raise BadInput with the path if there is none."""
    found = at(payload, path)
    if not isinstance(found, str) or not found:
        raise BadInput(f"{path}: Input should be a text")
    return str(storable(found))


def read_pull(payload: Mapping[str, Any]) -> Heard:
    """Return what GitHub's event of a pull request tells, which Gitea's and Forgejo's is like."""
    action = text_at(payload, "action")
    head, base = at(payload, "pull_request.head"), at(payload, "pull_request.base")
    if action not in OPENED:
        return Heard(ignored=f"a pull request that is {action} is not acted on")
    if not _name_of(head) or _name_of(head) != _name_of(base):
        return Heard(ignored="a pull request of a fork is not acted on")
    return pull(
        url=text_at(payload, "repository.clone_url"),
        branch=text_at(head, "ref"),
        sha=text_at(head, "sha"),
        number=at(payload, "pull_request.number"),
    )


def pull(*, url: str, branch: str, number: object, sha: str = NOTHING) -> Heard:
    """Return what a pull request of a branch of the repository itself tells.

    Raises:
        BadInput: git has no such branch or commit.
    """
    ref = f"refs/heads/{branch}"
    if not is_ref(ref):
        raise BadInput("the pull request's branch: not the name of a branch")
    parsed = read_push({"ref": ref, "before": NOTHING, "after": sha, "repository": {"full_name": "", "clone_url": url}})
    facts = {"ref": ref, "number": number if isinstance(number, int) else None, "after": sha}
    return Heard(changes=[Change(event="pull_request", push=parsed.push(), facts=facts)])


def _name_of(side: object) -> str | None:
    """Return the repository of one side of a pull request; a fork that was deleted has none."""
    repository = side.get("repo") if isinstance(side, Mapping) else None
    name = repository.get("full_name") if isinstance(repository, Mapping) else None
    return name if isinstance(name, str) else None
