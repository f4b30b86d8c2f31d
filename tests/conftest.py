"""Fixtures that every room's tests share: real PostgreSQL servers, fresh migrated databases, a control plane."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from xdist.scheduler import LoadFileScheduling

from tests import appetite, flaky, lanes, temporary
from tests.cache import OFFLINE
from tests.servers import PostgresServer, as_user, running_server

if TYPE_CHECKING:
    from xdist.remote import Producer

    from odooops_dagster.control import ControlPlane
    from tests.acceptance.browser import Browser
    from tests.docker_engine import Engine
    from tests.registries import Registry

SHARED = "tests/acceptance/shared/"
LANES = lanes.read()
FLAKY = flaky.read()


@dataclass(frozen=True)
class Choice:
    """The lanes that run, and when they began."""

    lanes: frozenset[str]
    began: float


CHOICE = pytest.StashKey[Choice]()
FOLDER = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of a lane."""
    names = sorted(LANES.by_name)
    parser.addoption("--lane", choices=names, action="append", help="run only this lane of tests/lanes.toml")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Watch this process's memory: pytest captures nothing yet. Give the run a temporary folder of its own."""
    appetite.watch()
    if config.getoption("lane") == [lanes.FAST]:
        os.environ[OFFLINE] = "1"
    folder = temporary.make()
    if folder is not None:
        config.stash[FOLDER] = folder
        config.option.basetemp = config.option.basetemp or str(folder / "t")
    config.stash[CHOICE] = Choice(frozenset(config.getoption("lane") or LANES.by_name), time.monotonic())


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing."""
    folder = config.stash.get(FOLDER, None)
    if folder is not None:
        temporary.remove(folder)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among ten thousand tests and what they import, neither now nor in the tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out unread the files that hold no test of the chosen lanes."""
    if collection_path.suffix != ".py" or not collection_path.is_relative_to(lanes.ROOT):
        return None
    file = collection_path.relative_to(lanes.ROOT).as_posix()
    return True if LANES.of_file(file).isdisjoint(config.stash[CHOICE].lanes) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the chosen lanes, put the slowest files first, and skip what an ordinary user cannot run."""
    _keep_the_chosen(config, items)
    _put_slowest_first(items)
    # `.ci/run` runs these as root besides.
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(pytest.mark.skip(reason="needs root: make test-long LANE=root"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a failure when it happens: a run that is cut short has told it."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        word = "FAILED" if report.when == "call" else "ERROR"
        print(f"\n{word} {report.nodeid}\n{report.longreprtext}", flush=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how long the chosen lanes took and which were left out."""
    chosen = config.stash[CHOICE].lanes
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_line(f"flaky: {report.nodeid} failed and was tried again (tests/flaky.toml)")
    left_out = [lane for name, lane in LANES.by_name.items() if name not in chosen]
    if left_out:
        minutes = (time.monotonic() - config.stash[CHOICE].began) / 60
        rest = ", ".join(f"{lane.name} {lane.minutes:g}" for lane in left_out)
        terminalreporter.write_line(
            f"lane {', '.join(sorted(chosen))}: {minutes:.1f} minutes; left out (minutes): {rest}"
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Give each file to one worker, and all stories that are told on one platform to the same."""
    return TogetherScheduling(config, log) if config.getoption("dist") == "loadfile" else None


class TogetherScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Groups tests by file, and the files of a shared room by their folder."""

    def _split_scope(self, nodeid: str) -> str:
        return SHARED if nodeid.startswith(SHARED) else str(super()._split_scope(nodeid))


def _keep_the_chosen(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of other lanes; a test in no lane ends the run."""
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    lost: list[str] = []
    for item in items:
        if "postgres15_server" in getattr(item, "fixturenames", ()):
            item.add_marker("pg15")
        try:
            lane = LANES.of(item.nodeid, (mark.name for mark in item.iter_markers()))
        except lanes.LaneError as exc:
            lost.append(str(exc))
            continue
        if more := flaky.tries(FLAKY.get(item.nodeid), lane=lane, today=date.today()):  # noqa: DTZ011 - the owner's day
            item.add_marker(pytest.mark.flaky(reruns=more))
        (kept if lane in config.stash[CHOICE].lanes else dropped).append(item)
    if lost:
        raise pytest.UsageError("\n".join(lost))
    config.hook.pytest_deselected(items=dropped)
    items[:] = kept


def _put_slowest_first(items: list[pytest.Item]) -> None:
    """Order whole files: a long one that begins last would leave the other workers idle."""
    slowness: dict[Path, int] = {}
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        slowness[item.path] = max(slowness.get(item.path, 0), 2 * bool(marks & {"odoo", "docker"}), "stack" in marks)
    items.sort(key=lambda item: -slowness[item.path])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Yield the embedded PostgreSQL 18."""
    with running_server("pg18") as server:
        yield server


@pytest.fixture(scope="session")
def postgres15_server(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    """Yield a PostgreSQL 15 made of Debian's programs."""
    if pytestconfig.stash[CHOICE].lanes == {lanes.FAST}:
        pytest.fail("the fast lane has no PostgreSQL 15: give this test the mark pg15", pytrace=False)
    with running_server("pg15", bin_dir=postgres15()) as server:
        yield server


@pytest.fixture
def database(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the owner's URL of a migrated database on PostgreSQL 18."""
    with migrated_database(postgres_server, request) as url:
        yield url


@pytest.fixture
def database15(postgres15_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the owner's URL of a migrated database on PostgreSQL 15."""
    with migrated_database(postgres15_server, request) as url:
        yield url


def migrated_database(server: PostgresServer, request: pytest.FixtureRequest) -> AbstractContextManager[str]:
    """Return a database in which the test finds what the migrations write, and nothing else."""
    is_measured = request.node.get_closest_marker("measures") is not None
    return server.fresh_database() if is_measured else server.recycled_database()


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[str]:
    """Yield the owner's URL of a database in which nothing was made yet."""
    with postgres_server.fresh_database(migrated=False) as url:
        yield url


@pytest.fixture
def worker_url(database: str, postgres_server: PostgresServer) -> str:
    """Return the worker's URL of the test's database."""
    return as_user(database, "ops_worker", postgres_server)


@pytest.fixture
def operator_url(database: str, postgres_server: PostgresServer) -> str:
    """Return the operator's URL of the test's database."""
    return as_user(database, "ops_operator", postgres_server)


@pytest.fixture
def control(database: str, postgres_server: PostgresServer) -> Iterator[ControlPlane]:
    """Yield the platform's control plane over the test's database: each call by the login whose job it is."""
    from tests.platform_logins import by_job  # noqa: PLC0415 -- most tests need none

    with by_job(database, postgres_server) as plane:
        yield plane


@pytest.fixture(scope="module")
def started_browser() -> Iterator[Browser]:
    """Yield the browser of a module's tests."""
    from tests.acceptance.browser import browsing  # noqa: PLC0415 -- most tests need none

    with browsing() as made:
        yield made


@pytest.fixture
def browser(started_browser: Browser) -> Iterator[Browser]:
    """Yield a browser; a page that stays open, such as one of Dagster's, would go on asking and painting."""
    yield started_browser
    started_browser.leave()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Yield a Docker engine."""
    from tests.docker_engine import running_engine  # noqa: PLC0415 -- most tests need none

    with running_engine() as made:
        yield made


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Yield a registry of images."""
    from tests.registries import running_registry  # noqa: PLC0415 -- most tests need none

    with running_registry(tmp_path_factory.mktemp("registry")) as made:
        yield made


def postgres15() -> Path:
    """Return the folder of PostgreSQL 15's programs."""
    bin_dir = Path(os.environ.get("ODOOOPS_TEST_PG15_BIN", "/usr/lib/postgresql/15/bin"))
    if not (bin_dir / "postgres").exists():
        missing(f"PostgreSQL 15 is not in {bin_dir}: scripts/dev/system-packages.sh")
    return bin_dir


def missing(reason: str) -> NoReturn:
    """Skip the test on a person's machine and fail it in CI, where nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
