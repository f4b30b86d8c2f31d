"""Uploads for a run: a zip or a review, kept in the store until the run has read it.

An upload is stored in pieces, sealed like a backup, because it holds the same data. Its name begins with the hour of
the upload, so that one whose run never used it is found and removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Annotated, BinaryIO

from pydantic import BaseModel, Field

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Run
from odooops_dagster.tools.backup.encryption import LARGEST
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.store import ObjectStore

_NAME = r"(?P<came>\d{10})-[0-9a-f]{16}"
_CAME = "%Y%m%d%H"
# An upload is stored before its run is queued, and a run may wait for a long time.
_KEPT_FOR = timedelta(days=7)


class Upload(BaseModel, frozen=True, extra="forbid"):
    """An upload in the store, as written in the config of the run that reads it."""

    name: Annotated[str, Field(pattern=rf"^{_NAME}$")]  # in its folder of the project
    pieces: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def upload(
    repository: Repository,
    folder: str,
    stream: BinaryIO,
    *,
    now: datetime,
    progress: Callable[[int], object] = lambda _done: None,
) -> Upload:
    """Copy the stream into the store, where a run on any machine can read it; `folder` is one of the project."""
    name = f"{now.astimezone(UTC):{_CAME}}-{token_hex(8)}"
    sha256 = hashlib.sha256()
    pieces = done = 0
    while piece := stream.read(LARGEST):
        key = _key(folder, name, pieces)
        repository.store.put(key, repository.sealer.seal(piece, label=key))
        sha256.update(piece)
        pieces, done = pieces + 1, done + len(piece)
        progress(done)
    return Upload(name=name, pieces=pieces, sha256=sha256.hexdigest())


def take_up(repository: Repository, folder: str, handed: Upload) -> Iterator[bytes]:
    """Yield the upload piece by piece; its hash is checked only after the last piece.

    Raises:
        NotFound: the store no longer holds it.
        Conflict: it is damaged, sealed with another key, or not the expected upload.
    """
    sha256 = hashlib.sha256()
    for index in range(handed.pieces):
        key = _key(folder, handed.name, index)
        piece = repository.sealer.unseal(repository.store.get(key), label=key)
        sha256.update(piece)
        yield piece
    if sha256.hexdigest() != handed.sha256:
        raise Conflict(f"{folder}/{handed.name} is not what was handed in: its hash is another")


def remove_upload(store: ObjectStore, folder: str, handed: Upload) -> None:
    """Remove the upload from the store."""
    for index in range(handed.pieces):
        store.delete(_key(folder, handed.name, index))


def remove_old(control: ControlPlane, store: ObjectStore, root: str, *, now: datetime) -> list[str]:
    """Remove the old uploads below the folder that no unfinished run needs, and return the keys of their pieces."""
    old = [key for key, came in _kept(store, root) if now - came > _KEPT_FOR]
    if not old:
        return []
    waiting = {name for run in _unfinished(control) for name in _names_in(run)}
    gone = [key for key in old if _name_of(key) not in waiting]
    for key in gone:
        store.delete(key)
    return gone


def _kept(store: ObjectStore, root: str) -> Iterator[tuple[str, datetime]]:
    for found in store.list(f"{root}/"):
        if name := re.fullmatch(_NAME, _name_of(found.key)):
            yield found.key, datetime.strptime(name["came"], _CAME).replace(tzinfo=UTC)


def _unfinished(control: ControlPlane) -> list[Run]:
    waiting = [control.runs.get(row["run_id"]) for row in control.runs.queued() if row["kind"] in {"backup", "restore"}]
    return [*control.runs.active(), *waiting]


def _names_in(run: Run) -> Iterator[str]:
    """Yield every name in the run's config, whatever its purpose."""
    for told in run.config.values():
        if isinstance(told, dict) and isinstance(told.get("name"), str):
            yield told["name"]


def _key(folder: str, name: str, index: int) -> str:
    return f"{folder}/{name}/{index:06}"


def _name_of(key: str) -> str:
    return key.split("/")[-2]
