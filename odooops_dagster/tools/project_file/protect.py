"""The keys under `protect`: rules of policies that the repository's default branch makes stricter.

The bounds are those of `ops.policy_rules`, the rules those of `ops_private.stricter_rule`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from odooops_dagster.tools.project_file.base import Keys, Line

# Nobody can switch a protection off from here: the only other value is the policy's own.
On = Literal[True]
Column = Annotated[str, StringConstraints(pattern=r"^[^.\s]+(\.[^.\s]+){1,2}$")]
Treatment = Annotated[Line, StringConstraints(pattern=r"^(delete_rows|truncate|value:.+)$")]
# A branch name, with * for any text.
Pattern = Annotated[Line, StringConstraints(min_length=1, max_length=255, pattern=r"^\S+$")]
FileName = Annotated[Line, StringConstraints(min_length=1, max_length=300)]


class ProtectedClones(Keys):
    """Where copies of production's data go, and how they are made harmless."""

    staging_branches: tuple[Pattern, ...] | None = Field(
        default=None,
        max_length=50,
        description="Branches that become stagings on a copy of production's data, such as `release/*`; of what the"
        " policy allows.",
    )

    masking_hooks: tuple[FileName, ...] = Field(
        default=(), max_length=50, description="SQL files of the repository that mask data, after those of the policy."
    )
    columns: Mapping[Column, Treatment] = Field(
        default={},
        max_length=200,
        description="What to do with single columns, such as `res_partner.email`: `delete_rows`, `truncate`, or"
        " `value:` and what to put there.",
    )
    coverage_fatal: On | None = Field(default=None, description="A module that nothing neutralises stops the clone.")


class ProtectedRetention(Keys):
    """How many backups are kept at least."""

    daily: int | None = Field(default=None, ge=0, le=366, description="Days whose last backup is kept.")
    weekly: int | None = Field(default=None, ge=0, le=520, description="Weeks whose last backup is kept.")
    monthly: int | None = Field(default=None, ge=0, le=240, description="Months whose last backup is kept.")
    minimum: int | None = Field(
        default=None, ge=1, le=100, description="Verified backups that are kept whatever their age."
    )


class ProtectedBackups(Keys):
    """How production is backed up."""

    nightly: On | None = Field(default=None, description="Production is backed up every night.")
    every_hours: int | None = Field(
        default=None,
        ge=1,
        le=24,
        description="Hours from one backup of production to the next, counted from the hour of the night.",
    )
    max_age_hours: int | None = Field(
        default=None, ge=1, le=720, description="Age at which the newest verified backup is stale."
    )
    attachments_elsewhere_fatal: On | None = Field(
        default=None, description="Attachments in an object store, which no backup holds, make the backup fail."
    )


class ProtectedGates(Keys):
    """The proofs that a build has to bring."""

    untested_modules: Literal["refuse_overlooked", "refuse"] | None = Field(
        default=None,
        description="A module without a test that ran: refuse it, or only if its tests were written to run.",
    )


class ProtectedPromotions(Keys):
    """The way in which the default branch comes to production."""

    release: Literal["by_hand", "gated"] | None = Field(
        default=None, description="A person promotes at least; with `gated`, approvals of gates G2 and G3 besides."
    )


class Protect(Keys):
    """Rules that protect; they count from the newest commit of the default branch, and only where they are stricter."""

    clone: ProtectedClones = Field(
        default=ProtectedClones(), description="Where copies of production's data go, and how they are made harmless."
    )
    retention: ProtectedRetention = Field(
        default=ProtectedRetention(), description="How many backups are kept at least."
    )
    backup: ProtectedBackups = Field(default=ProtectedBackups(), description="How production is backed up.")
    gates: ProtectedGates = Field(default=ProtectedGates(), description="What a build has to prove.")
    promotion: ProtectedPromotions = Field(
        default=ProtectedPromotions(), description="What brings the default branch to production."
    )

    def rules(self) -> dict[str, dict[str, Any]]:
        """Return the rules by type of policy; empty without any."""
        found: dict[str, dict[str, Any]] = self.model_dump(mode="json", exclude_defaults=True)
        return {policy_type: rules for policy_type, rules in found.items() if rules}
