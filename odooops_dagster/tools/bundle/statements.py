"""In-toto statements about named bytes, in predicates that other tools know.

Source: in-toto/attestation, spec/v1/statement.md and spec/predicates/; slsa.dev/spec/v1.1, "Build: Provenance" and
"Verification Summary Attestation (VSA)"; cyclonedx.org/specification.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
VERIFICATION = "https://in-toto.io/attestation/svr/v0.2"
SUMMARY = "https://slsa.dev/verification_summary/v1"
CYCLONEDX = "https://cyclonedx.org/bom"
RELEASE = "https://in-toto.io/attestation/release/v0.2"
# The predicates of our own: no public one says who decided on a gate, or what was on record by a moment.
APPROVAL = "urn:odooops:approval:v1"
ANCHOR = "urn:odooops:anchor:v1"


def statement(predicate_type: str, predicate: Mapping[str, Any], *, subjects: Mapping[str, str]) -> dict[str, Any]:
    """Return the statement on the subjects, each a name with its SHA-256."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def canonical(value: object) -> bytes:
    """Return the value as JSON, the only way that a bundle writes it: sorted, without spaces, times in UTC."""
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":")).encode("ascii")


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def time_text(moment: datetime) -> str:
    """Return the time as in-toto writes it, RFC 3339 in UTC; microseconds stay."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def package_url(project: str, version: str) -> str:
    """Return the release's name as a package URL."""
    return f"pkg:generic/{quote(project, safe='')}@{quote(version, safe='')}"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a bundle cannot hold a {type(value).__name__}")
