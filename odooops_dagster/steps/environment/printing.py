"""Printing in an environment's Odoo: where a page that is printed asks for its parts, and whether one is printed."""

from __future__ import annotations

from contextlib import suppress

from odooops_dagster.checks.prints import print_report
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import environment_socket, own_host
from odooops_dagster.model import CheckResult, DatabaseAccess, Environment
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.sanitize.pipeline import set_parameters


def set_report_url(settings: Settings, environment: Environment, access: DatabaseAccess) -> None:
    """Let wkhtmltopdf ask the environment's Odoo for styles and pictures by the name that it knows itself by.

    The public URL may lead to a proxy that has a certificate, or is not to be reached from a sandbox. No Odoo may be
    connected to the database, because it keeps the parameter (`_get_report_url` in
    odoo/addons/base/models/ir_actions_report.py). A fault shows in what is printed, and is not worth an environment
    that stays down.
    """
    with suppress(OdooOpsError):
        set_parameters(access, {"report.url": f"http://{own_host(environment)}:{settings.environments_port}"})


def printed_report(ctx: StepContext, url: str) -> CheckResult:
    """Print a report in the environment's Odoo, keep it as evidence, and return the check."""
    socket = environment_socket(ctx.settings.home, ctx.environment.host_label)
    printed = print_report(url, socket=socket)
    if printed.document:
        ctx.keep("printed.pdf", printed.document, content_type="application/pdf")
    ctx.log("info" if printed.check.passed else "warn", f"prints: {printed.check.summary}")
    return printed.check
