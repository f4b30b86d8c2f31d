"""A router in a thread, for tests that ask over real connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from odooops_dagster.doors.router import front
from odooops_dagster.doors.router.splice import ClientSide, Route
from odooops_dagster.doors.router.traffic import Traffic

PATIENCE = 20


@contextmanager
def routing(route: Route, *, home: Path | None = None) -> Iterator[int]:
    """Run a router, and yield its port; with a state folder it answers the platform there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    traffic = Traffic(home)

    async def open_() -> tuple[asyncio.Server, asyncio.Server | None]:
        made = await loop.create_server(partial(ClientSide, route, traffic), "127.0.0.1", 0)
        return made, await front.listen(home, traffic) if home else None

    made, line = asyncio.run_coroutine_threadsafe(open_(), loop).result(PATIENCE)
    try:
        yield made.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(made.close)
        if line is not None:
            loop.call_soon_threadsafe(line.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
