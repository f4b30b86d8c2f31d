"""Prove the quorum of a gate by true signatures: of persons, not of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odooops_dagster.tools.bundle.approvals import is_signed_by_quorum, said_by
from odooops_dagster.tools.bundle.statements import APPROVAL, STATEMENT


@dataclass(frozen=True)
class Approver:
    """A person, and a public key of the person in PEM."""

    person: str
    public_key: str


@dataclass(frozen=True)
class Subject:
    """The subject of an approval: a gate of a release, by its package URL, with its image."""

    gate: str
    release: str
    image_digest: str


def is_proved(
    envelopes: Iterable[Mapping[str, Any]], approvers: Sequence[Approver], subject: Subject, *, quorum: int
) -> bool:
    """Return whether true signatures of at least `quorum` persons approve the subject."""
    return len({person for each in envelopes for person in _persons(each, approvers, subject)}) >= max(quorum, 1)


def _persons(envelope: Mapping[str, Any], approvers: Sequence[Approver], subject: Subject) -> Iterator[str]:
    if _approves(said_by(envelope), subject):
        yield from (each.person for each in approvers if is_signed_by_quorum(envelope, [each.public_key], 1))


def _approves(said: Mapping[str, Any], subject: Subject) -> bool:
    """Return whether the statement approves this gate of this release with this image, and nothing else."""
    predicate, subjects = said.get("predicate"), said.get("subject")
    if not isinstance(predicate, Mapping) or not isinstance(subjects, list) or len(subjects) != 1:
        return False
    digest = subjects[0].get("digest") if isinstance(subjects[0], Mapping) else None
    found = (predicate.get("gate"), predicate.get("decision"), predicate.get("release"))
    return (
        (said.get("_type"), said.get("predicateType")) == (STATEMENT, APPROVAL)
        and found == (subject.gate, "approved", subject.release)
        and digest == {"sha256": subject.image_digest.removeprefix("sha256:")}
    )
