"""Show the result of a step in Dagster: metadata, checks, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from odooops_dagster.model import CheckResult, Table, blocking_failure, checks_of
from resources.run_scope import RunScope


def check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the asset's registered checks as Dagster's specs."""
    return [
        dg.AssetCheckSpec(spec.name, asset=spec.asset, blocking=spec.blocking, description=spec.question)
        for spec in checks_of(asset)
    ]


def checks(
    scope: RunScope, results: Sequence[CheckResult], *, asset: str, metadata: Mapping[str, Any]
) -> Iterator[dg.AssetCheckResult]:
    """Write each check's row, then show it in Dagster; fail the step if a blocking check failed.

    The failure prevents a materialisation of the asset; `metadata` is shown in both cases.
    """
    for result in results:
        scope.record_check(result)
        yield check_result(result, asset=asset)
    failed = blocking_failure(results)
    if failed is not None:
        raise dg.Failure(failed.summary, metadata=rendered({"check": failed.name, **metadata}), allow_retries=False)


def check_result(result: CheckResult, *, asset: str) -> dg.AssetCheckResult:
    """Return the check's result for Dagster."""
    return dg.AssetCheckResult(
        passed=result.passed,
        asset_key=asset,
        check_name=result.name,
        description=result.summary,
        severity=dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN,
        metadata=rendered(result.metadata),
    )


def materialized(
    scope: RunScope,
    asset: str,
    *,
    value: object = None,
    version: str,
    code_version: str,
    inputs: Mapping[str, str],
    metadata: Mapping[str, Any],
) -> dg.MaterializeResult[Any]:
    """Write the lineage row and return the materialisation with its metadata."""
    scope.record_lineage(asset, code_version=code_version, data_version=version, inputs=inputs)
    return dg.MaterializeResult(
        asset_key=asset, value=value, data_version=dg.DataVersion(version), metadata=rendered(metadata)
    )


def rendered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as Dagster's metadata, without those that are not there."""
    return {name: _rendered(value) for name, value in values.items() if value is not None}


def commit_link(repo_url: str, sha: str) -> str:
    """Return the URL of the commit's page at the forge, or the commit itself for a repository without one."""
    url = repo_url.removesuffix("/").removesuffix(".git")
    if url.startswith("git@"):
        url = "https://" + url.removeprefix("git@").replace(":", "/", 1)
    host = url.partition("@")[2] if "@" in url else url.removeprefix("https://")
    return f"https://{host}/commit/{sha}" if url.startswith("https://") else sha


def _rendered(value: Any) -> Any:  # noqa: ANN401 - whatever a step has to show
    """Return a table, a time or a URL as Dagster shows it; Dagster itself renders plain values."""
    match value:
        case Table():
            return dg.MetadataValue.table([dg.TableRecord(_plain(row)) for row in value.rows], schema=_schema(value))
        case datetime():
            return dg.MetadataValue.timestamp(value)
        case str() if value.startswith(("http://", "https://")):
            return dg.MetadataValue.url(value)
        case Mapping():  # Dagster takes only dictionaries and lists
            return dict(value)
        case tuple():
            return list(value)
        case _:
            return value


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, (str, int, float, bool)) else str(value) for name, value in row.items()}


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name=name) for name in table.rows[0]])
