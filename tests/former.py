"""A state folder as the version with one cluster for all databases left it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate
from odooops_dagster.home import (
    ADMINISTRATOR,
    CONTROL_DATABASE,
    DAGSTER_DATABASE,
    MAINTENANCE_DATABASE,
    OPERATOR,
    StateEntry,
    secrets_folder,
)
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.state_folder import open_state_folder
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.servers import WHOLE, memory_disk, state_folder

ENVIRONMENT = "ops_0a0b0c0d"
# A person with a login of their own, and one who looks into an environment's database besides.
PEOPLE = """
create role grace login password 'of grace' in role qa_tester valid until '2199-01-01';
alter role grace set search_path = ops, "$user", "an odd, name";
alter role grace connection limit 7;
create role hedy login password 'of hedy' in role developer;
grant connect on database ops_0a0b0c0d to hedy;
alter role hedy in database odooops set statement_timeout = '7s';
alter database odooops set work_mem = '9MB';
"""
DAGSTER = """
create table runs (id serial primary key, body text);
insert into runs (body) select repeat('x', n) from generate_series(1, 500) as n;
"""
CONTENT = (
    "create table public.res_partner as select n as id, 'partner ' || n as name from generate_series(1, 1000) as n"
)


def fill(server: EmbeddedPostgres) -> None:
    """Make what a platform has after a while: a record, Dagster's runs, an environment, people."""
    migrate(server.url(CONTROL_DATABASE))
    with ControlPlane(server.url(CONTROL_DATABASE, OPERATOR)) as control:
        for number in range(3):
            project = control.projects.create(f"shop{number}", repo_url="https://x.example/a.git", odoo_version="19.0")
            control.runs.queue(project.id, env="feature/a", git_sha="a" * 40, ref="refs/heads/feature/a")
    with psycopg.connect(server.url(DAGSTER_DATABASE, DAGSTER_DATABASE)) as connection:
        connection.execute(DAGSTER.encode())
    databases = OdooDatabases(server.url(MAINTENANCE_DATABASE, ADMINISTRATOR), secrets=secrets_folder(server.home))
    databases.ensure_role(ENVIRONMENT)
    databases.create(ENVIRONMENT, owner=ENVIRONMENT)
    with psycopg.connect(conninfo(databases.access(ENVIRONMENT, role=ENVIRONMENT))) as connection:
        connection.execute(CONTENT.encode())
    with psycopg.connect(server.url(MAINTENANCE_DATABASE)) as connection:
        connection.execute(PEOPLE.encode())


def make(home: Path) -> None:
    """Make the folder; nothing runs in it."""
    open_state_folder(home)
    server = EmbeddedPostgres(home, WHOLE, durable=False)
    server.start()
    fill(server)
    server.stop()
    (home / StateEntry.LAYOUT).write_text("1\n")


@contextmanager
def copy_of(former: Path) -> Iterator[Path]:
    """Yield a copy of the folder, each file with its owner."""
    with state_folder("former", parent=memory_disk()) as home:
        subprocess.run(["cp", "-a", f"{former}/.", str(home)], check=True)
        yield home
