"""A small Odoo-like database with its filestore, and a repository for its backups."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from odooops_dagster.backup.create import Created, create
from odooops_dagster.backup.dump import Programs
from odooops_dagster.backup.manifest import Manifest
from odooops_dagster.backup.repository import Repository
from odooops_dagster.backup.sealing import Sealer
from odooops_dagster.backup.verify import Verification, verify
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.store import FolderStore

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
        database_name="shop",
        dump_format="plain",
        dump=(),
        dump_bytes=0,
        file_table=(),
        file_count=0,
        file_bytes=0,
        missing=(),
        objects={},
    )
