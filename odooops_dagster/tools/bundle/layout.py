"""The names of a bundle's parts, and the version of this layout."""

from __future__ import annotations

# The version of the layout, told in the record.
FORMAT = 1
# Names every other part by its hash.
INDEX = "index.json"
# The record of the release, as plain JSON.
RECORD = "record.json"
# The public key of those who signed; a verifier who trusts nobody's word brings their own copy.
KEY = "key.pem"
STATEMENTS = "statements/"
EVIDENCE = "evidence/"
# The signed approvals of people, and these people's keys.
APPROVALS = "approvals/"
APPROVERS = "approvers.json"


def statement_part(name: str) -> str:
    """Return the part with the signed statement of that name."""
    return f"{STATEMENTS}{name}.json"


def approval_part(gate: str, number: int) -> str:
    """Return the part with an approval of the gate, which bears the signatures of everybody who approved the same."""
    return f"{APPROVALS}{gate}-{number}.json"


def evidence_part(sha256: str) -> str:
    """Return the part with the evidence of that hash."""
    return f"{EVIDENCE}{sha256}"
