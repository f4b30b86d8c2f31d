"""Record whom the default branch wants told; say that it does not count from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from odooops_dagster.local.notification_targets import is_foreign
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.project_file import NAME, DeclaredRule


def record_notifications(ctx: StepContext, rules: Sequence[DeclaredRule]) -> None:
    """Record the rules if the run's commit is the newest of the default branch; otherwise say if they differ.

    The record decides what the run's commit is: a branch of a stranger changes nobody's messages.
    A target that is not the project's is refused here, and again when a message would go there.
    """
    foreign = [each for each in rules if is_foreign(ctx.settings.home, each.channel, each.recipient, ctx.project.id)]
    for each in foreign:
        ctx.log("warn", f"{NAME}: notifications: the {each.channel} {each.recipient} is not this project's")
    taken = [each.model_dump(mode="json") for each in rules if each not in foreign]
    if ctx.control.messages.record_declared(ctx.fence, taken, domains=ctx.settings.notify_domains.split()):
        return
    ctx.log(
        "info",
        f"{NAME}: notifications has no effect here: what counts is the newest commit of {ctx.project.default_branch},"
        " and it says something else",
    )
