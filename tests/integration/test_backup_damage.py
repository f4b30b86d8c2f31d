"""Whatever happens to an object in the store: it is found, named, and mended by the next backup."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from odooops_dagster.errors import Conflict
from odooops_dagster.tools.backup import gc
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.manifest import VERSION, LaterFormat, Manifest
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.verify import Verification, verify
from odooops_dagster.tools.store import FolderStore, MemoryStore, Source, StoredObject
from tests.backups import Production, back_up, check, production_on, repository_in
from tests.servers import PostgresServer

Damage = Callable[[Path], object]


@pytest.fixture(scope="module")
def production(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """A database whose dump takes several objects, with its files."""
    with production_on(postgres_server, tmp_path_factory.mktemp("production") / "filestore") as made:
        made.fill(orders=60_000)
        yield made


def replaced_by(make: Callable[[Path], object]) -> Damage:
    """Return the damage that something else stands in the object's place."""

    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


DAMAGES: dict[str, Damage] = {
    "it is gone": Path.unlink,
    "it is empty": lambda path: path.write_bytes(b""),
    "it was cut": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "its bytes changed": lambda path: path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes())),
    "a pipe": replaced_by(os.mkfifo),
    "a link to itself": replaced_by(lambda path: path.symlink_to(path.name)),
    "a folder": replaced_by(Path.mkdir),
}
OBJECTS: dict[str, Callable[[Manifest], str]] = {
    "the first of the dump": lambda manifest: manifest.dump[0],
    "one within the dump": lambda manifest: manifest.dump[1],
    "the last of the dump": lambda manifest: manifest.dump[-1],
    "the table of files": lambda manifest: manifest.file_table[0],
    "one with files": lambda manifest: min(manifest.objects.keys() - {*manifest.dump, *manifest.file_table}),
}


@pytest.mark.parametrize("choose", OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_named_and_mended_by_the_next_backup(
    production: Production, tmp_path: Path, choose: Callable[[Manifest], str], damage: Damage
) -> None:
    """The damaged backup itself is whole again, and so is the next one."""
    repository = repository_in(tmp_path)
    first = back_up(production, repository, "first")
    production.execute("update sale_order set note = 'changed' where id = 1")
    name = choose(first.manifest)
    damage(tmp_path / repository.prefix / first.manifest.objects[name].key)
    found = check(production, repository, first)
    assert name in found.quarantined
    next_one = back_up(production, repository, "second", quarantine=found.quarantined)
    assert check(production, repository, next_one).is_good
    assert check(production, repository, first).defects == ()


def test_second_copies_go_with_the_first(production: Production, tmp_path: Path) -> None:
    """A collection leaves none of a backup that was dropped."""
    repository = repository_in(tmp_path)
    made = back_up(production, repository, "first")
    assert set(repository.twins()) == {
        made.manifest.objects[name].key for name in (made.manifest.dump[0], *made.manifest.file_table)
    }
    gc.drop(repository, made.manifest.key)
    gc.collect(repository, collector_id="c")
    assert repository.twins() == []


class Slipping(MemoryStore):
    """A store of which the first download of each object goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.slips: set[str] = set()

    def open(self, key: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as the store's
        """Give wrong bytes once."""
        stream = super().open(key)
        if key in self.slips:
            self.slips.remove(key)
            return super().open(self._spoilt(key))
        return stream

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Keep it; its first download will go wrong."""
        self.slips.add(key)
        return super().put(key, source, content_type=content_type)

    def _spoilt(self, key: str) -> str:
        data = bytearray(super().open(key).read())
        data[len(data) // 2] ^= 1
        super().put(f"spoilt/{key}", bytes(data))
        return f"spoilt/{key}"


def test_one_transfer_that_went_wrong_is_no_verdict(production: Production) -> None:
    """What a second reading finds whole is whole."""
    store = Slipping()
    repository = Repository(store, prefix="backups/shop", sealer=Sealer(bytes(range(32))))
    made = back_up(production, repository, "first")
    assert check(production, repository, made).defects == ()
    assert not store.slips & {found.key for found in store.list("backups/shop/objects/")}


def test_a_manifest_of_a_later_format_is_told_from_a_damaged_one(production: Production, tmp_path: Path) -> None:
    """It names both versions and what to do."""
    repository = repository_in(tmp_path)
    made = back_up(production, repository, "first")
    path = tmp_path / repository.prefix / made.manifest.key
    later = made.manifest.to_bytes().replace(f'"version":{VERSION}'.encode(), f'"version":{VERSION + 1}'.encode())
    path.write_bytes(repository.sealer.seal(later, label=made.manifest.key))
    with pytest.raises(LaterFormat, match=f"format version {VERSION + 1}, known is {VERSION}") as caught:
        repository.manifest(made.manifest.key)
    assert "update odooops" in str(caught.value.hint)


def test_files_that_odoo_deletes_meanwhile_are_told_from_lost_ones(production: Production, tmp_path: Path) -> None:
    """The database of now speaks of them no longer; of a lost one it does."""
    repository = repository_in(tmp_path)
    lost, deleted = production.attach(b"lost"), production.attach(b"deleted meanwhile")
    (production.folder / lost).unlink()
    store = repository.store
    assert isinstance(store, FolderStore)

    class Late(FolderStore):
        """A store during whose first upload Odoo deletes a file, as its nightly collection does."""

        def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
            """Delete the row and the file, once the dump is under way."""
            if "objects/" in key:
                production.execute("delete from ir_attachment where store_fname = %s", deleted)
                (production.folder / deleted).unlink(missing_ok=True)
            return super().put(key, source, content_type=content_type)

    slow = Repository(Late(tmp_path), prefix="backups/shop", sealer=Sealer())
    made = back_up(production, slow, "first")
    assert made.manifest.lost == (lost,)
    assert made.manifest.deleted == {deleted}
    found: Verification = verify(repository, repository.manifest(made.manifest.key), programs=production.programs)
    assert found.is_good
    assert found.missing == (lost,)
    production.execute("delete from ir_attachment where store_fname = %s", lost)


def test_a_manifest_that_became_something_else_stops_a_collection(production: Production, tmp_path: Path) -> None:
    """Its backup's objects would be nobody's."""
    repository = repository_in(tmp_path)
    made = back_up(production, repository, "first")
    path = tmp_path / repository.prefix / made.manifest.key
    path.unlink()
    os.mkfifo(path)
    before = repository.sizes()
    with pytest.raises(Conflict, match="cannot be read"):
        gc.collect(repository, collector_id="c")
    assert repository.sizes() == before


def test_a_manifest_that_the_store_keeps_otherwise_is_no_verified_backup(
    production: Production, tmp_path: Path
) -> None:
    """What was meant to be written is not what a restore reads."""
    repository = repository_in(tmp_path)
    made = back_up(production, repository, "first")
    (tmp_path / repository.prefix / made.manifest.key).write_bytes(b"{}")
    found = verify(repository, made.manifest, programs=production.programs)
    assert [defect.subject for defect in found.defects] == ["manifest"]


def test_a_store_that_gives_up_nothing_does_not_answer(production: Production, tmp_path: Path) -> None:
    """One that is not mounted looks like an empty one: nothing is known of the backups then."""
    repository = repository_in(tmp_path / "store")
    back_up(production, repository, "first")
    assert repository.answers()
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    assert not repository.answers()
