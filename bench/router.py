"""What the router costs a request: asked through it, and at once at the server behind it, in turn.

The server behind it answers at once, so that the whole difference is the router's. Each request has a connection of its
own, as Odoo closes one after each answer. Client, router and server are three processes of this machine; client and
server take as little of it as they can, for on few cores what they take is missing to the router.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import uvloop

from odooops_dagster.home import environment_socket
from odooops_dagster.local.ports import free_port

LABEL = "feature-visits--shop"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n" + b"x" * 2000
GOAL_MS = 1.0
GOAL_PER_SECOND = 2000.0
PATIENCE_SECONDS = 30


class Server(asyncio.Protocol):
    """Answers each request with the same page."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a head that came whole, as the router sends it."""
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(ANSWER)
            self._transport.close()


def serve(path: str, port: int) -> None:
    """Serve at a Unix socket and at a port."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        at_socket = await loop.create_unix_server(Server, path, backlog=512)
        at_port = await loop.create_server(Server, "127.0.0.1", port, backlog=512)
        # Waited for by name: a server that nobody holds is collected, and closes.
        await asyncio.gather(at_socket.serve_forever(), at_port.serve_forever())

    uvloop.run(run())


class Client(asyncio.Protocol):
    """Asks for a page and reads it to its end."""

    def __init__(self, port: int) -> None:
        self._question = f"GET /web HTTP/1.1\r\nHost: {LABEL}.localhost:{port}\r\nAccept: */*\r\n\r\n".encode()
        self._answer = b""
        self.ended: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        cast("asyncio.Transport", transport).write(self._question)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._answer += data

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand over what came."""
        if exc is None:
            self.ended.set_result(self._answer)
        else:
            self.ended.set_exception(exc)


async def ask(port: int) -> None:
    """Ask for a page and read it to its end."""
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(port), "127.0.0.1", port)
    answer = await client.ended
    if not answer.endswith(ANSWER[-2000:]):
        raise SystemExit(f"this is no answer: {answer[:200]!r}")


async def median_ms(port: int, requests: int) -> float:
    """Return the median of requests one after the other."""
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        await ask(port)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


async def per_second(port: int, requests: int, *, at_once: int) -> float:
    """Return how many requests a second are answered."""
    left = iter(range(requests))

    async def one() -> None:
        for _ in left:
            await ask(port)

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(at_once)))
    return requests / (time.perf_counter() - started)


@contextmanager
def router(home: Path, port: int) -> Iterator[None]:
    """Run the platform's own router."""
    environment = {**os.environ, "ODOOOPS_HOME": str(home), "ODOOOPS_ENVIRONMENTS_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "odooops_dagster.doors.router"], env=environment)
    try:
        wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Return when somebody listens."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nobody listens on port {port}")


def measure(*, rounds: int, requests: int, at_once: int) -> dict[str, float]:
    """Return the figures, each the median of the rounds."""
    direct, through = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="odooops-bench-") as folder:
        place = environment_socket(Path(folder), LABEL)
        place.parent.mkdir(parents=True, exist_ok=True)
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(str(place), direct), daemon=True)
        server.start()
        wait_for(direct)
        found: dict[str, list[float]] = {}
        with router(Path(folder), through):
            for _ in range(rounds):
                for name, port in (("direct", direct), ("through", through)):
                    latency = uvloop.run(median_ms(port, requests))
                    rate = uvloop.run(per_second(port, requests, at_once=at_once))
                    found.setdefault(f"{name}_ms", []).append(latency)
                    found.setdefault(f"{name}_per_second", []).append(rate)
        server.terminate()
        server.join()
    figures = {name: round(statistics.median(values), 3) for name, values in found.items()}
    return figures | {"added_ms": round(figures["through_ms"] - figures["direct_ms"], 3)}


def main() -> None:
    """Print the figures; end with status 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench.router", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=2000, help="requests of a round, of each kind")
    parser.add_argument("--at-once", type=int, default=16, help="connections at a time, for the rate")
    options = parser.parse_args()
    figures = measure(rounds=options.rounds, requests=options.requests, at_once=options.at_once)
    print(json.dumps(figures, indent=1))
    sys.exit(1 if is_missed(figures) else 0)


def is_missed(figures: dict[str, float]) -> bool:
    """Return whether a figure misses its goal."""
    return figures["added_ms"] > GOAL_MS or figures["through_per_second"] < GOAL_PER_SECOND


if __name__ == "__main__":
    main()
