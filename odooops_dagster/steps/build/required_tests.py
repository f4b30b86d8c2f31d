"""Hold the repository's settings about tests against the project's policy and the day."""

from __future__ import annotations

from datetime import UTC, datetime

from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Source
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.project_file import settings_of


def require_tests(ctx: StepContext, source: Source) -> None:
    """Say which failed tests are no longer accepted, and refuse tags that leave out tests of the own modules.

    Raises:
        StepFailed: there are such tags, and the policy does not allow them.
    """
    tests = settings_of(source).tests
    for entry in tests.ended(datetime.now(tz=UTC).date()):
        ctx.log("warn", f"the quarantine of {entry.test} (owner {entry.owner}) ended on {entry.until}")
    leaving_out = tests.leaving_out(source.modules)
    if leaving_out and not ctx.control.policies.get(ctx.project.id, policy_type="gates")["leave_out_tests"]:
        raise StepFailed(
            f"odooops.yaml: tests.tags {', '.join(leaving_out)} would leave out tests of the repository's own modules",
            hint="name the failing ones in tests.quarantine, or let an admin set the policy gates.leave_out_tests",
        )
