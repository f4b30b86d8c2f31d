"""Record what the default branch wants protected, and for its previews; say what of it does not count."""

from __future__ import annotations

from odooops_dagster.local.environment_limits import sentences_of_cuts
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.project_file import NAME, ProjectFile


def record_wanted_rules(ctx: StepContext, settings: ProjectFile) -> None:
    """Record the rules if the run's commit is the newest of the default branch; otherwise say if they differ.

    The record decides what the run's commit is, whatever the run claims, and what the policies leave of the rules.
    """
    if ctx.control.policies.record_repository(ctx.fence, rules=settings.wanted_rules()):
        for sentence in sentences_of_cuts(ctx.settings, ctx.control.policies.explain_preview(ctx.project.id)):
            ctx.log("warn", f"{NAME}: preview.{sentence}")
        return
    ctx.log(
        "info",
        f"{NAME}: protect and preview have no effect here: what counts is the newest commit of"
        f" {ctx.project.default_branch}, and it says something else",
    )
