"""Ask Odoo why no test of a module ran, with the project's policy for such modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from odooops_dagster.home import data_folder
from odooops_dagster.model import Build, DatabaseAccess, Job
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.confinement import confined, home_of
from odooops_dagster.steps.environment.shares import share_of
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.odoo.untested import Untested, from_record, judged, read_answers, without_tests
from odooops_dagster.tools.project_file import settings_of

# Loading the tests of fifty modules takes seconds; code that hangs while it is imported must not hold the run.
_LONGEST_ANSWER_SECONDS = 120


def find_untested(
    ctx: StepContext, build: Build, config: Path, *, access: DatabaseAccess, names: Sequence[str], log: OdooLog
) -> dict[str, Untested]:
    """Return the modules of `names` without a test in the log, each with the reason.

    Odoo is asked only after a run that loaded its modules: otherwise the log has the reason.
    """
    silent = [name for name in names if not log.module_tests.get(name)]
    found = without_tests(silent, build.addons_paths)
    asked = [name for name in silent if name not in found]
    if asked and log.modules_loaded:
        found |= _ask(ctx, build, config, asked, access=access)
    return _by_policy(ctx, found)


def recall_untested(
    ctx: StepContext, build: Build, config: Path, *, access: DatabaseAccess, tests: Mapping[str, Any]
) -> dict[str, Untested]:
    """Return the same of a template's test results, judged by today's policy; ask for what an older one left out."""
    silent = [name for name in build.source.modules if not (tests.get("modules") or {}).get(name)]
    found = without_tests(silent, build.addons_paths) | from_record(tests.get("untested") or {})
    asked = [name for name in silent if name not in found]
    return _by_policy(ctx, found | (_ask(ctx, build, config, asked, access=access) if asked else {}))


def _ask(
    ctx: StepContext, build: Build, config: Path, names: Sequence[str], *, access: DatabaseAccess
) -> dict[str, Untested]:
    data = data_folder(ctx.settings.home, ctx.environment)
    log_path = ctx.run_folder / f"tests-{ctx.run.attempt}.log"
    job = Job(
        name=f"tests-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=commands.list_tests_command(build, config, names=names, tags=settings_of(build.source).tests.tags),
        cwd=home_of(data),
        sandbox=confined(ctx.settings, build, config=config, data=data, access=access),
        log_path=log_path,
        timeout_seconds=min(_LONGEST_ANSWER_SECONDS, ctx.settings.odoo_timeout_seconds),
        memory_mb=ctx.settings.odoo_memory_mb,
        share=share_of(ctx.control, ctx.settings, ctx.environment),
    )
    ctx.runtime.execute(job, on_line=lambda _line: None)
    text = log_path.read_text(errors="replace") if log_path.is_file() else ""
    return read_answers(text.splitlines(), names)


def _by_policy(ctx: StepContext, untested: Mapping[str, Untested]) -> dict[str, Untested]:
    rules = ctx.control.policies.get(ctx.project.id, policy_type="gates")
    return judged(untested, rules["untested_modules"])
