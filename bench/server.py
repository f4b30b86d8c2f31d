"""A throw-away PostgreSQL with the configuration that the platform ships."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from odooops_dagster.local.clusters import CONTROL, ENVIRONMENTS
from odooops_dagster.local.postgres import EmbeddedPostgres


class Server:
    """A running server, known by the URL of its superuser."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str = "postgres") -> str:
        """Return the superuser's URL of a database."""
        return urlsplit(self._url)._replace(path=f"/{database}").geturl()

    def create(self, database: str, *, template: str = "template1") -> str:
        """Create a database and return its URL."""
        names = sql.Identifier(database), sql.Identifier(template)
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {}").format(names[0]))
            connection.execute(sql.SQL("create database {} template {}").format(*names))
        return self.url(database)

    def version(self) -> str:
        """Return the server's version."""
        with psycopg.connect(self.url()) as connection:
            return connection.info.parameter_status("server_version") or "unknown"


@contextmanager
def throwaway_server(*, bin_dir: Path | None = None) -> Iterator[Server]:
    """Run a server in a temporary folder; it and its data are gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="odooops-bench-"))
    postgres = EmbeddedPostgres(home, replace(CONTROL, settings=ENVIRONMENTS.settings), bin_dir=bin_dir)
    try:
        postgres.start()
        yield Server(postgres.url("postgres"))
    finally:
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)
