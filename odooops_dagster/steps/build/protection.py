"""Record what the default branch wants protected; say that it does not count from elsewhere."""

from __future__ import annotations

from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.project_file import NAME, Protect


def record_protection(ctx: StepContext, protect: Protect) -> None:
    """Record the rules if the run's commit is the newest of the default branch; otherwise say if they differ.

    The record decides what the run's commit is, whatever the run claims.
    """
    rules = protect.rules()
    if ctx.control.policies.record_repository(ctx.fence, rules=rules):
        return
    ctx.log(
        "info",
        f"{NAME}: protect has no effect here: what counts is the newest commit of {ctx.project.default_branch}, and it"
        " says something else",
    )
