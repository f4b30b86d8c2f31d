"""Projects, their members, policies and settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Response
from pydantic import BaseModel, Field

from odooops_dagster.control.pages import MEMBERS, PROJECTS
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, project_id
from odooops_dagster.doors.http.api.problems import CHANGE, CONDITION
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.errors import NotFound, Stale
from odooops_dagster.model import Project, RunKind
from odooops_dagster.model.readings import (
    BranchWithoutPreview,
    Member,
    MemberRole,
    PreviewRule,
    ProjectSetting,
    UsualDuration,
)
from odooops_dagster.model.releases import PolicyType
from odooops_dagster.tools.odoo.series import series

# The If-Match of who sets whatever holds.
_ANY_RULES = "*"

router = noun_router("projects")


class NewProject(BaseModel):
    """The project that is asked for."""

    slug: str = Field(description="Its short name: small letters, digits, dashes.", max_length=63)
    repo_url: str = Field(
        description="Its repository: https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH, without a password.",
        max_length=500,
    )
    odoo_version: str = Field(default="19.0", description="Its series of Odoo.")
    workspace_key: str | None = Field(
        default=None, description="The name by which other systems know it; by default the slug.", max_length=200
    )
    default_branch: str = Field(default="main", description="The branch of production.", max_length=200)
    poll_enabled: bool = Field(
        default=True, description="Whether the repository is asked for pushes; a webhook makes it needless."
    )
    owner: UUID | None = Field(
        default=None, description="The user who becomes its owner; by default the caller, if that is a user."
    )


class Rules(BaseModel):
    """The rules of a policy: what is set for the project, or, as an answer, what holds there."""

    rules: dict[str, Any]


class Role(BaseModel):
    """What a member is in the project."""

    role: MemberRole


@router.get("/v1/projects", operation_id="list_projects")
def list_projects(control: Control, asked: Asked) -> Page[Project]:
    """List the projects that the caller may see, by slug from the last."""
    return page_of(control, PROJECTS, Project.from_row, asked)


@router.post("/v1/projects", operation_id="create_project", status_code=201, responses=CHANGE)
def create_project(control: Control, body: NewProject) -> Project:
    """Create a project with its first owner, or return the one that has the same values.

    It takes the permission `create_project`, which persona sre has. Repeating the request is harmless: the slug is the
    key.
    """
    series(body.odoo_version)  # refuses one that the platform cannot install
    return control.projects.create(**dict(body))


@router.get("/v1/projects/{project}", operation_id="get_project")
def get_project(control: Control, project: str) -> Project:
    """Return a project by its slug."""
    return control.projects.get(project)


@router.get("/v1/projects/{project}/settings", operation_id="list_project_settings")
def list_project_settings(control: Control, project: str) -> list[ProjectSetting]:
    """List the keys of odooops.yaml that are set for the project."""
    return [ProjectSetting.from_row(row) for row in control.settings.rows(project_id(control, project))]


@router.get("/v1/projects/{project}/permissions", operation_id="list_permissions")
def list_permissions(control: Control, project: str) -> list[str]:
    """List what the caller may do in the project, for pages that draw a button only for who may press it."""
    return sorted(control.console.permissions(control.projects.get(project).id))


@router.get("/v1/projects/{project}/usual-durations/{kind}", operation_id="get_usual_duration")
def get_usual_duration(control: Control, project: str, kind: RunKind) -> UsualDuration:
    """Return how long the project's last successful runs of this kind worked, as a median."""
    found = control.runs.usual_duration(project_id(control, project), kind)
    return UsualDuration(usual_duration=found)


@router.get("/v1/projects/{project}/members", operation_id="list_members")
def list_members(control: Control, project: str, asked: Asked) -> Page[Member]:
    """List the members of the project."""
    return page_of(control, MEMBERS, Member.from_row, asked, project_slug=project)


@router.put("/v1/projects/{project}/members/{user_id}", operation_id="set_member", responses=CHANGE)
def set_member(control: Control, project: str, user_id: UUID, body: Role) -> Member:
    """Make somebody a member of the project, or change the member's role."""
    found = project_id(control, project)
    control.members.set(found, user_id, body.role)
    rows = control.members.list()
    return next(Member.from_row(row) for row in rows if (row["project_id"], row["user_id"]) == (found, user_id))


@router.delete(
    "/v1/projects/{project}/members/{user_id}", operation_id="remove_member", status_code=204, responses=CHANGE
)
def remove_member(control: Control, project: str, user_id: UUID) -> None:
    """Remove a member from the project."""
    if not control.members.remove(project_id(control, project), user_id):
        raise NotFound(f"{user_id} is no member of {project}", hint="list them: GET /v1/projects/{project}/members")


@router.get("/v1/projects/{project}/policies/{policy_type}", operation_id="get_policy")
def get_policy(control: Control, project: str, policy_type: PolicyType, response: Response) -> Rules:
    """Return the rules that hold in the project; the ETag names them."""
    rules = control.policies.get(project_id(control, project), policy_type=policy_type)
    response.headers["ETag"] = _etag(rules)
    return Rules(rules=dict(rules))


@router.put("/v1/projects/{project}/policies/{policy_type}", operation_id="set_policy", responses=CHANGE | CONDITION)
def set_policy(
    control: Control,
    project: str,
    policy_type: PolicyType,
    *,
    body: Rules,
    response: Response,
    if_match: Annotated[str, Header(description="The ETag of the rules that you have read; * for whatever holds.")],
) -> Rules:
    """Set the project's rules that differ from the rules for all, unless others hold than the caller has read."""
    found = project_id(control, project)
    now = control.policies.get(found, policy_type=policy_type)
    if if_match not in (_ANY_RULES, _etag(now)):
        raise Stale("Other rules hold than those that you have read", hint="read them again, and send their ETag")
    rules = control.policies.set(
        found, policy_type=policy_type, rules=body.rules, read=None if if_match == _ANY_RULES else now
    )
    response.headers["ETag"] = _etag(rules)
    return Rules(rules=dict(rules))


@router.get("/v1/projects/{project}/previews", operation_id="explain_preview")
def explain_preview(control: Control, project: str) -> list[PreviewRule]:
    """List what odooops.yaml asks for the project's previews, and what of it holds by policy preview."""
    return control.policies.explain_preview(project_id(control, project))


@router.get("/v1/projects/{project}/branches-without-preview", operation_id="list_branches_without_preview")
def list_branches_without_preview(control: Control, project: str) -> list[BranchWithoutPreview]:
    """List the branches whose pushes make no preview by policy preview."""
    return control.policies.branches_without_preview(project_id(control, project))


def _etag(rules: Mapping[str, Any]) -> str:
    return f'"{hashlib.sha256(json.dumps(dict(rules), sort_keys=True).encode()).hexdigest()}"'
