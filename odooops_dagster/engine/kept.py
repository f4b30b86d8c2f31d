"""What an environment keeps when a run of it fails: the failure is the run's alone, and its assets say what serves.

Dagster paints an asset red, and its partition, if the newest run that was to make it did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from odooops_dagster.engine.commits import commit_shown
from odooops_dagster.engine.private import checked_materialization, report_in_run
from odooops_dagster.kinds import KINDS
from odooops_dagster.model import Environment, Project
from odooops_dagster.settings import Settings

# What a push makes; a backup or a drill that failed is red, whatever serves.
_OF_A_PUSH = frozenset(KINDS["deploy"].assets)
_READ = (
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
)


def keep_assets(
    instance: dg.DagsterInstance,
    dagster_run_id: str,
    environment: Environment,
    project: Project,
    *,
    reason: str,
    settings: Settings,
) -> None:
    """Tell Dagster in the failed run what the environment still has, and which checks were not asked.

    Where nothing serves, no asset is told of, and its partition stays red; a check that was not asked never is.
    """
    told = dg.DagsterEventType
    events = {kind: _events(instance, dagster_run_id, kind) for kind in _READ}
    if environment.status == "running":
        missing = events[told.ASSET_MATERIALIZATION_PLANNED] - events[told.ASSET_MATERIALIZATION]
        facts = _facts(environment, project, settings=settings)
        for asset, _ in sorted(missing):
            if asset in _OF_A_PUSH:
                report_in_run(instance, dagster_run_id, _kept(asset, environment, reason=reason, facts=facts))
    for asset, check in sorted(events[told.ASSET_CHECK_EVALUATION_PLANNED] - events[told.ASSET_CHECK_EVALUATION]):
        report_in_run(instance, dagster_run_id, _not_asked(instance, asset, check, environment, reason=reason))


def _events(instance: dg.DagsterInstance, dagster_run_id: str, kind: dg.DagsterEventType) -> set[tuple[str, str]]:
    """Return the asset, and for an event of a check its name, of each such event of the run."""
    events = [entry.dagster_event for entry in instance.all_logs(dagster_run_id, of_type=kind)]
    found = set()
    for event in filter(None, events):
        data: Any = event.event_specific_data
        key = event.asset_key or getattr(data, "asset_key", None)
        if key is not None:
            found.add((key.path[-1], getattr(data, "check_name", "")))
    return found


def _kept(
    asset: str, environment: Environment, *, reason: str, facts: Mapping[str, dg.RawMetadataValue]
) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset,
        description=f"The environment serves what it served before: {reason}",
        partition=environment.partition_key,
        metadata=facts,
    )


def _not_asked(
    instance: dg.DagsterInstance, asset: str, check: str, environment: Environment, *, reason: str
) -> dg.AssetCheckEvaluation:
    """Return the answer of a check that was not asked: what serves has passed it, and else it is a warning."""
    where = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[environment.partition_key])
    newest = instance.fetch_materializations(where, limit=1).records
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset),
        check_name=check,
        passed=asset in _OF_A_PUSH and environment.status == "running",
        severity=dg.AssetCheckSeverity.WARN,
        description=f"not asked: {reason}",
        partition=environment.partition_key,
        target_materialization_data=checked_materialization(newest[0]) if newest else None,
    )


def _facts(environment: Environment, project: Project, *, settings: Settings) -> dict[str, dg.RawMetadataValue]:
    """Return what the environment's row knows of what serves; no numbers, which would be plotted twice."""
    facts: dict[str, dg.RawMetadataValue] = {
        "url": dg.MetadataValue.url(str(environment.url)),
        "database": environment.database_name or "",
        "image_digest": environment.image_digest or "",
        "branch": environment.branch,
    }
    if environment.deployed_sha:
        facts["commit"] = commit_shown(project.repo_url, environment.deployed_sha, home=settings.home)
    return {name: value for name, value in facts.items() if value != ""}
