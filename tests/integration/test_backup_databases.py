"""Databases as they are: busy, oddly named, full of what PostgreSQL has, older and newer than the programs."""

from __future__ import annotations

import shlex
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.tools.backup.dump import Programs, snapshot
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.restore import restore_filestore
from odooops_dagster.tools.postgres.connections import conninfo
from tests.backups import Databases, Production, back_up, check, load_backup, production_on, repository_in
from tests.conftest import postgres15
from tests.servers import PostgresServer

_ACCOUNTS = """
create table debit (id int primary key, amount bigint not null);
create table credit (id int primary key, amount bigint not null);
insert into debit select n, 1000 from generate_series(1, 50) as n;
insert into credit select n, 0 from generate_series(1, 50) as n;
"""
_TRANSFER = """
with taken as (update debit set amount = amount - 1 where id = %(id)s returning 1)
update credit set amount = amount + 1 where id = %(id)s
"""
_EVERYTHING = """
create type colour as enum ('red', 'a ''quoted'' one');
create domain positive as int check (value > 0);
create table "an odd ""name"" ünï = 'x'" (
    id serial primary key, "a column" colour, n positive, t text default E'tab\\t'
);
insert into "an odd ""name"" ünï = 'x'" ("a column", n) values ('a ''quoted'' one', 1), ('red', 2);
create table parted (id int, at date) partition by range (at);
create table parted_old partition of parted for values from ('2020-01-01') to ('2025-01-01');
create table parted_new partition of parted default;
insert into parted values (1, '2021-01-01'), (2, '2026-01-01');
create unlogged table unlogged (data bytea);
insert into unlogged values ('\\x00ff0a'), (null);
create table generated (a int, b int generated always as (a * 2) stored);
insert into generated values (21);
create materialized view seen as select count(*) as n from parted;
create extension pg_trgm;
create index on unlogged using btree (data);
comment on column generated.a is 'half of it';
select lo_from_bytea(4711, '\\x000102');
"""
_ANSWERS = (
    """select * from "an odd ""name"" ünï = 'x'" order by id""",
    "select * from parted_old union all select * from parted_new order by 1",
    "select * from unlogged order by 1",
    "select * from generated",
    "select * from seen",
    "select lo_get(4711)",
    "select similarity('backup', 'backups')",
    "select relname, relpersistence from pg_class where relname = 'unlogged'",
    "select col_description('generated'::regclass, 1)",
    """select nextval('"an odd ""name"" ünï = ''x''_id_seq"')""",
)
_SLOW_END = """
import subprocess, sys, time
with subprocess.Popen([{program!r}, *sys.argv[1:]], stdout=subprocess.PIPE) as process:
    for line in process.stdout:
        sys.stdout.buffer.write(line)
        if line == b"\\\\.\\n":
            sys.stdout.flush()
            time.sleep(0.3)
sys.stdout.flush()
sys.exit(process.returncode)
"""


@pytest.fixture
def production(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Production]:
    """A filled database with its files."""
    with production_on(postgres_server, tmp_path / "filestore") as production:
        yield production


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return repository_in(tmp_path / "store")


@pytest.fixture
def databases(postgres_server: PostgresServer) -> Iterator[Databases]:
    """The server, which loses what was restored at the end."""
    databases = Databases(postgres_server.url("postgres"))
    yield databases
    databases.drop("restored")


def bring(
    repository: Repository,
    databases: Databases,
    production: Production,
    *,
    owner: str = "postgres",
    programs: Programs | None = None,
) -> str:
    """Restore the newest backup, and return how the database is reached."""
    load_backup(
        repository,
        repository.manifest(repository.manifests()[-1]),
        databases,
        database="restored",
        owner=owner,
        folder=production.folder.parent / "restored",
        programs=programs or production.programs,
    )
    return conninfo(databases.access("restored", role="postgres"))


def answers(url: str) -> list[object]:
    """Return what the database answers to all questions."""
    with psycopg.connect(url) as connection:
        return [connection.execute(question.encode()).fetchall() for question in _ANSWERS]


def test_a_backup_of_a_busy_production_is_of_one_moment(
    production: Production, repository: Repository, databases: Databases
) -> None:
    """Money moves between two tables all the time; in the backup none is on its way, and no file is missing."""
    production.execute(_ACCOUNTS)
    ended, moved = threading.Event(), threading.Event()

    def trade() -> None:
        with psycopg.connect(production.url, autocommit=True) as connection:
            while not ended.is_set():
                for number in range(1, 51):
                    connection.execute(_TRANSFER, {"id": number})
                production.attach(b"receipt %d" % time.monotonic_ns())
                moved.set()

    trader = threading.Thread(target=trade)
    trader.start()
    try:
        assert moved.wait(30)
        created = back_up(production, repository, "busy")
    finally:
        ended.set()
        trader.join()
    assert created.manifest.missing == ()
    assert check(production, repository, created).is_good
    with psycopg.connect(bring(repository, databases, production)) as connection:
        sums = connection.execute("select (select sum(amount) from debit), (select sum(amount) from credit)").fetchone()
    assert sums is not None
    assert sums[0] + sums[1] == 50_000
    assert sums[1] > 0


def test_a_role_that_owns_nothing_restores_what_postgresql_has(
    postgres15_server: PostgresServer, repository: Repository, tmp_path: Path
) -> None:
    """Partitions, unlogged tables, large objects, generated columns, an extension, names of every kind; in 15 too."""
    databases = Databases(postgres15_server.url("postgres"))
    with production_on(postgres15_server, tmp_path / "filestore") as production:
        production.execute(_EVERYTHING)
        created = back_up(production, repository, "everything")
        assert check(production, repository, created).is_good
        assert created.manifest.facts["rows"]["public.an odd \"name\" ünï = 'x'"] == 2
        production.execute(f"create role restorer login password '{production.access.password}'")
        try:
            assert answers(bring(repository, databases, production, owner="restorer")) == answers(production.url)
        finally:
            databases.drop("restored")
            production.execute("drop role restorer")


def test_a_server_that_lacks_an_extension_is_named_with_what_to_do(
    postgres15_server: PostgresServer,
    postgres_server: PostgresServer,
    repository: Repository,
    databases: Databases,
    tmp_path: Path,
) -> None:
    """A column has a type of it: the rows are not to be had, and a half-restored database is none."""
    with production_on(postgres15_server, tmp_path / "filestore") as production:
        production.execute("create extension citext")
        production.execute("create table people (email citext)")
        back_up(production, repository, "first")
    newer = Programs(folder=postgres_server.embedded.bin_dir)
    with pytest.raises(StepFailed, match=r'type "public\.citext" does not exist') as caught:
        bring(repository, databases, production, programs=newer)
    assert "install the extension on this server" in str(caught.value.hint)
    assert not databases.exists("restored")
    assert not (tmp_path / "restored").exists()


def test_a_production_with_an_odd_name_is_backed_up(
    production: Production, repository: Repository, databases: Databases
) -> None:
    """A name is a name, whatever a connection string would make of it."""
    odd = "dbname=o'dd \"ünï\\ host=x"
    quoted = odd.replace('"', '""')
    databases.create(quoted, owner="postgres")
    try:
        access = replace(production.access, database=odd)
        with closing(psycopg.connect(conninfo(access), autocommit=True)) as connection:
            connection.execute("create table kept as select 42 as answer")
        named = Production(conninfo(access), production.folder, production.programs)
        created = back_up(named, repository, "odd")
        assert created.manifest.database_name == odd
        with psycopg.connect(bring(repository, databases, production)) as connection:
            assert connection.execute("select answer from kept").fetchall() == [(42,)]
    finally:
        databases.drop(quoted)


def test_programs_older_than_the_server_are_named_with_what_to_do(
    production: Production, repository: Repository
) -> None:
    """PostgreSQL's own programs refuse a newer server."""
    older = Production(production.url, production.folder, Programs(folder=postgres15()))
    with pytest.raises(StepFailed, match="server version mismatch") as caught:
        back_up(older, repository, "first")
    assert "install the server's own version" in str(caught.value.hint)
    assert repository.manifests() == []


def test_a_moment_is_held_for_longer_than_the_role_may_be_idle(production: Production) -> None:
    """A role's own limits are for its users, not for its backups."""
    with psycopg.connect(production.url, autocommit=True) as connection:
        connection.execute(
            f"alter database {connection.info.dbname} set idle_in_transaction_session_timeout = '200ms'".encode()
        )
    with snapshot(production.access, programs=production.programs) as moment:
        time.sleep(0.5)  # clock: longer than the server lets the role be idle
        assert moment.facts().rows["public.sale_order"] == 2000


def test_a_filestore_that_is_not_there_ends_the_backup(production: Production, repository: Repository) -> None:
    """It is not taken for one that has lost every file: perhaps it is not mounted."""
    elsewhere = Production(production.url, production.folder / "elsewhere", production.programs)
    with pytest.raises(Unavailable, match="is not there, and the database refers to 30 files") as caught:
        back_up(elsewhere, repository, "first")
    assert "mounted" in str(caught.value.hint)
    assert repository.manifests() == []


def test_a_backup_that_is_there_is_not_made_again_unless_it_is_distrusted(
    production: Production, repository: Repository
) -> None:
    """Asked for the same id twice, there is one manifest, of the first moment; a distrusted one gives way."""
    first = back_up(production, repository, "same")
    assert back_up(production, repository, "same").manifest == first.manifest
    victim = first.manifest.dump[0]
    time.sleep(1.1)  # clock: a key says the second
    again = back_up(production, repository, "same", quarantine={victim})
    assert repository.manifests() == [again.manifest.key]
    assert check(production, repository, again).is_good


def test_a_disk_that_is_full_ends_a_restore_with_its_words(
    production: Production, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with the number of bytes that are needed."""
    created = back_up(production, repository, "first")

    def full(_path: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Unavailable, match="cannot be written: No space left on device") as caught:
        restore_filestore(repository, created.manifest, tmp_path / "restored")
    assert str(created.manifest.file_bytes) in str(caught.value.hint)


def test_verify_listens_to_pg_restore_to_its_end(
    production: Production, repository: Repository, tmp_path: Path
) -> None:
    """It fails when nobody does, however late its last words come."""
    created = back_up(production, repository, "first")
    slow = tmp_path / "programs"
    slow.mkdir()
    (slow / "slow.py").write_text(_SLOW_END.format(program=production.programs.path("pg_restore")))
    (slow / "pg_restore").write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(slow / "slow.py"))} "$@"\n'
    )
    (slow / "pg_restore").chmod(0o755)
    assert (
        check(Production(production.url, production.folder, Programs(folder=slow)), repository, created).defects == ()
    )


@pytest.mark.parametrize("lost_bytes", [1, 10_000, 100_000])
def test_a_dump_that_lost_its_end_unnoticed_is_named(
    production: Production, repository: Repository, tmp_path: Path, lost_bytes: int
) -> None:
    """Of its last table, a part or all: pg_dump said that all was well, and pg_restore finds that it was not."""
    whole = back_up(production, repository, "whole").manifest.dump_bytes
    cutting = tmp_path / "programs"
    cutting.mkdir()
    real = shlex.quote(production.programs.path("pg_dump"))
    (cutting / "pg_dump").write_text(f'#!/bin/sh\n{real} "$@" | head -c {whole - lost_bytes}\n')
    (cutting / "pg_dump").chmod(0o755)
    cut = back_up(Production(production.url, production.folder, Programs(folder=cutting)), repository, "cut")
    assert cut.manifest.dump_bytes == whole - lost_bytes
    found = check(production, repository, cut)
    assert [defect.subject for defect in found.defects] == ["database"]
    assert "end of file" in found.defects[0].message
