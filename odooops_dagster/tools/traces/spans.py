"""An ended run as the spans of a trace: one for the run, and one for each of its parts.

Names and attributes are OpenTelemetry's for CI/CD. Source: opentelemetry-semantic-conventions, docs/cicd/cicd-spans.md.
Ids follow from the run's id, so that what is sent twice is one trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from uuid import UUID

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from odooops_dagster.tools.traces.trace import Part, Result, Trace

_VERSION = version("odooops")
_RESOURCE = Resource({"service.name": "odooops", "service.version": _VERSION})
_SCOPE = InstrumentationScope("odooops", _VERSION)


def spans_of(trace: Trace) -> list[ReadableSpan]:
    """Return the spans of the trace, the run's first."""
    root = _context(trace.run_id, "run")
    whole = _span(
        f"RUN {trace.kind}",
        root,
        start=trace.start,
        end=trace.end,
        status=_status(trace.result, trace.reason),
        kind=SpanKind.SERVER,
        attributes={**trace.attributes, "cicd.pipeline.result": trace.result},
    )
    return [whole, *(_span_of(part, trace, root) for part in trace.parts)]


def _span_of(part: Part, trace: Trace, root: SpanContext) -> ReadableSpan:
    return _span(
        part.name,
        _context(trace.run_id, f"part {part.name}"),
        parent=root,
        start=part.start,
        end=part.end,
        status=_status(part.result, trace.reason),
        attributes={
            "cicd.pipeline.task.name": part.name,
            "cicd.pipeline.task.run.id": f"{trace.run_id}/{part.name}",
            "cicd.pipeline.task.run.result": part.result,
        },
    )


def _span(
    name: str,
    context: SpanContext,
    *,
    start: datetime,
    end: datetime,
    status: Status,
    attributes: Mapping[str, str],
    parent: SpanContext | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
) -> ReadableSpan:
    return ReadableSpan(
        name,
        context=context,
        parent=parent,
        resource=_RESOURCE,
        instrumentation_scope=_SCOPE,
        kind=kind,
        attributes=dict(attributes),
        status=status,
        start_time=_nanoseconds(start),
        end_time=_nanoseconds(end),
    )


def _status(result: Result, reason: str | None) -> Status:
    if result in ("failure", "error"):
        return Status(StatusCode.ERROR, reason)
    return Status(StatusCode.UNSET)


def _context(run_id: UUID, name: str) -> SpanContext:
    """Return the ids of a span: 16 bytes of the trace, which are the run's id, and 8 of the span."""
    span_id = hashlib.sha256(run_id.bytes + name.encode()).digest()[:8]
    return SpanContext(
        trace_id=run_id.int,
        span_id=int.from_bytes(span_id),
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
