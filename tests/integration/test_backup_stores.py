"""Stores that fail, stall, fill up and rot: a backup is whole, or says what was wrong and is none."""

from __future__ import annotations

import hashlib
import random
import resource
import subprocess
import sys
import types
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from odooops_dagster.errors import Conflict, NotFound, Unavailable
from odooops_dagster.tools.backup import gc
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.encryption import Sealer
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.verify import Verification, verify
from odooops_dagster.tools.runtime.ports import free_port
from odooops_dagster.tools.store import FolderStore, MemoryStore, S3Store
from odooops_dagster.tools.store import s3 as stores
from tests.backups import back_up_dump, repository_in
from tests.conftest import missing
from tests.suites.stumbling import Stumbling

KEY = bytes(range(32))
_buckets = count()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that speaks S3, for the tests of this file."""
    port = free_port()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, and no pauses between the attempts."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=lambda _seconds: None))
    monkeypatch.setattr(stores, "_READ_PAUSE_SECONDS", 0.0)


def bucket_at(endpoint: str) -> str:
    """Make a bucket."""
    name = f"bucket-{next(_buckets)}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    return name


def repository_at(endpoint: str, bucket: str) -> Repository:
    """Return the repository in a bucket."""
    return Repository(S3Store(bucket, endpoint_url=endpoint), prefix="backups/shop", sealer=Sealer(KEY))


@pytest.fixture
def filestore(tmp_path: Path) -> Path:
    """Some files, of which packs are made."""
    rng = random.Random(8)  # noqa: S311 - repeatable
    folder = tmp_path / "filestore" / "ab"
    folder.mkdir(parents=True)
    for number in range(20):
        (folder / f"{number}").write_bytes(rng.randbytes(9_000))
    (folder / "large").write_bytes(rng.randbytes(200_000))
    return folder.parent


def dump_of(seed: int) -> bytes:
    """Return a dump of which a part is like that of every other seed; it ends as a plain dump does."""
    rng = random.Random(1)  # noqa: S311 - repeatable
    lines = [b"%d\t%s\n" % (number, rng.randbytes(30).hex().encode()) for number in range(12_000)]
    lines[seed % len(lines)] = b"changed %d\n" % seed
    return b"".join([*lines, b"-- PostgreSQL database dump complete\n"])


def proven(repository: Repository) -> list[Verification]:
    """Read every backup back."""
    return [verify(repository, repository.manifest(key), programs=Programs()) for key in repository.manifests()]


def attempt(repository: Repository, name: str, dump: bytes, filestore: Path, *, hour: int) -> str | None:
    """Make a backup; return what was said of a store that did not let us."""
    try:
        back_up_dump(repository, name, dump, folder=filestore, hour=hour)
    except Unavailable as exc:
        return f"{exc} ({exc.hint})"
    return None


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("seed", range(6))
def test_a_service_that_stumbles_has_whole_backups_or_is_named(endpoint: str, filestore: Path, seed: int) -> None:
    """It answers 500, hangs up, breaks off and is slow at random; with patience there is a backup in the end."""
    rng = random.Random(seed)  # noqa: S311 - repeatable
    bucket = bucket_at(endpoint)
    outright = repository_at(endpoint, bucket)
    named = 0
    with Stumbling(endpoint) as service:
        for number, odds in enumerate((0.1, 0.6, 0.0)):  # now and then, most of the time, and in the end not at all
            service.whims = lambda odds=odds: rng.choice(service.WHIMS) if rng.random() < odds else ""  # type: ignore[misc]
            name = f"b{number}"
            said = attempt(repository_at(service.url, bucket), name, dump_of(number), filestore, hour=number)
            named += said is not None
            assert said is None or bucket in said or "download" in said
        assert outright.manifests()[-1].endswith("-b2")
        assert all(verification.is_good for verification in proven(outright))
        assert len(outright.manifests()) >= 3 - named


@pytest.mark.usefixtures("impatient")
def test_a_service_that_says_nothing_is_named(endpoint: str, filestore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its attempts; nothing claims to be a backup, and its mark is left to die."""
    monkeypatch.setattr(stores, "_SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(stores, "_TRIES", 2)
    bucket = bucket_at(endpoint)
    with Stumbling(endpoint) as service:
        repository = repository_at(service.url, bucket)
        service.delay_seconds = 0.6
        with pytest.raises(Unavailable, match=rf"bucket {bucket} cannot be reached: Read timeout"):
            back_up_dump(repository, "first", b"x", folder=filestore)
        service.delay_seconds = 0.0
        assert repository.manifests() == []
        assert back_up_dump(repository, "first", b"x", folder=filestore).manifest.key == repository.manifests()[0]


@pytest.mark.usefixtures("impatient")
def test_nothing_is_said_of_a_backup_while_its_service_is_down(endpoint: str, filestore: Path) -> None:
    """It is neither good nor damaged: verify fails instead of naming defects."""
    bucket = bucket_at(endpoint)
    back_up_dump(repository_at(endpoint, bucket), "first", dump_of(1), folder=filestore)
    with Stumbling(endpoint) as service:
        repository = repository_at(service.url, bucket)
        manifest = repository.manifest(repository.manifests()[0])
        service.failures = 10_000
        with pytest.raises(Unavailable, match=bucket):
            verify(repository, manifest, programs=Programs())


_CHILD = """
import random, resource, sys
from pathlib import Path
from odooops_dagster.errors import Unavailable
from tests.backups import back_up_dump, repository_in
if int(sys.argv[2]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
dump = random.Random(1).randbytes(6_000_000).hex().encode() + b"\\n-- PostgreSQL database dump complete\\n"
try:
    back_up_dump(repository_in(Path(sys.argv[1])), "second", dump, folder=Path("/nowhere"), hour=1)
except Unavailable as exc:
    print(exc, exc.hint, sep="|")
"""


def fill(folder: Path, *, largest: int = 0) -> str:
    """Make a backup of 6 MB in a process that may write files of this length only; return what it says of that."""
    arguments = [sys.executable, "-c", _CHILD, str(folder), str(largest)]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def test_a_disk_that_takes_no_more_is_named_and_keeps_what_it_has(tmp_path: Path) -> None:
    """The earlier backup can be restored, nothing half-written is left, and with more room the next one is good."""
    repository = repository_in(tmp_path / "store")
    back_up_dump(repository, "first", dump_of(1), folder=tmp_path / "none")
    said = fill(tmp_path / "store", largest=2_000_000)
    assert "the folder store answers: File too large" in said
    assert f"see to the disk and the rights of {tmp_path / 'store'}" in said
    assert [key[-5:] for key in repository.manifests()] == ["first"]
    assert list((tmp_path / "store").rglob(".*")) == []
    assert fill(tmp_path / "store") == ""
    assert [verification.defects for verification in proven(repository)] == [(), ()]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        missing("this machine lets nobody mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.root
def test_a_disk_that_is_full_is_named_and_keeps_what_it_has(small_disk: Path, tmp_path: Path) -> None:
    """A real one, of which a collection frees what was uploaded in vain."""
    repository = repository_in(small_disk)
    back_up_dump(repository, "first", dump_of(1), folder=tmp_path / "none")
    before = set(repository.sizes())
    assert "No space left on device" in fill(small_disk)
    gc.collect(repository, collector_id="c")
    assert set(repository.sizes()) == before
    assert [verification.defects for verification in proven(repository)] == [()]


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_wherever_a_bit_flips_it_is_found_and_the_object_named(filestore: Path, key: bytes | None) -> None:
    """Any bit of any object and of the manifest; without a key one in many leaves the content as it was."""
    rng = random.Random(9)  # noqa: S311 - repeatable
    store = MemoryStore()
    repository = Repository(store, prefix="backups/shop", sealer=Sealer(key))
    back_up_dump(repository, "first", dump_of(1), folder=filestore)
    back_up_dump(repository, "second", dump_of(2), folder=filestore, hour=1)
    manifest_key = repository.manifests()[-1]
    places = [manifest_key, *(piece.key for piece in repository.manifest(manifest_key).objects.values())]
    harmless = 0
    for _ in range(120):
        place = "backups/shop/" + rng.choice(places)
        whole = store.get(place)
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        store.put(place, bytes(damaged))
        harmless += not is_found(repository, manifest_key, place)
        store.put(place, whole)
    assert harmless <= (0 if key else 4)
    assert all(verification.is_good for verification in proven(repository))


def is_found(repository: Repository, manifest_key: str, place: str) -> bool:
    """Return whether what stands here is known to be damaged, and assert that nothing else is blamed for it."""
    if place.endswith(manifest_key):
        with pytest.raises(Conflict):
            repository.manifest(manifest_key)
        return True
    manifest = repository.manifest(manifest_key)
    found = verify(repository, manifest, programs=Programs())
    name = place.rpartition("/")[2].partition(".")[0]
    if found.is_good:
        assert hashlib.sha256(repository.read(name, manifest.objects)).hexdigest() == name
    else:
        assert found.quarantined == {name}
    return not found.is_good


def test_a_manifest_that_was_put_in_the_place_of_another_is_refused(filestore: Path) -> None:
    """Also by who has no key: its name says what it is."""
    for key in (None, KEY):
        store = MemoryStore()
        repository = Repository(store, prefix="backups/shop", sealer=Sealer(key))
        for hour, name in enumerate(("first", "second")):
            back_up_dump(repository, name, dump_of(hour), folder=filestore, hour=hour)
        first, second = repository.manifests()
        store.put(f"backups/shop/{second}", store.get(f"backups/shop/{first}"))
        with pytest.raises(Conflict, match=r"holds the manifest of|another key"):
            repository.manifest(second)


@pytest.mark.parametrize("lines", [1, 3000, -1])
def test_a_dump_that_was_cut_off_is_named(tmp_path: Path, lines: int) -> None:
    """After its first line, in the middle, before its last one."""
    repository = repository_in(tmp_path)
    cut = b"".join(dump_of(1).splitlines(keepends=True)[:lines])
    back_up_dump(repository, "first", cut, folder=tmp_path / "none")
    (verification,) = proven(repository)
    assert [str(defect) for defect in verification.defects] == ["database: the dump has no end"]


def test_an_object_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Nobody's memory is filled by what somebody put there."""
    repository = repository_in(tmp_path)
    created = back_up_dump(repository, "first", dump_of(1), folder=tmp_path / "none")
    piece = created.manifest.objects[created.manifest.dump[0]]
    with (tmp_path / "backups" / "shop" / piece.key).open("wb") as stream:
        stream.truncate(2**40)  # of holes
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Conflict, match="has more than"):
        repository.read(piece.name, created.manifest.objects)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_what_was_deleted_is_absent_and_named(tmp_path: Path) -> None:
    """An object and a manifest."""
    repository = repository_in(tmp_path)
    created = back_up_dump(repository, "first", dump_of(1), folder=tmp_path / "none")
    name = created.manifest.dump[0]
    FolderStore(tmp_path).delete("backups/shop/" + created.manifest.objects[name].key)
    with pytest.raises(NotFound, match=name):
        repository.read(name, created.manifest.objects)
    assert proven(repository)[0].quarantined == {name}
