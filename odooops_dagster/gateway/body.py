"""Reads request bodies up to a limit."""

from __future__ import annotations

from fastapi import Request

from odooops_dagster.gateway.errors import BodyTooLarge


async def read_body(request: Request, *, limit: int) -> bytes:
    """Return the raw body; stop reading as soon as it is larger than the limit."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {limit // 1024**2} MB", hint="GitHub sends none that large")
