"""Backups of environments, and their restores."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import (
    Backup,
    BackupStatus,
    Environment,
    Fence,
    Production,
    Restore,
    RestorePurpose,
    Stage,
    StoredBackup,
)


class Backups:
    """Reads and writes ops.backups and ops.restores."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, project_id: UUID, *, env: str, label: str | None = None, **options: object) -> Backup:
        """Queue a backup of the environment; `options` are the optional arguments of ops.create_backup.

        Raises:
            NotFound: there is no such living environment.
        """
        found = self._database.value(
            "create_backup", project_id=project_id, env=env, p_label=label, **_optional(options)
        )
        return self.get(found)

    def get(self, backup_id: UUID) -> Backup:
        """Return the backup with this id."""
        return Backup.from_row(self._database.one("backups", what=f"backup {backup_id}", order="id", id=backup_id))

    def list(
        self, project_id: UUID | None = None, *, environment_id: UUID | None = None, status: BackupStatus | None = None
    ) -> builtins.list[Backup]:
        """Return the backups, newest first."""
        rows = self._database.read(
            "backups", order="created_at desc, id", project_id=project_id, environment_id=environment_id, status=status
        )
        return [Backup.from_row(row) for row in rows]

    def to_mirror(self, mirror_url: str) -> builtins.list[Backup]:
        """Return the verified backups that the store does not hold yet, production's first, the newest first."""
        return [Backup.from_row(row) for row in self._database.call("list_backups_to_mirror", p_mirror_url=mirror_url)]

    def record_mirrored(self, backup: Backup, *, mirror_url: str) -> None:
        """Record that the backup was read back from the store.

        Raises:
            Conflict: it is not verified any more, or was made again.
        """
        self._database.call(
            "record_backup_mirrored",
            p_backup_id=backup.id,
            p_manifest_sha256=backup.manifest_sha256,
            p_mirror_url=mirror_url,
        )

    def forget_mirror(self, backup: Backup) -> None:
        """Record that the mirror does not hold the backup any more."""
        self._database.call("forget_backup_mirror", p_backup_id=backup.id, p_mirror_url=backup.mirror_url)

    def freshness(self, project_id: UUID) -> Rows:
        """Return how old what could be restored is, for each environment that is or ought to be backed up."""
        return self._database.read("v_backup_freshness", order="stage desc, environment_name", project_id=project_id)

    def newest_verified(
        self, environment_id: UUID | None = None, *, project_id: UUID | None = None, stage: Stage | None = None
    ) -> Backup | None:
        """Return the verified backup with the newest data of the environment, or of the project's stage."""
        rows = self._database.read(
            "backups",
            order="taken_at desc, id",
            limit=1,
            status="verified",
            environment_id=environment_id,
            project_id=project_id,
            stage=stage,
        )
        return Backup.from_row(rows[0]) if rows else None

    def productions(self, project_slug: str | None = None) -> builtins.list[Production]:
        """Return the living productions with their newest verified backup and drill, the default branch's first."""
        rows = self._database.read(
            "v_productions", order="project_slug, is_default_branch desc, partition_key", project_slug=project_slug
        )
        return [Production.from_row(row) for row in rows]

    def start(self, fence: Fence, *, environment_id: UUID | None = None) -> Backup:
        """Start the run's backup, or continue that of an earlier attempt.

        The backup is of the run's environment, or of the production that the run clones.
        """
        return self._record("record_backup_start", fence, p_environment_id=environment_id)

    def record_stored(self, fence: Fence, stored: StoredBackup) -> Backup:
        """Record that the manifest is written."""
        return self._record("record_backup_stored", fence, **{f"p_{name}": v for name, v in asdict(stored).items()})

    def record_verified(self, fence: Fence, *, manifest_sha256: str) -> Backup:
        """Record that every object was read back and matches the manifest."""
        return self._record("record_backup_verified", fence, p_manifest_sha256=manifest_sha256)

    def record_failed(self, fence: Fence, *, error_message: str) -> Backup:
        """Record that the backup failed."""
        return self._record("record_backup_failed", fence, p_error_message=error_message)

    def record_recheck(self, backup: Backup, *, error_message: str | None = None) -> Backup:
        """Record the result of another verification: good, or damaged for this reason."""
        return self._change(
            "record_backup_recheck",
            p_backup_id=backup.id,
            p_manifest_sha256=backup.manifest_sha256,
            p_error_message=error_message,
        )

    def record_found(
        self, backup_id: UUID, stored: StoredBackup, *, project: str, environment: str, stage: str, is_sealed: bool
    ) -> bool:
        """Record a backup of which only the store knew, held; return whether it was new and has an environment."""
        named = {f"p_{name}": value for name, value in asdict(stored).items()}
        return bool(
            self._database.value(
                "record_found_backup",
                p_backup_id=backup_id,
                p_project_slug=project,
                p_environment=environment,
                p_stage=stage,
                p_is_sealed=is_sealed,
                **named,
            )
        )

    def hold(self, backup_id: UUID, *, reason: str) -> Backup:
        """Keep the backup from being dropped."""
        return self._change("hold_backup", backup_id=backup_id, reason=reason)

    def release_hold(self, backup_id: UUID) -> Backup:
        """Allow the backup to be dropped again."""
        return self._change("release_backup_hold", backup_id=backup_id)

    def drop(self, backup_id: UUID, *, reason: str) -> Backup:
        """Drop the backup.

        Raises:
            Conflict: the backup is held, running, in use, or the last verified one of its environment.
        """
        return self._change("drop_backup", backup_id=backup_id, reason=reason)

    def drop_expired(self, fence: Fence, backup_id: UUID, *, reason: str, time_zone: str) -> Backup:
        """Drop a backup that retention no longer keeps by the days of the time zone, for the retention run.

        Raises:
            Conflict: a rule of the policy keeps it, or it is in use.
            Fenced: another attempt owns the run.
        """
        arguments = {"backup_id": backup_id, "reason": reason, "p_time_zone": time_zone}
        return self._change("drop_expired_backup", p_run_id=fence.run_id, p_attempt=fence.attempt, **arguments)

    def restore(
        self, backup_id: UUID, *, target_env: str | None, purpose: RestorePurpose | None = None, **options: object
    ) -> Restore:
        """Queue a restore, clone or drill of the backup; `options` are the optional arguments of ops.restore_backup.

        Raises:
            Conflict: the backup is not verified, or its data may not go there.
        """
        found = self._database.value(
            "restore_backup", backup_id=backup_id, target_env=target_env, p_purpose=purpose, **_optional(options)
        )
        return self.get_restore(found)

    def verify(
        self,
        backup_id: UUID,
        *,
        requested_by: str | None = None,
        trigger: str = "cli",
        idempotency_key: str | None = None,
    ) -> UUID:
        """Queue a run that reads the backup back from the store, and return it; the same one for the same key.

        Raises:
            Conflict: nothing of the backup is stored.
        """
        return self._queue(
            "verify_backup",
            backup_id,
            p_requested_by=requested_by,
            p_trigger=trigger,
            p_idempotency_key=idempotency_key,
        )

    def compare(
        self,
        backup_id: UUID,
        *,
        env: str,
        tables: Sequence[str],
        requested_by: str | None = None,
        trigger: str = "cli",
    ) -> UUID:
        """Queue a run that compares rows of the backup with the environment's live database, and return it.

        `tables` are tables or rows of them, such as `res_partner:1,2`.

        Raises:
            Conflict: the backup is not verified, or is not of this environment.
        """
        asked = {"env": env, "tables": [*tables], "p_requested_by": requested_by, "p_trigger": trigger}
        return self._queue("compare_backup", backup_id, **asked)

    def get_restore(self, restore_id: UUID) -> Restore:
        """Return the restore with this id."""
        return Restore.from_row(self._database.one("restores", what=f"restore {restore_id}", order="id", id=restore_id))

    def restores(
        self,
        project_id: UUID | None = None,
        *,
        backup_id: UUID | None = None,
        environment_id: UUID | None = None,
        purpose: RestorePurpose | None = None,
        run_id: UUID | None = None,
    ) -> builtins.list[Restore]:
        """Return the restores, clones and drills, newest first."""
        rows = self._database.read(
            "restores",
            order="created_at desc, id",
            project_id=project_id,
            backup_id=backup_id,
            environment_id=environment_id,
            purpose=purpose,
            run_id=run_id,
        )
        return [Restore.from_row(row) for row in rows]

    def shown_by(self, environment: Environment) -> Backup | None:
        """Return the backup from which the environment's database was created; None if it has its own data."""
        restore = self.restore_behind(environment)
        return self.get(restore.backup_id) if restore else None

    def restore_behind(self, environment: Environment) -> Restore | None:
        """Return the restore or clone that created the environment's database; None if it has its own data."""
        if environment.database_name is None:
            return None
        found = self.restores(environment.project_id, environment_id=environment.id)
        mine = (r for r in found if r.status == "succeeded" and r.database_name == environment.database_name)
        return next(mine, None)

    def start_restore(
        self, fence: Fence, *, backup_id: UUID | None = None, purpose: RestorePurpose | None = None
    ) -> Restore:
        """Start the run's restore; a run without a requested restore has to name the backup."""
        (row,) = self._database.call(
            "record_restore_start",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_backup_id=backup_id,
            p_purpose=purpose,
        )
        return Restore.from_row(row)

    def end_restore(
        self,
        fence: Fence,
        *,
        error_message: str | None = None,
        database_name: str | None = None,
        previous_database_name: str | None = None,
        keep_previous_until: datetime | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> Restore:
        """Record the end of the run's restore; a clone adds its sanitization report."""
        (row,) = self._database.call(
            "record_restore_end",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_error_message=error_message,
            p_database_name=database_name,
            p_previous_database_name=previous_database_name,
            p_keep_previous_until=keep_previous_until,
            p_report=report or {},
        )
        return Restore.from_row(row)

    def swap(
        self, fence: Fence, *, keep_previous_until: datetime, report: Mapping[str, Any], **deployment: object
    ) -> Restore:
        """Switch the environment to the restored database and end the restore; `deployment` as in record_deployment."""
        (row,) = self._database.call(
            "record_restore_swap",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_keep_previous_until=keep_previous_until,
            p_report=report,
            **{f"p_{name}": value for name, value in deployment.items()},
        )
        return Restore.from_row(row)

    def _queue(self, function: str, backup_id: UUID, **arguments: object) -> UUID:
        run_id: UUID = self._database.value(function, backup_id=backup_id, **arguments)
        return run_id

    def _record(self, function: str, fence: Fence, **arguments: object) -> Backup:
        return self._change(function, p_run_id=fence.run_id, p_attempt=fence.attempt, **arguments)

    def _change(self, function: str, **arguments: object) -> Backup:
        (row,) = self._database.call(function, **arguments)
        return Backup.from_row(row)


def _optional(options: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments with the functions' parameter names, without those that are None."""
    return {f"p_{name}": value for name, value in options.items() if value is not None}
