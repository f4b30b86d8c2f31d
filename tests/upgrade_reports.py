"""A report of an upgrade preview with something in each part."""

from __future__ import annotations

from typing import Any

from odooops_dagster.model import CheckResult
from odooops_dagster.tools.upgrade_report.form import Report, Stage, Version
from odooops_dagster.tools.upgrade_report.verdict import colour_of, reasons


def made(*checks: CheckResult, **parts: Any) -> Report:  # noqa: ANN401 - the parts of a report
    """Return a report with these parts, judged by them and the checks."""
    version = Version(series="19.0", digest="sha256:" + "a" * 64, git_sha="b" * 40)
    report = Report(
        project="shop",
        branch="main",
        run="shop#7",
        engine="same_series",
        source=version,
        target=version,
        backup_id="b",
        backup_taken_at="2026-02-13T01:00:00+00:00",
        colour="green",
        reasons=(),
        seconds=30,
        downtime_seconds=12.5,
        stages=(Stage(name="update", seconds=8, is_downtime=True),),
    ).model_copy(update=parts)
    found = reasons(report, checks)
    return report.model_copy(update={"reasons": found, "colour": colour_of(found)})
