"""Evidence: store the bytes under their SHA-256 first, then write the row that points to them."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.model import Evidence, Fence
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.addressed import object_name, put_addressed

_BLOCK = 1024 * 1024
# Retries, and the delay between them, when the object is being garbage-collected while we store it.
TRIES = 10
PAUSE_SECONDS = 1.0


class ArtifactRows(Protocol):
    """Port that writes the row; the control plane's artifacts implement it."""

    def add(self, fence: Fence, evidence: Evidence, *, expires_at: datetime | None = None) -> object:
        """Write the row that points to the evidence."""


def record(
    artifacts: ArtifactRows,
    store: ObjectStore,
    fence: Fence,
    *,
    key: str,
    content_type: str,
    data: bytes | None = None,
    path: Path | None = None,
    expires_at: datetime | None = None,
) -> Evidence:
    """Store the bytes, or the file as it is now, and record them for the run under `key`."""
    with _still(data, path) as source:
        for left in reversed(range(TRIES)):
            evidence = _keep(store, source, key=key, content_type=content_type)
            try:
                artifacts.add(fence, evidence, expires_at=expires_at)
                break
            except Unavailable:
                if not left:
                    raise
                time.sleep(PAUSE_SECONDS)
    return evidence


def object_at(url: str) -> str | None:
    """Return the key of the object at that address, or None if the address is not of such an object."""
    found = re.search(r"(?:^|[/:])sha256/([0-9a-f]{2})/(\1[0-9a-f]{62})$", url)
    return object_name(found[2]) if found else None


def _keep(store: ObjectStore, source: bytes | Path, *, key: str, content_type: str) -> Evidence:
    """Store the bytes unless the store already has them."""
    kept = put_addressed(store, source, content_type=content_type)
    return Evidence(key=key, url=kept.url, sha256=kept.sha256, size_bytes=kept.size_bytes, content_type=content_type)


@contextmanager
def _still(data: bytes | None, path: Path | None) -> Iterator[bytes | Path]:
    """Yield the bytes or a copy of the file that no longer changes: a log may grow between hashing and upload."""
    if (data is None) == (path is None):
        raise BadInput("evidence is either bytes or a file", hint="pass `data` or `path`")
    if data is not None:
        yield data
    if path is not None:
        with tempfile.NamedTemporaryFile(prefix="odooops-evidence-") as copy:
            with path.open("rb") as stream:
                while chunk := stream.read(_BLOCK):
                    copy.write(chunk)
            copy.flush()
            yield Path(copy.name)
