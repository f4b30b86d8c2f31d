"""Read request bodies: up to a limit, within a time, and few large ones at once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from fastapi import Request

from odooops_dagster.doors.http.errors import BodyTooLarge, BodyTooSlow

# Clients read the response only after they sent the body: read up to this many limits before closing the connection.
PATIENCE = 2
# A body of 25 MB needs this long at 7 Mbit/s.
BODY_SECONDS = 30.0
# Bodies of more bytes are read one after the other, as many at once as there are slots: anybody can send them.
LARGE_BYTES = 1024**2
LARGE_AT_ONCE = 4


def slots() -> asyncio.Semaphore:
    """Return the slots for large bodies of one application."""
    return asyncio.Semaphore(LARGE_AT_ONCE)


async def read_body(request: Request, *, limit: int) -> bytes:
    """Return the raw body, and wait for a slot where it is large or may be.

    Raises:
        BodyTooLarge: it is larger than the limit, in bytes; if it says so, nothing of it is read.
        BodyTooSlow: it was not there within BODY_SECONDS.
    """
    announced = announced_size(request)
    if announced > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(BODY_SECONDS), AsyncExitStack() as stack:
            if limit > LARGE_BYTES and not 0 < announced <= LARGE_BYTES:
                await stack.enter_async_context(request.app.state.large_bodies)
            return await _read(request, limit=limit)
    except TimeoutError as exc:
        raise BodyTooSlow(f"the body was not there within {BODY_SECONDS:g} s", hint="send it again") from exc


async def _read(request: Request, *, limit: int) -> bytes:
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
    return BodyTooLarge(f"the body is larger than {limit // 1024**2} MB", hint="send less at once")


def announced_size(request: Request) -> int:
    """Return the announced length of the body, in bytes; 0 where none or no number is announced."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 19 else 0
