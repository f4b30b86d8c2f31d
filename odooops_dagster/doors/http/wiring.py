"""What the routes are handed: the settings, and a control plane opened at its first use."""

from __future__ import annotations

from threading import Lock

from fastapi import Request

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.postgres import control_url
from odooops_dagster.settings import Settings


class Wiring:
    """Holds the ports of one application; opening late lets it start while the database is still down."""

    def __init__(self, settings: Settings, control: ControlPlane | None) -> None:
        self.settings = settings
        self._control = control
        self._given = control is not None
        self._lock = Lock()

    @property
    def control(self) -> ControlPlane:
        """Return the control plane."""
        with self._lock:
            if self._control is None:
                self._control = ControlPlane(control_url(self.settings))
            return self._control

    def close(self) -> None:
        """Close what was opened here."""
        if self._control is not None and not self._given:
            self._control.close()


def settings(request: Request) -> Settings:
    """Return the application's settings."""
    wiring: Wiring = request.app.state.wiring
    return wiring.settings


def control_plane(request: Request) -> ControlPlane:
    """Return the application's control plane."""
    wiring: Wiring = request.app.state.wiring
    return wiring.control
