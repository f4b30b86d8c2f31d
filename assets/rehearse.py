"""Job `rehearse`: a promotion to production is tried on a copy of it."""

# No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a type.

import dagster as dg

from assets.partitions import environments
from assets.report import rendered
from odooops_dagster.steps.release.rehearse import rehearse as rehearse_release
from resources.run_scope import RunScope


@dg.op(name="try_release")
def rehearse_op(context: dg.OpExecutionContext, scope: dg.ResourceParam[RunScope]) -> None:
    """Rehearse, record the checks, and fail the run if the release would not take over."""
    with scope.working("rehearse") as step:
        made = rehearse_release(step)
        for check in made.checks:
            scope.record_check(check)
        if not made.rehearsal.passed:
            raise dg.Failure(
                f"{made.rehearsal.summary}; production was not touched",
                metadata=rendered(made.metadata),
                allow_retries=False,
            )
        context.add_output_metadata(rendered(made.metadata))


@dg.job(
    partitions_def=environments,
    description="A promotion is tried and timed on a harmless copy of production, which nobody notices.",
)
def rehearse() -> None:
    """Rehearse the promotion of a release."""
    rehearse_op()
