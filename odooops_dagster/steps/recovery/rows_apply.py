"""Write single records of a backup into the live database, in a run: no other run works on the environment meanwhile.

A person's review holds production's data: it is sealed and put in the store, and the run's config has only its name.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from pydantic import ValidationError

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, NotFound, OdooOpsError, StepFailed
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.old_uploads import remove_old
from odooops_dagster.steps.recovery.data_location import locate_data
from odooops_dagster.steps.recovery.rows import brought, refuse_other
from odooops_dagster.tools.backup.repositories import manifest_of, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.uploads import Upload
from odooops_dagster.tools.row_restore.apply import Applied, apply
from odooops_dagster.tools.row_restore.handover import FOLDER, remove_review, take_over
from odooops_dagster.tools.row_restore.review import Review
from odooops_dagster.tools.store import ObjectStore

# The key of the counts in the run's events.
RESULT = "records"

_AGAIN = "ops backup records apply"


def apply_records(ctx: StepContext, told: dict[str, object]) -> tuple[Review, Applied]:
    """Write the review's rows into the environment's live database, and record that in the environment's events.

    Raises:
        StepFailed: the review is no longer in the store.
        Conflict: the environment has another database by now, is adopted, or a row has changed since the diff; nothing
            was written.
    """
    handed = _handed(told)
    repository = repository_of(ctx.store, ctx.settings, ctx.project.slug)
    try:
        review = _review(repository, ctx.project.slug, handed)
        return review, _apply(ctx, repository, review)
    finally:
        with suppress(OdooOpsError):  # a leftover is removed after a week
            remove_review(ctx.store, ctx.project.slug, handed)


def remove_old_reviews(control: ControlPlane, store: ObjectStore, *, now: datetime) -> list[str]:
    """Remove the old reviews that no unfinished run needs and nobody fetched, and return the keys of their pieces."""
    return remove_old(control, store, FOLDER, now=now)


def _handed(told: dict[str, object]) -> Upload:
    try:
        return Upload.model_validate(told)
    except ValidationError as exc:
        raise BadInput("the run's config does not say which review", hint=_AGAIN) from exc


def _review(repository: Repository, project_slug: str, handed: Upload) -> Review:
    try:
        return take_over(repository, project_slug, handed)
    except (NotFound, Conflict) as exc:
        raise StepFailed(f"the review is no longer whole in the store: {exc}", hint=_AGAIN) from exc


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
    ctx.control.logs.event(ctx.fence, level="info", message="records restored", payload={RESULT: counts})
    ctx.control.events.note(environment, "records_restored", at=datetime.now(UTC), facts=told | counts)
    return done
