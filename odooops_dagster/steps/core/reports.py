"""A run's report: kept with the run's artifacts, and as evidence of its project."""

from __future__ import annotations

from uuid import UUID

from odooops_dagster.steps.core.context import StepContext


def keep_report(ctx: StepContext, *, kind: str, key: str, data: bytes, release_id: UUID | None = None) -> UUID:
    """Keep a JSON report under `key` as evidence of `kind`, and return the id of the evidence."""
    kept = ctx.keep(key, data)
    return ctx.control.releases.record_evidence(
        kind=kind,
        s3_url=kept.url,
        sha256=kept.sha256,
        release_id=release_id,
        run_id=ctx.run.id,
        content_type=kept.content_type,
        size_bytes=kept.size_bytes,
    )
