"""Make the bundle of a release: collect what the record says and the evidence it names, state it, sign it, keep it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, NotFound, Unreadable
from odooops_dagster.model import Project
from odooops_dagster.model.releases import Release
from odooops_dagster.steps.core.evidence import object_at
from odooops_dagster.steps.release.bundle_approvals import approvals_of
from odooops_dagster.steps.release.bundle_record import BUNDLE_KIND, Found, Record, read_record
from odooops_dagster.steps.release.bundle_statements import index, state, summary
from odooops_dagster.tools.bundle.archive import LARGEST_BUNDLE, LARGEST_PART, pack, size_of_part
from odooops_dagster.tools.bundle.envelopes import public_pem, sealed
from odooops_dagster.tools.bundle.layout import FORMAT, INDEX, KEY, RECORD, evidence_part, statement_part
from odooops_dagster.tools.bundle.statements import canonical, sha256
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.addressed import put_addressed

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

_CONTENT_TYPE = "application/x-tar"
# Limit of statements and the record in a bundle, beside the evidence.
_RESERVED = 64 * 1024 * 1024
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The bundle of a release, as it is kept in the store; `left_out` says what is not in it, and why."""

    data: bytes
    sha256: str
    parts: tuple[str, ...]
    left_out: tuple[str, ...]
    evidence_id: UUID


def make_bundle(
    control: ControlPlane, store: ObjectStore, signer: CryptoSigner, project: Project, release: Release
) -> Bundle:
    """Make the bundle of the release, keep it in the store, and record its hash as evidence.

    The same state of the release makes the same bytes.

    Raises:
        Conflict: the record changes while it is read.
        Unavailable: the store does not answer.
    """
    record = _read_at_rest(control, project, release)
    parts, left_out = _parts(store, signer, record)
    data = b"".join(pack(parts))
    kept = put_addressed(store, data, content_type=_CONTENT_TYPE)
    evidence_id = control.releases.record_evidence(
        kind=BUNDLE_KIND,
        s3_url=kept.url,
        sha256=kept.sha256,
        release_id=release.id,
        content_type=_CONTENT_TYPE,
        size_bytes=kept.size_bytes,
    )
    return Bundle(data=data, sha256=kept.sha256, parts=tuple(sorted(parts)), left_out=left_out, evidence_id=evidence_id)


def _read_at_rest(control: ControlPlane, project: Project, release: Release) -> Record:
    """Return the record as two readings in a row find it: its tables are read one after another."""
    told = None
    for _ in range(_TRIES):
        record = read_record(control, project, control.releases.by_id(release.id))
        before, told = told, canonical([record.told(), *map(asdict, record.objects)])
        if told == before:
            return record
    raise Conflict(f"the record of release {release.version} changes while it is read", hint="try again in a moment")


def _parts(store: ObjectStore, signer: CryptoSigner, record: Record) -> tuple[dict[str, bytes], tuple[str, ...]]:
    enclosed, left_out = _enclosed(store, record)
    build = _json_of(record, enclosed, "build.json")
    sbom = _json_of(record, enclosed, "sbom.json")
    missing = (*_unknown(record, sbom), *left_out.values())
    signed = {statement_part(name): sealed(statement, signer) for name, statement in state(record, build, sbom)}
    whole = summary(record, signed)
    if whole is not None:
        signed[statement_part("summary")] = sealed(whole, signer)
    evidence = [_told_object(found, enclosed, left_out) for found in record.objects]
    told = record.told() | {"format": FORMAT, "evidence": evidence, "left_out": missing}
    parts = {RECORD: canonical(told), KEY: public_pem(signer), **signed, **enclosed, **approvals_of(record)}
    return {INDEX: sealed(index(record, parts), signer), **parts}, missing


def _enclosed(store: ObjectStore, record: Record) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the evidence that the store has, by its part, and why the rest is not there, by its hash.

    The smallest come first: what does not fit any more is a large log.
    """
    enclosed: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    room = LARGEST_BUNDLE - _RESERVED
    for found in sorted(record.objects, key=lambda each: (each.size_bytes, each.sha256)):
        data = _read(store, found, room)
        if isinstance(data, str):
            names = ", ".join(sorted({name["kind"] for name in found.named}))
            left_out[found.sha256] = f"{names} ({found.sha256[:12]}): {data}"
        else:
            enclosed[evidence_part(found.sha256)] = data
            room -= size_of_part(len(data))
    return enclosed, left_out


def _read(store: ObjectStore, found: Found, room: int) -> bytes | str:
    """Return the object's bytes, or why it is left out."""
    key = object_at(found.url)
    if not found.is_of_a_run or key is None or not key.endswith(found.sha256):
        return "it is kept elsewhere"
    stored = store.stat(key)
    if stored is None:
        return "the store has it no more"
    if stored.size_bytes > min(LARGEST_PART, room):
        return f"its {stored.size_bytes} bytes are too many for a bundle"
    try:
        data = store.get(key)
    except NotFound:
        return "the store has it no more"
    except Unreadable:
        return "the store cannot read it"
    return data if sha256(data) == found.sha256 else "the store has other bytes under its hash"


def _told_object(found: Found, enclosed: Mapping[str, bytes], left_out: Mapping[str, str]) -> dict[str, Any]:
    part = evidence_part(found.sha256)
    told = {
        "sha256": found.sha256,
        "size_bytes": found.size_bytes,
        "content_type": found.content_type,
        "named": found.named,
    }
    return told | ({"part": part} if part in enclosed else {"left_out": left_out[found.sha256]})


def _json_of(record: Record, enclosed: Mapping[str, bytes], kind: str) -> dict[str, Any] | None:
    """Return the JSON file of this name that the building run kept; None if the bundle has none."""
    run = record.building_run
    name = run.name if run is not None else None
    for found in record.objects:
        data = enclosed.get(evidence_part(found.sha256))
        if data is not None and any((each["kind"], each.get("run")) == (kind, name) for each in found.named):
            return _parsed(data)
    return None


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unknown(record: Record, sbom: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the statements that cannot be made, and why."""
    if record.building_run is None:
        yield "provenance: the release was made by hand, and no run is known to have built its image"
    if sbom is None:
        yield "sbom: no bill of materials of the build is kept"
    for each in record.gates:
        if each.gate.evaluated_at is None:
            yield f"gate-{each.gate.gate_code}: it was never judged"
