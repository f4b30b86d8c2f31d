"""What the janitor does not know it leaves alone and tells of: another installation's, another control plane's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from odooops_dagster import home as names
from odooops_dagster.doors.cli.ports import platform
from odooops_dagster.errors import Conflict
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.local.identity import identify
from odooops_dagster.platform import this_platform
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.destroy import destroy_environment
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.upkeep.orphans import STOPPED, STRANGERS
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.store import MemoryStore
from resources.platform import platform_resources
from tests.installations import SHA, Installation, become_another
from tests.ops import Ops
from tests.platform_logins import by_job
from tests.servers import PostgresServer, as_user
from tests.suites.processes import eventually

_ROLES = "select rolname from pg_roles where rolname ~ '^ops_([0-9a-f]{8}|clone_.*)$'"


class Planes:
    """Makes control planes on the server, each by its owner's URL."""

    def __init__(self, server: PostgresServer, stack: ExitStack) -> None:
        self._server = server
        self._stack = stack

    def new(self) -> str:
        """Return one that was just migrated."""
        url = self._stack.enter_context(self._server.fresh_database())
        become_another(url)
        return url

    def backup_of(self, source: str) -> str:
        """Return what the control plane holds at this moment, restored by PostgreSQL's own programs."""
        target = self._stack.enter_context(self._server.fresh_database(migrated=False))
        programs = wheel_bin_dir()
        dumped = subprocess.run([str(programs / "pg_dump"), "-Fc", "-d", source], capture_output=True, check=True)
        restore = [str(programs / "pg_restore"), "--exit-on-error", "-d", target]
        subprocess.run(restore, input=dumped.stdout, capture_output=True, check=True)
        return target


@pytest.fixture
def planes(postgres_server: PostgresServer) -> Iterator[Planes]:
    """Yield what makes control planes."""
    with ExitStack() as stack:
        yield Planes(postgres_server, stack)


@pytest.fixture
def install(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Callable[[str, str], Installation]]:
    """Yield what makes installations on one server, and leave the server as it was."""
    made: list[Installation] = []

    def make(word: str, url: str) -> Installation:
        control = by_job(url, postgres_server)
        made.append(Installation(home=tmp_path / word, admin_url=postgres_server.url("postgres"), control=control))
        made[-1].home.mkdir(exist_ok=True)
        return made[-1]

    yield make
    for installation in made:
        for status in installation.runtime.status():
            installation.runtime.stop(status.name, remove=True)
        installation.control.close()
    clean(postgres_server)


Install = Callable[[str, str], Installation]


def clean(server: PostgresServer) -> None:
    """Drop every environment's database and role, whoever made them."""
    anyone = OdooDatabases(server.url("postgres"), secrets=Path("/nonexistent"))
    for name in [*anyone.list(names.DATABASE_PREFIX), *anyone.list(names.TEMPLATE_PREFIX)]:
        anyone.drop(name)
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for (role,) in connection.execute(
            "select rolname from pg_roles where rolname ~ '^ops_([0-9a-f]{8}|clone_.*)$'"
        ):
            connection.execute(f'drop owned by "{role}"')
            connection.execute(f'drop role "{role}"')


def exchange(installation: Installation, url: str, server: PostgresServer) -> None:
    """Let the state folder work for another control plane from now on."""
    installation.control.close()
    installation.control = by_job(url, server)


def test_two_installations_on_one_server_leave_each_other_alone(install: Install, planes: Planes) -> None:
    """Each removes what its own killed runs left, and tells of what is the other's."""
    one, two = install("one", planes.new()), install("two", planes.new())
    _, production = one.deploy("main")
    _, left = one.fail("feature/a")
    _, mine = two.deploy("main")
    assert two.sweep() == []
    assert set(one.databases.list(names.DATABASE_PREFIX)) == {production, left, mine}
    assert production in two.alarms()[STRANGERS]
    assert STOPPED not in two.alarms()
    assert f"database {left}" in one.sweep()
    assert set(one.databases.list(names.DATABASE_PREFIX)) == {production, mine}
    assert mine in one.alarms()[STRANGERS]


def test_a_copy_of_an_installation_for_trial_harms_nothing_of_the_first(install: Install, planes: Planes) -> None:
    """The copy knows the same environments by the same ids: neither its janitor nor its runs touch what is not its."""
    first = planes.new()
    one = install("one", first)
    environment, production = one.deploy("feature/a")
    one.sweep()
    two = install("two", planes.backup_of(first))
    assert two.sweep() == []
    assert production in two.alarms()[STRANGERS]
    with pytest.raises(Conflict, match="belongs to installation"):
        two.databases.ensure_role(names.role_name(environment))
    with pytest.raises(Conflict, match="belongs to installation"):
        two.databases.drop(production)
    _destroy(two, "feature/a")
    assert one.databases.exists(production)
    access = one.databases.access(production, role=names.role_name(environment))
    psycopg.connect(host=access.host, port=access.port, user=access.user, password=access.password, dbname=production)


def _destroy(installation: Installation, branch: str) -> None:
    environment, run, fence = installation.begin(branch, kind="destroy")
    ctx = StepContext(
        run=run,
        environment=environment,
        project=installation.control.projects.get("shop"),
        fence=fence,
        control=installation.control,
        runtime=installation.runtime,
        store=MemoryStore(),
        databases=installation.databases.made_by(run.id),
        settings=installation.settings,
        log=lambda *_: None,
    )
    destroy_environment(ctx)
    installation.control.runs.complete(fence, exit_code=0)


def test_a_new_control_plane_stops_the_janitor_and_says_what_to_do(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """Its record is empty; production's database, files and Odoo stay."""
    house = install("house", planes.new())
    environment, production = house.deploy("main")
    _, preview = house.deploy("feature/a")
    house.sweep()
    exchange(house, planes.new(), postgres_server)
    _, left = house.fail("feature/b")
    for _ in range(2):
        assert house.sweep() == []
    assert {production, preview, left} <= set(house.databases.list(names.DATABASE_PREFIX))
    assert {production, preview} <= set(house.files())
    assert names.service_name(environment) in {status.name for status in house.runtime.status()}
    alarm = house.alarms()[STOPPED]
    assert f"database {production}: it was made for control plane" in alarm
    assert "ops env orphans adopt" in alarm
    assert "ops env orphans drop" in alarm
    assert len(house.control.incidents.list()) == len(house.alarms()), "one alarm while it is open"


def test_a_control_plane_restored_from_an_older_backup_stops_the_janitor(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """What was deployed since the backup serves, though the record has never heard of it."""
    first = planes.new()
    house = install("house", first)
    _, before = house.deploy("feature/a")
    house.sweep()
    older = planes.backup_of(first)
    _, since = house.deploy("feature/a")
    assert not house.databases.exists(before)
    assert house.sweep() == []
    exchange(house, older, postgres_server)
    for _ in range(2):
        assert house.sweep() == []
    assert house.databases.exists(since)
    assert since in house.files()
    assert f"database {since}: this control plane made it" in house.alarms()[STOPPED]
    # The next run of the restored record would have the number of the one that was lost, and may not undo its work.
    with pytest.raises(Conflict, match="before a person confirms"):
        house.begin("feature/a")
    with pytest.raises(Conflict, match="does not know"):
        retire_database(house.control, house.databases, since)
    assert house.databases.exists(since)


def test_a_run_at_work_in_the_backup_does_not_cost_what_it_deployed_later(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """In the restored record the run ends without having deployed; it did, and its database serves."""
    first = planes.new()
    house = install("house", first)
    house.sweep()
    environment, run, fence = house.begin("main")
    name = house.build(environment, run)
    older = planes.backup_of(first)
    house.record(fence, name)
    house.control.runs.complete(fence, exit_code=0)
    assert house.sweep() == []
    exchange(house, older, postgres_server)
    assert house.sweep() == []
    house.control.runs.complete(fence, exit_code=1, error_message="its lease ended")
    assert house.sweep() == []
    assert house.databases.exists(name)
    assert name in house.files()
    assert "restored from an older backup" in house.alarms()[STOPPED]


def test_the_janitor_goes_on_once_everything_is_decided(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """What was adopted stays for good, what was dropped is gone with its files, and both are on the record."""
    first, second = planes.new(), planes.new()
    house = install("house", first)
    main, production = house.deploy("main")
    feature, preview = house.deploy("feature/a")
    house.sweep()
    exchange(house, second, postgres_server)
    for service in [status.name for status in house.runtime.status()]:
        house.runtime.stop(service, remove=True)
    ops = _ops(house, second, postgres_server)
    assert house.sweep() == []
    listed = ops.json("env", "orphans", "list")
    assert {row["name"] for row in listed} == {
        production, preview, names.role_name(main), names.role_name(feature),
        f"environments/{main.id.hex}", f"environments/{feature.id.hex}",
    }  # fmt: skip
    refused = ops.run("env", "orphans", "drop", preview)
    assert refused.returncode == 1
    assert f"DROP database {preview}" in refused.stderr
    assert house.databases.exists(preview)
    for name in (preview, names.role_name(feature), f"environments/{feature.id.hex}"):
        assert ops.run("env", "orphans", "drop", name, "--yes").returncode == 0
    assert house.databases.exists(preview), "the command only writes the decision down"
    house.sweep()
    assert not house.databases.exists(preview)
    assert ops.run("env", "orphans", "adopt", "--all", "--yes").returncode == 0
    house.sweep()
    assert ops.json("env", "orphans", "list") == []
    _, left = house.fail("feature/b")
    assert f"database {left}" in house.sweep()
    assert house.sweep() == []
    assert house.alarms() == {}
    assert house.databases.list(names.DATABASE_PREFIX) == [production]
    assert house.files() == [production]
    adopted = ops.json("env", "orphans", "list", "--adopted")
    assert production in {row["name"] for row in adopted}
    with psycopg.connect(second) as connection:
        decided = connection.execute("select name, decision, decided_by from ops.orphan_decisions").fetchall()
    assert (preview, "dropped") in {row[:2] for row in decided}
    assert (production, "adopted") in {row[:2] for row in decided}
    assert all(row[2] for row in decided)


def _ops(house: Installation, url: str, server: PostgresServer) -> Ops:
    ops = Ops(house.home)
    ops.environment |= {
        "ODOOOPS_DATABASE_URL": as_user(url, "ops_operator", server),
        "ODOOOPS_ODOO_DATABASE_URL": server.url("postgres"),
        "ODOOOPS_DAGSTER_DATABASE_URL": server.url("postgres"),
    }
    return ops


def test_another_installations_things_are_dropped_by_name_alone(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """--all means what this installation made, or nobody marked."""
    first, second = planes.new(), planes.new()
    one, two = install("one", first), install("two", second)
    _, production = one.deploy("main")
    ops = _ops(two, second, postgres_server)
    two.sweep()
    done = ops.run("env", "orphans", "drop", "--all", "--yes")
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "ops: there is no orphan but another installation's")
    assert one.databases.exists(production)
    assert ops.run("env", "orphans", "drop", production, "--yes").returncode == 0
    two.sweep()
    assert not one.databases.exists(production)


def test_a_drop_that_is_refused_is_told(install: Install, planes: Planes, postgres_server: PostgresServer) -> None:
    """The command that waits fails with the janitor's reason, and the list keeps it."""
    first = planes.new()
    one = install("one", first)
    _, production = one.deploy("main")
    second = planes.backup_of(first)
    two = install("two", second)
    two.sweep()
    ops = _ops(two, second, postgres_server)
    with ops.spawn("env", "orphans", "drop", production, "--yes", "--wait") as waiting:
        eventually(
            lambda: any(orphan.decision for orphan in two.control.orphans.list()), what="the decision", seconds=60
        )
        now = datetime.now(UTC)
        assert two.control.clocks.janitor_is_due(now, last_at=now)
        assert two.sweep() == []
        _, told = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert f"database {production} is in use" in told
    assert one.databases.exists(production)
    [row] = [row for row in ops.json("env", "orphans", "list") if row["name"] == production]
    assert "the last decision failed" in row["reason"]


def test_what_the_last_version_made_is_marked_by_what_the_record_knows(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """Unmarked things that serve stay and are ours from then on; those of ended runs go; the rest is told of."""
    house = install("house", planes.new())
    environment, production = house.deploy("main")
    _, left = house.fail("feature/a")
    _unmark(postgres_server)
    stranger = "ops_shop_main_0c1a8cc8_r1"
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {stranger}")
    unknown = house.home / "environments" / "0c1a8cc8e3f746a493f6033ec6ac7c1c"
    (unknown / "data").mkdir(parents=True)
    assert f"database {left}" in house.sweep()
    assert house.sweep() == []
    assert set(house.databases.list(names.DATABASE_PREFIX)) == {production, stranger}
    assert unknown.is_dir()
    mark = house.databases.marks(production)[production]
    assert mark is not None
    assert mark.run_id == environment.deployed_run_id
    role = names.role_name(environment)
    assert house.databases.role_marks(role)[role] is not None
    assert sorted(line.partition(":")[0] for line in house.alarms()[STRANGERS].splitlines()[:-1]) == [
        f"database {stranger}",
        f"folder environments/{unknown.name}",
    ]


def _unmark(server: PostgresServer) -> None:
    """Leave the comments that the last version wrote."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for (name,) in connection.execute("select datname from pg_database where starts_with(datname, 'ops')"):
            connection.execute(f'comment on database "{name}" is null')
        for (role,) in connection.execute("select rolname from pg_roles where rolname ~ '^ops_[0-9a-f]{8}$'"):
            connection.execute(f"""comment on role "{role}" is 'odooops environment'""")


def test_an_unmarked_database_is_ours_only_where_its_password_is(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """A copy of the last version's control plane knows the same names, and has none of the passwords."""
    first = planes.new()
    one = install("one", first)
    _, production = one.deploy("main")
    _, left = one.fail("feature/a")
    _unmark(postgres_server)
    two = install("two", planes.backup_of(first))
    assert two.sweep() == []
    assert {production, left} <= set(one.databases.list(names.DATABASE_PREFIX))
    assert production in two.alarms()[STRANGERS]
    assert f"database {left}" in one.sweep()


def test_an_alarm_ends_when_what_it_tells_of_is_gone(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """And opens again for the next stranger."""
    one, two = install("one", planes.new()), install("two", planes.new())
    _, left = one.fail("feature/a")
    two.sweep()
    two.sweep()
    [alarm] = two.control.incidents.list()
    assert left in alarm.description
    clean(postgres_server)
    two.sweep()
    assert two.alarms() == {}
    assert two.control.incidents.get(alarm.id).resolution == "Everything that is there is known."


def test_drafts_of_runs_that_nobody_knows_stay(
    install: Install, planes: Planes, postgres_server: PostgresServer
) -> None:
    """Working folders, half-made checkouts and drills bear their run's id; another control plane's are left alone."""
    house = install("house", planes.new())
    _, run, fence = house.begin("feature/a")
    house.control.runs.complete(fence, exit_code=1, error_message="killed")
    folders = [
        house.home / "runs" / str(run.id),
        house.home / "sources" / "0123abcd" / f".{SHA}.{run.id.hex}.1",
        house.home / "drills" / f"ops_drill_{run.id.hex}_1",
    ]
    for folder in folders:
        folder.mkdir(parents=True)
    first = house.control
    house.control = by_job(planes.new(), postgres_server)
    assert house.sweep() == []
    assert all(folder.is_dir() for folder in folders)
    house.control.close()
    house.control = first
    assert len(house.sweep()) == len(folders)
    assert not any(folder.exists() for folder in folders)


def test_the_platform_and_the_commands_mark_what_they_make(
    install: Install, planes: Planes, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are wired to the state folder's id and the control plane's."""
    url = planes.new()
    house = install("house", url)
    for variable, value in _ops(house, url, postgres_server).environment.items():
        if variable.startswith("ODOOOPS_"):
            monkeypatch.setenv(variable, value)
    this_platform.cache_clear()
    try:
        wires = {"databases": platform_resources()["databases"]}
        with dg.build_resources(wires) as wired, platform() as commands:
            _make_and_compare(house, (wired.databases, commands.databases))
    finally:
        this_platform().close()
        this_platform.cache_clear()


def _make_and_compare(house: Installation, makers: Sequence[OdooDatabases]) -> None:
    """Let each make a database, whose mark is the house's."""
    for number, databases in enumerate(makers):
        name = f"ops_wiring_0c1a8cc8_r{number}"
        databases.ensure_role(name)
        databases.create(name, owner=name)
        mark = databases.marks(name)[name]
        assert mark is not None
        assert mark.identity == identify(house.control, house.home)
        databases.drop(name)
        databases.drop_role(name)
