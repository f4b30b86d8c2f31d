"""Learn which errors Odoo's own modules log without any other: nobody who pushes is to blame for them.

They are asked for only where an installation or update would fail for its log, and are kept with the template in which
nothing but these modules is installed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from odooops_dagster.home import baseline_name
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.undo import undoing
from odooops_dagster.steps.environment.install import Target, install
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.environment.templates import find_template, keep_template, template_key
from odooops_dagster.tools.odoo import modules

# The key of these errors among a template's test results.
ODOOS_ERRORS = "odoos_errors"


def errors_of_odoo_alone(ctx: StepContext, target: Target, *, installed: Collection[str] = ()) -> Sequence[str]:
    """Return the signatures of the errors that Odoo's own modules of the build, and of `installed`, log alone."""
    paths = target.build.addons_paths
    names = sorted(name for name in {*target.build.closure, *installed} if modules.is_odoos(name, paths))
    alone = replace(
        target,
        name=baseline_name(ctx.environment, ctx.run),
        addons_paths=modules.odoos_paths(paths),
        data=None,
        quiet=(),  # what a project accepts must not be missing for the others
    )
    key = template_key(
        alone.build,
        names,
        project=ctx.project.id,
        visible=alone.visible_paths,
        demo=alone.demo,
        languages=alone.settings.odoo.languages,
    )
    found = find_template(ctx, key)
    return _install(ctx, alone, names, key) if found is None else found.tests.get(ODOOS_ERRORS) or ()


def _install(ctx: StepContext, alone: Target, names: Sequence[str], key: str) -> Sequence[str]:
    """Install the modules into a database of their own and keep it as a template; none if they do not install."""
    ctx.log("info", "the log has errors that may be Odoo's own: its modules are installed alone, to learn which")
    files = alone.filestore(ctx)
    with undoing(ctx.log) as undo:
        undo.add(f"database {alone.name}", lambda: retire_database(ctx.control, ctx.databases, alone.name, files=files))
        ctx.databases.create(alone.name, owner=alone.role)
        made = install(ctx, alone, names=names, tests=(), log="odoo-alone")
        ctx.keep("odoo-alone.log", made.log, content_type="text/plain")
        is_whole = all(check.passed for check in made.checks if check.blocking and check.name != "log_clean")
        if is_whole:
            keep_template(ctx, key, alone.name, alone.build, tests={ODOOS_ERRORS: list(made.errors)})
        undo.run()
    return made.errors if is_whole else ()
