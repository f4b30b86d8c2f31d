"""Uploads for a run or of a run: a zip or a review, kept in the store until its reader has it.

An upload is stored in pieces, sealed like a backup, because it holds the same data. Its name begins with the hour of
the upload, so that one that nobody read is found and removed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated, BinaryIO

from pydantic import BaseModel, Field

from odooops_dagster.errors import Conflict
from odooops_dagster.tools.backup.encryption import LARGEST
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.store import ObjectStore

_NAME = r"(?P<came>\d{10})-[0-9a-f]{16}"
_CAME = "%Y%m%d%H"


class Upload(BaseModel, frozen=True, extra="forbid"):
    """An upload in the store, as written in the config or the events of a run."""

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
    """Copy the stream into the store, where its reader on any machine finds it; `folder` is one of the project."""
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


def uploads_below(store: ObjectStore, root: str) -> Iterator[tuple[str, str, datetime]]:
    """Yield the key, the upload's name and its hour for each piece of an upload below the folder."""
    for found in store.list(f"{root}/"):
        name = found.key.split("/")[-2]
        if came := re.fullmatch(_NAME, name):
            yield found.key, name, datetime.strptime(came["came"], _CAME).replace(tzinfo=UTC)


def _key(folder: str, name: str, index: int) -> str:
    return f"{folder}/{name}/{index:06}"
