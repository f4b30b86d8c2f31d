"""The environments' databases and roles, on real servers of both versions, by a superuser and by a managed admin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from psycopg import sql

from odooops_dagster.errors import BadInput, Conflict, NotFound, OdooOpsError, Unavailable
from odooops_dagster.home import ADMINISTRATOR, MAINTENANCE_DATABASE
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.postgres.contents import module_states, read_rows
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.dagster import stand_in_odoo
from tests.servers import PostgresServer
from tests.suites.hijack import HIJACKS, Watch
from tests.suites.processes import eventually


class World:
    """One server, one administrator, and names that no other test uses."""

    def __init__(self, server: PostgresServer, databases: OdooDatabases) -> None:
        self.server = server
        self.databases = databases
        self._mark = token_hex(4)

    def name(self, word: str) -> str:
        """Return this test's name for a database or role."""
        return f"t{self._mark}_{word}"

    def environment(self, word: str, *, template: str | None = None) -> DatabaseAccess:
        """Make a role and a database of the same name."""
        name = self.name(word)
        self.databases.ensure_role(name)
        self.databases.create(name, owner=name, template=template)
        return self.databases.access(name, role=name)

    def clean(self) -> None:
        """Drop everything the test made."""
        for name in self.databases.list(f"t{self._mark}_"):
            self.databases.drop(name)
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            roles = connection.execute(
                "select rolname from pg_roles where starts_with(rolname, %s)", [f"t{self._mark}_"]
            )
            for (role,) in roles.fetchall():
                for statement in ("drop owned by {}", "drop role {}"):
                    connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


OLDEST = [pytest.param(kind, marks=pytest.mark.pg15) for kind in ("pg15", "pg15 managed")]


@pytest.fixture(params=["pg18", "pg18 managed", "pg18 embedded", *OLDEST])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Yield each server with a superuser, and with admins that are none: of managed servers, of the embedded one."""
    fixture = "postgres_server" if "pg18" in request.param else "postgres15_server"
    server: PostgresServer = request.getfixturevalue(fixture)
    url = server.url("postgres")
    if "managed" in request.param:
        url = managed_url(server)
    if "embedded" in request.param:
        server.embedded.provision()
        url = server.url(MAINTENANCE_DATABASE, ADMINISTRATOR)
    world = World(server, OdooDatabases(url, secrets=tmp_path / "secrets"))
    yield world
    world.clean()


@pytest.fixture
def superuser(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[World]:
    """Yield the embedded server with its superuser."""
    world = World(postgres_server, OdooDatabases(postgres_server.url("postgres"), secrets=tmp_path / "secrets"))
    yield world
    world.clean()


def managed_url(server: PostgresServer) -> str:
    """Return the URL of an administrator who is no superuser; the server's own databases are already closed."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(
            """
            do $$ begin
                create role managed_admin login createdb createrole password 'managed';
                grant connect on database postgres to managed_admin;
                if current_setting('server_version_num')::int >= 160000 then
                    if to_regrole('ops_templates') is not null then
                        execute 'grant ops_templates to managed_admin with admin option';
                    end if;
                end if;
            exception when duplicate_object then null;
            end $$
            """
        )
        connection.execute("revoke connect on database postgres, template1 from public")
    host = psycopg.conninfo.conninfo_to_dict(server.url("postgres"))
    return f"postgresql://managed_admin:managed@{host.get('host', '127.0.0.1')}:{host['port']}/postgres"


def connect(access: DatabaseAccess, database: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
    """Connect as an environment's Odoo does."""
    return psycopg.connect(
        host=access.host,
        port=access.port,
        user=access.user,
        password=access.password,
        dbname=database or access.database,
        autocommit=True,
        connect_timeout=5,
    )


def install(access: DatabaseAccess, **states: str) -> None:
    """Make what Odoo's own tables look like."""
    with connect(access) as connection:
        connection.execute("create table ir_module_module (id serial primary key, name text unique, state text)")
        connection.execute("create view installed as select name from ir_module_module where state = 'installed'")
        connection.execute("create function answer() returns int language sql as 'select 42'")
        connection.execute("create schema reports")
        connection.execute("create table reports.sales (id serial primary key)")
        for name, state in states.items():
            connection.execute("insert into ir_module_module (name, state) values (%s, %s)", [name, state])


def may_connect(access: DatabaseAccess, database: str) -> bool:
    """Return whether the environment's role gets into the database."""
    reason = ""
    try:
        connect(access, database).close()
    except psycopg.OperationalError as exc:
        reason = str(exc)
    assert reason == "" or "permission denied" in reason or "not currently accepting" in reason
    return not reason


def test_a_preview_cannot_connect_to_another_environments_database(world: World) -> None:
    """Odoo connects to every database it can reach; so it can reach its own only."""
    mine, theirs = world.environment("mine"), world.environment("theirs")
    kept = world.name("kept")
    world.databases.keep_as_template(theirs.database, kept)
    reached = [name for name in world.databases.list() if name != "template0" and may_connect(mine, name)]
    assert reached == [mine.database]
    assert {"postgres", "template1", kept, theirs.database} <= set(world.databases.list())


def test_a_role_can_do_in_its_database_what_odoo_does(world: World) -> None:
    """Tables, views, functions, schemas, and nothing to the database itself."""
    access = world.environment("shop")
    install(access, base="installed", crm="to install")
    assert module_states(access) == {"base": "installed", "crm": "to install"}
    with connect(access) as connection:
        connection.execute("create schema extra")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(access.database)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create role intruder")


def test_a_database_without_odoo_has_no_module_states(world: World) -> None:
    """An installation that died before its first table is seen as such."""
    access = world.environment("empty")
    assert module_states(access) == {}


def test_a_copy_belongs_wholly_to_its_new_role(world: World) -> None:
    """The template's objects, of every kind, are the new owner's; the source keeps its own."""
    source = world.environment("source")
    install(source, base="installed")
    kept = world.name("kept")
    world.databases.keep_as_template(source.database, kept)
    copy = world.environment("copy", template=kept)
    second = world.environment("second", template=kept)
    for access in (source, copy, second):
        with connect(access) as connection:
            connection.execute("alter table ir_module_module add column note text")
            connection.execute("drop view installed")
            connection.execute("drop function answer()")
            connection.execute("alter table reports.sales add column note text")
            connection.execute("drop schema reports cascade")
            owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'public'")
            assert owners.fetchall() == [(access.user,)]
    assert module_states(copy) == {"base": "installed"}


@pytest.mark.parametrize("hijack", HIJACKS)
def test_no_administrator_runs_what_an_environments_database_holds(world: World, hijack: str) -> None:
    """Reading as the environment's role does; copying, handing over and keeping a template call nothing of it."""
    watch = Watch(world.server)
    access = world.environment("hostile")
    with connect(access) as connection:
        connection.execute(stand_in_odoo.TABLES.encode())
        connection.execute(HIJACKS[hijack].encode())
    with suppress(Conflict):  # a view stands where the table is expected
        module_states(access)
        read_rows(access, "select oid = 'pg_class'::regclass from pg_class limit 1")
    kept, new = world.name("kept"), world.environment("new")
    world.databases.keep_as_template(access.database, kept)
    world.environment("copy", template=kept)
    world.databases.hand_over(access.database, to=new.user)
    world.databases.turn_into_template(access.database, world.name("turned"))
    assert watch.roles() <= {access.user}


def test_a_template_is_kept_while_its_source_is_in_use(world: World) -> None:
    """A stray connection to the source does not keep a template from being made."""
    source = world.environment("source")
    with connect(source) as stray:
        world.databases.keep_as_template(source.database, world.name("kept"))
        with pytest.raises(psycopg.OperationalError):
            stray.execute("select 1")
    assert may_connect(source, source.database)


def test_a_database_that_turns_into_a_template_is_out_of_its_roles_reach_and_can_be_copied(world: World) -> None:
    """Nothing of the role is left in it, so the role may go; nobody can connect, and a copy is whole."""
    source = world.environment("scratch")
    install(source, base="installed")
    assert world.name("scratch") in world.databases.roles(world.name("s"))
    with connect(source) as stray:
        world.databases.turn_into_template(source.database, world.name("golden"))
        with pytest.raises(psycopg.OperationalError):
            stray.execute("select 1")
    assert not world.databases.exists(source.database)
    world.databases.drop_role(source.user)
    assert world.databases.roles(world.name("s")) == []
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        psycopg.connect(world.server.url(world.name("golden"))).close()
    copy = world.environment("copy", template=world.name("golden"))
    with connect(copy) as connection:
        connection.execute("alter table ir_module_module add column note text")
    with pytest.raises(Conflict, match="already exists"):
        world.databases.turn_into_template(copy.database, world.name("golden"))


def test_an_environments_role_and_databases_go_without_a_trace(world: World) -> None:
    """Templates made from them stay; a later environment of the same name starts anew."""
    access = world.environment("gone")
    install(access, base="installed")
    world.databases.keep_as_template(access.database, world.name("kept"))
    with pytest.raises(Conflict):
        world.databases.drop_role(access.user)
    world.databases.drop(access.database)
    world.databases.drop(access.database)
    world.databases.drop_role(access.user)
    world.databases.drop_role(access.user)
    assert not world.databases.exists(access.database)
    with pytest.raises(NotFound, match="no password"):
        world.databases.access(access.database, role=access.user)
    assert world.environment("gone").password != access.password


def test_a_database_is_handed_over_whole_and_only_then_can_its_new_role_connect(world: World) -> None:
    """What is being made harmless is out of reach of the Odoo that will serve it."""
    scratch = world.environment("scratch")
    install(scratch, base="installed")
    world.databases.ensure_role(world.name("odoo"))
    served = world.databases.access(scratch.database, role=world.name("odoo"))
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(served)
    world.databases.hand_over(scratch.database, to=served.user)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(scratch)
    world.databases.drop_role(scratch.user)
    with connect(served) as connection:
        connection.execute("alter table ir_module_module add column note text")
        owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'public'").fetchall()
    assert owners == [(served.user,)]


def test_dropping_ends_the_connections_to_it(world: World) -> None:
    """A preview that still runs cannot keep its database alive."""
    access = world.environment("busy")
    with connect(access):
        world.databases.drop(access.database)
    assert not world.databases.exists(access.database)


def test_dropping_waits_for_the_servers_own_session(world: World) -> None:
    """Autovacuum works as a superuser, whose session no other administrator may end."""
    access = world.environment("vacuumed")
    session = psycopg.connect(world.server.url(access.database), autocommit=True)
    with psycopg.connect(world.server.url("postgres"), autocommit=True) as watch:

        def leave() -> None:
            dropping = "select from pg_stat_activity where query like 'drop database%%' and query like %s"
            # A superuser's drop waits for nobody.
            eventually(
                lambda: dropped.is_set() or watch.execute(dropping, [f"%{access.database}%"]).rowcount,
                what="a drop that waits, or is done",
            )
            session.close()

        dropped = threading.Event()
        leaving = threading.Thread(target=leave)
        leaving.start()
        world.databases.drop(access.database)
        dropped.set()
        leaving.join()
    assert not world.databases.exists(access.database)


def test_renaming_keeps_the_data_and_ends_the_connections(world: World) -> None:
    """A restore swaps databases by name."""
    access = world.environment("old")
    install(access, base="installed")
    with connect(access):
        world.databases.rename(access.database, world.name("new"))
    assert module_states(replace(access, database=world.name("new"))) == {"base": "installed"}
    with pytest.raises(NotFound):
        world.databases.rename(access.database, world.name("newer"))


def test_a_taken_name_is_a_conflict_and_leaves_the_first_alone(superuser: World) -> None:
    """Databases are never reused, so never overwritten."""
    access = superuser.environment("twice")
    install(access, base="installed")
    with pytest.raises(Conflict, match="already exists"):
        superuser.databases.create(access.database, owner=access.user)
    assert module_states(access) == {"base": "installed"}


def test_a_copy_of_nothing_is_not_found_and_leaves_nothing(superuser: World) -> None:
    """The message names the template."""
    role = superuser.name("role")
    superuser.databases.ensure_role(role)
    with pytest.raises(NotFound, match="no_such_template"):
        superuser.databases.create(superuser.name("copy"), owner=role, template="no_such_template")
    assert not superuser.databases.exists(superuser.name("copy"))


def test_a_database_for_a_role_that_is_not_there_is_not_left_behind(superuser: World) -> None:
    """Half a database is none."""
    with pytest.raises(NotFound):
        superuser.databases.create(superuser.name("orphan"), owner=superuser.name("nobody"))
    assert not superuser.databases.exists(superuser.name("orphan"))


@pytest.mark.parametrize("name", ["", "x" * 64, "ü" * 32, "a\0b"])
def test_a_name_that_postgresql_would_cut_is_refused(superuser: World, name: str) -> None:
    """Two long branches must not end in one database."""
    with pytest.raises(BadInput):
        superuser.databases.create(name, owner="postgres")
    with pytest.raises(BadInput):
        superuser.databases.ensure_role(name)


def test_names_are_data_never_sql(superuser: World) -> None:
    """A branch may be called anything."""
    name = superuser.name('a"; drop table x; --/ü')
    superuser.databases.ensure_role(name)
    superuser.databases.create(name, owner=name, tag='it\'s a "branch"')
    assert may_connect(superuser.databases.access(name, role=name), name)
    assert superuser.databases.list(superuser.name("a")) == [name]


def test_the_password_is_kept_for_the_platform_alone(superuser: World, tmp_path: Path) -> None:
    """Same password each time, in a file that others cannot read, and in no log of the server."""
    role = superuser.name("role")
    password = superuser.databases.ensure_role(role)
    assert superuser.databases.ensure_role(role) == password
    [file] = (tmp_path / "secrets" / "databases").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert password not in repr(superuser.databases.access("x", role=role))
    with psycopg.connect(superuser.server.url("postgres")) as connection:
        [(kept,)] = connection.execute("select rolpassword from pg_authid where rolname = %s", [role]).fetchall()
    assert kept.startswith("SCRAM-SHA-256$")


def test_a_lost_password_is_replaced_by_one_that_works(superuser: World, tmp_path: Path) -> None:
    """Deleting the secrets folder costs a redeployment, not the environment."""
    access = superuser.environment("lost")
    for file in (tmp_path / "secrets" / "databases").iterdir():
        file.unlink()
    assert superuser.databases.ensure_role(access.user) != access.password
    assert may_connect(superuser.databases.access(access.database, role=access.user), access.database)


def test_closing_keeps_the_servers_other_logins_in(superuser: World) -> None:
    """A login that could connect before we closed the database to PUBLIC still can, by a grant of its own."""
    other = superuser.name("other")
    with psycopg.connect(superuser.server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login password 'other'").format(sql.Identifier(other)))
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(superuser.name("app"))))
    stranger = superuser.environment("stranger")
    assert not may_connect(stranger, superuser.name("app"))
    access = DatabaseAccess(
        host=stranger.host, port=stranger.port, user=other, password="other", database=superuser.name("app")
    )
    assert may_connect(access, access.database)


def test_a_query_cannot_write(superuser: World) -> None:
    """Checks look; they do not touch."""
    access = superuser.environment("looked_at")
    with pytest.raises(OdooOpsError, match="read-only"):
        read_rows(access, "create table x () ")


def test_what_an_earlier_version_made_is_the_administrators_after_the_next_start(
    superuser: World, tmp_path: Path
) -> None:
    """Databases, templates and roles that the superuser made are managed by a role that is none."""
    word = f"ops_{token_hex(4)}"
    superuser.databases.ensure_role(word)
    superuser.databases.create(word, owner=word)
    install(superuser.databases.access(word, role=word), base="installed")
    superuser.databases.keep_as_template(word, f"opstpl_{word}")
    superuser.server.embedded.provision()
    url = superuser.server.url(MAINTENANCE_DATABASE, ADMINISTRATOR)
    databases = OdooDatabases(url, secrets=tmp_path / "secrets")
    databases.ensure_role(f"{word}_new")
    databases.create(f"{word}_copy", owner=f"{word}_new", template=f"opstpl_{word}")
    databases.hand_over(word, to=f"{word}_new")
    assert module_states(databases.access(word, role=f"{word}_new")) == {"base": "installed"}
    for name in (word, f"{word}_copy", f"opstpl_{word}"):
        databases.drop(name)
    for role in (word, f"{word}_new"):
        databases.drop_role(role)


def test_environments_are_made_and_dropped_side_by_side(superuser: World) -> None:
    """Runs work at the same time; rights are changed by one of them at a time."""
    failures: list[Exception] = []

    def live(number: int) -> None:
        try:
            for _ in range(2):
                access = superuser.environment(f"side{number}")
                superuser.databases.keep_as_template(access.database, superuser.name(f"kept{number}"))
                superuser.databases.drop(superuser.name(f"kept{number}"))
                superuser.databases.drop(access.database)
                superuser.databases.drop_role(access.user)
        except (OdooOpsError, psycopg.Error, OSError) as exc:
            failures.append(exc)

    threads = [threading.Thread(target=live, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_server_that_is_down_is_unavailable_with_a_hint(tmp_path: Path) -> None:
    """One line, and what to look at."""
    databases = OdooDatabases("postgresql://postgres@127.0.0.1:1/postgres", secrets=tmp_path)
    with pytest.raises(Unavailable) as caught:
        databases.exists("x")
    assert str(caught.value).startswith("The environments' database server does not answer: ")
    assert caught.value.hint == "Start it with `ops up`, or look at ODOOOPS_ODOO_DATABASE_URL."
    assert "\n" not in str(caught.value)
