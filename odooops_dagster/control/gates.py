"""Gates: their status, checks, approvals and exceptions."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model.releases import CheckStatus, Decision, Gate, GateCode, GateException


class Gates:
    """Reads ops.v_gate_status, and writes checks, approvals and exceptions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, release_id: UUID) -> builtins.list[Gate]:
        """Return the release's gates with their current status, G1 first."""
        rows = self._database.read("v_gate_status", order="gate_code", release_id=release_id)
        return [Gate.from_row(row) for row in rows]

    def summary(self, release_id: UUID) -> Rows:
        """Return the release's gates with the counts of their checks, approvals and evidence, G1 first."""
        return self._database.read("v_release_gate_summary", order="gate_code", release_id=release_id)

    def completeness(self, release_id: UUID) -> Rows:
        """Return the evidence of each of the release's gates, and what is claimed without any, G1 first."""
        return self._database.read("v_evidence_completeness", order="gate_code", release_id=release_id)

    def checks(self, gate_id: UUID) -> Rows:
        """Return the answers to the gate's questions, oldest first; the newest of each name counts."""
        return self._database.read("gate_checks", order="occurred_at, created_at, name", gate_id=gate_id)

    def decisions(self, gate_id: UUID) -> Rows:
        """Return the decisions on the gate, oldest first; a rejection stays, else the newest of each person counts."""
        return self._database.read("approvals", order="occurred_at, created_at", gate_id=gate_id)

    def evidence(self, gate_id: UUID) -> Rows:
        """Return the evidence of the gate and its checks, oldest first."""
        return self._database.read("evidence_artifacts", order="created_at, kind", gate_id=gate_id)

    def settle(self) -> int:
        """Store the status of gates that time alone changed, and return how many."""
        return int(self._database.value("settle_gates"))

    def record_check(
        self, release_id: UUID, *, gate_code: GateCode, name: str, status: CheckStatus, **options: object
    ) -> UUID:
        """Record a check of the gate and return its id; `options` are optional arguments of ops.record_gate_check."""
        found: UUID = self._database.value(
            "record_gate_check",
            release_id=release_id,
            gate_code=gate_code,
            name=name,
            status=status,
            **{f"p_{option}": value for option, value in options.items()},
        )
        return found

    def sign_off(
        self,
        release_id: UUID,
        *,
        gate_code: GateCode,
        decision: Decision,
        approver_id: str | None = None,
        rationale: Mapping[str, Any] | None = None,
        shown: str | None = None,
        signature: Mapping[str, Any] | None = None,
    ) -> UUID:
        """Record a decision on gate G2 or G3, and return its id; `shown` is the digest of what the person was shown.

        `signature` is the DSSE envelope in which the person signed the statement of the decision.

        Raises:
            Forbidden: the caller may not decide this gate, or is the release's author.
            Conflict: something has changed since the person was shown it.
        """
        found: UUID = self._database.value(
            "sign_off_gate",
            release_id=release_id,
            gate_code=gate_code,
            decision=decision,
            p_approver_id=approver_id,
            p_rationale=rationale or {},
            p_shown=shown,
            p_signature=signature,
        )
        return found

    def exception_statuses(self, project_id: UUID | None = None, *, status: str | None = None) -> Rows:
        """Return the exceptions as they stand now, newest first."""
        return self._database.read(
            "v_exception_status", order="created_at desc, exception_id", project_id=project_id, status=status
        )

    def exceptions(self, release_id: UUID) -> builtins.list[GateException]:
        """Return the release's exceptions, newest first."""
        rows = self._database.read("exceptions", order="created_at desc, id", release_id=release_id)
        return [GateException.from_row(row) for row in rows]

    def request_exception(
        self,
        release_id: UUID,
        *,
        gate_code: GateCode,
        reason: str,
        expires_at: datetime,
        requested_by: str | None = None,
        idempotency_key: str | None = None,
    ) -> GateException:
        """Request an exception for the gate until a time; the same key returns the same one.

        Raises:
            Conflict: the key was used for another request.
        """
        found = self._database.value(
            "request_exception",
            release_id=release_id,
            gate_code=gate_code,
            reason=reason,
            expires_at=expires_at,
            p_requested_by=requested_by,
            p_idempotency_key=idempotency_key,
        )
        return self.exception(found)

    def grant_exception(self, exception_id: UUID, *, granted_by: str | None = None) -> GateException:
        """Grant the exception.

        Raises:
            Forbidden: the person requested it, or is the release's author.
        """
        self._database.call("grant_exception", exception_id=exception_id, p_granted_by=granted_by)
        return self.exception(exception_id)

    def revoke_exception(self, exception_id: UUID, *, revoked_by: str | None = None) -> GateException:
        """Revoke the exception."""
        self._database.call("revoke_exception", exception_id=exception_id, p_revoked_by=revoked_by)
        return self.exception(exception_id)

    def break_glass(
        self,
        release_id: UUID,
        *,
        gate_code: GateCode,
        reason: str,
        broken_by: str | None = None,
        idempotency_key: str | None = None,
    ) -> GateException:
        """Waive the gate immediately for a short time, and open an incident; the same key returns the same exception.

        Raises:
            Conflict: the key was used for another request.
        """
        found = self._database.value(
            "break_glass",
            release_id=release_id,
            gate_code=gate_code,
            reason=reason,
            p_broken_by=broken_by,
            p_idempotency_key=idempotency_key,
        )
        return self.exception(found)

    def exception(self, exception_id: UUID) -> GateException:
        """Return the exception with this id."""
        row = self._database.one("exceptions", what=f"exception {exception_id}", order="id", id=exception_id)
        return GateException.from_row(row)
