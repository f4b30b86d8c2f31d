"""Job `promote`: a release takes over an environment with its data, or is taken back."""

# No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a type.

import dagster as dg

from assets.partitions import environments
from assets.report import rendered
from odooops_dagster.model import blocking_failure
from odooops_dagster.steps.release.promote import promote as promote_release
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dg.op(name="bring_release")
def promote_op(context: dg.OpExecutionContext, scope: dg.ResourceParam[RunScope]) -> None:
    """Promote, record the checks, and fail the run if a blocking check failed."""
    with scope.working("promote") as step:
        made = promote_release(step)
        for check in made.checks:
            scope.record_check(check)
        failed = blocking_failure(made.checks)
        if failed is not None:
            raise dg.Failure(
                f"{failed.name}: {failed.summary}; the release and the data of before serve again",
                metadata=rendered({"check": failed.name, **made.metadata}),
                allow_retries=False,
            )
        context.add_output_metadata(rendered(made.metadata))
        scope.record_lineage(
            "deployment",
            code_version=CODE_VERSION,
            data_version=made.data_version,
            inputs={
                "image": str(made.metadata["image_digest"]),
                "database": made.database,
                "backup": str(made.metadata["backup"]),
            },
        )


@dg.job(
    partitions_def=environments,
    description="A release takes over with the environment's data; if it fails, what was there before serves on.",
)
def promote() -> None:
    """Promote a release, or take one back."""
    promote_op()
