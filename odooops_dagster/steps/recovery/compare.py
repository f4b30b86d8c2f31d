"""Compare single records of a backup with an environment's live database, in a run, and leave a review for a person.

The review holds production's data: it is sealed and put in the store, and the run's event has only its name.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from odooops_dagster.kinds import CompareConfig
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.progress import Meter
from odooops_dagster.steps.recovery.data_location import locate_data
from odooops_dagster.steps.recovery.rows import comparison_database, refuse_other
from odooops_dagster.tools.backup.repositories import manifest_of, repository_of
from odooops_dagster.tools.backup.restore import restore_database
from odooops_dagster.tools.row_restore.diff import Chosen, diff
from odooops_dagster.tools.row_restore.handover import hand_over
from odooops_dagster.tools.row_restore.review import Review

# The key of the review's place in the run's events.
RESULT = "review"


def compare_records(ctx: StepContext) -> Review:
    """Restore the backup beside the environment's database, compare the chosen rows and hand the review over.

    Raises:
        BadInput: the run's config names no rows.
        Conflict: the backup is not verified, or the environment's data are not here.
        NotFound: there is no such table.
    """
    config, now = CompareConfig.of(ctx.run), datetime.now(UTC)
    chosen = [Chosen.parse(text) for text in config.tables]
    backup = ctx.control.backups.get(config.backup_id)
    refuse_other(ctx.environment, backup)
    repository = repository_of(ctx.store, ctx.settings, ctx.project.slug)
    manifest = manifest_of(repository, backup)
    live = locate_data(ctx.databases, ctx.settings, ctx.environment)
    with comparison_database(ctx.control, ctx.databases, now=now) as access:
        restore_database(
            repository,
            manifest,
            access,
            programs=pg_programs(ctx.settings),
            progress=Meter(ctx.control.logs, ctx.fence),
        )
        review = diff(
            access,
            live.access,
            chosen,
            backup_id=str(backup.id),
            taken_at=manifest.taken_at,
            environment=ctx.environment.partition_key,
            now=now,
        )
    handed = hand_over(repository, ctx.project.slug, review, now=datetime.now(UTC))
    counts = Counter(change.kind for change in review.changes)
    said = (
        f"{counts['insert']} missing, {counts['update']} different, {counts['only_in_live']} only in the live database"
    )
    ctx.control.logs.event(ctx.fence, level="info", message=said, payload={RESULT: handed.model_dump()})
    ctx.log("info", said)
    return review
