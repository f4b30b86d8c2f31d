"""Runs as traces of OpenTelemetry. It is an extra: `pip install odooops[otel]`."""
