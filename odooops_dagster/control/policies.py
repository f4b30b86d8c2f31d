"""Policies of projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import Fence
from odooops_dagster.model.readings import BranchWithoutPreview, PreviewRule
from odooops_dagster.model.releases import PolicyType


class Policies:
    """Reads and writes ops.policies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, project_id: UUID | None, *, policy_type: PolicyType) -> Mapping[str, Any]:
        """Return the rules of the project; without a project, the rules for all."""
        rules: Mapping[str, Any] = self._database.value("policy", project_id=project_id, type=policy_type)
        return rules

    def rules(self) -> Rows:
        """Return every rule that a policy may hold: its policy_type, rule, kind, default_value, limits and meaning."""
        return self._database.call("policy_rules")

    def explain_preview(self, project_id: UUID) -> list[PreviewRule]:
        """Return what odooops.yaml asks for the project's previews, and what of it holds."""
        return [PreviewRule.from_row(row) for row in self._database.call("explain_preview", p_project_id=project_id)]

    def branches_without_preview(self, project_id: UUID) -> list[BranchWithoutPreview]:
        """Return the project's branches whose pushes make no preview, by name."""
        rows = self._database.call("branches_without_preview", p_project_id=project_id)
        return [BranchWithoutPreview.from_row(row) for row in rows]

    def own(self, project_id: UUID) -> dict[str, Mapping[str, Any]]:
        """Return the project's own rules, which differ from the rules for all, by the type of the policy."""
        rows = self._database.read("policies", order="policy_type", project_id=project_id)
        return {row["policy_type"]: row["rules"] for row in rows}

    def set(
        self,
        project_id: UUID | None,
        *,
        policy_type: PolicyType,
        rules: Mapping[str, Any],
        read: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Set the project's rules that differ from the rules for all, and return the resulting rules.

        Args:
            project_id: the project; None for the rules for all.
            policy_type: the type of the policy.
            rules: the rules that differ.
            read: the rules in force that the caller has read; None to set whatever holds.

        Raises:
            BadInput: a rule is unknown or has an invalid value; the message names it.
            Stale: other rules hold than those that were read.
        """
        now: Mapping[str, Any] = self._database.value(
            "set_policy", project_id=project_id, type=policy_type, rules=rules, p_read=read
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
