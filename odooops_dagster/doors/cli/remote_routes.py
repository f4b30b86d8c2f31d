"""Which route of the API stands for which view, table and function of schema ops."""

from __future__ import annotations

from collections.abc import Mapping

from odooops_dagster.doors.cli.remote_route import Call, Read
from odooops_dagster.model import Backup, Environment, Project, Restore, Run
from odooops_dagster.model.automation import Advisory, Tool, Workflow
from odooops_dagster.model.readings import (
    AssetVersion,
    BranchWithoutPreview,
    CaughtMail,
    ChainVerdict,
    Delivery,
    DowntimePhase,
    EgressAttempt,
    Eligibility,
    EvidenceObject,
    ExceptionStanding,
    GateCheck,
    GateDecision,
    GateReading,
    LoggedLine,
    Member,
    PreviewRule,
    ProjectSetting,
    QueuedRun,
    RunArtifact,
    RunCheck,
    RunEvent,
    TrailEntry,
    UsualDuration,
)
from odooops_dagster.model.releases import (
    Deployment,
    Gate,
    GateException,
    Incident,
    Rehearsal,
    Release,
    Requirement,
    WayBack,
)
from odooops_dagster.model.variables import EnvironmentVariable, Restarted, Variable

_BY_PROJECT = {"project_slug": "project"}
_BY_PROJECT_ID = {"project_id": "project"}

READS: Mapping[str, tuple[Read, ...]] = {
    "projects": (
        Read(path="/v1/projects/{slug}", of=Project, is_one=True),
        Read(path="/v1/projects", of=Project, is_paged=True),
    ),
    "project_settings": (Read(path="/v1/projects/{project_id}/settings", of=ProjectSetting),),
    "project_members": (Read(path="/v1/projects/{project_slug}/members", of=Member, is_paged=True),),
    "v_environment_overview": (
        Read(path="/v1/environments/{id}", of=Environment, is_one=True),
        Read(
            path="/v1/environments",
            of=Environment,
            is_paged=True,
            filters=_BY_PROJECT,
            here=frozenset({"partition_key"}),
        ),
    ),
    "v_workflows": (Read(path="/v1/workflows", of=Workflow, filters=_BY_PROJECT),),
    "tools": (Read(path="/v1/tools", of=Tool),),
    "v_upgrade_advisories": (Read(path="/v1/projects/{project_slug}/advisories", of=Advisory),),
    "v_egress": (Read(path="/v1/environments/{environment_id}/egress", of=EgressAttempt),),
    "v_variables": (Read(path="/v1/projects/{project_id}/variables", of=Variable),),
    "v_environment_variables": (Read(path="/v1/environments/{environment_id}/variables", of=EnvironmentVariable),),
    "v_mails": (Read(path="/v1/environments/{environment_id}/mails", of=CaughtMail),),
    "v_runs": (
        Read(path="/v1/runs/{id}", of=Run, is_one=True),
        Read(
            path="/v1/runs",
            of=Run,
            is_paged=True,
            filters=_BY_PROJECT | {"status": "status", "kind": "kind", "run_number": "number"},
        ),
    ),
    "v_run_queue": (Read(path="/v1/queue", of=QueuedRun, here=frozenset({"run_id"})),),
    "run_events": (Read(path="/v1/runs/{run_id}/events", of=RunEvent),),
    "run_checks": (Read(path="/v1/runs/{run_id}/checks", of=RunCheck),),
    "run_artifacts": (Read(path="/v1/runs/{run_id}/artifacts", of=RunArtifact),),
    "v_run_lineage": (Read(path="/v1/runs/{run_id}/lineage", of=AssetVersion),),
    "backups": (
        Read(path="/v1/backups/{id}", of=Backup, is_one=True),
        Read(
            path="/v1/backups",
            of=Backup,
            is_paged=True,
            filters=_BY_PROJECT_ID | {"status": "status", "environment_id": "environment_id"},
        ),
    ),
    "restores": (
        Read(path="/v1/restores/{id}", of=Restore, is_one=True),
        Read(
            path="/v1/restores",
            of=Restore,
            is_paged=True,
            filters=_BY_PROJECT_ID
            | {"environment_id": "environment_id", "backup_id": "backup_id", "purpose": "purpose"},
        ),
    ),
    "releases": (
        Read(path="/v1/releases/{id}", of=Release, is_one=True),
        Read(path="/v1/releases", of=Release, is_paged=True, filters=_BY_PROJECT_ID | {"version": "version"}),
    ),
    "rehearsals": (
        Read(
            path="/v1/rehearsals",
            of=Rehearsal,
            is_paged=True,
            filters=_BY_PROJECT_ID | {"release_id": "release_id", "run_id": "run_id"},
        ),
    ),
    "exceptions": (Read(path="/v1/exceptions/{id}", of=GateException, is_one=True),),
    "v_exception_status": (
        Read(
            path="/v1/exceptions",
            of=ExceptionStanding,
            is_paged=True,
            filters=_BY_PROJECT_ID | {"release_id": "release_id", "status": "status"},
        ),
    ),
    "v_promotion_eligibility": (Read(path="/v1/releases/{release_id}/eligibility", of=Eligibility, is_one=True),),
    "v_release_downtime": (Read(path="/v1/releases/{release_id}/downtime", of=DowntimePhase),),
    "v_release_gate_summary": (Read(path="/v1/releases/{release_id}/gates", of=GateReading),),
    "v_gate_status": (Read(path="/v1/releases/{release_id}/gate-states", of=Gate),),
    "gate_checks": (Read(path="/v1/gates/{gate_id}/checks", of=GateCheck),),
    "approvals": (Read(path="/v1/gates/{gate_id}/decisions", of=GateDecision),),
    "evidence_artifacts": (Read(path="/v1/gates/{gate_id}/evidence", of=EvidenceObject),),
    "deployments": (
        Read(path="/v1/deployments/{id}", of=Deployment, is_one=True),
        Read(
            path="/v1/deployments", of=Deployment, is_paged=True, filters=_BY_PROJECT_ID | {"release_id": "release_id"}
        ),
    ),
    "incidents": (
        Read(path="/v1/incidents/{id}", of=Incident, is_one=True),
        Read(path="/v1/incidents", of=Incident, is_paged=True, filters=_BY_PROJECT_ID | {"status": "status"}),
    ),
    "event_ingest_log": (
        Read(path="/v1/events", of=Delivery, is_paged=True, filters=_BY_PROJECT_ID | {"processing_status": "status"}),
    ),
}

_NEW_RUN = {
    "project_id": "project",
    "env": "environment",
    "git_sha": "git_sha",
    "ref": "git_ref",
    "p_kind": "kind",
    "p_priority": "priority",
    "p_config": "config",
}
CALLS: Mapping[str, Call] = {
    "is_platform": Call(constant=False),
    "list_queued_runs": Call(path="/v1/queue", of=QueuedRun),
    "usual_duration": Call(
        path="/v1/projects/{p_project_id}/usual-durations/{p_kind}", of=UsualDuration, gives="usual_duration"
    ),
    "page_run_logs": Call(
        path="/v1/runs/{p_run_id}/logs", of=LoggedLine, fields={"p_after_id": "after_id", "p_limit": "limit"}
    ),
    "mail_source": Call(path="/v1/mails/{p_mail_id}/source", gives="base64"),
    "sealing_key": Call(path="/v1/sealing-key", gives="base64"),
    "set_variable": Call(
        method="POST",
        path="/v1/projects/{p_project_id}/variables",
        of=Restarted,
        fields={
            "p_name": "name",
            "p_stage": "stage",
            "p_environment_id": "environment_id",
            "p_sealed": "sealed",
            "p_public_key": "public_key",
        },
    ),
    "unset_variable": Call(
        method="DELETE",
        path="/v1/projects/{p_project_id}/variables/{p_name}",
        of=Restarted,
        fields={"p_stage": "stage", "p_environment_id": "environment_id"},
    ),
    "verify_run_chain": Call(path="/v1/runs/{p_run_id}/verification", gives="intact"),
    "queue_run": Call(
        method="POST",
        path="/v1/runs",
        of=Run,
        gives="id",
        fields=_NEW_RUN | {"p_max_attempts": "max_attempts"},
        key="p_idempotency_key",
    ),
    "cancel_run": Call(
        method="POST", path="/v1/runs/{p_run_id}/cancel", of=Run, gives="status", fields={"p_reason": "reason"}
    ),
    "retry_run": Call(method="POST", path="/v1/runs/{p_run_id}/retry", of=Run, gives="id", key="p_idempotency_key"),
    "ensure_environment": Call(
        method="POST",
        path="/v1/environments",
        of=Environment,
        fields={"p_project_id": "project", "p_branch": "branch", "p_stage": "stage"},
    ),
    "pin_environment": Call(
        method="POST",
        path="/v1/environments/{p_environment_id}/pin",
        of=Environment,
        gives="id",
        fields={"p_is_pinned": "is_pinned"},
    ),
    "create_backup": Call(
        method="POST",
        path="/v1/backups",
        of=Backup,
        gives="id",
        fields={"project_id": "project", "env": "environment", "p_label": "label"},
        key="p_idempotency_key",
    ),
    "restore_backup": Call(
        method="POST",
        path="/v1/restores",
        of=Restore,
        gives="id",
        fields={
            "backup_id": "backup_id",
            "target_env": "environment",
            "p_purpose": "purpose",
            "p_masking_profile": "masking_profile",
            "p_config": "config",
        },
        key="p_idempotency_key",
    ),
    "release_build": Call(
        method="POST",
        path="/v1/releases",
        of=Release,
        gives="id",
        fields={"project_id": "project", "p_version": "version", "p_run_id": "run_id"},
    ),
    "explain_promotion": Call(
        path="/v1/releases/{release_id}/requirements", of=Requirement, fields={"target_env": "target"}
    ),
    "shown_digest": Call(path="/v1/releases/{release_id}/shown", gives="shown"),
    "sign_off_gate": Call(
        method="POST",
        path="/v1/releases/{release_id}/gates/{gate_code}/decisions",
        of=GateReading,
        gives="gate_id",
        fields={
            "decision": "decision",
            "p_rationale": "rationale",
            "p_shown": "shown",
            "p_signature": "signature",
        },
    ),
    "promote_release": Call(
        method="POST",
        path="/v1/releases/{release_id}/promotions",
        of=Deployment,
        gives="id",
        fields={"target_env": "target", "p_reason": "reason"},
    ),
    "rehearse_release": Call(method="POST", path="/v1/releases/{release_id}/rehearsals", of=Run, gives="id"),
    "prepare_promotion": Call(method="POST", path="/v1/releases/{release_id}/preparation", of=Release),
    "promote_prepared": Call(
        method="POST", path="/v1/releases/{release_id}/go", of=Deployment, gives="id", fields={"p_reason": "reason"}
    ),
    "explain_rollback": Call(path="/v1/deployments/{deployment_id}/ways-back", of=WayBack),
    "rollback_deployment": Call(
        method="POST",
        path="/v1/deployments/{deployment_id}/rollback",
        of=Deployment,
        gives="id",
        fields={"reason": "reason", "p_with_data": "with_data"},
        key="p_idempotency_key",
    ),
    "keep_deployment": Call(
        method="POST",
        path="/v1/deployments/{deployment_id}/keep",
        of=Deployment,
        gives="id",
        fields={"reason": "reason"},
    ),
    "request_exception": Call(
        method="POST",
        path="/v1/releases/{release_id}/exceptions",
        of=GateException,
        gives="id",
        fields={"gate_code": "gate_code", "reason": "reason", "expires_at": "expires_at"},
        key="p_idempotency_key",
    ),
    "grant_exception": Call(method="POST", path="/v1/exceptions/{exception_id}/grant", of=GateException),
    "revoke_exception": Call(method="POST", path="/v1/exceptions/{exception_id}/revoke", of=GateException),
    "break_glass": Call(
        method="POST",
        path="/v1/releases/{release_id}/broken-glass",
        of=GateException,
        gives="id",
        fields={"gate_code": "gate_code", "reason": "reason"},
        key="p_idempotency_key",
    ),
    "create_project": Call(
        method="POST",
        path="/v1/projects",
        of=Project,
        fields={
            "p_slug": "slug",
            "p_repo_url": "repo_url",
            "p_odoo_version": "odoo_version",
            "p_workspace_key": "workspace_key",
            "p_default_branch": "default_branch",
            "p_poll_enabled": "poll_enabled",
            "p_owner": "owner",
        },
    ),
    "set_tool": Call(
        method="PUT",
        path="/v1/tools/{p_name}",
        of=Tool,
        fields={"p_version": "version", "p_docker_image": "docker_image", "p_digest": "digest"},
    ),
    "explain_preview": Call(path="/v1/projects/{p_project_id}/previews", of=PreviewRule),
    "branches_without_preview": Call(
        path="/v1/projects/{p_project_id}/branches-without-preview", of=BranchWithoutPreview
    ),
    "policy": Call(path="/v1/projects/{project_id}/policies/{type}", gives="rules"),
    "set_policy": Call(
        method="PUT", path="/v1/projects/{project_id}/policies/{type}", gives="rules", fields={"rules": "rules"}
    ),
    "set_workflow": Call(
        method="POST",
        path="/v1/projects/{p_slug}/workflows/{p_name}",
        of=Workflow,
        fields={"p_workflow_type": "workflow_type", "p_config": "config", "p_is_enabled": "is_enabled"},
    ),
    "set_member": Call(
        method="PUT", path="/v1/projects/{p_project_id}/members/{p_user_id}", of=Member, fields={"p_role": "role"}
    ),
    "remove_member": Call(method="DELETE", path="/v1/projects/{p_project_id}/members/{p_user_id}"),
    "open_incident": Call(
        method="POST",
        path="/v1/incidents",
        of=Incident,
        gives="id",
        fields={
            "project_id": "project",
            "title": "title",
            "p_description": "description",
            "p_severity": "severity",
            "p_deployment_id": "deployment_id",
        },
    ),
    "resolve_incident": Call(
        method="POST",
        path="/v1/incidents/{incident_id}/resolve",
        of=Incident,
        gives="id",
        fields={"resolution": "resolution"},
    ),
    "verify_chains": Call(path="/v1/audit/chains", of=ChainVerdict, fields={"p_project_id": "project"}),
    "audit_trail": Call(path="/v1/audit/trail", of=TrailEntry, fields={"p_project_id": "project"}),
}
