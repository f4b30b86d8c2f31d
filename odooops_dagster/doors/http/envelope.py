"""The JSON Schema of an event's envelope, for OpenAPI; ops_private.envelope_fields decides, a test compares the two."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
_STATUS: dict[str, Any] = {"type": "string", "enum": ["pass", "passed", "fail", "failed", "skip", "skipped"]}
_SHA256: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}

_CHECK: dict[str, Any] = {
    "type": "object",
    "required": ["name", "status"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 2000},
        "status": _STATUS,
        "summary": {"type": ["string", "null"], "maxLength": 2000},
        "metadata": {"type": ["object", "null"]},
    },
}
_EVIDENCE: dict[str, Any] = {
    "type": "object",
    "required": ["kind", "s3_url", "sha256"],
    "properties": {
        "kind": {"type": "string", "minLength": 1, "maxLength": 2000},
        "s3_url": {"type": "string", "pattern": r"^((s3|https|file)://|memory:)[^\x00-\x1f\x7f]+$", "maxLength": 2000},
        "sha256": _SHA256,
        "content_type": {"type": ["string", "null"], "maxLength": 2000},
        "size_bytes": {"type": ["integer", "null"], "minimum": 0, "maximum": 9007199254740991},
        "check": {
            "type": ["string", "null"],
            "maxLength": 2000,
            "description": "The check of this event that it proves.",
        },
    },
}
FIELDS: dict[str, dict[str, Any]] = {
    "idempotency_key": _TEXT | {"description": "Names the event; a repeat with the same key changes nothing."},
    "source": _TEXT | {"description": "What sends it, such as github_actions."},
    "occurred_at": {"type": "string", "format": "date-time", "description": "When it happened, with its offset."},
    "project": _TEXT | {"description": "The project's slug or id."},
    "release": _TEXT | {"description": "The release's version, id or commit."},
    "gate_code": {"type": "string", "enum": ["G1", "G2", "G3", "G4"]},
    "decision": {"type": "string", "enum": ["approved", "rejected"]},
    "approver_id": _TEXT | {"description": "The person who decides; a key signs off as its own person."},
    "persona_role": {"type": "string", "enum": ["qa_tester", "release_manager"]},
    "rationale_structured": {"type": "object"},
    "environment": _TEXT | {"description": "A stage, or an environment's name."},
    "status": _TEXT,
    "image_digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    "git_sha": {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"},
    "checks": {"type": "array", "maxItems": 500, "items": _CHECK},
    "evidence": {"type": "array", "maxItems": 100, "items": _EVIDENCE},
}
_ALWAYS = ("idempotency_key", "source", "occurred_at", "project")
# The fields that each event needs besides those that all need.
NEEDED: dict[str, tuple[str, ...]] = {
    "build_complete": ("release", "status"),
    "gate_signoff": ("release", "gate_code", "decision"),
    "deployment_event": ("release", "environment", "status"),
    "health_check": ("release", "environment", "status"),
    "environment_event": ("environment", "status"),
}
# The states that an event may tell; of an environment it tells what its sender calls them.
_STATES: dict[str, dict[str, Any]] = {
    "build_complete": _STATUS,
    "deployment_event": {"type": "string", "enum": ["running", "succeeded", "failed"]},
    "health_check": _STATUS,
}


def _event(event_type: str) -> dict[str, Any]:
    return {
        "title": event_type,
        "type": "object",
        "required": ["schema_version", "event_type", *_ALWAYS, *NEEDED[event_type]],
        "properties": {
            "schema_version": {"type": "string", "enum": ["1.0", "1"]},
            "event_type": {"type": "string", "const": event_type},
            **FIELDS,
            "status": _STATES.get(event_type, FIELDS["status"]),
        },
    }


ENVELOPE: dict[str, Any] = {"oneOf": [_event(event_type) for event_type in NEEDED]}
