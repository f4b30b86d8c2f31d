"""Artifacts of runs, such as Odoo's whole log, for a browser: never as anything that it executes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from starlette.responses import StreamingResponse

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import NotFound, Unavailable
from odooops_dagster.model import Run
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.addressed import object_name

# What Odoo logged is shown as text, whatever it contains: no page of ours executes it.
HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
_BLOCK = 256 * 1024


def artifact_answer(control: ControlPlane, store: ObjectStore, run_id: UUID, name: str) -> StreamingResponse:
    """Return the answer with the file of the run, as text.

    Raises:
        NotFound: the run has no such file, or the caller may not see it.
        Unavailable: the store cannot be read from here.
    """
    stream = open_artifact(control, store, run_id, name)
    return StreamingResponse(_blocks(stream), media_type="text/plain; charset=utf-8", headers=HEADERS)


def open_artifact(control: ControlPlane, store: ObjectStore, run_id: UUID, name: str) -> BinaryIO:
    """Return the file of the run.

    Raises:
        NotFound: the run has no such file, or the caller may not see it.
        Unavailable: the store cannot be read from here.
    """
    kept = {row["artifact_key"]: row for row in control.artifacts.list(run_id)}
    if name not in kept:
        raise NotFound(f"run {run_id} has no artifact {name}")
    return store.open(object_name(kept[name]["sha256"]))


def artifact_for_people(control: ControlPlane, store: ObjectStore, run: Run, name: str) -> StreamingResponse:
    """Return the same from the gateway, which may have no access to the store.

    Raises:
        NotFound: as above.
        Unavailable: the store cannot be read from here; the hint is the command that can.
    """
    try:
        return artifact_answer(control, store, run.id, name)
    except (Unavailable, OSError) as exc:
        hint = f"ops run artifact {run.name} {name}"
        raise Unavailable("The store cannot be read from the gateway", hint=hint) from exc


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        yield from iter(lambda: stream.read(_BLOCK), b"")
