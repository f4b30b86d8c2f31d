"""The router's program: `python -m odooops_dagster.doors.router`.

It listens on loopback only: a fresh preview's login is Odoo's default, and a proxy of a domain runs on this machine.
"""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import suppress
from functools import partial
from itertools import count

import uvloop

from odooops_dagster.doors.router import front
from odooops_dagster.doors.router.head import Head
from odooops_dagster.doors.router.pages import Answer
from odooops_dagster.doors.router.routes import Held, Passage, route, route_former_port
from odooops_dagster.doors.router.splice import ClientSide, Route
from odooops_dagster.doors.router.traffic import Traffic
from odooops_dagster.home import former_ports_file
from odooops_dagster.plain_log import get_logger
from odooops_dagster.settings import Settings

log = get_logger(__name__)

_HOST = "127.0.0.1"
# Browsers ask at this address too. Not every machine has it.
_HOST_6 = "::1"
_BACKLOG = 512
# A service of an earlier version holds its port until the platform has started it anew.
_RETRY_SECONDS = 2.0


async def serve(settings: Settings) -> None:
    """Answer until the process is told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    def by_name(head: Head, client: str) -> Passage | Held | Answer:
        return route(settings, head, client=client)

    traffic = Traffic(settings.home)
    line = await front.listen(settings.home, traffic)
    await _listen(by_name, traffic, settings.environments_port)
    with suppress(OSError):
        await _listen(by_name, traffic, settings.environments_port, host=_HOST_6)
    log.info("listening", port=settings.environments_port)
    former = [
        loop.create_task(_keep_former_port(settings, traffic, port, label)) for port, label in _former_ports(settings)
    ]
    await ended.wait()
    for task in former:
        task.cancel()
    line.close()


async def _listen(answer: Route, traffic: Traffic, port: int, *, host: str = _HOST) -> None:
    await asyncio.get_running_loop().create_server(partial(ClientSide, answer, traffic), host, port, backlog=_BACKLOG)


async def _keep_former_port(settings: Settings, traffic: Traffic, port: int, label: str) -> None:
    """Listen on the port as soon as it is free."""

    def by_port(head: Head, _client: str) -> Passage | Held | Answer:
        return route_former_port(settings, head, label)

    for attempt in count():
        try:
            await _listen(by_port, traffic, port)
        except OSError as exc:
            if attempt == 0:
                log.warning("former_port_is_taken", port=port, label=label, reason=str(exc))
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            log.info("former_port_leads_to", port=port, label=label)
            return


def _former_ports(settings: Settings) -> list[tuple[int, str]]:
    try:
        told = json.loads(former_ports_file(settings.home).read_bytes())
    except FileNotFoundError:
        return []
    return [(int(port), str(label)) for port, label in told.items()]


if __name__ == "__main__":
    uvloop.run(serve(Settings()))
