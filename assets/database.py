"""Asset `database`: a database with the image's modules, installed and tested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from assets.owners import DEVELOPERS
from assets.partitions import environments
from assets.report import check_specs, checks, materialized
from odooops_dagster.model import Build, CloneResult
from odooops_dagster.steps.build.image import build_of_commit
from odooops_dagster.steps.environment.database import DatabaseResult, build_database
from resources.run_scope import RunScope

CODE_VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class BuiltDatabase:
    """A database and the image it was made from, so that no other image is deployed with it."""

    image: Build
    database: DatabaseResult


@dg.asset(
    partitions_def=environments,
    group_name="build",
    owners=DEVELOPERS,
    kinds={"postgres", "odoo"},
    code_version=CODE_VERSION,
    io_manager_key="memory",
    check_specs=check_specs("database"),
)
def database(
    scope: dg.ResourceParam[RunScope], image: Build | None, prod_clone: CloneResult | None
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[BuiltDatabase]]:
    """A new database for this run; the running preview keeps its own until this one has passed its checks."""
    with scope.working("database") as step:
        build = image or build_of_commit(step)
        made = build_database(step, build, prod_clone)
        yield from checks(scope, made.checks, asset="database", metadata=made.metadata)
        yield materialized(
            scope,
            "database",
            checks=made.checks,
            value=BuiltDatabase(image=build, database=made),
            version=made.data_version,
            code_version=CODE_VERSION,
            inputs={"image": build.digest, **({"prod_clone": prod_clone.data_version} if prod_clone else {})},
            metadata=made.metadata,
        )
