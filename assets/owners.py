"""Who answers for an asset; Dagster shows it in the graph and on the asset's page."""

from __future__ import annotations

# What a push makes is the business of who pushes; what guards production is that of who operates.
DEVELOPERS = ["team:developers"]
OPERATORS = ["team:operators"]
