"""Tell a collector of OpenTelemetry how runs went."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Undelivered
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.trace import Place, tell_traces


@dg.sensor(
    description="Tells a collector of OpenTelemetry how runs went, one trace for each; ODOOOPS_OTLP_ENDPOINT names it.",
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING if Settings().otlp_endpoint else dg.DefaultSensorStatus.STOPPED,
)
def traces(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult:
    """Tell of the runs that have ended since the last tick; what the collector cannot take now is told again."""
    if not settings.otlp_endpoint:
        return dg.SensorResult(skip_reason="no collector is named: set ODOOOPS_OTLP_ENDPOINT, then ops up")
    now = datetime.now(tz=UTC)
    place = Place.read(context.cursor, now=now)
    try:
        following, number, refused = tell_traces(control, settings, place, now=now)
    except Undelivered as exc:
        context.log.warning("not delivered: %s", exc)
        following, said = place, f"0 told: {exc}"  # the first place is kept too: what ends meanwhile is told later
    else:
        said = f"{number} told" if number else "no run has ended"
        if refused:
            context.log.warning("not told again: %s", refused)
            said = f"{said}: {refused}"
    return dg.SensorResult(skip_reason=said, cursor=following.written())
