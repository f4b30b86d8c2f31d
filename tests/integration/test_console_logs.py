"""The ends of logs that several people watch at once, through a gateway that is killed."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.caller import Caller, CallerDatabase
from odooops_dagster.control.database import Database
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.doors.http.tails import Tails, lines_of
from odooops_dagster.home import CONSOLE_HOST
from odooops_dagster.platform import Platform
from odooops_dagster.tools.runtime.ports import free_port
from tests.api import callers_url, settings
from tests.consoles import link_token
from tests.gateways import gateway_process, serving
from tests.platform_logins import by_job
from tests.servers import PostgresServer
from tests.sql.everything import furnish
from tests.sql.world import World

SAY = "select ops.append_run_log(%s, 'info', %s)"
ID = re.compile(r'<li id="L(\d+)"')
PATIENCE_SECONDS = 60
VIEWERS = 50


def test_who_follows_a_log_from_its_end_keeps_nobody_else_waiting(control: ControlPlane, world: World) -> None:
    """Watchers share one reader; each sees every line of its own, and the end."""
    run = furnish(world, "shop").ended
    lines = control.logs.tail(run)
    assert lines

    async def seen_by_another() -> list[int]:
        tails, caller = Tails(), Caller.of({"role": "developer", "sub": "dora"})
        newest = lines[-1]["id"]
        async with (
            tails.watch(control, caller, run, newest_id=newest) as ahead,
            tails.watch(control, caller, run, newest_id=newest) as watcher,
        ):
            assert ahead.tail is watcher.tail
            found = lines_of(watcher, after_id=0, patience=20)
            return [line["id"] async for batch in found if not isinstance(batch, str) for line in batch]

    assert asyncio.run(asyncio.wait_for(seen_by_another(), 20)) == [line["id"] for line in lines]


def test_who_may_not_read_a_run_any_more_sees_no_more_of_it(
    database: str, postgres_server: PostgresServer, tmp_path: Path, world: World
) -> None:
    """A former member's stream ends by itself, and the others' goes on."""
    project = world.project("shop")
    run = world.work(project)
    member = world.member(project)
    platform = Platform(settings(database, postgres_server, tmp_path), job="gateway")
    callers = [
        Caller.of({"role": "authenticated", "sub": str(member)}),
        Caller.of({"role": "developer", "sub": "dora"}),
    ]

    seen: list[list[str]] = [[], []]

    async def texts(tails: Tails, caller: Caller, found: list[str]) -> list[str]:
        control = platform.acting(caller, is_read_only=True)
        async with tails.watch(control, caller, run, newest_id=0) as watcher:
            async for batch in lines_of(watcher, after_id=0, patience=20):
                if not isinstance(batch, str):
                    found += [line["message"] for line in batch]
            return found if watcher.may_read else [*found, "out"]

    async def story() -> list[list[str]]:
        tails = Tails()
        watching = [asyncio.create_task(texts(tails, *each)) for each in zip(callers, seen, strict=True)]
        await asyncio.to_thread(world.rows, SAY, run, "for both")
        while not all(seen):
            await asyncio.sleep(0.05)
        await asyncio.to_thread(world.rows, "delete from ops.project_memberships where user_id = %s", member)
        member_saw = await watching[0]
        await asyncio.to_thread(world.rows, SAY, run, "for one")
        await asyncio.to_thread(world.complete, run)
        return [member_saw, await watching[1]]

    assert asyncio.run(asyncio.wait_for(story(), PATIENCE_SECONDS)) == [["for both", "out"], ["for both", "for one"]]
    platform.close()


class Viewer:
    """A browser that follows a log: it connects again with the last line that it has."""

    def __init__(self, port: int, cookie: str) -> None:
        self._url = f"http://127.0.0.1:{port}/projects/shop/runs/1/stream"
        self._headers = {"Host": f"{CONSOLE_HOST}:{port}", "Cookie": f"odooops-console={cookie}"}
        self._last = "0"
        self.lines: list[int] = []
        self.connections = 0

    async def follow(self) -> None:
        """Follow until the run has ended."""
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            while True:
                with suppress(httpx.TransportError):
                    async for event, data, number in self._events(client):
                        if event == "end":
                            return
                        if event == "lines":
                            self.lines += map(int, ID.findall(data))
                            self._last = number
                await asyncio.sleep(0.05)

    async def _events(self, client: httpx.AsyncClient) -> AsyncIterator[tuple[str, str, str]]:
        headers = self._headers | {"Last-Event-ID": self._last}
        async with client.stream("GET", self._url, headers=headers) as response:
            assert response.status_code == 200
            self.connections += 1
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = fields.get(name, "") + value
                elif fields:
                    yield fields.get("event", ""), fields.get("data", ""), fields.get("id", "")
                    fields = {}


def cookie_of(port: int, owner: ControlPlane, person: str) -> str:
    """Sign a person in, and return the cookie."""
    host = {"Host": f"{CONSOLE_HOST}:{port}", "Origin": f"http://{CONSOLE_HOST}:{port}"}
    answer = httpx.post(
        f"http://127.0.0.1:{port}/login",
        data={"token": link_token(owner, person, "developer")},
        headers=host,
        trust_env=False,
    )
    assert answer.status_code == 303, answer.text
    return answer.cookies["odooops-console"]


class MortalGateway:
    """A gateway in a process of its own, which can be killed and started again at its port."""

    def __init__(self, database: str, callers: str, home: Path) -> None:
        self.port = free_port()
        self._given = {"ODOOOPS_API_DATABASE_URL": callers, "ODOOOPS_REQUESTS_PER_MINUTE": "1000000"}
        self._database, self._home = database, home
        self._alive = ExitStack()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._alive.enter_context(gateway_process(self._database, self._home, port=self.port, **self._given))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False)
                return
            time.sleep(0.05)

    def kill(self) -> None:
        """End it without a warning."""
        self._alive.close()


@contextmanager
def two_writers(world: World, run: UUID) -> Iterator[None]:
    """Let two workers write lines of the run at once, until the block ends."""
    stop = threading.Event()

    def write(word: str) -> None:
        writer, numbers = world.worker(), count()
        while not stop.is_set():
            writer.rows(SAY, run, f"{word} {next(numbers)}")
            time.sleep(0.005)

    writers = [threading.Thread(target=write, args=(word,), daemon=True) for word in ("this", "that")]
    for thread in writers:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in writers:
            thread.join()


def test_no_line_is_lost_or_doubled_through_a_killed_gateway(
    database: str, postgres_server: PostgresServer, owner: ControlPlane, world: World, tmp_path: Path
) -> None:
    """Two writers at once, and a gateway that is killed: each line is seen once, in the order of ids."""
    run = world.work(world.project("shop"))
    gateway = MortalGateway(database, callers_url(database, postgres_server), tmp_path)

    async def story() -> Viewer:
        viewer = Viewer(gateway.port, await asyncio.to_thread(cookie_of, gateway.port, owner, "dora"))
        watching = asyncio.create_task(viewer.follow())
        with two_writers(world, run):
            await _seen(viewer, 100, connections=1)
            gateway.kill()
            await asyncio.to_thread(gateway.start)
            await _seen(viewer, 200, connections=2)
        await asyncio.to_thread(world.complete, run)
        await watching
        return viewer

    gateway.start()
    try:
        seen = asyncio.run(asyncio.wait_for(story(), PATIENCE_SECONDS * 2))
    finally:
        gateway.kill()
    written = [row["id"] for row in world.rows("select id from ops.run_logs where run_id = %s order by id", run)]
    assert seen.lines == written


async def _seen(viewer: Viewer, lines: int, *, connections: int) -> None:
    while viewer.connections < connections or len(viewer.lines) < lines:
        await asyncio.sleep(0.05)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count the statements of this process, by what sends them."""
    counts: Counter[str] = Counter()
    for kind in (Database, CallerDatabase):
        monkeypatch.setattr(kind, "_execute", _counting(kind._execute, counts, kind.__name__))  # noqa: SLF001
    yield counts  # noqa: PT022 - the patch ends with the test


def _counting(execute: Any, counts: Counter[str], name: str) -> Any:  # noqa: ANN401 - a method
    def counted(self: Database, query: Any, parameters: Any) -> Any:  # noqa: ANN401 - as the method
        counts[name] += 1
        return execute(self, query, parameters)

    return counted


async def looks(run: UUID, world: World, viewers: list[Viewer], asked: Counter[str]) -> int:
    """Let the viewers follow the run while five lines are written, and return the statements that this took."""
    watching = [asyncio.create_task(each.follow()) for each in viewers]
    await asyncio.to_thread(world.rows, SAY, run, "for all")
    while not all(each.lines for each in viewers):
        await asyncio.sleep(0.05)
    before = asked.total()
    for number in range(5):  # each in a look of its own
        known = len(viewers[0].lines)
        await asyncio.to_thread(world.rows, SAY, run, f"line {number}")
        while not all(len(each.lines) > known for each in viewers):
            await asyncio.sleep(0.05)
    found = asked.total() - before
    for task in watching:
        task.cancel()
    return found


def test_fifty_viewers_of_a_run_ask_the_database_no_more_than_one(
    database: str, postgres_server: PostgresServer, world: World, tmp_path: Path, asked: Counter[str]
) -> None:
    """Once they are connected they share one reader, and every one of them sees every line."""
    run = world.work(world.project("shop"))
    with (
        by_job(database, postgres_server) as control,
        ControlPlane(database) as owner,
        serving(create_app(settings(database, postgres_server, tmp_path), control)) as address,
    ):
        port = int(address.rpartition(":")[2])
        cookie = cookie_of(port, owner, "dora")
        one = asyncio.run(looks(run, world, [Viewer(port, cookie)], asked))
        fifty = [Viewer(port, cookie) for _ in range(VIEWERS)]
        all_of_them = asyncio.run(looks(run, world, fifty, asked))
    assert {tuple(each.lines) for each in fifty} == {tuple(fifty[0].lines)}
    assert len(fifty[0].lines) == 12
    assert all_of_them <= 2 * one + 5  # and not fifty times as many
