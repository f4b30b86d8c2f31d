"""Backups as the zip that Odoo takes and gives, over a real database."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest

from odooops_dagster.errors import Conflict, NotFound, StepFailed, Unavailable
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.loading import load
from odooops_dagster.tools.backup.restore import restore_database, restore_filestore
from odooops_dagster.tools.backup.verify import verify
from odooops_dagster.tools.backup.zip_export import export_zip
from odooops_dagster.tools.backup.zip_import import import_zip, inspect_zip
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.backups import Production, back_up, repository_in
from tests.servers import PostgresServer


@pytest.fixture
def production(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Production]:
    """A filled database with its files, an empty one among them."""
    with postgres_server.fresh_database(migrated=False) as url:
        production = Production(url, tmp_path / "filestore", Programs(folder=postgres_server.embedded.bin_dir))
        production.fill(orders=200)
        production.attach(b"")
        yield production


@pytest.fixture
def guest(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[DatabaseAccess]:
    """An empty database of a role that may do what an environment's may."""
    databases = OdooDatabases(postgres_server.url("postgres"), secrets=tmp_path / "secrets")
    name = f"guest_{token_hex(4)}"
    databases.ensure_role(name)
    databases.create(name, owner=name)
    yield databases.access(name, role=name)
    databases.drop(name)
    databases.drop_role(name)


def rows(url: str) -> list[tuple[object, ...]]:
    """Return the orders and the attachments."""
    with psycopg.connect(url) as connection:
        orders = connection.execute("select * from sale_order order by id").fetchall()
        return [*orders, *connection.execute("select * from ir_attachment order by id").fetchall()]


def files(folder: Path) -> dict[str, str]:
    """Return each file's hash."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def odoo_zip(production: Production, path: Path, *, without: str = "") -> Path:
    """Write the zip as Odoo does: pg_dump of the whole, the files, and its notes on files that may go."""
    dumped = subprocess.run(
        [production.programs.path("pg_dump"), "--no-owner", production.url], capture_output=True, check=True
    ).stdout
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("dump.sql", dumped)
        archive.writestr("manifest.json", json.dumps({"db_name": "their-shop", "major_version": "19.0"}))
        archive.writestr("filestore/checklist/ab/" + "a" * 40, b"")
        for file in sorted(production.folder.rglob("*")):
            name = str(file.relative_to(production.folder))
            if file.is_file() and name != without:
                archive.write(file, f"filestore/{name}")
    return path


def test_an_export_holds_the_rows_and_the_files(
    production: Production, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """PostgreSQL's own psql loads the dump, and the filestore is the same byte by byte."""
    production.attach(random.Random(1).randbytes(20_000_000))  # noqa: S311 - more than two objects
    repository = repository_in(tmp_path / "store", key=bytes(32))
    created = back_up(production, repository, "first")
    target = tmp_path / "out.zip"
    exported = export_zip(repository, created.manifest, target, programs=production.programs)
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
        manifest = json.loads(archive.read("manifest.json"))
    assert files(tmp_path / "unpacked" / "filestore") == files(production.folder)
    assert exported.file_count == 32
    assert (manifest["major_version"], manifest["version_info"][:2]) == ("19.0", [19, 0])
    assert manifest["modules"] == {"base": "19.0.1.3"}
    assert manifest["pg_version"] == "18.0"
    with postgres_server.fresh_database(migrated=False) as url:
        psql = [production.programs.path("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f"]
        subprocess.run([*psql, str(tmp_path / "unpacked/dump.sql"), url], check=True, capture_output=True)
        assert rows(url) == rows(production.url)


def test_an_export_holds_nothing_that_only_its_own_server_has(production: Production, tmp_path: Path) -> None:
    """Whoever loads it has other roles, other tablespaces and no publication."""
    production.execute("create publication cdc for all tables")
    production.execute("create subscription s connection 'host=127.0.0.1 port=1' publication p with (connect = false)")
    repository = repository_in(tmp_path / "store")
    created = back_up(production, repository, "first")
    production.execute("alter subscription s set (slot_name = none)")
    production.execute("drop subscription s")
    export_zip(repository, created.manifest, tmp_path / "out.zip", programs=production.programs)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        dumped = archive.read("dump.sql")
    for word in (b"PUBLICATION", b"SUBSCRIPTION", b"OWNER TO"):
        assert word not in dumped
    assert b"CREATE TABLE public.sale_order" in dumped


def test_a_zip_larger_than_the_old_format_knows_is_written_and_read(
    production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if four gigabytes were a thousand bytes: sizes and places in it are of 64 bits."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    repository = repository_in(tmp_path / "store")
    created = back_up(production, repository, "first")
    target = tmp_path / "out.zip"
    export_zip(repository, created.manifest, target, programs=production.programs)
    assert b"PK\x06\x06" in target.read_bytes()[-200:]
    report = inspect_zip(target)
    assert (report.file_count, report.missing, report.altered) == (31, (), ())


def test_a_disk_that_takes_no_zip_is_named(production: Production, tmp_path: Path) -> None:
    """In one line, with nothing left behind."""
    repository = repository_in(tmp_path / "store")
    created = back_up(production, repository, "first")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match=r"out.zip cannot be written: File exists"):
        export_zip(repository, created.manifest, tmp_path / "file" / "out.zip", programs=production.programs)
    with pytest.raises(Unavailable, match="cannot be written"):
        import_zip(
            repository, odoo_zip(production, tmp_path / "t.zip"), backup_id="t", folder=tmp_path / "file" / "work"
        )


def test_an_export_overwrites_only_what_it_is_told_to(production: Production, tmp_path: Path) -> None:
    """A file that is there stays as it is, also when the export fails half-way."""
    repository = repository_in(tmp_path / "store")
    created = back_up(production, repository, "first")
    target = tmp_path / "out.zip"
    target.write_bytes(b"precious")
    with pytest.raises(Conflict, match="is there already"):
        export_zip(repository, created.manifest, target, programs=production.programs)
    last = created.manifest.dump[-1]
    repository.store.delete(repository.prefix + created.manifest.objects[last].key)
    with pytest.raises(NotFound, match=last):
        export_zip(repository, created.manifest, target, programs=production.programs, force=True)
    assert target.read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["filestore", "out.zip", "store"]


def test_a_zip_of_odoo_becomes_a_backup_that_restores(
    production: Production, guest: DatabaseAccess, tmp_path: Path
) -> None:
    """An ordinary role loads it, though the dump speaks of roles and rights of another server."""
    production.execute("create role their_clerk_of_zips")
    production.execute("grant select on sale_order to their_clerk_of_zips")
    production.execute("comment on schema public is 'theirs'")
    path = odoo_zip(production, tmp_path / "theirs.zip")
    production.execute("drop owned by their_clerk_of_zips")
    production.execute("drop role their_clerk_of_zips")
    repository = repository_in(tmp_path / "store")
    created = import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work")
    assert verify(repository, repository.manifest(created.manifest.key), programs=production.programs).is_good
    assert not (tmp_path / "work").exists()
    assert created.manifest.facts["rows"]["public.sale_order"] == 200
    assert created.manifest.database_name == "their-shop"
    restore_filestore(repository, created.manifest, tmp_path / "restored")
    assert files(tmp_path / "restored") == files(production.folder)
    restore_database(repository, created.manifest, guest, programs=production.programs)
    assert rows(conninfo(guest)) == rows(production.url)


def test_an_import_told_twice_is_one_backup(production: Production, tmp_path: Path) -> None:
    """What a killed attempt left in the folder or in the store does not matter."""
    path = odoo_zip(production, tmp_path / "theirs.zip")
    repository = repository_in(tmp_path / "store")
    (tmp_path / "work" / "ab").mkdir(parents=True)
    (tmp_path / "work" / "ab" / "half").write_bytes(b"half a file")
    once = import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work")
    twice = import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work", taken_at=once.manifest.taken_at)
    assert twice.manifest.key == once.manifest.key
    assert repository.manifests() == [once.manifest.key]
    assert once.manifest.file_count == 31


def test_a_file_that_the_zip_lacks_is_named_and_does_not_spoil_the_backup(
    production: Production, tmp_path: Path
) -> None:
    """Their production had lost it before: the backup says so and is as good as what it was made of."""
    lost = production.attach(b"lost")
    path = odoo_zip(production, tmp_path / "theirs.zip", without=lost)
    assert inspect_zip(path).missing == (lost,)
    repository = repository_in(tmp_path / "store")
    created = import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work")
    verification = verify(repository, created.manifest, programs=production.programs)
    assert verification.is_good
    assert verification.missing == (lost,)


def test_an_import_goes_out_again_as_it_came(production: Production, tmp_path: Path) -> None:
    """The dump is the same byte by byte, and Odoo's manifest too."""
    path = odoo_zip(production, tmp_path / "theirs.zip")
    repository = repository_in(tmp_path / "store")
    created = import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work")
    export_zip(repository, created.manifest, tmp_path / "again.zip", programs=production.programs)
    with zipfile.ZipFile(path) as theirs, zipfile.ZipFile(tmp_path / "again.zip") as again:
        assert again.read("dump.sql") == theirs.read("dump.sql")
        said, again_said = (json.loads(archive.read("manifest.json")) for archive in (theirs, again))
    assert again_said | said == again_said
    assert again_said["modules"] == {"base": "19.0.1.3"}


@pytest.mark.parametrize(
    "line",
    [
        b"\\! touch {path}\n",
        b"select 1 \\! touch {path}\n;\n",
        b"\\unrestrict odooops\n\\! touch {path}\n",
        b"select 1; \\unrestrict odooops \\! touch {path}\n",
        b"\\o {path}\n",
        b"copy (select 1) to program 'touch {path}';\n",
        b"\\copy (select 1) to '{path}'\n",
        b"select `touch {path}`;\n",
        b"\\set x `touch {path}`\n",
    ],
)
def test_a_dump_from_elsewhere_runs_no_program(
    line: bytes, guest: DatabaseAccess, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Psql refuses its own commands, the server those that need more than an ordinary role."""
    trace = tmp_path / "trace"
    blocks = [b"select 1;\n", line.replace(b"{path}", str(trace).encode()), b"select 2;\n"]
    with pytest.raises(StepFailed):
        load(guest, lambda: blocks, dump_format="plain", programs=Programs(folder=postgres_server.embedded.bin_dir))
    assert not trace.exists()
