"""Events through one process of the gateway: against the bare function, and 10,000 within a minute without a loss.

Both sides get the same events from as many senders at once, in turn, on one server: `ops.ingest_event` by psycopg, and
`POST /v1/events` at a gateway in a process of its own. Then events are sent at a steady rate for a while; every one of
them has to be answered and on the record once.
"""

from __future__ import annotations

import sys

if sys.path[0].endswith("bench"):
    # Run as a script: this folder would hide the standard library's `queue` from every module that wants it.
    sys.path[0] = sys.path[0].removesuffix("bench").rstrip("/") or "."

import argparse
import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import local

import psycopg

from bench.gateway import running_gateway
from bench.server import throwaway_server
from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate

GOAL_RATIO = 0.5
GOAL_PER_MINUTE = 10_000
_NUMBERS = count()


def main() -> None:
    """Measure, print, and end with status 1 where an event was lost or the goal is missed."""
    options = _options()
    with throwaway_server() as server:
        url = server.create("ops")
        migrate(url)
        key = _key(url)
        # the goal's own limit is not what is measured
        limit = str(max(options.per_minute, 1) * 100)
        with running_gateway(url, ODOOOPS_EVENTS_PER_MINUTE=limit) as port:
            asyncio.run(_send(port, key, _events(50), options.senders))  # the first ones open the connections
            _call(url, _events(50), options.senders)
            rounds = [_round(url, port, key, options.events, options.senders) for _ in range(options.rounds)]
            steady = asyncio.run(_steady(port, key, options.per_minute, options.seconds, options.senders))
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "select count(*) from ops.event_ingest_log where idempotency_key like 'steady/%' and http_status = 200"
            ).fetchone()
    kept = int(row[0]) if row else 0
    figures = {
        "bare, events/s": statistics.median(bare for bare, _ in rounds),
        "gateway, events/s": statistics.median(sent for _, sent in rounds),
        "gateway / bare": statistics.median(sent / bare for bare, sent in rounds),
        "steady, events": steady.total(),
        "steady, answered 200": steady[200],
        "steady, on record": kept,
        "steady, seconds": round(options.seconds, 1),
    }
    for name, figure in figures.items():
        print(f"{name:<22}{figure:>10.2f}" + (f"   (goal: >= {GOAL_RATIO})" if "/ bare" in name else ""))
    if options.json:
        options.json.write_text(json.dumps(figures | {"senders": options.senders, "rounds": rounds}, indent=2) + "\n")
    if not steady.total() == steady[200] == kept or figures["gateway / bare"] < GOAL_RATIO:
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--senders", type=int, default=8, help="senders at once")
    parser.add_argument("--events", type=int, default=1500, help="events of a round on each side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the steady part")
    parser.add_argument("--per-minute", type=int, default=GOAL_PER_MINUTE, help="events per minute of the steady part")
    parser.add_argument("--json", type=Path, help="file for the figures")
    return parser.parse_args()


def _key(url: str) -> str:
    with ControlPlane(url) as control:
        project = control.projects.create("bench", repo_url="https://forge.example/bench.git", odoo_version="19.0")
        control.environments.ensure(project.id, branch="feature/a")
        made = control.keys.create(
            name="bench",
            persona="sre",
            project_id=project.id,
            event_types=("environment_event",),
            expires_at=datetime.now(UTC) + timedelta(days=1),
            created_by="bench",
        )
    return made.key


def _events(number: int, source: str = "bench") -> list[bytes]:
    """Return that many events, each a new one."""
    told = {
        "schema_version": "1.0",
        "event_type": "environment_event",
        "source": "bench",
        "occurred_at": datetime.now(UTC).isoformat(),
        "project": "bench",
        "environment": "feature/a",
        "status": "restarted",
    }
    return [json.dumps(told | {"idempotency_key": f"{source}/{next(_NUMBERS)}"}).encode() for _ in range(number)]


def _round(url: str, port: int, key: str, events: int, senders: int) -> tuple[float, float]:
    """Return the events per second of the bare function and of the gateway."""
    started = time.monotonic()
    _call(url, _events(events), senders)
    bare = events / (time.monotonic() - started)
    started = time.monotonic()
    answers = asyncio.run(_send(port, key, _events(events), senders))
    if answers[200] != events:
        raise SystemExit(f"the gateway answered {dict(answers)}")
    sent = events / (time.monotonic() - started)
    print(f"bare {bare:.0f}/s, gateway {sent:.0f}/s")
    return bare, sent


def _call(url: str, events: Sequence[bytes], senders: int) -> None:
    """Call the bare function for each event."""
    mine = local()

    def call(event: bytes) -> None:
        if not hasattr(mine, "connection"):
            mine.connection = psycopg.connect(url, autocommit=True)
        row = mine.connection.execute("select ops.ingest_event(%s::jsonb)", [event.decode()]).fetchone()
        if row is None or row[0]["http_status"] != 200:
            raise SystemExit(f"the function answered {row}")

    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(call, events))


async def _send(port: int, key: str, events: Sequence[bytes], senders: int) -> Counter[int]:
    """Post each event, and return how many had which answer."""
    waiting = iter(events)

    async def sender() -> Counter[int]:
        line = await _Line.opened(port, key)
        found = Counter([await line.post(event) for event in waiting])
        line.close()
        return found

    return sum(await asyncio.gather(*(sender() for _ in range(senders))), Counter())


async def _steady(port: int, key: str, per_minute: int, seconds: float, senders: int) -> Counter[int]:
    """Post events at the rate, whatever the answers take, and return how many had which answer."""
    events = _events(round(per_minute * seconds / 60), "steady")
    due = asyncio.Queue[bytes | None]()

    async def sender() -> Counter[int]:
        line, found = await _Line.opened(port, key), Counter[int]()
        while (event := await due.get()) is not None:
            found[await line.post(event)] += 1
        line.close()
        return found

    working = [asyncio.create_task(sender()) for _ in range(senders)]
    started = time.monotonic()
    for number, event in enumerate(events):
        await asyncio.sleep(max(0.0, started + number * 60 / per_minute - time.monotonic()))
        due.put_nowait(event)
    for _ in working:
        due.put_nowait(None)
    found = sum(await asyncio.gather(*working), Counter[int]())
    print(f"the last answer came {time.monotonic() - started:.1f} s after the first event")
    return found


class _Line:
    """One kept connection of a sender; a client library would take as long as what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        self._reader, self._writer, self._key = reader, writer, key.encode()

    @classmethod
    async def opened(cls, port: int, key: str) -> _Line:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), key)

    async def post(self, event: bytes) -> int:
        """Post the event and return the status of the answer."""
        self._writer.write(
            b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "
            + self._key
            + b"\r\nContent-Length: %d\r\n\r\n" % len(event)
            + event
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        await self._reader.readexactly(length)
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


if __name__ == "__main__":
    main()
