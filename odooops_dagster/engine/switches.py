"""Sensors and schedules that somebody switched off in the Dagster UI: the platform stands still and shows no sign."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.control import ControlPlane

_KEY = "platform:switched-off"
_OFF = "STOPPED"


def watch_switches(instance: dg.DagsterInstance, control: ControlPlane) -> list[str]:
    """Raise an alarm while a sensor or schedule is switched off, clear it when all run; return those that are off.

    Two sensors look, so that each is seen by the other when it is off.
    """
    states = instance.all_instigator_state() if instance.schedule_storage else []  # one in memory keeps none
    off = sorted(state.name for state in states if state.status.value == _OFF)
    if not off:
        control.incidents.clear_alarm(_KEY, resolution="every sensor and schedule runs")
        return []
    control.incidents.raise_alarm(
        _KEY,
        title=f"switched off in the Dagster UI: {', '.join(off)}",
        description="What it does is not done until somebody switches it on again, on the page Automation.",
    )
    return off
