"""Step `destroy`: remove an environment completely; skip the parts that are already gone."""

from __future__ import annotations

import shutil

from odooops_dagster.home import (
    DATABASE_PREFIX,
    environment_folder,
    handoff_folder,
    owner_of_database,
    owner_of_service,
    role_name,
    secrets_folder,
    short_id,
)
from odooops_dagster.local.administrators import forget_passwords
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.tools.front import notices
from odooops_dagster.tools.postgres.adoption import forget


def destroy_environment(ctx: StepContext) -> None:
    """Stop the environment's services, drop its databases and role, remove its files, and record that it is gone.

    An adopted environment's own database and files stay: only its stored access and the objects made here are removed.
    """
    if ctx.environment.is_adopted:
        forget(secrets_folder(ctx.settings.home), ctx.environment.id)
        ctx.log("info", "forgotten where it is; its database and files stay as they are")
    mine = short_id(ctx.environment)
    for status in ctx.runtime.status():
        owner = owner_of_service(status.name)
        if owner is not None and owner.environment == mine:
            ctx.runtime.stop(status.name, remove=True)
            ctx.log("info", f"service {status.name} removed")
    notices.take_down(ctx.settings.home, ctx.environment.host_label)
    _drop_databases(ctx)
    for folder in (
        environment_folder(ctx.settings.home, ctx.environment),
        handoff_folder(ctx.settings.home, ctx.environment.partition_key),
    ):
        shutil.rmtree(folder, ignore_errors=True)
    forget_passwords(ctx.settings.home, ctx.environment)
    ctx.control.environments.record_destruction(ctx.fence)


def _drop_databases(ctx: StepContext) -> None:
    """Drop the environment's databases and role; those of another installation with the same environment stay."""
    for name, mark in ctx.databases.marks(DATABASE_PREFIX).items():
        owner = owner_of_database(name)
        if owner is None or owner.environment != short_id(ctx.environment):
            continue
        if ctx.databases.is_others(mark):
            ctx.log("warn", f"database {name} is another installation's: it stays (ops env orphans list)")
        else:
            retire_database(ctx.control, ctx.databases, name, destroyer=ctx.fence)
            ctx.log("info", f"database {name} dropped")
    role = role_name(ctx.environment)
    if not ctx.databases.is_others(ctx.databases.role_marks(role).get(role)):
        ctx.databases.drop_role(role)
