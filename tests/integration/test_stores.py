"""The store and the programs of backups, as the settings name them."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from odooops_dagster.errors import BadInput
from odooops_dagster.local import pg_programs as found
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.loading import load
from odooops_dagster.tools.backup.repositories import repository_of
from odooops_dagster.tools.backup.restore import dump_blocks
from odooops_dagster.tools.store import MemoryStore
from odooops_dagster.tools.store.configured import store_of
from tests.backups import Production, access_to, back_up, repository_in
from tests.servers import PostgresServer


def test_a_dump_is_loaded_into_a_server_older_than_our_programs(
    postgres15_server: PostgresServer, tmp_path: Path
) -> None:
    """Our pg_restore begins with a setting that PostgreSQL 15 and 16 do not know."""
    with (
        postgres15_server.fresh_database(migrated=False) as url,
        postgres15_server.fresh_database(migrated=False) as target,
    ):
        programs = Programs(folder=wheel_bin_dir())
        production = Production(url, tmp_path / "filestore", programs)
        production.fill(files=1, orders=100)
        production.execute("update sale_order set note = E'SET transaction_timeout = 0;\\n\\t\\\\.' where id = 1")
        repository = repository_in(tmp_path / "store")
        manifest = back_up(production, repository, "b1").manifest
        load(access_to(target), partial(dump_blocks, repository, manifest), dump_format="custom", programs=programs)
        query = "select md5(string_agg(s::text, '|' order by id)) from sale_order as s"
        contents = []
        for database in (url, target):
            with psycopg.connect(database) as connection:
                contents.append(connection.execute(query.encode()).fetchone())
        assert contents[0] == contents[1]


def test_the_key_encrypts_and_a_wrong_one_is_named() -> None:
    """Base64 of 32 bytes; the hint says how to make one, and no message shows what was given."""
    key = base64.b64encode(bytes(range(32))).decode()
    assert repository_of(MemoryStore(), Settings(backup_key=SecretStr(key)), "shop").sealer.is_encrypting
    assert not repository_of(MemoryStore(), Settings(backup_key=SecretStr(" ")), "shop").sealer.is_encrypting
    for wrong in ("c2hvcnQ=", "no base64!"):
        with pytest.raises(BadInput, match="ODOOOPS_BACKUP_KEY") as caught:
            repository_of(MemoryStore(), Settings(backup_key=SecretStr(wrong)), "shop")
        assert "openssl rand" in str(caught.value.hint)
        assert wrong not in str(caught.value)


def test_projects_keep_their_backups_apart() -> None:
    """Each below its slug, so that one's collection cannot touch another's objects."""
    assert repository_of(MemoryStore(), Settings(), "shop").prefix == "backups/shop/"


def test_the_store_is_the_one_of_the_settings(tmp_path: Path) -> None:
    """A folder below the state folder without a URL."""
    stored = store_of(Settings(home=tmp_path)).put("a/b", b"c")
    assert stored.url == (tmp_path / "store" / "a" / "b").as_uri()


def test_the_newest_programs_serve_a_server_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump refuses servers newer than itself; what is installed beside them is newer than the wheel's one day."""
    for major in (17, 99):
        folder = tmp_path / str(major) / "bin"
        folder.mkdir(parents=True)
        for name in ("pg_dump", "pg_restore"):
            (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.1'\n")
            (folder / name).chmod(0o755)
    monkeypatch.setattr(found, "_INSTALLED", tmp_path)
    assert pg_programs(Settings()).folder == wheel_bin_dir()
    assert pg_programs(Settings(odoo_database_url=SecretStr("postgresql://h/x"))).folder == tmp_path / "99" / "bin"
