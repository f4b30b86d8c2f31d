"""Checks, by attacking it, that this machine's sandbox holds what pushed code may do."""

from __future__ import annotations

import os

from odooops_dagster.errors import OdooOpsError, Unavailable
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.sandbox import trial
from odooops_dagster.tools.runtime.sandbox.attack import ATTACKS

TRUSTING = "pushed code runs without a sandbox, with all rights of the platform's account (ODOOOPS_TRUST_PUSHERS)"
_WAY_OUT = "or trust whoever pushes as if they had a shell here: ops up --trust-pushers"


def sandbox(settings: Settings) -> str:
    """Check that the sandbox starts, and that no attack from the inside succeeds.

    Raises:
        MissingDependency: bubblewrap is not installed.
        Unavailable: the sandbox does not start, or an attack succeeded.
    """
    if settings.trust_pushers:
        return TRUSTING
    uid = settings.sandbox_first_uid if os.geteuid() == 0 else None
    try:
        found = trial.escapes(uid=uid)
    except OdooOpsError as exc:
        raise type(exc)(str(exc), hint=f"{exc.hint}; {_WAY_OUT}") from exc
    if found:
        words = "; ".join(f"{name.replace('_', ' ')} ({evidence})" for name, evidence in found.items())
        raise Unavailable(
            f"code in the sandbox {words}", hint=f"report this as a vulnerability (SECURITY.md); {_WAY_OUT}"
        )
    return f"holds against {len(ATTACKS)} attacks; {_on_the_network(settings)} the machine's network"


def _on_the_network(settings: Settings) -> str:
    if settings.odoo_database_url is None:
        return "pip and production's Odoo have"
    # Whether the address of that server is a socket's folder is decided for each Odoo, from its access.
    return "pip, production's Odoo, and each Odoo whose database server is reached by no socket have"
