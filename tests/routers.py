"""A router in a thread, for tests that ask over real connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from odooops_dagster.doors.router.splice import ClientSide, Route

PATIENCE = 20


@contextmanager
def routing(route: Route) -> Iterator[int]:
    """Run a router, and yield its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = loop.create_server(partial(ClientSide, route), "127.0.0.1", 0)
    made = asyncio.run_coroutine_threadsafe(opening, loop).result(PATIENCE)
    try:
        yield made.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(made.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
