"""The key `preview`: which branches get a preview, when it sleeps and how large it is, within policy `preview`.

The bounds lie within those of `ops.policy_rules`; 0, which is no limit there, is not for a repository to ask.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from odooops_dagster.tools.project_file.base import Keys
from odooops_dagster.tools.project_file.protect import Pattern


class PreviewSettings(Keys):
    """What previews the repository wants; it counts from the newest commit of the default branch."""

    branches: tuple[Pattern, ...] | None = Field(
        default=None,
        max_length=50,
        description="Branches whose pushes make a preview, such as `feature/*`; of those that the policy lists.",
    )
    idle_minutes: int | None = Field(
        default=None, ge=1, le=43_200, description="Minutes without a request after which a preview stops."
    )
    # Odoo with a small database needs some 300 MB to start, and an installation more.
    memory_mb: int | None = Field(
        default=None, ge=512, le=10_000_000, description="MiB of memory for all programs of a preview."
    )
    cpu_percent: int | None = Field(
        default=None, ge=10, le=100_000, description="CPU time of a preview; 100 is one core."
    )
    disk_mb: int | None = Field(
        default=None, ge=1024, le=10_000_000, description="MiB of disk for a preview's files and databases."
    )

    def rules(self) -> dict[str, Any]:
        """Return the rules of policy `preview` that are asked for; empty without any."""
        return self.model_dump(mode="json", exclude_none=True)
