"""Every process of the platform is killed in the middle of a run; what is left is whole.

The moments are drawn from a seed: ODOOOPS_TEST_SEED picks another story, ODOOOPS_TEST_ROUNDS more of it.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from odooops_dagster.engine import tags
from odooops_dagster.engine.processes import Process
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.local.overview import overview
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import FINISHED, Run
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform, platform, wait_for
from tests.acceptance.repository import Repository
from tests.environments import login_page

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "killed"
SEED = int(os.environ.get("ODOOOPS_TEST_SEED", "1"))
ROUNDS = int(os.environ.get("ODOOOPS_TEST_ROUNDS", "1"))
# A word of each victim's command line; a run shares that of the program that forks runs, and leads a session.
WORDS = {
    "program that forks runs": "odooops_dagster.engine.fork_server",
    "daemon": "dagster._daemon",
    "code server": "code.sock",
    "webserver": "odooops_dagster.doors.ui",
    "gateway": "odooops_dagster.doors.http",
    "postgres": "postgres",
}
VICTIMS = ("run process", *WORDS)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Repository]]:
    """Yield a platform of its own with a project whose dependencies are installed once."""
    with platform("killed", ODOOOPS_LEASE_SECONDS="20", ODOOOPS_HEARTBEAT_SECONDS="4") as running:
        repository = Repository(tmp_path_factory.mktemp("killed"))
        repository.add_demo()
        make_project(running, SLUG, repository)
        first = running.ended(running.run_of(SLUG, repository.push("feature/first")))
        assert first.status == "succeeded", running.said(first)
        yield running, repository


def kill(running: Platform, victim: str, run: Run) -> bool:
    """Send SIGKILL to the victim's processes; PostgreSQL's postmaster is enough. Return whether the run had one."""
    found = process_of(running, run) if victim == "run process" else running.processes_of(WORDS[victim])
    if victim == "postgres":
        found = [process for process in found if "-D" in process.cmdline()]
    if victim == "program that forks runs":
        found = [process for process in found if os.getsid(process.pid) != process.pid]
    assert found or victim == "run process", f"no {victim} to kill"
    for process in found:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return bool(found)


def ended_whatever_happens(running: Platform, run: Run) -> Run:
    """Wait for the run's end while servers come and go."""

    def look() -> Run | None:
        try:
            with running.control() as control:
                now = control.runs.get(run.id)
        except OdooOpsError:
            return None
        return now if now.status in FINISHED else None

    return wait_for(look, seconds=420, what=f"the end of run #{run.run_number}")


def process_of(running: Platform, run: Run) -> list[psutil.Process]:
    """Return the process that works on the run, as Dagster's tag names it; none where it has ended."""
    with psycopg.connect(database_urls(running.settings).dagster) as connection:
        rows = connection.execute(
            "select p.value from run_tags p join run_tags r using (run_id)"
            " where p.key = %s and r.key = %s and r.value = %s",
            (tags.PROCESS, tags.RUN_ID, str(run.id)),
        ).fetchall()
    pids = [Process.parse(value).pid for (value,) in rows]
    return [process for process in psutil.process_iter() if process.pid in pids]


@pytest.mark.parametrize("round_number", range(ROUNDS))
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_in_the_middle_of_a_run_leaves_everything_whole(
    killed: tuple[Platform, Repository], victim: str, round_number: int
) -> None:
    """The run has exactly one end, no preview is half-deployed, no database and no process is orphaned."""
    running, repository = killed
    chance = random.Random(f"{SEED}/{victim}/{round_number}")  # noqa: S311 -- a story to be told again, not a secret
    branch = f"feature/{victim.replace(' ', '-')}-{round_number}"
    run = killed_at_work(running, repository, victim, branch, moment=chance.uniform(0.0, 5.0))
    run = ended_whatever_happens(running, run)
    wait_for(lambda: all_quiet(running), seconds=240, what="quiet after the kill")
    assert_one_end(running, run)
    assert_whole(running)


def killed_at_work(running: Platform, repository: Repository, victim: str, branch: str, *, moment: float) -> Run:
    """Push and kill the victim so many seconds after the run's start, or earlier where the run was over by then."""
    while True:
        # Content that was never built before: the run works for some seconds.
        repository.write("partner_visit/static/description/note.txt", f"{SEED} {branch} {moment}\n")
        run = running.run_of(SLUG, repository.push(branch))
        wait_for(lambda run=run: _started(running, run), seconds=120, what="start of the run")  # type: ignore[misc]
        time.sleep(moment)
        if _status(running, run) == "running" and kill(running, victim, run):
            return run
        assert moment > 0.1, "the run was over as soon as it had begun"
        moment /= 2


def _status(running: Platform, run: Run) -> str:
    with running.control() as control:
        return control.runs.get(run.id).status


def _started(running: Platform, run: Run) -> bool | None:
    """Return True when the run works and has named its process, or is over."""
    status = _status(running, run)
    is_named = status != "running" or process_of(running, run)
    return True if status not in {"queued", "claimed"} and is_named else None


def all_quiet(running: Platform) -> bool | None:
    """Return True when nothing is queued or at work, every program is back, and the janitor has been."""
    try:
        busy = running.query("select 1 from ops.runs where status in ('queued', 'claimed', 'running')")
        healthy = overview(running.settings).healthy
    except (OdooOpsError, psycopg.Error):  # a server that is just coming back
        return None
    return True if not busy and healthy and not leftovers(running) else None


def leftovers(running: Platform) -> list[str]:
    """Return databases that no environment and no template claims."""
    rows = running.query(
        "select datname from pg_database where (datname like 'ops\\_%%' or datname like 'opstpl\\_%%')"
        " and datname not in (select database_name from ops.environments where database_name is not null)"
        " and datname not in (select database_name from ops.database_templates)"
    )
    return [str(row["datname"]) for row in rows]


def assert_one_end(running: Platform, run: Run) -> None:
    """Assert that the run's events tell of one end and chain."""
    events = running.query(
        "select payload from ops.run_events where run_id = %s and event_type = 'state_change' order by id", run.id
    )
    ends = [event["payload"]["to"] for event in events if event["payload"].get("to") in FINISHED]
    assert ends == [run.status]
    assert running.query("select ops.verify_run_chain(%s) as whole", run.id) == [{"whole": True}]


def assert_whole(running: Platform) -> None:
    """Assert that what Postgres says of environments is what runs, and nothing else does."""
    environments = running.query("select * from ops.environments where destroyed_at is null")
    deployed = [row for row in environments if row["database_name"] is not None]
    for row in deployed:
        wait_for(lambda url=row["url"]: _answers(url), seconds=120, what=f"answer of {row['url']}")  # type: ignore[misc]
    assert leftovers(running) == []
    expected = Counter(f"env-{row['id'].hex[:8]}.{row['database_name']}.conf" for row in deployed)
    with suppress(AssertionError):  # the difference says more
        wait_for(lambda: _served(running) == expected or None, seconds=60, what="the end of what serves no environment")
    assert _served(running) == expected


def _served(running: Platform) -> Counter[str]:
    """Return the configurations of the Odoos that run."""
    return Counter(
        Path(word.removeprefix("--config=")).name
        for process in running.processes()
        for word in _odoos_words(process)
        if word.startswith("--config=")
    )


def _answers(url: str) -> bool | None:
    try:
        answer = login_page(url)
    except httpx.HTTPError:
        return None
    return True if answer.status_code == 200 else None


def _odoos_words(process: psutil.Process) -> list[str]:
    """Return the command of an Odoo; of another program, its sandbox included, or of one that has ended, nothing."""
    try:
        words = process.cmdline()
    except psutil.NoSuchProcess:  # a zombie is one of these
        return []
    others = ("odooops_dagster.tools.runtime", "odooops_dagster/tools/runtime", "bwrap")
    return [] if any(other in " ".join(words[:4]) for other in others) else words
