"""Rewrites references to the agents' renamed tables in a user's own programs."""

from __future__ import annotations

from odooops_dagster.tools.agent_tables.folder import Change, changes
from odooops_dagster.tools.agent_tables.references import Doubt, Edit, read
from odooops_dagster.tools.agent_tables.rewriting import rewritten

__all__ = ["Change", "Doubt", "Edit", "changes", "read", "rewritten"]
