"""Write single records of a backup into the live database, in a run: no other run works on the environment meanwhile.

A person's review holds production's data: it is sealed and put in the store, and the run's config has only its name.
"""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound, OdooOpsError, StepFailed
from odooops_dagster.model import Environment, Run
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.uploads import Upload, remove_old, remove_upload, take_up, upload
from odooops_dagster.steps.recovery.data_location import locate_data
from odooops_dagster.steps.recovery.rows import brought, refuse_other
from odooops_dagster.tools.backup.repositories import manifest_of, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.row_restore import review as reviews
from odooops_dagster.tools.row_restore.apply import Applied, apply
from odooops_dagster.tools.row_restore.review import Review
from odooops_dagster.tools.store import ObjectStore

_FOLDER = "reviews"
_AGAIN = "ops backup records apply"


def queue_records(
    control: ControlPlane,
    repository: Repository,
    environment: Environment,
    review: Review,
    *,
    requested_by: str | None,
    now: datetime,
) -> Run:
    """Upload the review and queue the run that writes the rows left in it.

    The run has one attempt: after a kill, a new diff shows whether it had written, so nothing is written twice.

    Raises:
        Conflict: the environment is adopted.
        Forbidden: the caller may not restore there.
    """
    folder = f"{_FOLDER}/{environment.project_slug}"
    handed = upload(repository, folder, io.BytesIO(reviews.to_bytes(review)), now=now)
    try:
        run_id = control.runs.queue(
            environment.project_id,
            env=environment.name,
            git_sha=None,
            ref=None,
            kind="restore",
            requested_by=requested_by,
            config={"records": handed.model_dump()},
            max_attempts=1,
        )
    except BaseException:
        remove_upload(repository.store, folder, handed)
        raise
    return control.runs.get(run_id)


def apply_records(ctx: StepContext, told: dict[str, object]) -> tuple[Review, Applied]:
    """Write the review's rows into the environment's live database, and record that in the environment's events.

    Raises:
        StepFailed: the review is no longer in the store.
        Conflict: the environment has another database by now, is adopted, or a row has changed since the diff; nothing
            was written.
    """
    handed = _handed(told)
    folder = f"{_FOLDER}/{ctx.project.slug}"
    repository = repository_of(ctx.store, ctx.settings, ctx.project.slug)
    try:
        review = _review(repository, folder, handed)
        return review, _apply(ctx, repository, review)
    finally:
        with suppress(OdooOpsError):  # a leftover is removed after a week
            remove_upload(ctx.store, folder, handed)


def remove_old_reviews(control: ControlPlane, store: ObjectStore, *, now: datetime) -> list[str]:
    """Remove the old reviews that no unfinished run needs, and return the keys of their pieces."""
    return remove_old(control, store, _FOLDER, now=now)


def written_by(control: ControlPlane, run: Run) -> dict[str, Any]:
    """Return the counts of written records from the run's event; empty if it wrote nothing."""
    payloads = [row["payload"] for row in control.logs.events(run.id)]
    return next((dict(payload["records"]) for payload in reversed(payloads) if "records" in payload), {})


def _handed(told: dict[str, object]) -> Upload:
    try:
        return Upload.model_validate(told)
    except ValidationError as exc:
        raise BadInput("the run's config does not say which review", hint=_AGAIN) from exc


def _review(repository: Repository, folder: str, handed: Upload) -> Review:
    try:
        data = b"".join(take_up(repository, folder, handed))
    except (NotFound, Conflict) as exc:
        raise StepFailed(f"the review is no longer whole in the store: {exc}", hint=_AGAIN) from exc
    return reviews.from_bytes(data, name="the review")


def _apply(ctx: StepContext, repository: Repository, review: Review) -> Applied:
    environment, header = ctx.environment, review.header
    origin = locate_data(ctx.databases, ctx.settings, environment)
    if origin.is_adopted:
        raise Conflict(f"{environment.partition_key} is adopted: nothing here writes to it", hint="write it there")
    if environment.partition_key != header.environment or origin.access.database != header.database:
        message = f"{environment.partition_key} no longer has the database {header.database} of the diff"
        raise Conflict(message, hint="make the diff anew: ops backup records diff")
    backup = ctx.control.backups.get(UUID(header.backup_id))
    refuse_other(environment, backup)
    manifest = manifest_of(repository, backup)
    told = {"backup_id": str(backup.id), "requested_by": ctx.run.requested_by, "tables": list(header.tables)}
    ctx.control.events.note(environment, "records_restore_started", at=datetime.now(UTC), facts=told)
    with brought(repository, manifest, origin.filestore) as bring_back:
        done = apply(origin.access, review, bring_back=bring_back)
    counts = {"inserted": done.inserted, "updated": done.updated, "files": len(done.files)}
    ctx.control.logs.event(ctx.fence, level="info", message="records restored", payload={"records": counts})
    ctx.control.events.note(environment, "records_restored", at=datetime.now(UTC), facts=told | counts)
    return done
