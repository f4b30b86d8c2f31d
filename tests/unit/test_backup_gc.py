"""Who may remove objects, and when: marks, and collections beside backups that are being made."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odooops_dagster.errors import Conflict, NotFound
from odooops_dagster.tools.backup import filestore, gc, repository_lock
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.repository_lock import LOCK_SAFE, LOCK_TTL, lock_repository
from odooops_dagster.tools.store import FolderStore, MemoryStore, ObjectStore, Source, StoredObject
from tests.backups import back_up_dump

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


class Watched(MemoryStore):
    """A store that tells what is about to be done."""

    before: Callable[[str, str], None] = staticmethod(lambda _verb, _key: None)

    def put(self, key: str, source: Source, *, content_type: str = "application/octet-stream") -> StoredObject:
        """Tell, and keep it."""
        self.before("put", key)
        return super().put(key, source, content_type=content_type)

    def delete(self, key: str) -> None:
        """Tell, and forget it."""
        self.before("delete", key)
        super().delete(key)


def repository_over(store: ObjectStore) -> Repository:
    """Return a repository without a key."""
    return Repository(store, prefix="backups/shop", sealer=Sealer())


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """An empty store, to which nothing comes late."""
    monkeypatch.setattr(repository_lock, "ARRIVAL_SECONDS", 0.0)
    return Watched()


@pytest.fixture
def repository(store: Watched) -> Repository:
    """An empty repository."""
    return repository_over(store)


def read(repository: Repository, key: str) -> bytes:
    """Return the dump of a backup."""
    manifest = repository.manifest(key)
    return b"".join(repository.read(name, manifest.objects) for name in manifest.dump)


def test_who_ends_late_takes_nobody_elses_mark_away(repository: Repository) -> None:
    """Two attempts at the same backup: the collector stands back until both are done."""
    with lock_repository(repository, "writing", "same"):
        with lock_repository(repository, "writing", "same"):
            pass
        with pytest.raises(Conflict, match="is at work"):
            gc.collect(repository, collector_id="c")
    assert gc.collect(repository, collector_id="c").keys == ()


def test_a_mark_that_was_lost_stays_lost(repository: Repository) -> None:
    """A machine that slept renews too late: meanwhile others acted on it, and a renewal does not undo that."""
    clock = Clock()
    with lock_repository(repository, "writing", "w", clock=clock) as lock:
        clock.now += LOCK_TTL
        with pytest.raises(Conflict, match="not renewed in time"):
            lock.renew()
        clock.now = START
        with pytest.raises(Conflict, match="not renewed in time"):
            lock.check()


def test_a_renewal_that_took_too_long_is_none(store: Watched, repository: Repository) -> None:
    """Until it arrived, others saw the old one."""
    clock = Clock()
    with lock_repository(repository, "writing", "w", clock=clock) as lock:
        store.before = lambda _verb, _key: setattr(clock, "now", clock.now + LOCK_SAFE)
        with pytest.raises(Conflict, match="not renewed in time"):
            lock.renew()


@pytest.mark.parametrize(
    ("step", "is_trusted"),
    [
        (LOCK_SAFE - timedelta(seconds=1), True),
        (LOCK_SAFE, False),
        (timedelta(seconds=-30), True),
        (timedelta(minutes=-2), False),
    ],
)
def test_a_clock_that_is_set_costs_a_mark_only_where_it_must(
    repository: Repository, step: timedelta, *, is_trusted: bool
) -> None:
    """A moment back is what clocks do; more than that, and nobody knows how long it was."""
    clock = Clock()
    with lock_repository(repository, "collecting", "c", clock=clock) as lock:
        clock.now += step
        if is_trusted:
            lock.check()
        else:
            with pytest.raises(Conflict):
                lock.check()


def leave(repository: Repository, kind: str, sign: object) -> None:
    """Leave a mark as one does who was killed."""
    repository.store.put(f"{repository.prefix}marks/{kind}/left.1", json.dumps(sign).encode())


@pytest.mark.parametrize(
    "process",
    [None, "another-boot/pid:[1]/1", f"{repository_lock._machine()}/{os.getpid()}"],  # noqa: SLF001 - what the format says of this machine
    ids=["unnamed", "of another machine", "of this process"],
)
def test_a_mark_of_who_may_live_is_waited_for_until_its_life_is_over(
    repository: Repository, process: str | None
) -> None:
    """Of another machine only time tells; the hint says how much."""
    leave(repository, "writing", {"renewed_at": START.isoformat(), "process": process})
    with pytest.raises(Conflict, match=r"marks/writing/left\.1 is at work") as caught:
        gc.collect(repository, collector_id="c", clock=lambda: START + LOCK_TTL - timedelta(seconds=1))
    assert "15 minutes" in str(caught.value.hint)
    gc.collect(repository, collector_id="c", clock=lambda: START + LOCK_TTL)
    assert list(repository.store.list("backups/shop/marks/")) == []


def test_a_mark_of_the_future_is_of_somebody_who_lives(repository: Repository) -> None:
    """Their clock is wrong, or ours."""
    leave(repository, "collecting", {"renewed_at": (START + timedelta(days=1)).isoformat()})
    with pytest.raises(Conflict, match="is at work"), lock_repository(repository, "writing", "w", clock=lambda: START):
        pass


@pytest.mark.parametrize("sign", [None, [], {}, {"renewed_at": "yesterday"}, {"renewed_at": START.isoformat()[:-6]}])
def test_a_mark_that_nobody_understands_is_respected_for_a_marks_life(repository: Repository, sign: object) -> None:
    """A newer version may have written it; whoever did has renewed it since, or died: the store knows when."""
    leave(repository, "writing", sign)
    now = datetime.now(UTC)
    with pytest.raises(Conflict, match="is at work"):
        gc.collect(repository, collector_id="c", clock=lambda: now + LOCK_TTL - timedelta(minutes=1))
    gc.collect(repository, collector_id="c", clock=lambda: now + LOCK_TTL + timedelta(minutes=1))
    assert list(repository.store.list("backups/shop/marks/")) == []


def test_a_mark_that_cannot_be_read_ends_like_any_other(tmp_path: Path) -> None:
    """A pipe in its place stops nobody for good."""
    repository = repository_over(FolderStore(tmp_path))
    folder = tmp_path / "backups" / "shop" / "marks" / "collecting"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "c.1")
    with pytest.raises(Conflict, match="is at work"), lock_repository(repository, "writing", "w"):
        pass
    died = time.time() - LOCK_TTL.total_seconds()
    os.utime(folder / "c.1", (died, died))
    with lock_repository(repository, "writing", "w"):
        pass


def test_who_was_killed_on_this_machine_is_not_waited_for(tmp_path: Path) -> None:
    """The next attempt sees that the process has ended."""
    program = (
        "import os, sys; from pathlib import Path\n"
        "from odooops_dagster.tools.backup.repository_lock import lock_repository\n"
        "from tests.backups import repository_in\n"
        "with lock_repository(repository_in(Path(sys.argv[1])), 'collecting', 'c'): os._exit(9)"
    )
    child = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    repository = repository_over(FolderStore(tmp_path))
    assert child.returncode == 9
    assert len(list(repository.store.list("backups/shop/marks/"))) == 1
    with lock_repository(repository, "writing", "w"):
        pass


def test_what_a_dead_one_sent_is_waited_for_on_the_network_only(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder has done what a process asked for when the process has ended; a request may still be under way."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(repository_lock, "ARRIVAL_SECONDS", 5.0)
    for found in (repository, repository_over(FolderStore(tmp_path))):
        with lock_repository(found, "writing", "w", clock=lambda: START + LOCK_TTL):
            assert waited == []
        leave(found, "collecting", {"renewed_at": START.isoformat()})
        with lock_repository(found, "writing", "w", clock=lambda: START + LOCK_TTL):
            assert waited == ([5.0] if found is repository else [])
        waited.clear()


def test_a_manifest_that_is_dropped_while_it_is_read_does_not_stop_a_collection(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropping needs no mark; one that is listed still and cannot be had does stop it."""
    created = back_up_dump(repository, "first", b"x", folder=tmp_path)
    read_manifest = repository.manifest

    def drop_first(key: str) -> Manifest:
        gc.drop(repository, key)
        return read_manifest(key)

    monkeypatch.setattr(repository, "manifest", drop_first)
    assert set(gc.collect(repository, collector_id="c").keys) == {p.key for p in created.manifest.objects.values()}
    monkeypatch.setattr(repository, "manifests", lambda: ["manifests/listed-still"])
    with pytest.raises(NotFound):
        gc.collect(repository, collector_id="c")


def test_a_collector_whose_mark_is_lost_removes_nothing_more(
    store: Watched, repository: Repository, tmp_path: Path
) -> None:
    """It asks before each object."""
    for number in range(3):
        repository.keep(b"%d" % number, repository.known(), has_lines=False)
    clock = Clock()
    deleted: list[str] = []

    def sleep(verb: str, key: str) -> None:
        if verb == "delete" and "/objects/" in key:
            deleted.append(key)
            clock.now += LOCK_SAFE

    store.before = sleep
    with pytest.raises(Conflict, match="not renewed in time"):
        gc.collect(repository, collector_id="c", clock=clock)
    assert len(deleted) == 1
    assert len(repository.sizes()) == 2
    assert tmp_path.exists()


def test_a_writer_whose_mark_is_lost_leaves_no_manifest(
    store: Watched, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is lost in the very moment in which the manifest is written."""
    store.before = lambda _verb, key: (
        monkeypatch.setattr(repository_lock, "LOCK_SAFE", timedelta()) if "/manifests/" in key else None
    )
    with pytest.raises(Conflict, match="not renewed in time"):
        back_up_dump(repository, "first", b"x", folder=tmp_path)
    assert repository.manifests() == []


def test_a_writer_whose_mark_is_lost_does_not_upload_the_rest(
    store: Watched, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be hours until the manifest."""
    (tmp_path / "ab").mkdir()
    for number in range(60):
        (tmp_path / "ab" / f"{number}").write_bytes(b"%d" % number)
    monkeypatch.setattr(filestore, "LARGE", 1)  # each file is on its own
    store.before = lambda _verb, key: (
        monkeypatch.setattr(repository_lock, "LOCK_SAFE", timedelta())
        if len(repository.sizes()) > 5 and "/objects/" in key
        else None
    )
    with pytest.raises(Conflict, match="not renewed in time"):
        back_up_dump(repository, "first", b"x", folder=tmp_path)
    assert 5 < len(repository.sizes()) < 30


def test_a_store_that_keeps_our_mark_does_not_fail_the_backup(tmp_path: Path) -> None:
    """The mark dies by itself; so a store may forbid us to delete."""

    class Keeping(MemoryStore):
        def delete(self, key: str) -> None:
            raise Conflict(f"{key} is locked")

    repository = repository_over(Keeping())
    assert read(repository, back_up_dump(repository, "first", b"x", folder=tmp_path).manifest.key) == b"x"


def test_what_a_folder_store_never_finished_is_swept_away(tmp_path: Path) -> None:
    """Old ones only, and not those of others in the same store."""
    repository = repository_over(FolderStore(tmp_path))
    repository.keep(b"kept", repository.known(), has_lines=False)
    litter = [tmp_path / "backups" / name for name in ("shop/objects/ab/.old", "shop/objects/ab/.new", "other/.old")]
    for path in litter:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        if path.name == ".old":
            os.utime(path, (0, 0))
    gc.collect(repository, collector_id="c", dry_run=True)
    assert litter[0].exists()
    gc.collect(repository, collector_id="c")
    assert [path.exists() for path in litter] == [False, True, True]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_is_made_dropped_and_collected_the_others_can_be_read(seed: int) -> None:
    """Bases stay as long as something differs from them."""
    rng = random.Random(seed)  # noqa: S311 - repeatable
    repository = repository_over(MemoryStore())
    rows = [b"%d %s\n" % (number, rng.randbytes(12).hex().encode()) for number in range(20_000)]
    there: dict[str, bytes] = {}
    for number in range(6):
        rows[rng.randrange(len(rows))] = b"changed %d\n" % number
        created = back_up_dump(repository, str(number), b"".join(rows), folder=Path("/nowhere"), hour=number)
        there[created.manifest.key] = b"".join(rows)
        if rng.random() < 0.4:
            victim = rng.choice(sorted(there))
            gc.drop(repository, victim)
            del there[victim]
        if rng.random() < 0.4:
            gc.collect(repository, collector_id="c")
    gc.collect(repository, collector_id="c")
    assert {key: read(repository, key) for key in repository.manifests()} == there
    needed = {piece.key for key in there for piece in repository.manifest(key).objects.values()}
    assert repository.sizes().keys() == needed


def write(repository: Repository, writer: int, folder: Path, made: dict[str, bytes]) -> None:
    """Make twelve backups and drop most of them; few different ones, so that what one collects another wants."""
    rng = random.Random(writer)  # noqa: S311 - repeatable
    written = 0
    for number in itertools.count():
        dump = bytes([rng.randrange(5)]) * 10
        with suppress(Conflict):
            created = back_up_dump(repository, f"{writer}-{number}", dump, folder=folder, hour=number)
            made[created.manifest.key] = dump
            written += 1
            if written == 12:
                return
            if rng.random() < 0.7:
                del made[created.manifest.key]
                gc.drop(repository, created.manifest.key)


def collect(repository: Repository) -> None:
    """Collect again and again."""
    for _ in range(60):
        with suppress(Conflict):
            gc.collect(repository, collector_id="c")


def test_collectors_beside_writers_take_nothing_that_a_manifest_needs(
    store: Watched, repository: Repository, tmp_path: Path
) -> None:
    """Whoever meets the other stands back; whatever manifest stands, all of it is there."""
    made: dict[str, bytes] = {}
    store.before = lambda _verb, _key: time.sleep(0.0002)  # lets the others in
    threads = [threading.Thread(target=write, args=(repository, n, tmp_path, made)) for n in range(3)]
    threads.append(threading.Thread(target=collect, args=(repository,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) >= 3
    assert {key: read(repository, key) for key in repository.manifests()} == made
    gc.collect(repository, collector_id="c")
    assert {key: read(repository, key) for key in repository.manifests()} == made


def test_an_object_that_was_mended_serves_the_older_backups_too(repository: Repository, tmp_path: Path) -> None:
    """Another zstd may make it shorter or longer; what it holds is what counts."""
    dump = bytes(range(256)) * 50
    created = back_up_dump(repository, "first", dump, folder=tmp_path)
    piece = created.manifest.objects[created.manifest.dump[0]]
    longer = replace(created.manifest, objects={**created.manifest.objects, piece.name: replace(piece, stored_bytes=1)})
    repository.write_manifest(longer)
    assert read(repository, longer.key) == dump


def test_a_manifest_that_lacks_something_is_not_written(repository: Repository, tmp_path: Path) -> None:
    """Whoever made it, it would be no backup."""
    created = back_up_dump(repository, "first", b"x", folder=tmp_path)
    with pytest.raises(Conflict, match="does not list it"):
        repository.write_manifest(replace(created.manifest, objects={}))


def test_a_backup_is_compared_with_the_last_one_of_its_environment(repository: Repository, tmp_path: Path) -> None:
    """Whatever others were made meanwhile; without one of its own, with the last one of all."""
    for hour, environment in enumerate(("production", "production", "staging", "staging")):
        created = back_up_dump(repository, str(hour), b"%d" % hour, folder=tmp_path / "none", hour=hour)
        repository.write_manifest(replace(created.manifest, facts={"environment": environment}))
    last = {
        name: known.last.id
        for name in ("production", "staging", "another", None)
        if (known := repository.known(environment=name)).last
    }
    assert last == {"production": "1", "staging": "3", "another": "3", None: "3"}
