"""Prove that the environments' server accepts a backup: create its schema there, again only if either changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from odooops_dagster.errors import Forbidden, OdooOpsError, Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import load_proof
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.recovery.rows import comparison_database
from odooops_dagster.tools.backup.left_out import LeftOut
from odooops_dagster.tools.backup.loading import digest, prove, unproven
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.restore import dump_blocks


@dataclass(frozen=True, kw_only=True)
class Proof:
    """The parts that a load leaves out, and a text on how that was found."""

    left_out: tuple[LeftOut, ...]
    summary: str


NOT_ASKED = Proof(left_out=(), summary="whether the server takes its schema was not asked")


def prove_loadable(ctx: StepContext, repository: Repository, manifest: Manifest) -> Proof:
    """Prove that the environments' server accepts the backup's schema, by an earlier proof or in an empty database.

    Raises:
        StepFailed: it does not, so every load of the backup would fail there.
        Damaged: an object differs from what was written.
    """
    try:
        key = _key(ctx, repository, manifest)
        if key and (known := _recall(_file(ctx), key)) is not None:
            return Proof(
                left_out=known, summary="the server takes its schema, which has not changed since that was proven"
            )
        started = time.monotonic()
        found = _prove(ctx, repository, manifest)
    except (Unavailable, Forbidden) as exc:
        return _listed(ctx, repository, manifest, exc)
    if key:
        _remember(_file(ctx), key, found)
    return Proof(
        left_out=found, summary=f"the server takes its schema, made there in {time.monotonic() - started:.1f} s"
    )


def _prove(ctx: StepContext, repository: Repository, manifest: Manifest) -> tuple[LeftOut, ...]:
    """Create the schema in a separate database, with a role that has the rights of an environment's role."""
    with comparison_database(ctx.control, ctx.databases, now=datetime.now(UTC)) as access:
        return prove(access, **_of(ctx, repository, manifest)).left_out


def _listed(ctx: StepContext, repository: Repository, manifest: Manifest, reason: OdooOpsError) -> Proof:
    ctx.log("warn", f"the server of the environments cannot be asked whether it takes the backup: {reason}")
    found = unproven(**_of(ctx, repository, manifest)).left_out
    return Proof(left_out=found, summary="whether the server takes its schema was not asked: it does not answer")


def _key(ctx: StepContext, repository: Repository, manifest: Manifest) -> str | None:
    """Return a hash of what the proof depends on; None if computing it costs as much as the proof."""
    if manifest.dump_format != "custom":
        return None
    blocks = partial(dump_blocks, repository, manifest)
    facts = (digest(blocks, programs=pg_programs(ctx.settings)), *ctx.databases.server_facts())
    return hashlib.sha256("\0".join(map(str, facts)).encode()).hexdigest()


def _of(ctx: StepContext, repository: Repository, manifest: Manifest) -> dict[str, Any]:
    return {
        "blocks": partial(dump_blocks, repository, manifest),
        "dump_format": manifest.dump_format,
        "programs": pg_programs(ctx.settings),
    }


def _file(ctx: StepContext) -> Path:
    return load_proof(ctx.settings.home, ctx.environment)


def _recall(file: Path, key: str) -> tuple[LeftOut, ...] | None:
    """Return what the earlier proof with this key left out; None if there is none or it is not readable."""
    try:
        stored = json.loads(file.read_text())
        return tuple(LeftOut(**gone) for gone in stored["left_out"]) if stored["key"] == key else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _remember(file: Path, key: str, found: Sequence[LeftOut]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(file, json.dumps({"key": key, "left_out": [asdict(gone) for gone in found]}).encode())
