"""The backups of one project in a store: objects, manifests, and what may be trusted of them."""

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

# Below it stand second copies, under the keys of the first.
TWINS = "twins/"

# So many objects are tried before the store is held to give up nothing.
_ASKED = 20
# A manifest lists every object: 20 GB make some 5,000 of them.
_LARGEST_MANIFEST = 256 * 1024 * 1024
# Of so many backups one is looked for that is of the same environment: its dump and its files are most alike.
_LOOKED_AT = 20
# What does not compress grows by a little, and by the seal.
_LARGEST_OBJECT = LARGEST + LARGEST // 128
# What differs is worth its dependence on another object only where it is much smaller than the whole.
_WORTHWHILE = 0.5


class Damaged(Conflict):
    """What the store holds is not what was written."""

    def __init__(self, message: str, *, object_name: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.object_name = object_name


class Absent(NotFound):
    """The store does not hold what was written."""

    def __init__(self, message: str, *, object_name: str) -> None:
        super().__init__(message)
        self.object_name = object_name


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is in the store already when a backup begins."""

    sizes: Mapping[str, int] = field(repr=False)  # by key, of what is there
    pieces: Mapping[str, Piece] = field(repr=False)  # by name, of the last backup
    last: Manifest | None

    def piece(self, name: str) -> Piece | None:
        """Return the object of the last backup if the store has it still, and its base."""
        piece = self.pieces.get(name)
        if piece is None or self.sizes.get(piece.key) != piece.stored_bytes:
            return None
        return piece if piece.base is None or self.piece(piece.base) else None

    def kept(self, name: str) -> list[Piece]:
        """Return the object and, where it has one, its base; nothing where the store has not all of it."""
        piece = self.piece(name)
        return [piece, *([self.pieces[piece.base]] if piece.base else [])] if piece else []

    def like(self, lines: Sketch) -> Piece | None:
        """Return the whole object that has most in common with these lines."""
        whole = (piece for piece in self.pieces.values() if piece.base is None and piece.sketch)
        best = max(whole, key=lambda piece: likeness(piece.sketch, lines), default=None)
        if best is None or 2 * likeness(best.sketch, lines) < len(lines) or not lines:
            return None
        return self.piece(best.name)


class Repository:
    """Objects and manifests below a prefix of the store, sealed by one sealer."""

    def __init__(self, store: ObjectStore, *, prefix: str, sealer: Sealer) -> None:
        self.store = store
        self.sealer = sealer
        self.prefix = prefix.rstrip("/") + "/"

    def manifests(self) -> list[str]:
        """Return the keys of the manifests, in the order of their time."""
        return [self._without(found.key) for found in self.store.list(f"{self.prefix}manifests/")]

    def manifest(self, key: str) -> Manifest:
        """Return the manifest that stands there.

        Raises:
            NotFound: none does.
            Conflict: it is damaged, of a later format, or cannot be read with this key.
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
        """Return the backup's manifest if there is one that can be read."""
        return self._newest_of([key for key in self.manifests() if key.partition("-")[2] == backup_id])

    def url(self, manifest: Manifest) -> str:
        """Return the address of a manifest that was written."""
        stored = self.store.stat(self.prefix + manifest.key)
        return stored.url if stored else ""

    def write_manifest(self, manifest: Manifest) -> str:
        """Write the manifest and return its address."""
        check(manifest)
        sealed = self.sealer.seal(manifest.to_bytes(), label=manifest.key)
        return self.store.put(self.prefix + manifest.key, sealed).url

    def forget(self, key: str) -> None:
        """Remove a manifest; a collection takes the objects that no other needs."""
        self.store.delete(self.prefix + key)

    def known(self, *, quarantine: Collection[str] = (), environment: object = None) -> Known:
        """Return what the store has, save the objects of these names.

        How it has them, the newest readable manifest says, one of this environment where there is one.
        """
        sizes = self.sizes()
        if quarantine:
            sizes = {key: size for key, size in sizes.items() if _name_in(key) not in quarantine}
        keys = self.manifests()
        last = self._newest_of(keys[-_LOOKED_AT:], environment=environment) or self._newest_of(keys)
        return Known(sizes=sizes, pieces=last.objects if last else {}, last=last)

    def sizes(self) -> dict[str, int]:
        """Return the size of every object in the store, by key."""
        return {
            self._without(found.key): found.size_bytes
            for folder in ("objects", "deltas")
            for found in self.store.list(f"{self.prefix}{folder}/")
            if found.size_bytes != UNREADABLE  # the next backup that needs it writes it again
        }

    def answers(self) -> bool:
        """Return whether the store gives up anything of these backups; where it does not, nothing is known of them."""
        for found in islice(self.store.list(self.prefix), _ASKED):
            with suppress(OdooOpsError), self.store.open(found.key) as stream:
                stream.read(1)
                return True
        return False

    def keep(self, plain: bytes, known: Known, *, has_lines: bool) -> list[Piece]:
        """See to it that the store has these bytes; return their object, and its base where it has one."""
        name = self.sealer.name(plain)
        if kept := known.kept(name):
            return kept
        whole = Piece(name=name, size_bytes=len(plain), stored_bytes=0, sketch=sketch(plain) if has_lines else ())
        # What a killed attempt left is taken up.
        if (stored := known.sizes.get(whole.key)) is not None and name not in known.pieces:
            return [replace(whole, stored_bytes=stored)]
        base = known.like(whole.sketch)
        if base and (delta := self._delta(plain, replace(whole, base=base.name), base, known)):
            return [delta, base]
        sealed = self.sealer.seal(plain, label=whole.key)
        self.store.put(self.prefix + whole.key, sealed)
        return [replace(whole, stored_bytes=len(sealed))]

    def read(self, name: str, objects: Mapping[str, Piece]) -> bytes:
        """Return the object's plain bytes, which are what its name says.

        Raises:
            Damaged: they are not, or the store cannot read them.
            Absent: the store does not have it, or its base.
        """
        return _read_again(lambda: self._read_object(name, objects))[1]

    def _read_object(self, name: str, objects: Mapping[str, Piece]) -> tuple[bytes, bytes]:
        """Return the object's bytes as the store holds them, and its plain ones."""
        piece = objects.get(name)
        if piece is None:
            raise Damaged(f"object {name} is not in the manifest", object_name=name)
        base = self.read(piece.base, objects) if piece.base else None
        # Not compared with its size: an object that was mended by a newer zstd is as good, and may be shorter.
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
        """Keep a second copy of an object whose content no later backup has again, so that it can be mended too."""
        twin = self.prefix + TWINS + objects[name].key
        with suppress(Conflict, NotFound):  # one that is damaged already is for the verification to name
            if self.store.stat(twin) is None:
                self.store.put(twin, _read_again(lambda: self._read_object(name, objects))[0])

    def mend(self, names: Collection[str]) -> None:
        """Write the objects of these names again from their second copies, where they have one."""
        for key in self.twins():
            if _name_in(key) in names:
                with suppress(NotFound, Conflict):
                    self.store.put(self.prefix + key, self._stored(TWINS + key, largest=_LARGEST_OBJECT))

    def twins(self) -> list[str]:
        """Return the keys of the objects of which there is a second copy."""
        return [self._without(found.key).removeprefix(TWINS) for found in self.store.list(self.prefix + TWINS)]

    def lines(self, names: Iterable[str], objects: Mapping[str, Piece]) -> Iterator[bytes]:
        """Yield the lines of a table that is kept in these objects."""
        yield from lines_of(self.read(name, objects) for name in names)

    def _stored(self, key: str, *, largest: int) -> bytes:
        """Return what the store holds; never more of it than could be right."""
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
                continue  # verify names it; here the one before serves as well
            if environment in (None, manifest.facts.get("environment")):
                return manifest
        return None

    def _delta(self, plain: bytes, piece: Piece, base: Piece, known: Known) -> Piece | None:
        """Keep what differs from the base, or return None where that is not much less than the whole."""
        if (stored := known.sizes.get(piece.key)) is not None:
            return replace(piece, stored_bytes=stored)  # by a killed attempt
        try:
            sealed = self.sealer.seal(plain, label=piece.key, base=self.read(base.name, known.pieces))
        except (Conflict, NotFound):
            return None  # a damaged base is nothing to build on
        if len(sealed) * base.size_bytes > _WORTHWHILE * base.stored_bytes * len(plain):
            return None
        self.store.put(self.prefix + piece.key, sealed)
        return replace(piece, stored_bytes=len(sealed))

    def _without(self, key: str) -> str:
        return key.removeprefix(self.prefix)


def _read_again(read: Callable[[], Read]) -> Read:
    """Read once more before a verdict: one transfer that went wrong says nothing of what the store holds."""
    try:
        return read()
    except (Conflict, NotFound):
        return read()


def _name_in(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]
