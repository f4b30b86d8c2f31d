"""Policies of projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import Fence
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

    def record_repository(self, fence: Fence, *, rules: Mapping[str, Mapping[str, Any]]) -> bool:
        """Record the rules, by type of policy, that the run's commit wants, and return whether these hold now.

        Only the newest commit of the default branch is heard. Where they are stricter than the project's, they hold.

        Raises:
            BadInput: a rule has an invalid value; the message names it.
        """
        return bool(
            self._database.value(
                "record_repository_rules", p_run_id=fence.run_id, p_attempt=fence.attempt, p_rules=rules
            )
        )
