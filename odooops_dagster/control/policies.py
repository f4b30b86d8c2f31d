"""Policies of projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model.releases import PolicyType


class Policies:
    """Reads and writes ops.policies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, project_id: UUID | None, *, policy_type: PolicyType) -> Mapping[str, Any]:
        """Return the rules of the project; without a project, the rules for all."""
        rules: Mapping[str, Any] = self._database.value("policy", project_id=project_id, type=policy_type)
        return rules

    def set(self, project_id: UUID | None, *, policy_type: PolicyType, rules: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set the project's rules that differ from the rules for all, and return the resulting rules.

        Raises:
            BadInput: a rule is unknown or has an invalid value; the message names it.
        """
        now: Mapping[str, Any] = self._database.value(
            "set_policy", project_id=project_id, type=policy_type, rules=rules
        )
        return now
