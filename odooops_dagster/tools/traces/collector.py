"""The collector of traces: told over OTLP/HTTP. Source: opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from odooops_dagster.errors import Undelivered
from odooops_dagster.tools.traces.trace import Trace

# A collector takes the spans and works on them afterwards.
_SECONDS = 10.0
# What may be sent again; everything else must not be. Source: the same, "Failures".
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_LONGEST_REASON = 200


def send_traces(endpoint: str, traces: Sequence[Trace], *, headers: Mapping[str, str]) -> str | None:
    """Send traces; a repeat sends the same ones. Return what the collector refused for good, None if nothing.

    Args:
        endpoint: the collector's address, such as http://collector:4318, without the path of traces.
        traces: ended runs.
        headers: such as a token; their values are secrets.

    Raises:
        Undelivered: the collector takes them later, or the extra is not installed.
    """
    try:
        from google.protobuf.message import DecodeError  # noqa: PLC0415 - an extra
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: PLC0415 - an extra
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - the same
            ExportTraceServiceResponse,
        )

        from odooops_dagster.tools.traces.spans import spans_of  # noqa: PLC0415 - needs it
    except ImportError as exc:
        raise Undelivered("OpenTelemetry is not installed: pip install 'odooops[otel]'") from exc
    request = encode_spans([span for trace in traces for span in spans_of(trace)])
    try:
        answer = httpx.post(
            f"{endpoint.rstrip('/')}/v1/traces",
            content=request.SerializeToString(),
            headers={"content-type": "application/x-protobuf", **headers},
            timeout=_SECONDS,
        )
    except httpx.HTTPError as exc:
        raise Undelivered(f"the collector of traces does not answer: {type(exc).__name__}") from exc
    if answer.status_code in _TRY_AGAIN:
        raise Undelivered(f"the collector of traces answers {answer.status_code}")
    if not answer.is_success:
        return f"the collector of traces refused {len(traces)} trace(s): it answers {answer.status_code}"
    try:
        told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    except DecodeError:
        return None  # it took them
    if not told.rejected_spans:
        return None
    return f"the collector of traces refused {told.rejected_spans} span(s): {told.error_message[:_LONGEST_REASON]!r}"
