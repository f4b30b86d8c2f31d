"""Asset `production`: the database and files that people work on, hosted here or adopted; backups are made of it."""

from __future__ import annotations

import dagster as dg

from assets.partitions import environments

production = dg.AssetSpec(
    "production",
    description="The data that people work on. Nothing here makes them: Odoo does, in the environment of this stage.",
    partitions_def=environments,
    kinds={"postgres", "odoo"},
    code_version="1",
)
