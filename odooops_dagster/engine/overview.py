"""The page that answers which environments run, where, and of which commit: an asset that only reports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import dagster as dg

from odooops_dagster.model import Environment

RUNNING = "running"
_DIGEST = "table_sha256"
# Each change of one environment writes the table anew, and Dagster keeps every one: of ten thousand environments it
# would be two megabytes each time.
MOST_SHOWN = 200
_HEAD = ("environment", "status", "commit", "stage")


def report_running(instance: dg.DagsterInstance, environments: Iterable[Environment], *, ui: str) -> bool:
    """Write the table of the environments into Dagster, unless its newest one says the same; return whether it did.

    `ui` is the URL of the Dagster UI, for links to the environments' pages there.
    """
    shown = sorted((each for each in environments if each.is_listed), key=lambda each: each.partition_key)
    table = table_of(shown, ui=ui)
    digest = hashlib.sha256(table.encode()).hexdigest()
    newest = instance.get_latest_materialization_event(dg.AssetKey(RUNNING))
    known = newest.asset_materialization.metadata.get(_DIGEST) if newest and newest.asset_materialization else None
    if known is not None and known.value == digest:
        return False
    metadata: dict[str, dg.MetadataValue[Any] | int | str] = {
        "environments": dg.MetadataValue.md(table),
        "count": len(shown),
        "running": sum(each.status == "running" for each in shown),
        _DIGEST: digest,
    }
    instance.report_runless_asset_event(dg.AssetMaterialization(RUNNING, metadata=metadata))
    return True


def table_of(environments: Iterable[Environment], *, ui: str) -> str:
    """Return the environments as a table in Markdown, with links to where each runs.

    Where there are more than `MOST_SHOWN`, production and staging come first, then what runs, and a line says how many
    are left out.
    """
    told = list(environments)
    if not told:
        return "No environment yet: push a branch."
    shown = told if len(told) <= MOST_SHOWN else sorted(told, key=_importance)[:MOST_SHOWN]
    lines = (_HEAD, tuple("---" for _ in _HEAD), *(_row(each, ui=ui) for each in shown))
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    rest = len(told) - len(shown)
    return f"{table}\n\n{rest} more: `ops env list` and the console show all." if rest else table


def _importance(environment: Environment) -> tuple[bool, bool]:
    return environment.stage == "development", environment.status != RUNNING


def _row(environment: Environment, *, ui: str) -> tuple[str, ...]:
    """Return four cells: with the URL or a link in cells of their own, a usual window cuts the last ones off."""
    name = as_markdown(environment.partition_key)
    commit = f"`{environment.deployed_sha[:10]}`" if environment.deployed_sha else ""
    page = f"{ui}/assets/deployment?partition={quote(environment.partition_key, safe='')}"
    return (
        f"[{name}]({environment.url})" if environment.url else name,
        environment.status,
        f"[{commit}]({page})" if commit and environment.deployed_run_id else commit,
        environment.stage,
    )


def as_markdown(text: str) -> str:
    """Return the text so that Markdown shows its signs: a branch's name or a commit's subject may hold any of them."""
    return "".join(f"\\{sign}" if sign in "\\|`*_[]<>~" else sign for sign in text)
