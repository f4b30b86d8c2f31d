"""Backups of environments, and what was made of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from odooops_dagster.control.pages import BACKUPS, RESTORES
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, IdempotencyKey, OfProject, id_of, project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model import Backup, BackupStatus, Restore, RestorePurpose

router = noun_router("backups")


class NewBackup(BaseModel):
    """The backup that is asked for."""

    project: str
    environment: str = Field(description="The branch of the environment.")
    label: str | None = Field(None, max_length=200, description="What it is for; labelled ones stay longer.")


class NewRestore(BaseModel):
    """The use of a backup that is asked for."""

    backup_id: UUID
    environment: str | None = Field(
        None, max_length=200, description="The branch of the environment whose data it replaces; none for a drill."
    )
    purpose: RestorePurpose | None = Field(
        None, description="By default `restore`, and `clone` where production's data leave production: sanitised."
    )
    masking_profile: str | None = Field(None, max_length=200, description="How a clone is masked.")
    config: dict[str, Any] = Field({}, description="Of the run: `only` (`database` or `filestore`).")


@router.get("/v1/backups", operation_id="list_backups")
def list_backups(
    control: Control,
    asked: Asked,
    project: OfProject = None,
    environment_id: UUID | None = None,
    status: BackupStatus | None = None,
) -> Page[Backup]:
    """List the backups, newest first."""
    return page_of(
        control,
        BACKUPS,
        Backup.from_row,
        asked,
        project_id=id_of(control, project),
        environment_id=environment_id,
        status=status,
    )


@router.post("/v1/backups", operation_id="create_backup", status_code=201, responses=CHANGE)
def create_backup(control: Control, body: NewBackup, idempotency_key: IdempotencyKey = None) -> Backup:
    """Queue a backup of an environment."""
    return control.backups.create(
        project_id(control, body.project),
        env=body.environment,
        label=body.label,
        idempotency_key=idempotency_key,
        trigger="api",
    )


@router.get("/v1/backups/{backup_id}", operation_id="get_backup")
def get_backup(control: Control, backup_id: UUID) -> Backup:
    """Return a backup."""
    return control.backups.get(backup_id)


@router.get("/v1/restores", operation_id="list_restores")
def list_restores(
    control: Control,
    asked: Asked,
    *,
    project: OfProject = None,
    environment_id: UUID | None = None,
    backup_id: UUID | None = None,
    purpose: RestorePurpose | None = None,
) -> Page[Restore]:
    """List the restores, clones and drills, newest first."""
    return page_of(
        control,
        RESTORES,
        Restore.from_row,
        asked,
        project_id=id_of(control, project),
        environment_id=environment_id,
        backup_id=backup_id,
        purpose=purpose,
    )


@router.post("/v1/restores", operation_id="restore_backup", status_code=201, responses=CHANGE)
def restore_backup(control: Control, body: NewRestore, idempotency_key: IdempotencyKey = None) -> Restore:
    """Queue a restore, clone or drill of a verified backup."""
    return control.backups.restore(
        body.backup_id,
        target_env=body.environment,
        purpose=body.purpose,
        masking_profile=body.masking_profile,
        config=body.config or None,
        idempotency_key=idempotency_key,
        trigger="api",
    )


@router.get("/v1/restores/{restore_id}", operation_id="get_restore")
def get_restore(control: Control, restore_id: UUID) -> Restore:
    """Return a restore."""
    return control.backups.get_restore(restore_id)
