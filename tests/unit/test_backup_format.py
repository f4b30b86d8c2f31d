"""A second reader, written from docs/backup-format.md alone, reads what the product writes."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from odooops_dagster.tools.backup import chunking, encryption, repository_lock
from odooops_dagster.tools.backup.logs import file_source
from tests.backups import back_up, back_up_dump, production_on, repository_in
from tests.servers import PostgresServer

KEY = bytes(range(32))
DOCUMENT = Path(__file__).parents[2] / "docs" / "backup-format.md"


@dataclass(frozen=True)
class Reader:
    """Reads the backups below a folder; nothing here comes from the product."""

    folder: Path
    key: bytes | None

    def newest(self) -> dict[str, Any]:
        """Return the newest manifest."""
        label = max(path.name for path in (self.folder / "manifests").iterdir())
        manifest: dict[str, Any] = json.loads(self.unseal(f"manifests/{label}"))
        assert manifest["format"] == "odooops-backup"
        assert manifest["version"] in (1, 2)
        return manifest

    def dump(self, manifest: dict[str, Any]) -> bytes:
        """Return the dump."""
        dump = self.joined(manifest, manifest["dump"])
        assert len(dump) == manifest["dump_bytes"]
        return dump

    def files(self, manifest: dict[str, Any], what: str = "file") -> dict[str, bytes]:
        """Return each file's content, or each log's."""
        found = {}
        for line in self.joined(manifest, manifest[f"{what}_table"]).decode().split("\n")[:-1]:
            name, size, offset, sha1, objects = line.split(" ")
            data = self.joined(manifest, [] if objects == "-" else objects.split(","))
            data = data[int(offset) : int(offset) + int(size)]
            assert len(data) == int(size)
            expected = unquote(name)[3:] if sha1 == "-" else sha1
            assert hashlib.sha1(data, usedforsecurity=False).hexdigest() == expected
            found[unquote(name)] = data
        assert len(found) == manifest[f"{what}_count"]
        assert sum(map(len, found.values())) == manifest[f"{what}_bytes"]
        return found

    def joined(self, manifest: dict[str, Any], names: list[str]) -> bytes:
        """Return the plain bytes of objects, one behind the other."""
        pieces = {piece["name"]: piece for piece in manifest["objects"]}
        return b"".join(self.object(pieces, name) for name in names)

    def object(self, pieces: dict[str, dict[str, Any]], name: str) -> bytes:
        """Return an object's plain bytes."""
        base = pieces[name]["base"]
        if base is None:
            plain = self.unseal(f"objects/{name[:2]}/{name}")
        else:
            plain = self.unseal(f"deltas/{name[:2]}/{name}.{base}", self.object(pieces, base))
        digest = hashlib.sha256(plain).digest()
        if self.key:
            digest = hmac.new(self.derived(b"odooops backup names v1"), digest, hashlib.sha256).digest()
        assert digest.hex() == name
        assert len(plain) == pieces[name]["size_bytes"]
        return plain

    def unseal(self, label: str, base: bytes | None = None) -> bytes:
        """Return what is sealed at this key."""
        data = (self.folder / label).read_bytes()
        if self.key:
            assert data[:4] == b"OOE1"
            cipher = AESGCM(self.derived(b"odooops backup objects v1"))
            data = cipher.decrypt(data[4:16], data[16:], label.encode())
        prefix = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base else None
        return zstandard.ZstdDecompressor(dict_data=prefix).decompress(data, allow_extra_data=False)

    def derived(self, info: bytes) -> bytes:
        """Return one of the two keys."""
        assert self.key
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self.key)


def attach(folder: Path, data: bytes, name: str | None = None) -> None:
    """Put a file where Odoo would, or under another name."""
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    path = folder / (name or f"{sha1[:2]}/{sha1}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture
def filestore(tmp_path: Path) -> Path:
    """Files of every kind: small and large, empty, altered, with an odd name."""
    rng = random.Random(5)  # noqa: S311 - repeatable
    folder = tmp_path / "filestore"
    for size in (0, 1, 5000, 70_000, 9_000_000, 17_000_000):
        attach(folder, rng.randbytes(size))
    attach(folder, b"not what it was", "ab/ab" + "0" * 38)
    attach(folder, b"odd", "odd/a näme, with % and +")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Return each file's content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_who_has_read_the_document_reads_the_backup(tmp_path: Path, filestore: Path, key: bytes | None) -> None:
    """The dump of the second backup is mostly what differs from the first one's, and every file is there."""
    rng = random.Random(6)  # noqa: S311 - repeatable
    rows = [b"%d\t%s\n" % (number, rng.randbytes(60).hex().encode()) for number in range(80_000)]
    repository = repository_in(tmp_path / "store", key=key)
    back_up_dump(repository, "first", b"".join(rows), folder=filestore)
    for number in range(0, len(rows), 5000):
        rows[number] = b"%d\tchanged\n" % number
    back_up_dump(repository, "second", b"".join(rows), folder=filestore, hour=1)
    reader = Reader(tmp_path / "store" / "backups" / "shop", key)
    manifest = reader.newest()
    assert manifest["id"] == "second"
    assert [name for name in manifest["dump"] if reader_base(manifest, name)] != []
    assert reader.dump(manifest) == b"".join(rows)
    assert reader.files(manifest) == content(filestore)


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_who_has_read_the_document_reads_the_logs(
    tmp_path: Path, key: bytes | None, postgres_server: PostgresServer
) -> None:
    """Those of version 2, short ones and one of several objects, and of an older manifest none."""
    lines = [f"2026-01-01 00:00:00,000 {number} INFO shop odoo: line {number}\n".encode() for number in range(200_000)]
    written = {
        "odoo/odoo.log": b"".join(lines),
        "odoo/odoo.log.1": b"\x1f\x8b no text",
        "runs/1-deploy.log": b"one line\n",
    }
    sources = []
    for name, data in written.items():
        (tmp_path / "logs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs" / name).write_bytes(data)
        sources.append(file_source(name, tmp_path / "logs" / name))
    with production_on(postgres_server, tmp_path / "filestore") as production:
        made = back_up(production, repository_in(tmp_path / "store", key=key), "first", logs=sources)
    reader = Reader(tmp_path / "store" / "backups" / "shop", key)
    manifest = reader.newest()
    assert reader.files(manifest, "log") == written
    assert len([name for name in made.manifest.objects if name not in (*manifest["dump"], *manifest["file_table"])]) > 4


def reader_base(manifest: dict[str, Any], name: str) -> object:
    """Return the base of an object."""
    return next(piece["base"] for piece in manifest["objects"] if piece["name"] == name)


def fields(heading: str, following: str) -> set[str]:
    """Return the fields that a part of the document lists in its tables."""
    part = DOCUMENT.read_text().partition(f"\n{heading}")[2].partition(f"\n{following}")[0]
    lines = re.findall(r"^\| (`[^|]+`) \| [^|]+ \|", part, re.MULTILINE)
    return {name for line in lines for name in re.findall(r"`(\w+)`", line)}


def test_the_document_lists_every_field_and_no_other(tmp_path: Path) -> None:
    """Of the manifest and of its objects."""
    back_up_dump(repository_in(tmp_path), "first", b"x\n", folder=tmp_path / "none")
    manifest = Reader(tmp_path / "backups" / "shop", None).newest()
    assert fields("## Manifest", "Each of `objects`") == manifest.keys()
    assert fields("Each of `objects`", "## File table") == manifest["objects"][0].keys()


def test_the_document_states_the_times_and_sizes_of_the_code() -> None:
    """Who collects by other times is not safe."""
    text = DOCUMENT.read_text()
    minutes = timedelta(minutes=1)
    assert f"not renewed for {repository_lock.LOCK_TTL // minutes} minutes" in text
    assert f"for {repository_lock.LOCK_SAFE // minutes} minutes from" in text
    assert minutes == repository_lock.RENEWED_EVERY
    assert f"arrives within {repository_lock.ARRIVAL_SECONDS:.0f} seconds" in text
    assert f"at most {encryption.LARGEST // 2**20} MiB before it is compressed" in text
    assert f"between {chunking.SHORTEST // 2**20} MiB and {chunking.LONGEST // 2**20} MiB" in text
