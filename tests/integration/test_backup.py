"""Backups of a real database and a real folder: made, read back, restored, and damaged in every way."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.errors import Conflict, NotFound, StepFailed, Unavailable
from odooops_dagster.tools.backup import gc
from odooops_dagster.tools.backup.create import create
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.backup.repository_lock import lock_repository
from odooops_dagster.tools.backup.restore import restore_database
from odooops_dagster.tools.store import FolderStore, StoredObject
from tests.backups import Databases, Production, back_up, check, files, load_backup, production_on, repository_in, rows
from tests.servers import PostgresServer

KEY = bytes(range(32))


@pytest.fixture
def production(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Production]:
    """A filled database with its files."""
    with production_on(postgres_server, tmp_path / "filestore") as production:
        yield production


@pytest.fixture(params=[None, KEY], ids=["plain", "encrypted"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """A repository, once with a key and once without."""
    return repository_in(tmp_path / "store", key=request.param)


def objects(folder: Path) -> list[Path]:
    """Return the files in which the store keeps objects, their second copies left out."""
    others = {"manifests", "twins"}
    return sorted(path for path in folder.rglob("*") if path.is_file() and not others.intersection(path.parts))


def test_what_was_backed_up_is_what_is_restored(
    production: Production, repository: Repository, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Rows and files are the same, large, empty and odd ones too."""
    production.attach(b"")
    production.attach(random.Random(1).randbytes(20_000_000))  # noqa: S311 - more than two objects
    created = back_up(production, repository, "first")
    assert check(production, repository, created).defects == ()
    databases = Databases(postgres_server.url("postgres"))
    load_backup(
        repository,
        created.manifest,
        databases,
        database="an odd = 'name",
        folder=tmp_path / "restored",
        programs=production.programs,
    )
    try:
        assert rows(databases.access("an odd = 'name", role="postgres")) == rows(production.access)
    finally:
        databases.drop("an odd = 'name")
    assert files(tmp_path / "restored") == files(production.folder)
    assert created.manifest.facts["modules"] == {"base": "19.0.1.3"}
    assert created.manifest.facts["rows"]["public.sale_order"] == 2000


def test_a_second_backup_sends_only_what_is_new(production: Production, repository: Repository) -> None:
    """A hundredth of the rows, scattered over the table, and one file are new; next to nothing is sent."""
    production.fill(files=300, orders=60_000, file_bytes=20_000)
    first = back_up(production, repository, "first")
    production.execute("update sale_order set note = md5(random()::text) where id %% 100 = %s", 7)
    production.attach(b"new")
    second = back_up(production, repository, "second")
    assert check(production, repository, second).defects == ()
    assert second.stored_bytes < 0.05 * first.stored_bytes


def test_known_files_are_not_read_again(production: Production, repository: Repository) -> None:
    """What an earlier backup has may even be gone, as Odoo collects files while we dump."""
    back_up(production, repository, "first")
    shutil.rmtree(production.folder)
    second = back_up(production, repository, "second")
    assert len(second.rescued) == 30
    assert second.manifest.missing == ()
    assert check(production, repository, second).is_good


def test_files_that_production_lost_or_altered_are_named(production: Production, repository: Repository) -> None:
    """The backup is as good as its source, and says what that lacks."""
    lost, altered = production.attach(b"lost"), production.attach(b"altered")
    (production.folder / lost).unlink()
    (production.folder / altered).write_bytes(b"something else")
    created = back_up(production, repository, "first")
    assert created.manifest.missing == (lost,)
    assert created.manifest.altered == (altered,)
    assert check(production, repository, created).is_good


def test_without_the_key_nothing_is_told(production: Production, tmp_path: Path) -> None:
    """Neither content nor the hash of a known file shows in the store."""
    known = b"a file that everybody has" * 400
    name = production.attach(known)
    created = back_up(production, repository_in(tmp_path / "store", key=KEY), "first")
    everything = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    told = b"".join(path.read_bytes() + str(path.relative_to(tmp_path)).encode() for path in everything)
    hashes = [hashlib.sha256(known).hexdigest(), name, "sale_order", "base"]
    assert [word for word in hashes if word.encode() in told] == []
    for key in (None, bytes(32)):
        with pytest.raises(Conflict, match=r"encrypted|another key"):
            repository_in(tmp_path / "store", key=key).manifest(created.manifest.key)


@pytest.mark.parametrize("seed", range(12))
def test_every_damage_is_found_and_named(
    production: Production, repository: Repository, tmp_path: Path, seed: int
) -> None:
    """A flipped bit, a truncated object, one that is missing, one in another's place; the next backup mends it."""
    rng = random.Random(seed)  # noqa: S311 - repeatable
    back_up(production, repository, "first")
    production.execute("update sale_order set note = 'changed' where id %% 50 = %s", seed)
    created = back_up(production, repository, "second")
    victim = rng.choice([path for path in objects(tmp_path / "store") if _is_needed(path, created.manifest.objects)])
    data = bytearray(victim.read_bytes())
    if seed % 4 == 0:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        victim.write_bytes(data)
    elif seed % 4 == 1:
        victim.write_bytes(data[: rng.randrange(len(data))])
    elif seed % 4 == 2:
        victim.unlink()
    else:
        other = rng.choice([path for path in objects(tmp_path / "store") if path != victim])
        victim.write_bytes(other.read_bytes())
    found = check(production, repository, created)
    assert not found.is_good
    assert found.quarantined
    damaged = _with_bases(found.quarantined, created.manifest.objects)
    mended = back_up(production, repository, "third", quarantine=damaged)
    assert check(production, repository, mended).defects == ()


def _is_needed(path: Path, pieces: object) -> bool:
    return path.name.partition(".")[0] in pieces  # type: ignore[operator]


def _with_bases(names: frozenset[str], pieces: object) -> set[str]:
    bases = {pieces[name].base for name in names if name in pieces}  # type: ignore[index,operator]
    return {*names, *(base for base in bases if base)}


def test_a_damaged_object_stops_a_restore(
    production: Production, repository: Repository, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """It is named, whether the rows need it or the files; tests/dagster/test_restores.py says what a step does then."""
    created = back_up(production, repository, "first")
    manifest, databases = created.manifest, Databases(postgres_server.url("postgres"))
    for name in (manifest.dump[0], next(iter(manifest.objects.keys() - {*manifest.dump, *manifest.file_table}))):
        path = tmp_path / "store" / "backups" / "shop" / manifest.objects[name].key
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        with pytest.raises(Damaged, match="is damaged") as caught:
            load_backup(
                repository,
                manifest,
                databases,
                database="restored",
                folder=tmp_path / f"restored-{name}",
                programs=production.programs,
            )
        assert caught.value.object_name == name
        path.write_bytes(whole)


def test_a_restore_into_what_is_not_empty_fails(production: Production, repository: Repository) -> None:
    """The first error of pg_restore ends it, with its words."""
    created = back_up(production, repository, "first")
    with pytest.raises(StepFailed, match="already exists"):
        restore_database(repository, created.manifest, production.access, programs=production.programs)


class Failing(FolderStore):
    """A store whose disk is full after so many objects."""

    puts_left = 3

    def put(self, key: str, source: object, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Keep it, or say that there is no room."""
        self.puts_left -= 1
        if self.puts_left < 0:
            raise Unavailable("the folder store answers: No space left on device")
        return super().put(key, source, content_type=content_type)  # type: ignore[arg-type]


def test_a_store_that_fails_leaves_no_manifest(production: Production, tmp_path: Path) -> None:
    """What failed is said, and nothing claims to be a backup."""
    whole = repository_in(tmp_path / "store")
    failing = Repository(Failing(tmp_path / "store"), prefix="backups/shop", sealer=whole.sealer)
    with pytest.raises(Unavailable, match="No space left"):
        back_up(production, failing, "first")
    assert whole.manifests() == []
    assert check(production, whole, back_up(production, whole, "first")).is_good


def test_a_database_that_is_not_there_is_named(production: Production, repository: Repository) -> None:
    """Nothing is written."""
    access = replace(production.access, database="not there = x")
    with pytest.raises(Unavailable, match="not there = x"):
        create(repository, access, backup_id="first", filestore_path=production.folder, programs=production.programs)
    assert repository.manifests() == []


def test_collection_removes_what_no_backup_needs_and_nothing_else(
    production: Production, repository: Repository
) -> None:
    """Also the bases of what is written as a difference are needed; a large file that is detached is not."""
    large = production.attach(random.Random(2).randbytes(5_000_000))  # noqa: S311 - an object of its own
    first = back_up(production, repository, "first")
    production.execute("update sale_order set note = 'changed' where id %% 50 = %s", 1)
    production.execute("delete from ir_attachment where id < 29 or store_fname = %s", large)
    second = back_up(production, repository, "second")
    gc.drop(repository, first.manifest.key)
    rehearsed = gc.collect(repository, collector_id="c", dry_run=True)
    assert gc.collect(repository, collector_id="c").keys == rehearsed.keys != ()
    assert check(production, repository, second).defects == ()
    assert gc.collect(repository, collector_id="c").keys == ()


def test_collector_and_writer_do_not_work_at_once(production: Production, repository: Repository) -> None:
    """Whoever comes second stands back; a dead one's mark ends by itself."""
    with lock_repository(repository, "writing", "w"), pytest.raises(Conflict, match=r"marks/writing/w\.\w+ is at work"):
        gc.collect(repository, collector_id="c")
    with (
        lock_repository(repository, "collecting", "c"),
        pytest.raises(Conflict, match=r"marks/collecting/c\.\w+ is at work"),
    ):
        back_up(production, repository, "first")
    assert list(repository.store.list("backups/shop/marks/")) == []


def test_a_manifest_that_cannot_be_read_stops_collection(
    production: Production, repository: Repository, tmp_path: Path
) -> None:
    """Its objects cannot be told from garbage."""
    created = back_up(production, repository, "first")
    (tmp_path / "store" / "backups" / "shop" / created.manifest.key).write_bytes(b"x")
    before = objects(tmp_path / "store")
    with pytest.raises(Conflict):
        gc.collect(repository, collector_id="c")
    assert objects(tmp_path / "store") == before


def test_an_absent_backup_is_not_found(repository: Repository) -> None:
    """It is said by its key."""
    with pytest.raises(NotFound, match="manifests/nothing"):
        repository.manifest("manifests/nothing")
