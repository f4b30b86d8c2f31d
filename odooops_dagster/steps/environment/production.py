"""The special rules of production: it is deployed once, into a database that nothing else has used."""

from __future__ import annotations

from odooops_dagster.errors import Conflict, Fenced, StepFailed
from odooops_dagster.home import filestore
from odooops_dagster.local.administrators import first_hash
from odooops_dagster.model import blocking_failure
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.baseline import errors_of_odoo_alone
from odooops_dagster.steps.environment.install import Target, install
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.tools.odoo.administrator import SET_ADMINISTRATOR
from odooops_dagster.tools.postgres.connections import writer


def refuse_replacement(ctx: StepContext, database: str) -> None:
    """Check before minutes of work, not after them, that the run may deploy this database.

    Raises:
        StepFailed: production is adopted, or was deployed since this run was queued, or runs of this kind deploy
            nothing.
    """
    try:
        ctx.control.environments.require_deployable(ctx.fence, database_name=database)
    except Fenced:
        raise
    except Conflict as exc:
        raise StepFailed(str(exc), hint=exc.hint) from exc


def start_clean(ctx: StepContext, target: Target) -> None:
    """Recreate the database with nothing but its modules.

    Tests leave traces, such as used sequence numbers and written files, and a copy of a template shares its secrets
    with every preview copied from the same template.

    Raises:
        StepFailed: the modules do not install.
    """
    ctx.log("info", f"database {target.name}: recreated for production, where no test ran")
    files = filestore(ctx.settings.home, ctx.environment, target.name)
    retire_database(ctx.control, ctx.databases, target.name, files=files)
    ctx.databases.create(target.name, owner=target.role)
    installed = install(
        ctx,
        target,
        names=target.build.closure,
        tests=(),
        log="production",
        learn=lambda: errors_of_odoo_alone(ctx, target),
    )
    ctx.keep("production.log", installed.log, content_type="text/plain")
    failed = blocking_failure(installed.checks)
    if failed is not None:
        raise StepFailed(f"the modules do not install for production: {failed.summary}")
    _give_password(ctx, target)


def _give_password(ctx: StepContext, target: Target) -> None:
    """Set the administrator's first password: Odoo's own is known to everybody."""
    password, place = first_hash(ctx.settings.home, ctx.environment)
    with writer(target.access(ctx), application="odooops") as connection:
        connection.execute(SET_ADMINISTRATOR, {"password": password})
    if place is None:
        ctx.log("info", "the administrator has the password that `ops env create` printed or was given")
    else:
        ctx.log("warn", f"nobody gave the administrator a password: a generated one is in {place}; remove it once read")
