"""An Odoo that other people run on another server: its data, and a role of theirs that only reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.postgres.adoption import AdoptedSource, access_from
from tests.backups import Production
from tests.servers import PostgresServer

PASSWORD = "not-for-logs"
TABLES = ("ir_attachment", "ir_module_module", "sale_order", "sale_order_id_seq")


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """Their production, and the role that they let us have."""

    data: Production
    reader: str

    @property
    def dsn(self) -> str:
        """Return how the reader reaches the database."""
        access = self.data.access
        return make_conninfo(
            host=access.host, port=access.port, user=self.reader, password=PASSWORD, dbname=access.database
        )

    @property
    def place(self) -> AdoptedSource:
        """Return where it is."""
        return AdoptedSource(access=access_from(self.dsn), filestore=self.data.folder)

    def change(self, statement: LiteralString, *names: str) -> None:
        """Change it, as those do whose it is."""
        with psycopg.connect(self.data.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def fingerprint(self) -> str:
        """Return a hash of every row, sequence, owner, right and file with its time."""
        rights = "select relname, relowner, relacl::text from pg_class where relname !~ '^pg_' order by oid"
        with psycopg.connect(self.data.url) as connection:
            said = list(connection.execute(rights))
            said += connection.execute("select datname, datacl::text from pg_database order by oid")
            for table in TABLES:
                said += connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table)))
        files = [path for path in sorted(self.data.folder.rglob("*")) if path.is_file()]
        kept = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in files]
        return hashlib.sha256(repr((said, kept)).encode()).hexdigest()


@contextmanager
def theirs_on(server: PostgresServer, folder: Path) -> Iterator[Theirs]:
    """Yield a filled production, whose reader may read everything and write nothing."""
    reader = f"backup {uuid4().hex[:8]}"
    with server.fresh_database(migrated=False) as url:
        made = Theirs(data=Production(url, folder, Programs(folder=server.embedded.bin_dir)), reader=reader)
        made.data.fill(files=6, orders=50)
        made.change("create role {} login", reader)
        with psycopg.connect(url, autocommit=True) as connection:
            password = sql.SQL("alter role {} password {}")
            connection.execute(password.format(sql.Identifier(reader), sql.Literal(PASSWORD)))
        made.change("grant pg_read_all_data to {}", reader)
        yield made
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(reader)))
