"""The backups of one project in a store: objects, manifests, and what may be trusted of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from odooops_dagster.backup.cutting import Sketch, likeness, sketch
from odooops_dagster.backup.manifest import Manifest, Piece, delta_key, full_key
from odooops_dagster.backup.sealing import Sealer
from odooops_dagster.errors import Conflict, NotFound
from odooops_dagster.store import ObjectStore

# A manifest lists every object: 20 GB make some 5,000 of them.
_LARGEST_MANIFEST = 256 * 1024 * 1024
# What differs is worth its dependence on another object only where it is much smaller than the whole.
_WORTHWHILE = 0.5


class Damaged(Conflict):
    """What the store holds is not what was written."""


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
            Conflict: it is damaged or cannot be read with this key.
        """
        data = self.sealer.unseal(self.store.get(self.prefix + key), label=key, largest=_LARGEST_MANIFEST)
        manifest = Manifest.from_bytes(data)
        if manifest.key != key:
            raise Damaged(f"{key} holds the manifest of {manifest.key}")
        return manifest

    def write_manifest(self, manifest: Manifest) -> str:
        """Write the manifest and return its address."""
        sealed = self.sealer.seal(manifest.to_bytes(), label=manifest.key)
        return self.store.put(self.prefix + manifest.key, sealed).url

    def known(self, *, distrust: Collection[str] = ()) -> Known:
        """Return what the store has, save the objects of these names; the newest readable manifest says how."""
        sizes = {
            self._without(found.key): found.size_bytes
            for folder in ("objects", "deltas")
            for found in self.store.list(f"{self.prefix}{folder}/")
            if not distrust or found.key.rpartition("/")[2].partition(".")[0] not in distrust
        }
        last = self._newest()
        return Known(sizes=sizes, pieces=last.objects if last else {}, last=last)

    def keep(self, plain: bytes, known: Known, *, has_lines: bool) -> list[Piece]:
        """See to it that the store has these bytes; return their object, and its base where it has one."""
        name = self.sealer.name(plain)
        if piece := known.piece(name):
            return [piece, *([known.pieces[piece.base]] if piece.base else [])]
        lines = sketch(plain) if has_lines else ()
        # What a killed attempt left is taken up; whole objects replace each other only by the same bytes.
        if (stored := known.sizes.get(full_key(name))) is not None and name not in known.pieces:
            return [Piece(name=name, size_bytes=len(plain), stored_bytes=stored, sketch=lines)]
        base = known.like(lines)
        if base and (delta := self._delta(plain, name, base, known)):
            return [delta, base]
        sealed = self.sealer.seal(plain, label=full_key(name))
        self.store.put(self.prefix + full_key(name), sealed)
        return [Piece(name=name, size_bytes=len(plain), stored_bytes=len(sealed), sketch=lines)]

    def read(self, name: str, objects: Mapping[str, Piece]) -> bytes:
        """Return the object's plain bytes, which are what its name says.

        Raises:
            Damaged: they are not.
            NotFound: the store does not have it, or its base.
        """
        piece = objects.get(name)
        if piece is None:
            raise Damaged(f"object {name} is not in the manifest")
        base = self.read(piece.base, objects) if piece.base else None
        data = self.store.get(self.prefix + piece.key)
        if len(data) != piece.stored_bytes:
            raise Damaged(f"object {name} has {len(data)} bytes in the store, not {piece.stored_bytes}")
        plain = self.sealer.unseal(data, label=piece.key, base=base)
        if len(plain) != piece.size_bytes or self.sealer.name(plain) != name:
            raise Damaged(f"object {name} does not hash to its name")
        return plain

    def lines(self, names: Iterable[str], objects: Mapping[str, Piece]) -> Iterator[bytes]:
        """Yield the lines of a table that is kept in these objects."""
        for name in names:
            yield from self.read(name, objects).splitlines()

    def _newest(self) -> Manifest | None:
        for key in reversed(self.manifests()):
            try:
                return self.manifest(key)
            except (Conflict, NotFound):
                continue  # verify names it; here the one before serves as well
        return None

    def _delta(self, plain: bytes, name: str, base: Piece, known: Known) -> Piece | None:
        """Keep what differs from the base, or return None where that is not much less than the whole."""
        key = delta_key(name, base.name)
        try:
            sealed = self.sealer.seal(plain, label=key, base=self.read(base.name, known.pieces))
        except (Conflict, NotFound):
            return None  # a damaged base is nothing to build on
        if len(sealed) * base.size_bytes > _WORTHWHILE * base.stored_bytes * len(plain):
            return None
        self.store.put(self.prefix + key, sealed)
        return Piece(name=name, size_bytes=len(plain), stored_bytes=len(sealed), base=base.name, sketch=sketch(plain))

    def _without(self, key: str) -> str:
        return key.removeprefix(self.prefix)
