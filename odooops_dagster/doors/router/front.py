"""The router's socket for the platform: one line with a question, one with the answer."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path

from odooops_dagster.doors.router.traffic import Traffic
from odooops_dagster.home import front_socket

_LONGEST_QUESTION = 4096
_QUESTION_SECONDS = 5.0


async def listen(home: Path, traffic: Traffic) -> asyncio.Server:
    """Listen for the platform, in the place of a router that was killed; return what listens."""
    place = front_socket(home)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.unlink(missing_ok=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, KeyError, TypeError, TimeoutError):
            question = await asyncio.wait_for(reader.readline(), _QUESTION_SECONDS)
            writer.write(json.dumps(await traffic.answer(json.loads(question))).encode())
            await writer.drain()
        writer.close()

    umask = os.umask(0o077)
    try:
        return await asyncio.start_unix_server(serve, place, limit=_LONGEST_QUESTION)
    finally:
        os.umask(umask)
