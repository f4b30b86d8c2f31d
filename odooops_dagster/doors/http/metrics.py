"""GET /metrics: the platform's figures for Prometheus.

The truth is in Postgres, so that every process of the gateway gives the same figures. A key is asked for, as in the
API: behind a proxy every request comes from this machine, and a listener of its own would need a port and a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from odooops_dagster.control.figures import Figure
from odooops_dagster.doors.http.api.callers import Control

router = APIRouter(tags=["metrics"])

HELP = {
    "odooops_runs_total": "Ended runs by kind, result and, of failed ones, by whose fault: project or platform.",
    "odooops_run_duration_seconds": "How long the work of ended runs took, by kind.",
    "odooops_queue_runs": "Runs that wait, are claimed or work.",
    "odooops_queue_oldest_seconds": "How long the oldest waiting run has waited.",
    "odooops_workers": "Workers of the last day: live, or not heard of for two minutes.",
    "odooops_environments": "Environments by stage and status.",
    "odooops_backup_verified_timestamp_seconds": "The moment whose data a production's newest verified backup holds.",
    "odooops_backup_max_age_seconds": "How old the policy lets that backup become.",
    "odooops_backup_stored_bytes": "What a production's kept backups take in the store.",
    "odooops_backups_kept": "How many backups of a production are kept.",
    "odooops_drill_success_timestamp_seconds": "When a production's last drill passed.",
    "odooops_drill_rto_seconds": "How long that drill took until Odoo answered.",
    "odooops_drill_rpo_seconds": "How much time's data that drill would have lost.",
    "odooops_platform_backup_timestamp_seconds": "The moment whose record the platform's newest proved backup holds.",
    "odooops_release_gates": "Gates of releases that are on their way, by status.",
    "odooops_exceptions_active": "Gates that are waived now.",
    "odooops_incidents_open": "Open incidents and alarms by severity.",
    "odooops_outbox_messages": "Messages to forges and people that wait or were given up.",
    "odooops_outbox_oldest_seconds": "How long the oldest waiting message has waited.",
    "odooops_webhook_deliveries_total": "Deliveries of forges by what became of them.",
    "odooops_build_info": "The platform's version.",
}


@router.get("/metrics", include_in_schema=False)
def metrics(control: Control) -> Response:
    """Return every figure that the caller may see; a key of persona audit_reader sees them all."""
    registry = CollectorRegistry()
    registry.register(_Figures(control.figures.list()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """The figures of one request, as Prometheus reads them."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Yield each metric with its figures."""
        info = GaugeMetricFamily("odooops_build_info", HELP["odooops_build_info"], labels=["version"])
        info.add_metric([version("odooops")], 1)
        yield info
        for name in HELP:
            found = [figure for figure in self._figures if _family(figure.metric) == name]
            if found:
                yield _histogram(name, found) if name.endswith("_duration_seconds") else _plain(name, found)


def _family(metric: str) -> str:
    return metric.removesuffix("_bucket").removesuffix("_sum")


def _plain(name: str, figures: Sequence[Figure]) -> Metric:
    family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    labels = sorted(figures[0].labels)
    made = family(name, HELP[name], labels=labels)
    for figure in figures:
        made.add_metric([str(figure.labels[label]) for label in labels], figure.value)
    return made


def _histogram(name: str, figures: Iterable[Figure]) -> Metric:
    """Return the histogram of rows with a bound, and of their sum, for each kind."""
    buckets: dict[str, list[tuple[float, str, float]]] = {}
    sums: dict[str, float] = {}
    for figure in figures:
        kind = str(figure.labels["kind"])
        if "le" in figure.labels:
            bound = str(figure.labels["le"])
            buckets.setdefault(kind, []).append((float(bound), bound, figure.value))
        else:
            sums[kind] = figure.value
    made = HistogramMetricFamily(name, HELP[name], labels=["kind"])
    for kind, found in buckets.items():
        made.add_metric([kind], [(bound, count) for _, bound, count in sorted(found)], sums[kind])
    return made
