"""The manifest of a backup as a value and as bytes; see docs/backup-format.md."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote, unquote

from odooops_dagster.errors import BadInput, Conflict

FORMAT = "odooops-backup"
VERSION = 2
# The fields that version 2 added: the logs.
_OF_LOGS = ("log_table", "log_count", "log_bytes")
_NAME = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_STORE_FNAME = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{38}")

DumpFormat = Literal["custom", "plain"]


class LaterFormat(Conflict):
    """The backup's format is newer than this version of the platform supports."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """An object of a backup: its name, plain size and stored size."""

    name: str
    size_bytes: int
    stored_bytes: int
    base: str | None = None  # name of the object that this delta needs
    sketch: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Return the object's key in the store."""
        return delta_key(self.name, self.base) if self.base else full_key(self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of the filestore, and the location of its bytes in the objects."""

    name: str
    size_bytes: int
    offset: int  # in the first object
    objects: tuple[str, ...]
    sha1: str | None = None  # set if the file's hash differed from its name when it was read

    @property
    def expected_sha1(self) -> str | None:
        """Return the SHA-1 of its bytes; None if neither `sha1` nor the name gives it."""
        return self.sha1 or (self.name[3:] if _STORE_FNAME.fullmatch(self.name) else None)

    def line(self) -> bytes:
        """Return the file's line in the file table."""
        words = (quote(self.name), self.size_bytes, self.offset, self.sha1 or "-", ",".join(self.objects) or "-")
        return (" ".join(map(str, words)) + "\n").encode()

    @classmethod
    def from_line(cls, line: bytes) -> File:
        """Return the file that a line of the file table describes."""
        try:
            name, size, offset, sha1, objects = line.decode().split()
            file = cls(
                name=unquote(name),
                size_bytes=int(size),
                offset=int(offset),
                sha1=None if sha1 == "-" else sha1,
                objects=() if objects == "-" else tuple(map(sys.intern, objects.split(","))),
            )
            _check_sizes(file.size_bytes, file.offset)
            return file
        except (ValueError, Conflict) as exc:
            raise Conflict(f"the file table has a line that cannot be read: {line[:80]!r}") from exc


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The manifest of one backup; written last, never changed."""

    id: str
    taken_at: datetime
    database_name: str
    dump_format: DumpFormat
    dump: tuple[str, ...]  # names, in the order of the dump
    dump_bytes: int
    file_table: tuple[str, ...]  # names, in the order of the table
    file_count: int
    file_bytes: int
    objects: Mapping[str, Piece] = field(repr=False)  # all needed objects including bases
    missing: tuple[str, ...] = ()  # files that the database refers to and production did not have
    altered: tuple[str, ...] = ()  # files whose hash differed from their name in production
    facts: Mapping[str, Any] = field(default_factory=dict)  # versions, modules, rows per table
    log_table: tuple[str, ...] = ()  # names, in the order of the table
    log_count: int = 0
    log_bytes: int = 0
    version: int = VERSION

    @classmethod
    def draft(cls, backup_id: str, *, taken_at: datetime, database_name: str, dump_format: DumpFormat) -> Manifest:
        """Return the manifest of a backup of which nothing is stored yet."""
        return cls(
            id=backup_id,
            taken_at=taken_at,
            database_name=database_name,
            dump_format=dump_format,
            dump=(),
            dump_bytes=0,
            file_table=(),
            file_count=0,
            file_bytes=0,
            objects={},
        )

    @property
    def key(self) -> str:
        """Return the manifest's key in the store; keys sort by time."""
        return f"manifests/{self.taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{self.id}"

    @property
    def size_bytes(self) -> int:
        """Return the size of the restored data in bytes."""
        return self.dump_bytes + self.file_bytes

    @property
    def deleted(self) -> frozenset[str]:
        """Return the missing files that Odoo deleted during the backup; they are no loss."""
        return frozenset(self.facts.get("deleted") or ()) & frozenset(self.missing)

    @property
    def lost(self) -> tuple[str, ...]:
        """Return the files that production lost: its database still refers to them."""
        return tuple(name for name in self.missing if name not in self.deleted)

    @property
    def sha256(self) -> str:
        """Return the hash of the plain JSON, before compression and encryption."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """Return the manifest as JSON."""
        value = asdict(self) | {
            "format": FORMAT,
            "taken_at": self.taken_at.astimezone(UTC).isoformat(),
            "objects": [asdict(piece) for piece in self.objects.values()],
        }
        if self.version == 1:  # keep the bytes of version 1: the backup's row has their hash
            value = {name: value[name] for name in value if name not in _OF_LOGS}
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Return the manifest that the JSON describes.

        Raises:
            LaterFormat: a newer version of the platform wrote it.
            Conflict: it is not a manifest, or refers to an object that it does not list.
        """
        try:
            value = json.loads(data)
            if value.pop("format") != FORMAT:
                raise Conflict("this is no manifest of a backup")
            version = value["version"]
            if version not in range(1, VERSION + 1):
                kind = LaterFormat if isinstance(version, int) and version > VERSION else Conflict
                raise kind(f"the backup has format version {version}, known is {VERSION}", hint="update odooops")
            if {*_OF_LOGS} & value.keys() != ({*_OF_LOGS} if version > 1 else set()):
                raise Conflict(f"the manifest has not the fields of version {version}")
            manifest = cls(**value | _converted(value))
            check(manifest)
        except (ValueError, TypeError, KeyError, AttributeError, BadInput) as exc:
            raise Conflict(f"the manifest cannot be read: {exc}") from exc
        return manifest


def full_key(name: str) -> str:
    """Return the key of an object that has no base."""
    return f"objects/{name[:2]}/{name}"


def delta_key(name: str, base: str) -> str:
    """Return the key of an object that is stored as a delta of its base."""
    return f"deltas/{name[:2]}/{name}.{base}"


def checked_id(backup_id: str) -> str:
    """Return the id; raise BadInput if it cannot be part of a key."""
    if not _ID.fullmatch(backup_id):
        raise BadInput(f"{backup_id!r} cannot be the id of a backup", hint="use letters, digits, - and _")
    return backup_id


def needed(names: Sequence[str], objects: Mapping[str, Piece]) -> dict[str, Piece]:
    """Return these objects and their bases, by name."""
    found = {name: objects[name] for name in names}
    bases = {piece.base for piece in found.values() if piece.base}
    return found | {base: objects[base] for base in bases}


def _converted(value: Mapping[str, Any]) -> dict[str, Any]:
    pieces = [Piece(**entry | {"sketch": tuple(entry["sketch"])}) for entry in value["objects"]]
    lists = ("dump", "file_table", "missing", "altered", *(["log_table"] if value["version"] > 1 else []))
    return {
        "taken_at": datetime.fromisoformat(value["taken_at"]),
        "objects": {piece.name: piece for piece in pieces},
        **{name: tuple(value[name]) for name in lists},
    }


def check(manifest: Manifest) -> None:
    """Raise Conflict if the manifest refers to an unlisted object or has an impossible value."""
    checked_id(manifest.id)
    if manifest.taken_at.tzinfo is None or manifest.dump_format not in ("custom", "plain"):
        raise Conflict("the manifest says what cannot be of its time or its dump")
    if not isinstance(manifest.facts, Mapping):
        raise Conflict("the manifest's facts are none")
    _check_sizes(manifest.dump_bytes, manifest.file_bytes, manifest.file_count, manifest.log_bytes, manifest.log_count)
    for name in (*manifest.dump, *manifest.file_table, *manifest.log_table):
        if name not in manifest.objects:
            raise Conflict(f"the manifest refers to object {name} and does not list it")
    for piece in manifest.objects.values():
        if not _NAME.fullmatch(piece.name):
            raise Conflict(f"the manifest lists an object that cannot be: {piece.name}")
        _check_sizes(piece.size_bytes, piece.stored_bytes, *piece.sketch)
        base = manifest.objects.get(piece.base) if piece.base else None
        if piece.base and (base is None or base.base):
            raise Conflict(f"the manifest does not list {piece.base}, the whole base of {piece.name}")


def _check_sizes(*sizes: object) -> None:
    for size in sizes:
        if not isinstance(size, int) or size < 0:
            raise Conflict(f"the manifest counts {size!r} of something")
