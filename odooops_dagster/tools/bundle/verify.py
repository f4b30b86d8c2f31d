"""Verify a bundle with nothing but its bytes and a key: no database, no store, no state folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.bundle.archive import unpack
from odooops_dagster.tools.bundle.envelopes import is_signed_by, opened, public_key_of
from odooops_dagster.tools.bundle.layout import APPROVALS, APPROVERS, INDEX, KEY, RECORD, STATEMENTS, approval_part
from odooops_dagster.tools.bundle.quorum import Approver, Subject, is_proved
from odooops_dagster.tools.bundle.statements import RELEASE, STATEMENT, package_url, sha256

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of one part of a bundle, with the hashes if they differ."""

    part: str
    reason: str
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The release that a bundle names, and every fault; `is_key_given` is false where the key came with the bundle.

    `key_id` is the SHA-256 of the key in the form that DSSE's signers use.
    """

    release: str | None
    parts: int
    key_id: str | None
    is_key_given: bool
    gates: Mapping[str, str]
    quorums: Mapping[str, bool]  # of gates that people signed: whether the signatures of its quorum are there and true
    left_out: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def is_intact(self) -> bool:
        """Whether every part is as it was signed."""
        return not self.faults


def verify(data: bytes, *, key: bytes | None = None) -> Verdict:
    """Verify the bundle: each part against the index, each statement and the index against the key.

    `key` is a public key in PEM from elsewhere; without one the bundle's own is taken, which proves that nothing was
    changed since the signature, not whose it is.

    Raises:
        BadInput: the bytes are no bundle, or the given key is none.
    """
    parts = unpack(data)
    if INDEX not in parts and RECORD not in parts:
        raise BadInput("the file is a tar, but no bundle: it has no index.json", hint="ops release bundle makes one")
    given = public_key_of(key) if key is not None else None
    signer, key_faults = _signer(parts, given)
    index, index_faults = _index(parts, signer)
    faults = (*key_faults, *index_faults, *_unlike(parts, index), *_unsigned(parts, signer))
    record = _record(parts)
    quorums, unproved = _quorums(parts, record)
    faults = (*faults, *unproved)
    return Verdict(
        release=_purl(index),
        parts=len(parts),
        key_id=signer.keyid if signer is not None else None,
        is_key_given=key is not None,
        gates=_gates(record),
        quorums=quorums,
        left_out=tuple(str(each) for each in _list(record.get("left_out"))),
        faults=faults,
    )


def _signer(parts: Mapping[str, bytes], given: SSlibKey | None) -> tuple[SSlibKey | None, tuple[Fault, ...]]:
    """Return the key to verify with; the bundle's own where none is given."""
    if given is not None:
        return given, ()
    if KEY not in parts:
        return None, (Fault(part=KEY, reason="is missing, so that no signature can be verified"),)
    try:
        return public_key_of(parts[KEY]), ()
    except BadInput:
        return None, (Fault(part=KEY, reason="is no public key, so that no signature can be verified"),)


def _index(parts: Mapping[str, bytes], signer: SSlibKey | None) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return the statement of the index, also of one that is not signed, and its faults."""
    if INDEX not in parts:
        return {}, (Fault(part=INDEX, reason="is missing, so that no part can be compared"),)
    fault = _fault_of(INDEX, parts[INDEX], signer)
    try:
        _, statement = opened(parts[INDEX])
    except BadInput:
        return {}, (fault,) if fault else ()
    if fault is None and (statement.get("_type"), statement.get("predicateType")) != (STATEMENT, RELEASE):
        fault = Fault(part=INDEX, reason="is signed, but no index of a release")
    return statement, (fault,) if fault else ()


def _unlike(parts: Mapping[str, bytes], index: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the parts that are missing, changed, or not named by the index."""
    if not index:
        return
    named = dict(_named(index))
    for name, expected in sorted(named.items()):
        if name not in parts:
            yield Fault(part=name, reason="is missing", expected=expected)
        elif (found := sha256(parts[name])) != expected:
            yield Fault(part=name, reason="was changed", expected=expected, found=found)
    for name in sorted(parts.keys() - named.keys() - {INDEX}):
        yield Fault(part=name, reason="is not named by the index", found=sha256(parts[name]))


def _named(index: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each part that the index names, and its hash."""
    for subject in _list(index.get("subject")):
        if isinstance(subject, Mapping) and isinstance(subject.get("digest"), Mapping):
            yield str(subject.get("name")), str(subject["digest"].get("sha256"))


def _unsigned(parts: Mapping[str, bytes], signer: SSlibKey | None) -> Iterator[Fault]:
    for name, data in parts.items():
        if name.startswith(STATEMENTS) and (fault := _fault_of(name, data, signer)):
            yield fault


def _fault_of(name: str, data: bytes, signer: SSlibKey | None) -> Fault | None:
    """Return why the signed part proves nothing, if so."""
    try:
        envelope, _ = opened(data)
    except BadInput as exc:
        return Fault(part=name, reason=f"cannot be read: {exc}")
    if not envelope.signatures:
        return Fault(part=name, reason="is not signed")
    if signer is not None and not is_signed_by(envelope, signer):
        return Fault(part=name, reason="is not signed by this key")
    return None


def _record(parts: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        value = json.loads(parts[RECORD])
    except (KeyError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _gates(record: Mapping[str, Any]) -> dict[str, str]:
    gates = [each for each in _list(record.get("gates")) if isinstance(each, Mapping)]
    return {str(each.get("gate_code")): str(each.get("status")) for each in gates}


def _quorums(parts: Mapping[str, bytes], record: Mapping[str, Any]) -> tuple[dict[str, bool], tuple[Fault, ...]]:
    """Return which gates the signatures of their quorum prove, and a fault for each that should be so and is not."""
    approvers = [
        Approver(str(each.get("person")), str(each.get("public_key")))
        for each in _list(_json(parts.get(APPROVERS)))
        if isinstance(each, Mapping)
    ]
    of, project = _mapping(record.get("release")), _mapping(record.get("project"))
    release = package_url(str(project.get("slug")), str(of.get("version")))
    image = str(of.get("image_digest"))
    found: dict[str, bool] = {}
    faults = []
    for gate in (each for each in _list(record.get("gates")) if isinstance(each, Mapping)):
        code = str(gate.get("gate_code"))
        signed = [_json(data) for name, data in sorted(parts.items()) if name.startswith(f"{APPROVALS}{code}-")]
        envelopes = [each for each in signed if isinstance(each, dict)]
        is_asked = code in ("G2", "G3") and record.get("signatures") == "required" and gate.get("status") == "passed"
        if not envelopes and not is_asked:
            continue
        quorum = gate.get("quorum")
        subject = Subject(code, release, image)
        found[code] = is_proved(envelopes, approvers, subject, quorum=quorum if isinstance(quorum, int) else 1)
        if is_asked and gate.get("is_required", True) and not found[code]:
            faults.append(Fault(part=approval_part(code, 1), reason="proves no quorum by its signatures"))
    return found, tuple(faults)


def _json(data: bytes | None) -> object:
    try:
        return json.loads(data or b"null")
    except (ValueError, RecursionError):
        return None


def _purl(index: Mapping[str, Any]) -> str | None:
    predicate = index.get("predicate")
    return str(predicate.get("purl")) if isinstance(predicate, Mapping) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
