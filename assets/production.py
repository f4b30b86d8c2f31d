"""Assets that nothing here makes: `production`, of which backups are made, and `running`, the page of environments."""

from __future__ import annotations

import dagster as dg

from assets.owners import OPERATORS
from assets.partitions import environments
from odooops_dagster.engine.overview import RUNNING

production = dg.AssetSpec(
    "production",
    description="The data that people work on. Nothing here makes them: Odoo does, in the environment of this stage."
    " Materialize all is refused: one run makes what one kind of run makes, and no run makes production.",
    partitions_def=environments,
    group_name="production",
    owners=OPERATORS,
    kinds={"postgres", "odoo"},
    code_version="1",
)

running = dg.AssetSpec(
    RUNNING,
    description="Which environments run, where, and of which commit: the newest materialization holds the table."
    " It is written anew by each run that changes an environment, and within half a minute by everything else.",
    group_name="production",
    owners=OPERATORS,
    kinds={"odoo"},
    code_version="1",
)
