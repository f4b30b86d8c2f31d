"""The whole platform under `ops up`: started, found, broken and ended for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import StateEntry, substitute_folders
from odooops_dagster.local import lock
from odooops_dagster.local.clusters import ENVIRONMENTS
from odooops_dagster.local.postgres import EmbeddedPostgres, database_urls
from odooops_dagster.model import FINISHED
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.postgres.limits import RoleLimits
from tests.ops import Ops
from tests.servers import MORE_CONNECTIONS, every_connection, processes_of, state_folder
from tests.ui import logged_in

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

PROGRAMS = [
    "control",
    "postgres",
    "environments",
    "code",
    "runs",
    "webserver",
    "daemon",
    "gateway",
    "router",
    "catcher",
    "egress",
]
# A restarted program has to import Dagster and answer, beside whatever else the machine does.
PATIENCE = 120


@pytest.fixture(scope="module")
def running() -> Iterator[Ops]:
    """Yield the command on a stack that runs."""
    with state_folder("stack") as home:
        ops = Ops(home)
        with _up(ops):
            yield ops
            ops.run("down")
        assert ops.processes() == []


@pytest.fixture
def stopped() -> Iterator[Ops]:
    """Yield the command on a state folder of which nothing may be left running.

    Its path is too long for sockets, which are below /tmp: `ops down` leaves nothing there, nor what was killed before.
    """
    with state_folder("stack") as folder:
        ops = Ops(folder / ("x" * 80))
        try:
            yield ops
        finally:
            ops.run("down")
        assert ops.processes() == []
        assert left_below_tmp(ops) == []


def left_below_tmp(ops: Ops) -> list[Path]:
    """Return the folders of the state folder's sockets that are outside of it."""
    return [folder for folder in substitute_folders(ops.home) if folder.exists()]


def test_every_program_runs_and_answers(running: Ops) -> None:
    """`ops up` returns when all of it can be used."""
    status = running.status()
    assert [service["name"] for service in status["services"]] == PROGRAMS
    assert {service["state"] for service in status["services"]} == {"running"}
    with logged_in(running.json("ui")["url"]) as session:
        assert "dagster_version" in session.get("/server_info").json()
    assert b"ready" in _get(status["gateway_url"] + "/readyz")


def test_nobody_uses_the_dagster_ui_without_a_link(running: Ops) -> None:
    """Whoever reaches its port could start every job; a restart ends no session, `--end-sessions` does."""
    with logged_in(running.json("ui", "--as", "ada")["url"]) as session:
        link = running.run("ui").stdout.strip()
        assert link.startswith(f"{running.status()['dagster_url']}/login?token=")
        question = {"query": "{ version }"}
        assert "data" in session.post("/graphql", json=question).json()
        session.cookies.clear()
        assert session.post("/graphql", json=question).status_code == 401
        assert session.get("/graphql", params=question).status_code == 401
    with logged_in(link) as session:
        assert running.json("ui", "--end-sessions") == {"ended": True}
        assert session.get("/server_info").status_code == 401


def test_every_entry_of_the_state_folder_has_a_place(running: Ops) -> None:
    """What a running platform writes there is in the table that says what may be deleted."""
    assert {entry.name for entry in running.home.iterdir()} <= set(StateEntry)


def test_an_environment_that_opens_every_connection_does_not_stop_the_platform(running: Ops) -> None:
    """All programs answer, and people's commands too."""
    urls = database_urls(Settings(home=running.home))
    secrets = running.home / StateEntry.SECRETS
    databases = OdooDatabases(urls.odoo, secrets=secrets, limits=RoleLimits(connections=MORE_CONNECTIONS))
    role = "ops_greedy"
    try:
        databases.ensure_role(role)
        databases.create(role, owner=role)
        with every_connection(conninfo(databases.access(role, role=role))) as (number, reason):
            assert number > 150
            assert "reserved" in reason
            assert {service["state"] for service in running.status()["services"]} == {"running"}
            assert_runs_are_worked_on(running, "flooded")
            databases.drop(role)
    finally:
        databases.drop(role)
        databases.drop_role(role)


def test_the_platform_works_while_the_environments_server_does_not(running: Ops) -> None:
    """A database that brings its server down, or makes it hang, takes nothing but environments with it."""
    postgres, *_ = processes_of(EmbeddedPostgres(running.home, ENVIRONMENTS))
    postgres.suspend()
    try:
        services = {service["name"]: service["answers"] for service in running.status()["services"]}
        assert [name for name, answers in services.items() if not answers] == ["postgres"]
        assert_runs_are_worked_on(running, "hanging")
    finally:
        postgres.resume()
    _wait_for(lambda: running.look().healthy)


def assert_runs_are_worked_on(ops: Ops, slug: str) -> None:
    """Assert that a run is queued, claimed, worked on and ended: its repository is nowhere."""
    with ControlPlane(database_urls(Settings(home=ops.home)).operator) as control:
        project = control.projects.create(slug, repo_url="https://forge.invalid/a.git", odoo_version="19.0")
        run_id = control.runs.queue(project.id, env="feature/a", git_sha="a" * 40, ref="refs/heads/feature/a")
        _wait_for(lambda: control.runs.get(run_id).status in FINISHED)
        assert control.runs.get(run_id).status == "failed"
        assert f"{slug}#1" in ops.run("run", "list").stdout
        control.projects.archive(slug)


def test_the_platform_comes_back_elsewhere_from_its_backup(running: Ops, stopped: Ops, tmp_path: Path) -> None:
    """Backed up while it runs, proved, restored into an empty folder: it answers there, with its runs on record."""
    with ControlPlane(database_urls(Settings(home=running.home)).operator) as control:
        project = control.projects.create("carried", repo_url="https://forge.invalid/a.git", odoo_version="19.0")
        run_id = control.runs.queue(project.id, env="feature/a", git_sha="a" * 40, ref="refs/heads/feature/a")
        _wait_for(lambda: control.runs.get(run_id).status in FINISHED)
    key = str(tmp_path / "key")
    running.json("platform", "key", key)
    for ops in (running, stopped):
        ops.environment["ODOOOPS_PLATFORM_KEY_FILE"] = key
        ops.environment["ODOOOPS_PLATFORM_STORE_URL"] = (tmp_path / "store").as_uri()
    made = running.json("platform", "backup")
    assert made["verified_at"] is not None
    assert running.status()["healthy"]
    refused = running.run("platform", "restore", "--yes")
    assert (refused.returncode, "a stack runs on this state folder already" in refused.stderr) == (1, True)
    done = stopped.json("platform", "restore", "--yes")
    assert (done["id"], [row["environment"] for row in done["to_rebuild"]]) == (made["id"], ["carried/feature/a"])
    assert stopped.run("up", "--detach").returncode == 0
    assert stopped.status()["healthy"]
    assert "carried#1" in stopped.run("run", "list").stdout
    [environment] = stopped.json("env", "list")
    assert (environment["branch"], environment["status"]) == ("feature/a", "failed")
    assert [chain for chain in stopped.json("audit", "verify") if chain["broken"]] == []
    # by its id: the platform that came back has no backup on record, and makes one at the next tick of its clock
    assert stopped.json("platform", "verify", made["id"])["id"] == made["id"]


def test_a_second_up_finds_the_first(running: Ops) -> None:
    """It says whose the stack is, shows it, and changes nothing."""
    before = running.status()
    second = running.run("up")
    assert second.returncode == 0
    assert f"already running: process {before['pid']}" in second.stderr
    assert "webserver" in second.stdout
    assert _pids(running) == {service["name"]: service["pid"] for service in before["services"]}


def test_the_schema_is_migrated_and_the_worker_is_let_in(running: Ops) -> None:
    """The embedded default needs no further command."""
    with psycopg.connect(database_urls(Settings(home=running.home)).worker) as connection:
        row = connection.execute("select count(*) from ops.v_run_queue").fetchone()
    assert row == (0,)


@pytest.mark.root
def test_only_postgres_runs_as_someone_else_than_its_caller(running: Ops) -> None:
    """Root's servers are never root, nor the same account: what breaks out of the one does not reach the other."""
    accounts = {name: psutil.Process(_pids(running)[name]).uids().real for name in ("control", "postgres")}
    assert len({0, *accounts.values()}) == 3


def test_no_secret_stands_in_an_argument_list_or_a_log(running: Ops) -> None:
    """What `ps` and a log reader see holds no password."""
    secrets = [file.read_text().strip() for file in (running.home / "secrets").iterdir() if file.is_file()]
    seen = "\n".join(running.processes())
    seen += "\n".join(log.read_text(errors="replace") for log in (running.home / "logs").glob("*.log"))
    assert len(secrets) >= 4
    assert [secret for secret in secrets if secret in seen] == []


def test_each_program_sees_only_the_secrets_that_it_uses(running: Ops) -> None:
    """The network reaches the gateway, and people's clicks the webserver: each holds the login of its own job alone."""
    urls = database_urls(Settings(home=running.home))
    webhook = (running.home / "secrets" / "github-webhook").read_text().strip()
    secrets = asdict(urls)
    seen = {
        name: {what for what, secret in {**secrets, "webhook": webhook}.items() if secret in _variables(pid)}
        for name, pid in _pids(running).items()
    }
    assert seen == {
        "control": set(),
        "postgres": set(),
        "environments": set(),
        # They find the embedded server's administrator, and its socket, in the state folder.
        "code": {"worker", "dagster"},
        "runs": {"worker", "dagster"},
        "webserver": {"worker", "dagster"},
        "daemon": {"worker", "dagster"},
        "gateway": {"gateway", "callers", "webhook"},
        "router": set(),
        "catcher": set(),
        "egress": set(),
    }


def test_the_doctor_is_content_with_a_running_stack(running: Ops) -> None:
    """Its own ports are no fault."""
    findings = {finding["name"]: finding for finding in running.json("doctor")}
    assert findings["ports"]["detail"] == "in use by the running stack"
    assert findings["platform"]["ok"]
    assert findings["schema"]["ok"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each program starts a Python of its own")
def test_the_programs_that_import_dagster_share_its_memory(running: Ops) -> None:
    """The supervisor forks them: most of what each has in memory is not its own."""
    pids = _pids(running)
    assert running.status()["healthy"]
    for name in ("code", "runs", "webserver", "daemon"):
        family = [psutil.Process(pids[name]), *psutil.Process(pids[name]).children(recursive=True)]
        memory = max((process.memory_full_info() for process in family), key=lambda found: found.rss)
        assert memory.uss < memory.rss / 2, name


@pytest.mark.parametrize(
    "name",
    [
        "egress",
        "catcher",
        "router",
        "gateway",
        "daemon",
        "webserver",
        "runs",
        "code",
        "environments",
        "postgres",
        "control",
    ],
)
def test_a_killed_program_comes_back(running: Ops, name: str) -> None:
    """The supervisor restarts it, and the platform is whole again."""
    before = _pids(running)[name]
    os.kill(before, signal.SIGKILL)
    _wait_for(lambda: _pids(running).get(name) not in {None, before})
    _wait_for(lambda: running.look().healthy)
    _wait_for(lambda: _answers(running.look().gateway_url + "/readyz"))
    _wait_for(lambda: _answers(f"http://127.0.0.1:{running.environment['ODOOOPS_DAGSTER_PORT']}/healthz"))


def test_down_leaves_no_process_and_up_brings_all_back(stopped: Ops) -> None:
    """What was written survives; a second down is no error."""
    assert stopped.run("up", "--detach").returncode == 0
    url = database_urls(Settings(home=stopped.home)).owner
    with psycopg.connect(url) as connection:
        connection.execute("create table public.kept ()")
    assert len(left_below_tmp(stopped)) > 1
    assert stopped.json("down") == {"home": str(stopped.home), "stopped": True}
    assert stopped.processes() == []
    assert left_below_tmp(stopped) == []
    assert stopped.json("down")["stopped"] is False
    assert stopped.run("up", "--detach").returncode == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("select to_regclass('public.kept') is not null").fetchone() == (True,)


def test_status_during_a_shutdown_is_no_more_than_a_sentence(stopped: Ops) -> None:
    """From the first program that ends to the last, and after it; the same holds for what reads the database."""
    assert stopped.run("up", "--detach").returncode == 0
    ending = stopped.spawn("down")
    told = set()
    while ending.poll() is None:
        done = stopped.run("status")
        assert done.returncode in {0, 1}
        told.add(done.stderr)
        assert_listed_or_refused(stopped)
    assert ending.returncode == 0
    assert_listed_or_refused(stopped)
    told.add(stopped.run("status").stderr)
    nothing = f"nothing runs on {stopped.home}; `ops up` starts it\n"
    assert told <= {"", "starting or stopping\n", nothing}
    assert nothing in told


def assert_listed_or_refused(ops: Ops) -> None:
    """Assert that a reader of the database reads it, or says in one sentence why it cannot."""
    done = ops.run("env", "list")
    if done.returncode == 0:
        return
    sentence, remedy = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence.startswith("ops: The control plane's database ")
    assert remedy.startswith("  → ")


def test_a_stack_whose_previews_cannot_be_kept_is_not_ready(running: Ops) -> None:
    """A supervisor of previews that is alive and does not answer: the status says which, and ends with 1."""
    assert running.status()["healthy"]
    pid = _pids(running)["environments"]
    os.kill(pid, signal.SIGSTOP)
    try:
        done = running.run("status", "--json")
        found = json.loads(done.stdout)
        [environments] = [service for service in found["services"] if service["name"] == "environments"]
        assert (done.returncode, found["healthy"]) == (1, False)
        assert (environments["state"], environments["answers"]) == ("running", False)
        assert environments["detail"] == "does not answer"
    finally:
        os.kill(pid, signal.SIGCONT)
    _wait_for(lambda: running.look().healthy)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(stopped: Ops, number: signal.Signals) -> None:
    """Ctrl-C, a service manager's TERM and a closed terminal leave no process behind."""
    watched = _up(stopped)
    watched.send_signal(number)
    assert _status_of(watched, stopped) == 0
    assert stopped.processes() == []
    assert left_below_tmp(stopped) == []


def test_a_signal_during_the_start_ends_everything(stopped: Ops) -> None:
    """Half a stack is not left behind either."""
    watched = stopped.spawn("up")
    # The first program has written a line, and the last one waits for it.
    _wait_for(lambda: any(log.stat().st_size for log in (stopped.home / StateEntry.LOGS).glob("control*.log")))
    watched.send_signal(signal.SIGINT)
    assert _status_of(watched, stopped) == 0
    assert stopped.processes() == []
    assert left_below_tmp(stopped) == []


def test_a_killed_up_leaves_no_process(stopped: Ops) -> None:
    """Also kill -9, after which it can tell nobody."""
    watched = _up(stopped)
    watched.kill()
    watched.wait()
    _wait_for(lambda: stopped.processes() == [])
    _up_again(stopped)


def test_a_killed_supervisor_leaves_no_process(stopped: Ops) -> None:
    """`ops up` ends too and says why."""
    watched = _up(stopped)
    (supervisor,) = psutil.Process(watched.pid).children()
    supervisor.kill()
    _, errors = watched.communicate(timeout=PATIENCE)
    assert watched.returncode == 1
    assert "ops: the supervisor ended" in errors
    assert stopped.processes() == []


def test_everything_killed_at_once_starts_again(stopped: Ops) -> None:
    """As after a power cut."""
    watched = _up(stopped)
    for process in [psutil.Process(watched.pid), *psutil.Process(watched.pid).children(recursive=True)]:
        _kill(process)
    watched.wait()
    _wait_for(lambda: stopped.processes() == [])
    _up_again(stopped)


def test_a_program_that_cannot_start_is_told_with_its_last_words(stopped: Ops) -> None:
    """The start ends, nothing is left, and the log is named."""
    stopped.environment["PYTHONPATH"] = str(_broken_definitions(stopped.home))
    done = stopped.run("up")
    assert done.returncode == 1
    assert "ops: code did not start: " in done.stderr
    assert "the code is broken" in done.stderr
    assert f"→ read {stopped.home}/logs/code.log" in done.stderr
    assert stopped.processes() == []


def _broken_definitions(home: Path) -> Path:
    """Return a folder whose package `assets` cannot be imported."""
    folder = home / "broken"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets" / "__init__.py").write_text("raise RuntimeError('the code is broken')\n")
    return folder


def _up(ops: Ops) -> subprocess.Popen[str]:
    """Start the stack in the foreground and return when it says that all is ready."""
    watched = ops.spawn("up")
    assert watched.stderr is not None
    lines: list[str] = []
    while "Ctrl-C ends it\n" not in lines:
        line = watched.stderr.readline()
        assert line, "".join(lines)
        lines.append(line)
    return watched


def _status_of(watched: subprocess.Popen[str], ops: Ops) -> int:
    """Return the status with which `ops up` ends; if it does not, say what runs and what the supervisor logged."""
    try:
        # A program that does not end is killed after two minutes at most.
        return watched.wait(timeout=2 * PATIENCE)
    except subprocess.TimeoutExpired:
        logged = (ops.home / StateEntry.LOGS / "supervisord.log").read_text().splitlines()[-20:]
        pytest.fail("\n".join(["these run on:", *ops.processes(), "the supervisor logged:", *logged]))


def _up_again(ops: Ops) -> None:
    done = ops.run("up", "--detach")
    assert done.returncode == 0, done.stderr
    assert ops.run("down").returncode == 0
    assert ops.processes() == []
    assert lock.holder(ops.home) is None


def _pids(ops: Ops) -> dict[str, Any]:
    return {service.name: service.pid for service in ops.look().services}


def _variables(pid: int) -> set[str]:
    """Return the values of the environments of all programs that the supervisor's child became or started."""
    process = psutil.Process(pid)
    contained = any(word.endswith("launch.py") for word in process.cmdline())
    programs = process.children(recursive=True) if contained else [process]
    assert programs
    return {value for program in programs for value in program.environ().values()}


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _get(url: str) -> bytes:
    with urlopen(url, timeout=10) as response:  # noqa: S310 -- our own loopback address
        return bytes(response.read())


def _answers(url: str) -> bool:
    try:
        _get(url)
    except OSError:
        return False
    return True


def _wait_for(condition: Callable[[], bool], *, timeout: float = PATIENCE) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
