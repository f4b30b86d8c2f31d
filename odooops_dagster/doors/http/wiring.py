"""What the routes are handed: the settings, and a control plane opened at its first use."""

from __future__ import annotations

from fastapi import Request

from odooops_dagster.control import ControlPlane
from odooops_dagster.platform import Platform
from odooops_dagster.settings import Settings


class Wiring:
    """Holds the ports of one application; opening late lets it start while the database is still down."""

    def __init__(self, settings: Settings, control: ControlPlane | None) -> None:
        self.settings = settings
        self._given = control
        self._platform = Platform(settings)

    @property
    def control(self) -> ControlPlane:
        """Return the control plane."""
        return self._given or self._platform.control

    def close(self) -> None:
        """Close what was opened here."""
        self._platform.close()


def settings(request: Request) -> Settings:
    """Return the application's settings."""
    wiring: Wiring = request.app.state.wiring
    return wiring.settings


def control_plane(request: Request) -> ControlPlane:
    """Return the application's control plane."""
    wiring: Wiring = request.app.state.wiring
    return wiring.control
