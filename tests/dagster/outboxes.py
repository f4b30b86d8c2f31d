"""The sensor that tells forges and people, as its tests call it."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from sensors import outbox as sensor


def tick(control: ControlPlane, settings: Settings) -> str:
    """Evaluate the sensor and return what it says."""
    answer = sensor.outbox(dg.build_sensor_context(), control=control, settings=settings)
    assert isinstance(answer, dg.SkipReason)
    return str(answer.skip_message)
