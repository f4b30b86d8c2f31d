"""A mirror: the objects and manifests of backups in a second store, byte for byte, and reading from both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from odooops_dagster.errors import Conflict, Forbidden, NotFound, OdooOpsError, Unavailable
from odooops_dagster.tools.backup.manifest import Manifest, Piece
from odooops_dagster.tools.backup.parallel import Progress, in_order, silent
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.repository_lock import lock_repository
from odooops_dagster.tools.backup.verify import MANIFEST, Verification

Read = TypeVar("Read")

_WORKERS = 4
_AHEAD = 2


def mirror_backup(source: Repository, mirror: Repository, manifest: Manifest, *, progress: Progress = silent) -> int:
    """Copy what the mirror lacks of the backup, its manifest last, and return the bytes that were written.

    A repeat after a kill copies what is missing still.

    Raises:
        Damaged, Absent: an object of the backup cannot be read.
        RepositoryLocked: the mirror is being collected.
    """
    with lock_repository(mirror, "writing", manifest.id) as lock, ThreadPoolExecutor(_WORKERS) as pool:
        here, there = source.sizes(), mirror.sizes()
        pieces = [piece for piece in manifest.objects.values() if there.get(piece.key) != here.get(piece.key, -1)]
        written = 0

        def copy(piece: Piece) -> int:
            lock.check()
            data = source.stored(piece.name, manifest.objects)
            mirror.store.put(mirror.prefix + piece.key, data)
            return len(data)

        for size in in_order(pool, copy, pieces, ahead=_WORKERS + _AHEAD):
            written += size
            progress("mirror", written, sum(piece.stored_bytes for piece in pieces))
        lock.check()
        mirror.write_manifest(manifest)
    return written


def mend_from(good: Repository, spoilt: Repository, manifest: Manifest, found: Verification) -> bool:
    """Write into one repository what was found damaged there and is whole in the other; return whether anything was."""
    is_mended = False
    for name in sorted(found.quarantined):
        with suppress(OdooOpsError):  # the verification has said what is wrong
            spoilt.store.put(spoilt.prefix + manifest.objects[name].key, good.stored(name, manifest.objects))
            is_mended = True
    if any(defect.subject == MANIFEST for defect in found.defects):
        spoilt.write_manifest(manifest)
        is_mended = True
    return is_mended


class MirroredRepository(Repository):
    """A repository whose readers get from the mirror what the first store does not give."""

    def __init__(self, first: Repository, mirror: Repository, *, tell: Callable[[str], None]) -> None:
        super().__init__(first.store, prefix=first.prefix, sealer=first.sealer)
        self._first = first
        self._mirror = mirror
        self._tell = tell
        self._is_down = False

    def manifest(self, key: str) -> Manifest:
        """Return the manifest with this key."""
        return self._either(lambda repository: repository.manifest(key), what=f"manifest {key}")

    def read(self, name: str, objects: Mapping[str, Piece]) -> bytes:
        """Return the object's plain bytes, checked against its name."""
        return self._either(lambda repository: repository.read(name, objects), what=f"object {name}")

    def _either(self, read: Callable[[Repository], Read], *, what: str) -> Read:
        """Read from the first store, then from the mirror; a store that does not answer is not asked again."""
        if self._is_down:
            return read(self._mirror)
        try:
            return read(self._first)
        except (Conflict, NotFound, Unavailable, Forbidden) as exc:
            try:
                found = read(self._mirror)
            except OdooOpsError:
                raise exc from None  # the store of the backups is what the person knows
            self._is_down = isinstance(exc, (Unavailable, Forbidden))
            self._tell(f"{what} comes from the mirror: {exc}")
            return found
