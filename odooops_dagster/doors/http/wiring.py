"""The routes' dependencies: the settings, and a control plane that is opened on first use.

They wait for nothing and are coroutines: FastAPI hands a plain function to a thread, at each request.
"""

from __future__ import annotations

from fastapi import Request

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.rates import Rates
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings


async def settings(request: Request) -> Settings:
    """Return the application's settings."""
    return _platform(request).settings


async def control_plane(request: Request) -> ControlPlane:
    """Return the application's control plane; it opens on first use: the gateway can start without the database."""
    return _platform(request).control


async def event_rates(request: Request) -> Rates:
    """Return the application's limits of events."""
    rates: Rates = request.app.state.event_rates
    return rates


def _platform(request: Request) -> Platform:
    platform: Platform = request.app.state.platform
    return platform
