"""Killed at every kind of moment: whatever says that it is a backup is one, and the next run ends what was begun."""

from __future__ import annotations

import io
import multiprocessing
import os
import random
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from odooops_dagster.errors import Conflict
from odooops_dagster.tools.backup import gc
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.verify import verify
from odooops_dagster.tools.store import FolderStore, Source, StoredObject
from tests.backups import (
    Databases,
    Production,
    back_up,
    back_up_dump,
    files,
    load_backup,
    production_on,
    repository_in,
    rows,
)
from tests.servers import PostgresServer

KEY = bytes(range(32))
PREFIX = "backups/shop"

# Forks in a process that has read the modules already and has no other threads: a round takes what its work takes.
_children = multiprocessing.get_context("forkserver")
_children.set_forkserver_preload([__name__])


class Fate:
    """Kills this process, as the kernel would, when so many steps were done."""

    def __init__(self, steps: int) -> None:
        self._left = steps
        self._lock = threading.Lock()

    def step(self) -> None:
        """Do one, or die."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Fatal(FolderStore):
    """A store whose user is killed before, in the middle of, or after what it asks for."""

    def __init__(self, root: Path, fate: Fate) -> None:
        super().__init__(root)
        self._fate = fate

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Keep it, perhaps."""
        assert isinstance(source, bytes)
        self._fate.step()
        stored = super().put(key, _Halting(source, self._fate), content_type=content_type)
        self._fate.step()
        return stored

    def open(self, key: str) -> BinaryIO:
        """Open it, perhaps."""
        self._fate.step()
        return super().open(key)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """List, perhaps."""
        self._fate.step()
        return super().list(prefix)

    def delete(self, key: str) -> None:
        """Remove it, perhaps."""
        self._fate.step()
        super().delete(key)
        self._fate.step()


class _Halting(io.BytesIO):
    """Gives half, then perhaps nothing more to anybody."""

    def __init__(self, data: bytes, fate: Fate) -> None:
        super().__init__(data)
        self._half = (len(data) + 1) // 2
        self._fate = fate

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most half of the whole."""
        self._fate.step()
        return super().read(min(size or 0, self._half))


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a child does until it is killed."""

    production: Production
    store: Path
    name: str
    steps: int
    key: bytes | None = field(repr=False)

    @property
    def repository(self) -> Repository:
        """Return the repository in which one dies."""
        return Repository(Fatal(self.store, self.fate), prefix=PREFIX, sealer=Sealer(self.key))

    @property
    def fate(self) -> Fate:
        """Return a new fate."""
        return Fate(self.steps)


def make(work: Work) -> None:
    """Make a backup."""
    try:
        back_up(work.production, work.repository, work.name)
    except Conflict as exc:
        assert "is at work" in str(exc)  # noqa: PT017 - this is no test


def collect(work: Work) -> None:
    """Collect."""
    try:
        gc.collect(work.repository, collector_id=work.name)
    except Conflict as exc:
        assert "is at work" in str(exc)  # noqa: PT017 - this is no test


def run(*doings: tuple[Callable[[Work], None], Work]) -> list[bool]:
    """Let children work at once; return which of them were killed."""
    children = [_children.Process(target=do, args=(work,)) for do, work in doings]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode in (0, -signal.SIGKILL)
    return [child.exitcode != 0 for child in children]


@dataclass
class World:
    """A production, its store, and what every backup has to bring back."""

    production: Production
    databases: Databases
    folder: Path
    key: bytes | None
    rng: random.Random
    expected: dict[str, Any] = field(default_factory=dict)

    @property
    def repository(self) -> Repository:
        """Return the repository as who lives sees it."""
        return repository_in(self.folder / "store", key=self.key)

    def work(self, name: str, most: int) -> Work:
        """Return work that ends at some step."""
        return Work(
            production=self.production,
            store=self.folder / "store",
            name=name,
            steps=self.rng.randint(1, most),
            key=self.key,
        )

    def change(self, name: str) -> None:
        """Change rows and files, and remember what a backup of this name has to bring back."""
        self.production.execute("update sale_order set note = %s where id %% 40 = %s", name, self.rng.randrange(40))
        self.production.attach(self.rng.randbytes(self.rng.randrange(9000)))
        self.expected[name] = (rows(self.production.access), files(self.production.folder))

    def restored(self, name: str) -> Any:  # noqa: ANN401 - rows of every type
        """Return what a restored database and its folder hold."""
        return rows(self.databases.access(name, role="postgres")), files(self.folder / "restored")

    def forget(self, name: str) -> None:
        """Remove what was restored."""
        self.databases.drop(name)
        shutil.rmtree(self.folder / "restored")

    def check_restore(self, backup_id: str) -> None:
        """Restore the newest backup, which is this one, and compare."""
        assert self.repository.manifests()[-1].endswith(f"-{backup_id}")
        name = f"restored {backup_id} {self.rng.randrange(10**9)}"
        load_backup(
            self.repository,
            self.repository.manifest(self.repository.manifests()[-1]),
            self.databases,
            database=name,
            folder=self.folder / "restored",
            programs=self.production.programs,
        )
        try:
            assert self.restored(name) == self.expected[backup_id]
        finally:
            self.forget(name)

    def check_all(self) -> None:
        """Read back every backup that claims to be one."""
        for key in self.repository.manifests():
            assert verify(self.repository, self.repository.manifest(key), programs=self.production.programs).is_good

    def check_tidy(self) -> None:
        """Collect, and see that nothing is left but what the backups need."""
        gc.collect(self.repository, collector_id="last")
        manifests = [self.repository.manifest(key) for key in self.repository.manifests()]
        needed = {piece.key for manifest in manifests for piece in manifest.objects.values()}
        assert self.repository.sizes().keys() == needed
        assert list(self.repository.store.list(f"{PREFIX}/marks/")) == []


@pytest.fixture(params=[None, KEY], ids=["plain", "encrypted"])
def world(request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[World]:
    """A small production; its seed is the test's name."""
    with production_on(postgres_server, tmp_path / "filestore") as production:
        rng = random.Random(request.node.name)  # noqa: S311 - repeatable
        yield World(production, Databases(postgres_server.url("postgres")), tmp_path, request.param, rng)


def test_a_backup_that_is_killed_is_none_or_good_and_the_next_attempt_ends_it(world: World) -> None:
    """Nine times; the same one is asked for again, as its run's next attempt does."""
    killed = 0
    for number in range(9):
        name = f"b{number:02}"
        world.change(name)
        before = world.repository.manifests()
        killed += sum(run((make, world.work(name, 40 if number == 0 else 30))))
        if world.repository.manifests() != before:
            world.check_restore(name)
        if number % 3 == 2:
            again = back_up(world.production, world.repository, name)
            assert [key.endswith(f"-{name}") for key in world.repository.manifests()].count(True) == 1
            assert world.repository.manifests()[-1] == again.manifest.key
            world.check_restore(name)
    assert killed >= 3
    world.check_all()
    world.check_tidy()
    world.check_all()


def test_a_collection_that_is_killed_took_nothing_that_is_needed_and_the_next_one_ends_it(world: World) -> None:
    """Ten times, between backups that are dropped."""
    killed = 0
    rows_of = [b"%d %s\n" % (number, world.rng.randbytes(9).hex().encode()) for number in range(9000)]
    dumps: dict[str, bytes] = {}
    for number in range(10):
        name = f"b{number:02}"
        for _ in range(3):
            rows_of[world.rng.randrange(len(rows_of))] = b"changed %d\n" % number
        dumps[name] = b"".join(rows_of)
        back_up_dump(world.repository, name, dumps[name], folder=world.folder / "none", hour=number)
        if number % 2:
            gc.drop(world.repository, world.rng.choice(world.repository.manifests()))
        killed += sum(run((collect, world.work(name, 14))))
        for key in world.repository.manifests():
            found = world.repository.manifest(key)
            assert b"".join(world.repository.read(part, found.objects) for part in found.dump) == dumps[found.id]
    assert killed >= 3
    world.check_tidy()


def test_a_collection_beside_a_backup_takes_nothing_that_it_needs(world: World) -> None:
    """Five times both at once, each killed at its own moment or not at all."""
    for number in range(5):
        name = f"b{number:02}"
        world.change(name)
        before = world.repository.manifests()
        run((make, world.work(name, 80)), (collect, world.work(name, 30)))
        if world.repository.manifests() != before:
            world.check_restore(name)
        elif before and world.rng.random() < 0.5:
            gc.drop(world.repository, before[0])
    world.check_all()
    world.check_tidy()
    world.check_all()
