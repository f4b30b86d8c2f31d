"""The repository of one project's backups in a store: reads and writes objects and manifests, and checks them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeVar

from odooops_dagster.errors import Conflict, NotFound, OdooOpsError, Unreadable
from odooops_dagster.tools.backup.chunking import Sketch, likeness, lines_of, sketch
from odooops_dagster.tools.backup.encryption import LARGEST, Sealer
from odooops_dagster.tools.backup.manifest import Manifest, Piece, check
from odooops_dagster.tools.store import UNREADABLE, ObjectStore

Read = TypeVar("Read")

# Prefix of second copies; the rest of the key is the key of the first copy.
TWINS = "twins/"

# Number of objects that are tried before the store counts as unreadable.
_ASKED = 20
# A manifest lists every object: 20 GB make about 5,000 of them.
_LARGEST_MANIFEST = 256 * 1024 * 1024
# Number of newest backups that are searched for one of the same environment, whose content is most similar.
_LOOKED_AT = 20
# Incompressible bytes grow a little by compression and encryption.
_LARGEST_OBJECT = LARGEST + LARGEST // 128
# A delta is stored only if its size is below this share of the whole object: it makes the object depend on its base.
_WORTHWHILE = 0.5


class Damaged(Conflict):
    """Bytes in the store differ from the written bytes."""

    def __init__(self, message: str, *, object_name: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.object_name = object_name


class Absent(NotFound):
    """A written object is absent from the store."""

    def __init__(self, message: str, *, object_name: str) -> None:
        super().__init__(message)
        self.object_name = object_name


@dataclass(frozen=True, kw_only=True)
class Known:
    """The objects in the store when a backup begins."""

    sizes: Mapping[str, int] = field(repr=False)  # stored size by key, of existing objects
    pieces: Mapping[str, Piece] = field(repr=False)  # objects of the last backup, by name
    last: Manifest | None

    def piece(self, name: str) -> Piece | None:
        """Return the object of the last backup if the store still has it and its base."""
        piece = self.pieces.get(name)
        if piece is None or self.sizes.get(piece.key) != piece.stored_bytes:
            return None
        return piece if piece.base is None or self.piece(piece.base) else None

    def kept(self, name: str) -> list[Piece]:
        """Return the object and its base, if any; an empty list if the store lacks one of them."""
        piece = self.piece(name)
        return [piece, *([self.pieces[piece.base]] if piece.base else [])] if piece else []

    def like(self, lines: Sketch) -> Piece | None:
        """Return the base for a delta: the most similar object without a base, None if none is similar enough."""
        whole = (piece for piece in self.pieces.values() if piece.base is None and piece.sketch)
        best = max(whole, key=lambda piece: likeness(piece.sketch, lines), default=None)
        if best is None or 2 * likeness(best.sketch, lines) < len(lines) or not lines:
            return None
        return self.piece(best.name)


class Repository:
    """Objects and manifests below a prefix of the store, encoded by one sealer."""

    def __init__(self, store: ObjectStore, *, prefix: str, sealer: Sealer) -> None:
        self.store = store
        self.sealer = sealer
        self.prefix = prefix.rstrip("/") + "/"

    def manifests(self) -> list[str]:
        """Return the keys of the manifests, oldest first."""
        return [self._without(found.key) for found in self.store.list(f"{self.prefix}manifests/")]

    def manifest(self, key: str) -> Manifest:
        """Return the manifest with this key.

        Raises:
            NotFound: there is none.
            Conflict: it is damaged, has a newer format, or was encrypted with another key.
        """
        return _read_again(lambda: self._read_manifest(key))

    def _read_manifest(self, key: str) -> Manifest:
        data = self._stored(key, largest=_LARGEST_MANIFEST)
        data = self.sealer.unseal(data, label=key, largest=_LARGEST_MANIFEST)
        manifest = Manifest.from_bytes(data)
        if manifest.key != key:
            raise Damaged(f"{key} holds the manifest of {manifest.key}")
        return manifest

    def manifest_of(self, backup_id: str) -> Manifest | None:
        """Return the backup's newest readable manifest, None if there is none."""
        return self._newest_of([key for key in self.manifests() if key.partition("-")[2] == backup_id])

    def url(self, manifest: Manifest) -> str:
        """Return the URL of a stored manifest, empty if it is absent."""
        stored = self.store.stat(self.prefix + manifest.key)
        return stored.url if stored else ""

    def write_manifest(self, manifest: Manifest) -> str:
        """Write the manifest and return its URL."""
        check(manifest)
        sealed = self.sealer.seal(manifest.to_bytes(), label=manifest.key)
        return self.store.put(self.prefix + manifest.key, sealed).url

    def forget(self, key: str) -> None:
        """Delete a manifest; the next collection removes its unreferenced objects."""
        self.store.delete(self.prefix + key)

    def known(self, *, quarantine: Collection[str] = (), environment: object = None) -> Known:
        """Return the objects in the store, without the quarantined ones.

        Their details come from the newest readable manifest, preferably one of this environment.
        """
        sizes = self.sizes()
        if quarantine:
            sizes = {key: size for key, size in sizes.items() if _name_in(key) not in quarantine}
        keys = self.manifests()
        last = self._newest_of(keys[-_LOOKED_AT:], environment=environment) or self._newest_of(keys)
        return Known(sizes=sizes, pieces=last.objects if last else {}, last=last)

    def sizes(self) -> dict[str, int]:
        """Return the stored size of every readable object, by key."""
        return {
            self._without(found.key): found.size_bytes
            for folder in ("objects", "deltas")
            for found in self.store.list(f"{self.prefix}{folder}/")
            if found.size_bytes != UNREADABLE  # the next backup that needs it rewrites it
        }

    def answers(self) -> bool:
        """Return whether any object can be read; if none can, the store is broken rather than the objects."""
        for found in islice(self.store.list(self.prefix), _ASKED):
            with suppress(OdooOpsError), self.store.open(found.key) as stream:
                stream.read(1)
                return True
        return False

    def keep(self, plain: bytes, known: Known, *, has_lines: bool) -> list[Piece]:
        """Store these bytes unless they are there already; return their object and its base, if any."""
        name = self.sealer.name(plain)
        if kept := known.kept(name):
            return kept
        whole = Piece(name=name, size_bytes=len(plain), stored_bytes=0, sketch=sketch(plain) if has_lines else ())
        # A killed attempt already stored the object.
        if (stored := known.sizes.get(whole.key)) is not None and name not in known.pieces:
            return [replace(whole, stored_bytes=stored)]
        base = known.like(whole.sketch)
        if base and (delta := self._delta(plain, replace(whole, base=base.name), base, known)):
            return [delta, base]
        sealed = self.sealer.seal(plain, label=whole.key)
        self.store.put(self.prefix + whole.key, sealed)
        return [replace(whole, stored_bytes=len(sealed))]

    def read(self, name: str, objects: Mapping[str, Piece]) -> bytes:
        """Return the object's plain bytes, checked against its name.

        Raises:
            Damaged: the bytes do not match, or the store cannot read them.
            Absent: the store lacks the object or its base.
        """
        return _read_again(lambda: self._read_object(name, objects))[1]

    def stored(self, name: str, objects: Mapping[str, Piece]) -> bytes:
        """Return the object's bytes as they are in the store, which are whole; raises as `read`."""
        return _read_again(lambda: self._read_object(name, objects))[0]

    def _read_object(self, name: str, objects: Mapping[str, Piece]) -> tuple[bytes, bytes]:
        """Return the object's stored bytes and its plain bytes."""
        piece = objects.get(name)
        if piece is None:
            raise Damaged(f"object {name} is not in the manifest", object_name=name)
        base = self.read(piece.base, objects) if piece.base else None
        # Do not compare the stored size: a newer zstd may have rewritten the object with another size.
        try:
            data = self._stored(piece.key, largest=_LARGEST_OBJECT)
            plain = self.sealer.unseal(data, label=piece.key, base=base)
        except NotFound as exc:
            raise Absent(str(exc), object_name=name) from exc
        except Conflict as exc:
            raise Damaged(str(exc), object_name=name, hint=exc.hint) from exc
        if len(plain) != piece.size_bytes or self.sealer.name(plain) != name:
            raise Damaged(f"object {name} does not hash to its name", object_name=name)
        return data, plain

    def keep_twin(self, name: str, objects: Mapping[str, Piece]) -> None:
        """Store a second copy of an object that no later backup rewrites, so that it can be repaired."""
        twin = self.prefix + TWINS + objects[name].key
        with suppress(Conflict, NotFound):  # the verification reports an object that is already damaged
            if self.store.stat(twin) is None:
                self.store.put(twin, self.stored(name, objects))

    def mend(self, names: Collection[str]) -> None:
        """Repair the objects of these names from their second copies, if any."""
        for key in self.twins():
            if _name_in(key) in names:
                with suppress(NotFound, Conflict):
                    self.store.put(self.prefix + key, self._stored(TWINS + key, largest=_LARGEST_OBJECT))

    def twins(self) -> list[str]:
        """Return the keys of the objects that have a second copy."""
        return [self._without(found.key).removeprefix(TWINS) for found in self.store.list(self.prefix + TWINS)]

    def lines(self, names: Iterable[str], objects: Mapping[str, Piece]) -> Iterator[bytes]:
        """Yield the lines of a table that is stored in these objects."""
        yield from lines_of(self.read(name, objects) for name in names)

    def _stored(self, key: str, *, largest: int) -> bytes:
        """Return the stored bytes; raise Damaged if there are more than `largest`."""
        try:
            with self.store.open(self.prefix + key) as stream:
                data = stream.read(largest + 1)
        except Unreadable as exc:
            raise Damaged(str(exc), hint=exc.hint) from exc
        if len(data) > largest:
            raise Damaged(f"{key} is damaged: it has more than {largest} bytes in the store")
        return data

    def _newest_of(self, keys: Sequence[str], *, environment: object = None) -> Manifest | None:
        for key in reversed(keys):
            try:
                manifest = self.manifest(key)
            except (Conflict, NotFound):
                continue  # the verification reports it; here an older one is enough
            if environment in (None, manifest.facts.get("environment")):
                return manifest
        return None

    def _delta(self, plain: bytes, piece: Piece, base: Piece, known: Known) -> Piece | None:
        """Store the object as a delta of the base; return None if the delta is not much smaller."""
        if (stored := known.sizes.get(piece.key)) is not None:
            return replace(piece, stored_bytes=stored)  # a killed attempt stored it
        try:
            sealed = self.sealer.seal(plain, label=piece.key, base=self.read(base.name, known.pieces))
        except (Conflict, NotFound):
            return None  # do not build on a damaged base
        if len(sealed) * base.size_bytes > _WORTHWHILE * base.stored_bytes * len(plain):
            return None
        self.store.put(self.prefix + piece.key, sealed)
        return replace(piece, stored_bytes=len(sealed))

    def _without(self, key: str) -> str:
        return key.removeprefix(self.prefix)


def _read_again(read: Callable[[], Read]) -> Read:
    """Read, and retry once after an error: a single failed transfer does not prove that the store is damaged."""
    try:
        return read()
    except (Conflict, NotFound):
        return read()


def _name_in(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]
