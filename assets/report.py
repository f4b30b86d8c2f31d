"""Show the result of a step in Dagster: metadata, checks, versions."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from assets.partitions import environments
from odooops_dagster.engine.commits import file_link
from odooops_dagster.model import CheckResult, Table, blocking_failure, checks_of
from resources.run_scope import RunScope


def check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the asset's registered checks as Dagster's specs, each answered for one environment at a time."""
    with warnings.catch_warnings():
        # Dagster says at each check that it may change how checks have partitions; a test would see that.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                spec.name,
                asset=spec.asset,
                blocking=spec.blocking,
                description=spec.question,
                partitions_def=environments,
            )
            for spec in checks_of(asset)
        ]


def checks(
    scope: RunScope, results: Sequence[CheckResult], *, asset: str, metadata: Mapping[str, Any]
) -> Iterator[dg.AssetCheckResult]:
    """Write each check's row; if a blocking check failed, show the answers in Dagster and fail the step.

    The failure prevents a materialisation of the asset, of which `metadata` is shown. The answers of a step that goes
    on are shown with its materialisation: Dagster counts an answer only for what was made before it.
    """
    for result in results:
        scope.record_check(result)
    failed = blocking_failure(results)
    if failed is not None:
        yield from _answers(results, asset=asset)
        told = {"check": failed.name, **_place_of(scope, failed)}
        raise dg.Failure(failed.summary, metadata=rendered({**told, **metadata}), allow_retries=False)


def _answers(results: Sequence[CheckResult], *, asset: str) -> list[dg.AssetCheckResult]:
    """Return the answers; a question that could not be asked is on the record, but no red check in Dagster."""
    return [check_result(result, asset=asset) for result in results if result.is_asked]


def _place_of(scope: RunScope, failed: CheckResult) -> dict[str, Any]:
    """Return where in the repository the check failed, as a link where the forge has pages, and what Odoo logged."""
    failure, step = failed.failure, scope.step
    if failure is None:
        return {}
    page = file_link(step.project.repo_url, str(step.run.git_sha), failure.file, failure.line)
    return {"place": page or failure.place or None, "odoo_logged": failure.excerpt or None}


def check_result(result: CheckResult, *, asset: str) -> dg.AssetCheckResult:
    """Return the check's result for Dagster."""
    return dg.AssetCheckResult(
        passed=result.passed,
        asset_key=asset,
        check_name=result.name,
        description=result.summary,
        severity=dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN,
        metadata=rendered(result.to_metadata()),
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
    checks: Sequence[CheckResult] = (),
) -> dg.MaterializeResult[Any]:
    """Write the lineage row and return the materialisation with its metadata, answers and the step's seconds."""
    scope.record_lineage(asset, code_version=code_version, data_version=version, inputs=inputs)
    return dg.MaterializeResult(
        asset_key=asset,
        value=value,
        data_version=dg.DataVersion(version),
        metadata=rendered({**metadata, "seconds": scope.seconds()}),
        # Dagster wants an answer to each question of what was made.
        check_results=[check_result(result, asset=asset) for result in checks],
    )


def rendered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as Dagster's metadata, without those that are not there."""
    return {name: _rendered(value) for name, value in values.items() if value is not None}


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
        case tuple() if not isinstance(value, dg.MetadataValue):
            return list(value)
        case _:
            return value


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, (str, int, float, bool)) else str(value) for name, value in row.items()}


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(columns=[dg.TableColumn(name=name) for name in table.rows[0]])
