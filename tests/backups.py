"""A small Odoo-like database with its filestore, and a repository for its backups."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.create import Created, create, create_from_streams
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.restore import restore_database, restore_filestore
from odooops_dagster.tools.backup.verify import Verification, verify
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.store import FolderStore
from tests.servers import PostgresServer

_TABLES = """
create table if not exists ir_attachment (id serial primary key, name text, store_fname text);
create table if not exists ir_module_module (name text, state text, latest_version text);
create table if not exists sale_order (id serial primary key, name text, note text, amount numeric);
"""


@dataclass
class Production:
    """A database and a folder of files, and the programs to dump the one."""

    url: str
    folder: Path
    programs: Programs
    rng: random.Random = field(default_factory=lambda: random.Random(4))  # noqa: S311 - the same data in every run

    def __post_init__(self) -> None:
        self.execute(_TABLES)
        self.execute(
            "insert into ir_module_module values ('base', 'installed', '19.0.1.3'), ('crm', 'uninstalled', '')"
        )

    @property
    def access(self) -> DatabaseAccess:
        """Return how the database is reached."""
        return access_to(self.url)

    def execute(self, statement: str, *parameters: object) -> None:
        """Change the data."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode(), parameters or None)

    def attach(self, data: bytes) -> str:
        """Attach a file as Odoo does, and return its name."""
        sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        name = f"{sha1[:2]}/{sha1}"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.execute("insert into ir_attachment (name, store_fname) values ('a file', %s)", name)
        return name

    def fill(self, *, files: int = 30, orders: int = 2000, file_bytes: int = 5000) -> None:
        """Attach files and enter orders."""
        for _ in range(files):
            self.attach(self.rng.randbytes(self.rng.randrange(file_bytes)))
        self.execute(
            "insert into sale_order (name, note, amount)"
            " select 'S' || n, md5(n::text) || md5((n * 7)::text), n * 1.5 from generate_series(1, %s) as n",
            orders,
        )


@contextmanager
def production_on(server: PostgresServer, folder: Path) -> Iterator[Production]:
    """Yield a filled database of the server, with its files in the folder."""
    with server.fresh_database(migrated=False) as url:
        production = Production(url, folder, Programs(folder=server.embedded.bin_dir))
        production.fill()
        yield production


def access_to(url: str) -> DatabaseAccess:
    """Return the parts of a database's URL."""
    parts = conninfo_to_dict(url)
    return DatabaseAccess(
        host=str(parts.get("host") or urlsplit(url).hostname),
        port=int(parts.get("port") or 5432),
        user=str(parts["user"]),
        password=str(parts.get("password") or ""),
        database=str(parts["dbname"]),
    )


def repository_in(folder: Path, *, key: bytes | None = None) -> Repository:
    """Return a repository in a folder."""
    return Repository(FolderStore(folder), prefix="backups/shop", sealer=Sealer(key))


def back_up(production: Production, repository: Repository, backup_id: str, **options: object) -> Created:
    """Make a backup."""
    return create(
        repository,
        production.access,
        backup_id=backup_id,
        filestore_path=production.folder,
        programs=production.programs,
        **options,  # type: ignore[arg-type]
    )


def check(production: Production, repository: Repository, created: Created) -> Verification:
    """Read the backup back, its manifest too."""
    return verify(repository, repository.manifest(created.manifest.key), programs=production.programs)


def draft(backup_id: str, taken_at: datetime) -> Manifest:
    """Return what is known of a backup before its dump and its files are read."""
    return Manifest(
        id=backup_id,
        taken_at=taken_at,
        objects={},
        database_name="shop",
        dump_format="plain",
        dump_bytes=0,
        dump=(),
        file_bytes=0,
        file_count=0,
        file_table=(),
    )


def back_up_dump(repository: Repository, backup_id: str, dump: bytes, *, folder: Path, hour: int = 0) -> Created:
    """Make a backup of a dump, and of a folder of files which need not be there."""
    manifest = draft(backup_id, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour))
    return create_from_streams(repository, io.BytesIO(dump), folder, manifest=manifest)


class Databases:
    """Makes databases for the restore as their owner."""

    def __init__(self, url: str) -> None:
        self._url = url

    def create(self, name: str, *, owner: str) -> None:
        """Create it."""
        self._run(f'create database "{name}" owner "{owner}"')

    def access(self, name: str, *, role: str) -> DatabaseAccess:
        """Return how the role reaches it."""
        return replace(access_to(self._url), user=role, database=name)

    def rename(self, name: str, new_name: str) -> None:
        """Rename it."""
        self._run(f'alter database "{name}" rename to "{new_name}"')

    def drop(self, name: str) -> None:
        """Drop it."""
        self._run(f'drop database if exists "{name}" with (force)')

    def exists(self, name: str) -> bool:
        """Return whether it is there."""
        return name in self.names()

    def names(self) -> list[str]:
        """Return the names of all."""
        with psycopg.connect(self._url) as connection:
            return [name for (name,) in connection.execute("select datname from pg_database")]

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement.encode())


def load_backup(
    repository: Repository,
    manifest: Manifest,
    databases: Databases,
    *,
    database: str,
    folder: Path,
    programs: Programs,
    owner: str = "postgres",
) -> None:
    """Restore into a new database and folder, by the functions with which the steps do it."""
    databases.create(database, owner=owner)
    try:
        restore_database(repository, manifest, databases.access(database, role=owner), programs=programs)
        restore_filestore(repository, manifest, folder)
    except BaseException:
        databases.drop(database)
        raise


def rows(access: DatabaseAccess) -> list[tuple[object, ...]]:
    """Return the orders and the attachments."""
    with psycopg.connect(conninfo(access)) as connection:
        orders = connection.execute("select * from sale_order order by id").fetchall()
        return [*orders, *connection.execute("select * from ir_attachment order by id").fetchall()]


def files(folder: Path) -> dict[str, str]:
    """Return each file's hash."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}
