"""scripts/odooops against a real control plane: the integration points, the exit codes, the secrets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tests.scripts import FOLDER, Scripts
from tests.sql.world import SHA, World

# Every sign that a URL, a shell or SQL could take for something else.
PASSWORD = "p@ss:w/o?r&d=#%41 '\";$(id)`\\é"
HOSTILE = "x'; select pg_sleep(99); --\\ $(id) `id` :'project' \" %s"


@pytest.fixture
def project(world: World) -> UUID:
    """Project shop."""
    return world.project()


@pytest.fixture
def developer(world: World, database: str, tmp_path: Path) -> Iterator[Scripts]:
    """The scripts with the login of a developer, whose password has every sign in it."""
    name = f"dev_{database.rsplit('_', 1)[1]}"
    statement = sql.SQL("create role {} login password {} in role developer")
    world.connection.execute(statement.format(sql.Identifier(name), sql.Literal(PASSWORD)))
    parts = urlsplit(database)
    login = f"{name}:{quote(PASSWORD, safe='')}@{parts.hostname}:{parts.port}"
    yield Scripts(tmp_path, urlunsplit(parts._replace(netloc=login, query="sslmode=disable&connect_timeout=9")))
    world.connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


@pytest.fixture
def owner(database: str, tmp_path: Path) -> Scripts:
    """The scripts with the login of the schema's owner."""
    return Scripts(tmp_path, database)


@pytest.mark.usefixtures("project")
def test_the_integration_points_hold_as_they_are_written(world: World, developer: Scripts) -> None:
    """A run is asked for, claimed by psql, carried out, waited for, and its log is read by its time."""
    run = developer.value("env_create.sh", "shop", "build", "feature/a", SHA)
    assert world.run(UUID(run))["kind"] == "build"
    claimed = world.row("SELECT * FROM ops.claim_next_run('worker-001');")
    assert str(claimed["id"]) == run
    world.start(UUID(run), worker="worker-001")
    world.rows("select ops.append_run_log(%s, 'info', 'line ' || n) from generate_series(1, 3) as n", run)
    waiting = developer.start("env_wait_ready.sh", run)
    world.complete(UUID(run))
    _, progress = waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    told = [line.split("  ", 1)[1] for line in progress.splitlines()]
    assert told == ["queued", "claimed by worker-001", "started by worker-001", "succeeded"]
    lines = world.rows("SELECT * FROM ops.run_logs WHERE run_id = %s ORDER BY timestamp;", run)
    assert [line["message"] for line in lines] == ["line 1", "line 2", "line 3"]


@pytest.mark.usefixtures("project")
def test_a_workflow_is_asked_by_name_and_a_key_makes_one_run(world: World, developer: Scripts) -> None:
    """Asked again, the same id is printed and nothing is queued."""
    world.rows("select ops.set_workflow('shop', 'nightly tests', 'test')")
    one, two = (
        developer.value("env_create.sh", "shop", "nightly tests", "feature/a", SHA, "night 1") for _ in range(2)
    )
    assert one == two
    assert (world.run(UUID(one))["kind"], world.run(UUID(one))["trigger"]) == ("test", "cli")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("end", "status"), [("succeeded", 0), ("failed", 1), ("canceled", 2), ("running", 3)])
def test_waiting_tells_by_its_exit_code_how_a_run_ended(
    world: World, developer: Scripts, end: str, status: int
) -> None:
    """Succeeded, failed, canceled, or not yet when the time is over."""
    run = UUID(developer.value("env_create.sh", "shop", "build", "feature/a", SHA))
    world.claim()
    world.start(run)
    if end != "running":
        world.rows("select ops.finish_run(%s, %s)", run, end)
    done = developer.run("env_wait_ready.sh", str(run), "0", status=status)
    assert ("it goes on" in done.stderr) == (end == "running")


def test_who_waits_gets_the_address_of_what_runs(world: World, developer: Scripts, project: UUID) -> None:
    """On standard output, alone."""
    run = world.work(project)
    world.rows("select ops.record_deployment(%s, 1, 'http://a.example', 8080, 'db', 'sha256:1', 'a')", run)
    world.complete(run)
    assert developer.value("env_wait_ready.sh", str(run)) == "http://a.example"


@pytest.mark.usefixtures("project")
def test_destroying_cancels_the_run_and_queues_the_end_of_its_environment(world: World, developer: Scripts) -> None:
    """Said again, it prints the same; with --keep the environment stays; a production always does."""
    kept = developer.value("env_create.sh", "shop", "build", "feature/kept", SHA)
    assert developer.run("env_destroy.sh", kept, "--keep").stdout == ""
    assert world.status(UUID(kept)) == "canceled"
    run = developer.value("env_create.sh", "shop", "deploy", "feature/a", SHA)
    gone = developer.value("env_destroy.sh", run)
    assert world.status(UUID(run)) == "canceled"
    assert (world.run(UUID(gone))["kind"], world.status(UUID(gone))) == ("destroy", "queued")
    assert developer.value("env_destroy.sh", run) == gone
    live = world.queue(world.value("select id from ops.projects"), "main", p_kind="build")
    world.rows("select ops.cancel_run(%s)", live)
    assert developer.run("env_destroy.sh", str(live)).stdout == ""
    assert world.value("select count(*) from ops.runs where kind = 'destroy'") == 1


@pytest.mark.usefixtures("project")
def test_the_password_is_in_no_argument(developer: Scripts) -> None:
    """Whoever lists the machine's processes learns neither it nor the URL."""
    run = developer.value("env_create.sh", "shop", "build", "feature/a", SHA)
    developer.run("env_wait_ready.sh", run, "0", status=3)
    developer.run("env_destroy.sh", run)
    assert len(developer.arguments.splitlines()) > 5
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "postgresql://"):
        assert secret not in developer.arguments


@pytest.mark.usefixtures("project")
def test_what_is_typed_is_never_sql_and_never_shell(world: World, developer: Scripts) -> None:
    """It is a name that does not exist, or the name of a branch."""
    for arguments in ((HOSTILE, "build", "b", SHA), ("shop", HOSTILE, "b", SHA)):
        assert "There is no" in developer.run("env_create.sh", *arguments, status=4).stderr
    run = developer.value("env_create.sh", "shop", "build", HOSTILE, SHA, HOSTILE)
    assert world.run(UUID(run))["git_ref"] == f"refs/heads/{HOSTILE}"
    developer.run("env_wait_ready.sh", HOSTILE, status=4)
    developer.run("env_destroy.sh", HOSTILE, status=4)


@pytest.mark.usefixtures("project")
def test_what_the_platform_refuses_is_told_with_its_hint(developer: Scripts) -> None:
    """Exit code 4, the reason and what to do; a run that is not there is one of them."""
    for arguments, reason in (
        (("env_create.sh", "shop", "deploy", "main", SHA), "HINT"),
        (("env_create.sh", "shop", "nightly", "b", SHA), "ops workflow list"),
        (("env_wait_ready.sh", str(UUID(int=0))), "There is no run"),
        (("env_destroy.sh", str(UUID(int=0))), "There is no run"),
    ):
        assert reason in developer.run(*arguments, status=4).stderr


def test_a_database_that_does_not_answer_and_a_missing_psql_are_five(developer: Scripts, tmp_path: Path) -> None:
    """Neither is the platform's refusal."""
    url = "postgresql://postgres:secret@127.0.0.1:1/postgres"
    assert "secret" not in developer.run("env_wait_ready.sh", str(UUID(int=0)), status=5, SUPABASE_DB_URL=url).stderr
    assert "psql is not here" in developer.run("env_wait_ready.sh", "x", status=5, PATH=str(tmp_path)).stderr


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("env_create.sh", ("shop",)),
        ("env_wait_ready.sh", ()),
        ("env_wait_ready.sh", ("run", "soon")),
        ("env_destroy.sh", ("run", "--all")),
        ("concurrency_test.sh", ("many",)),
        ("concurrency_test.sh", ("0", "1")),
        ("end_to_end.sh", ("now",)),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_asked(
    tmp_path: Path, script: str, arguments: tuple[str, ...]
) -> None:
    """Exit code 64."""
    scripts = Scripts(tmp_path, "postgresql://127.0.0.1:1/x")
    scripts.run(script, *arguments, status=64)
    assert not (tmp_path / "arguments").exists()


@pytest.mark.parametrize(
    "url",
    ["", "host=127.0.0.1", "mysql://a/b", "postgresql://a%zz@h/d", "postgresql://h/d?unknown=1", "postgresql://a,b/d"],
)
def test_a_url_that_cannot_be_read_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    """Exit code 64, before psql is started."""
    done = Scripts(tmp_path, url).run("env_wait_ready.sh", "x", status=64)
    assert "SUPABASE_DB_URL" in done.stderr
    assert not (tmp_path / "arguments").exists()


def test_without_a_url_the_variables_of_psql_count(world: World, database: str, project: UUID, tmp_path: Path) -> None:
    """A service file, for example."""
    parts = urlsplit(database)
    service = tmp_path / "services"
    service.write_text(
        f"[ops]\nhost={parts.hostname}\nport={parts.port}\nuser={parts.username}\npassword={parts.password}\n"
        f"dbname={parts.path[1:]}\n"
    )
    run = world.work(project)
    world.complete(run)
    Scripts(tmp_path, "").run("env_wait_ready.sh", str(run), PGSERVICE="ops", PGSERVICEFILE=str(service))


@pytest.mark.parametrize(("runs", "workers"), [(5, 3), (200, 32)])
def test_workers_claim_each_run_once(world: World, owner: Scripts, runs: int, workers: int) -> None:
    """All of them at the same time; nothing is left of it but an archived project."""
    done = owner.run("concurrency_test.sh", str(runs), str(workers))
    assert f"ok: {runs} claims of {runs} runs by" in done.stderr
    assert world.rows("select distinct status from ops.projects") == [{"status": "archived"}]
    assert world.value("select count(*) from ops.runs where finished_at is null") == 0
    assert world.value("select count(distinct claimed_by) from ops.runs") > 1


def test_the_concurrency_test_bites(world: World, owner: Scripts) -> None:
    """A claim that gives one run to two workers is found."""
    world.rows(
        "create or replace function ops.claim_next_run(p_worker_id text, p_lease_seconds int default 60)"
        " returns setof ops.run_details language sql as"
        " $$ select d.* from ops.v_run_details as d where d.status = 'queued' limit 1 $$"
    )
    assert "not ok:" in owner.run("concurrency_test.sh", "2", "2", status=1).stderr


def test_the_whole_life_of_runs_holds(world: World, owner: Scripts) -> None:
    """Created, claimed, started, completed, lost, failed, repeated, given up."""
    done = owner.run("end_to_end.sh")
    assert done.stderr.count("ok: ") == len([line for line in done.stderr.splitlines() if line.startswith("ok: ")])
    assert "ok: the lost one may not end it" in done.stderr
    assert world.value("select count(*) from ops.runs where finished_at is null") == 0


def test_tests_claim_nothing_where_a_platform_works(world: World, owner: Scripts, project: UUID) -> None:
    """They would take its runs."""
    for script in ("concurrency_test.sh", "end_to_end.sh"):
        run = world.queue(project)
        assert "1 unfinished run(s)" in owner.run(script, status=4).stderr
        world.rows("select ops.cancel_run(%s)", run)
        world.rows("select ops.worker_heartbeat('w1', 'sensor')")
        assert "worker w1" in owner.run(script, status=4).stderr
        world.rows("delete from ops.workers")


def test_scripts_are_clean() -> None:
    """Shellcheck has nothing to say, as POSIX shell."""
    program = Path(sys.executable).with_name("shellcheck")
    scripts = sorted(str(path) for path in FOLDER.glob("*.sh"))
    done = subprocess.run(
        [str(program), "--shell", "sh", "--external-sources", "--source-path", str(FOLDER.parents[1]), *scripts],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    assert len(scripts) == 7


def test_every_script_says_how_it_is_called() -> None:
    """The first comment of each names its arguments."""
    for path in FOLDER.glob("e*.sh"):
        assert f"#   {path.name}" in path.read_text()


def test_psycopg_reads_the_url_as_the_scripts_do(developer: Scripts) -> None:
    """The login with every sign is one that other clients take, too."""
    with psycopg.connect(developer.environment["SUPABASE_DB_URL"]) as connection:
        assert connection.execute("select current_user").fetchone()
