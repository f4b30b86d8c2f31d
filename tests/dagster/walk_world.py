"""Where every walk starts: a production with users, its staging and a preview, brought back in half a second.

Real steps, a real Postgres server, real git, and an Odoo that stands in.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from odooops_dagster import home as names
from odooops_dagster.checks import healthy
from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.converge import converge_all
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.store import FolderStore
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.dagster.thread_runtime import ThreadRuntime, offer
from tests.dagster.walk_child import Whereabouts, marking
from tests.dagster.walk_truths import DRAFT, FIRST_ORDERS, PRODUCTION, Truths
from tests.dagster.walks import PREVIEW, STAGING, Walk, enter_orders, remove_order
from tests.platform_logins import by_job
from tests.repositories import Repository as GitRepository
from tests.servers import PostgresServer, as_user

# Owns what is kept, so that a walk may drop the roles of its environments.
KEEPER = "keeper_of_walks"
# A production of somebody else on the same server, with a name like ours: nobody's mark, no row of ours.
NEIGHBOUR = "ops_shop_main_0badcafe_r1"


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """Where every walk starts: a copy of the record, of the environments' databases, and of all files."""

    server: PostgresServer
    record: str
    databases: Mapping[str, Made]
    home: Path
    kept: Path
    stand_in: Path
    others: frozenset[str]  # databases and roles that are none of ours
    runtime: ThreadRuntime
    services: tuple[str, int]
    instance: dg.DagsterInstance  # what Dagster remembers of one walk is nothing to the next
    tally: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def walk(self) -> Iterator[Walk]:
        """Yield the world as it was in the beginning."""
        record = f"{self.record}_walk"
        self._put_back(record)
        where = Whereabouts(
            control_url=as_user(self.server.url(record), "ops_worker", self.server),
            admin_url=self.server.url("postgres"),
            settings=Settings(home=self.home, heartbeat_seconds=1, lease_seconds=30, trust_pushers=True),
            stand_in=self.stand_in,
            services=self.services,
        )
        with by_job(self.server.url(record), self.server) as control:
            try:
                world = self._estate(where, control)
                converge_all(control, self.runtime, world.databases, world.settings)
                yield Walk(world, Truths(world, NEIGHBOUR), self.server.url(record), where, self.tally)
            finally:
                self.runtime.shut_down()
                self._tell()

    def _tell(self) -> None:
        """Tell how far it is: a long run takes the better part of an hour (pytest -s)."""
        if self.tally["walks"] % 50 == 0:
            sys.stdout.write(f"{dict(self.tally)}\n")
            sys.stdout.flush()

    def _estate(self, where: Whereabouts, control: ControlPlane) -> Estate:
        return Estate(
            control=control,
            settings=where.settings,
            databases=marking(where.admin_url, control, self.home),
            runtime=self.runtime,
            instance=self.instance,
            project=control.projects.get("shop"),
            repository=_Kept(self.home),
            store=FolderStore(self.home / "store"),
        )

    @contextmanager
    def mutated(self, function: str, right: str, wrong: str) -> Iterator[None]:
        """Let a function of the record make a mistake in all walks of the block."""
        with psycopg.connect(self.server.url(self.record), autocommit=True) as connection:
            query = "select pg_get_functiondef(oid) from pg_proc where proname = %s"
            [(definition,)] = connection.execute(query, [function])
            assert right in definition, f"{function} does not say: {right}"
            connection.execute(definition.replace(right, wrong).encode())
        try:
            yield
        finally:
            with psycopg.connect(self.server.url(self.record), autocommit=True) as connection:
                connection.execute(definition.encode())

    def clear(self) -> None:
        """Drop what walks made on the server."""
        databases = OdooDatabases(self.server.url("postgres"), secrets=self.home / "secrets")
        for prefix in (names.DATABASE_PREFIX, names.TEMPLATE_PREFIX, names.CLONE_STAGING_PREFIX):
            for name in set(databases.list(prefix)) - self.others:
                databases.drop(name)
        kept = {*self.others, *(made.role for made in self.databases.values()), "ops_templates"}
        for prefix in (names.DATABASE_PREFIX, names.CLONE_STAGING_PREFIX):
            for role in set(databases.roles(prefix)) - kept:
                databases.drop_role(role)

    def _put_back(self, record: str) -> None:
        self.clear()
        _run(self.server, "drop database if exists {} with (force)", record)
        _run(self.server, "create database {} template {} strategy file_copy", record, self.record)
        shutil.rmtree(self.home)
        shutil.copytree(self.kept, self.home, symlinks=True)
        with by_job(self.server.url(record), self.server) as control:
            databases = marking(self.server.url("postgres"), control, self.home)
            for name, made in self.databases.items():
                databases.ensure_role(made.role)
                databases.made_by(made.run_id).create(name, owner=made.role, template=_base(name))
            if not databases.exists(NEIGHBOUR):
                _run(self.server, "create database {}", NEIGHBOUR)


@dataclass(frozen=True, kw_only=True)
class Made:
    """Whose a database is, and the run that made it."""

    role: str
    run_id: UUID


class _Kept(GitRepository):
    """A repository that is there already."""

    def __init__(self, folder: Path, name: str = "shop") -> None:
        self.bare = folder / f"{name}.git"
        self.work = folder / f"{name}.work"


@contextmanager
def beginning(server: PostgresServer, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Beginning]:
    """Let production serve with some orders and a verified backup, and yield that as the beginning of walks."""
    home, stand_in = folder / "home", folder / "stand-in"
    home.mkdir()
    use_stand_in_odoo(patch, stand_in)
    patch.setattr(healthy, "_GONE_SECONDS", 0.2)  # a service that stands in is back at once or never
    with (
        _neighbour(server),
        server.fresh_database() as url,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        begun = _begin(server, url, home, stand_in, instance)
        with _keeper(begun):
            try:
                yield begun
            finally:
                begun.clear()
                _run(server, "drop database if exists {} with (force)", f"{begun.record}_walk")


def _begin(server: PostgresServer, url: str, home: Path, stand_in: Path, instance: dg.DagsterInstance) -> Beginning:
    """Make the environments and return them as what walks start from; the server's own databases are still there."""
    databases = OdooDatabases(server.url("postgres"), secrets=home / "secrets")
    others = frozenset([*databases.list(), *databases.roles("")])
    with (
        by_job(url, server) as control,
        estate(control, server, home) as unmarked,
    ):
        made = replace(unmarked, databases=marking(server.url("postgres"), control, home))
        _let_all_serve(made)
        environments = made.control.environments.list()
        made.runtime.shut_down()  # type: ignore[attr-defined]
        # Nobody listens at the sockets any more, and none can be copied.
        shutil.copytree(home, home.with_name("kept"), symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
        for each in environments:
            _keep(server, str(each.database_name), names.role_name(each))
    runtime = ThreadRuntime()
    return Beginning(
        server=server,
        record=url.rsplit("/", 1)[1],
        databases={
            str(each.database_name): Made(role=names.role_name(each), run_id=each.deployed_run_id)
            for each in environments
            if each.deployed_run_id is not None
        },
        home=home,
        kept=home.with_name("kept"),
        stand_in=stand_in,
        others=others,
        runtime=runtime,
        services=offer(runtime),
        instance=instance,
    )


def _let_all_serve(made: Estate) -> None:
    """Deploy production, its staging and a preview; forget the templates, so that a walk may make them."""
    made.push(PRODUCTION)
    made.work_off()
    made.queue(PRODUCTION)
    made.work_off()
    enter_orders(made, *FIRST_ORDERS)
    assert made.back_up(PRODUCTION).status == "verified"
    # What the second backup adds is in no other: once that is dropped, some objects are nobody's.
    enter_orders(made, DRAFT)
    assert made.back_up(PRODUCTION).status == "verified"
    remove_order(made, DRAFT)
    for branch in (STAGING, PREVIEW):
        made.push(branch)
        assert [run.status for run in made.work_off()] == ["succeeded"]
    for row in made.control.templates.list():
        made.control.templates.forget(row["database_name"])
        made.databases.drop(row["database_name"])


@contextmanager
def _neighbour(server: PostgresServer) -> Iterator[None]:
    _run(server, "create database {}", NEIGHBOUR)
    _run(server, "create role {}", KEEPER)
    try:
        yield
    finally:
        _run(server, "drop database if exists {} with (force)", NEIGHBOUR)
        _run(server, "drop role {}", KEEPER)


@contextmanager
def _keeper(begun: Beginning) -> Iterator[None]:
    try:
        yield
    finally:
        for name in begun.databases:
            _run(begun.server, "drop database if exists {} with (force)", _base(name))


def _keep(server: PostgresServer, name: str, role: str) -> None:
    """Keep a copy of the database that its role may be dropped without."""
    _run(server, "create database {} template {}", _base(name), name)
    _run(server, "reassign owned by {} to {}", role, KEEPER, database=_base(name))
    _run(server, "drop owned by {}", role, database=_base(name))


def _base(database: str) -> str:
    return f"base_{database}"


def _run(server: PostgresServer, statement: LiteralString, *words: str, database: str = "postgres") -> None:
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, words)))
