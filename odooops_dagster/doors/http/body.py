"""Read request bodies up to a limit."""

from __future__ import annotations

from fastapi import Request

from odooops_dagster.doors.http.errors import BodyTooLarge

# Clients read the response only after they sent the body: read up to this many limits before closing the connection.
PATIENCE = 2


async def read_body(request: Request, *, limit: int) -> bytes:
    """Return the raw body; refuse one larger than the limit, in bytes, without keeping it in memory."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            body += chunk
        elif size > PATIENCE * limit:
            break
    if size > limit:
        raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {limit // 1024**2} MB", hint="GitHub sends none that large")


def announced_size(request: Request) -> int:
    """Return the announced length of the body, in bytes; 0 where none or no number is announced."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 19 else 0
