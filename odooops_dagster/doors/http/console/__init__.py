"""The console: pages over the control plane, as the signed-in person sees it.

A page is a view and a button is an RPC; the console decides nothing. Every page reads and every form posts without
JavaScript.
"""

from __future__ import annotations

from odooops_dagster.doors.http.console import (
    access,
    automation,
    backups,
    changes,
    egress,
    environments,
    figures,
    login,
    logs,
    oidc,
    projects,
    records,
    releases,
    runs,
    static,
    upgrades,
)

_PAGES = (
    static,
    login,
    oidc,
    projects,
    environments,
    runs,
    changes,
    logs,
    releases,
    backups,
    upgrades,
    automation,
    figures,
    egress,
    records,
    access,
)
ROUTERS = tuple(each.router for each in _PAGES)

__all__ = ["ROUTERS"]
