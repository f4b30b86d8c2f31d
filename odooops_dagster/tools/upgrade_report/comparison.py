"""Compares two upgrade reports: what was mended, what is new, what stays."""

from __future__ import annotations

from odooops_dagster.tools.upgrade_report.form import Colour, Part, Report


class Comparison(Part):
    """Changes of the findings from one preview to the next."""

    before: str
    after: str
    colours: tuple[Colour, Colour]
    mended: tuple[str, ...]
    new: tuple[str, ...]
    stay: tuple[str, ...]
    downtime_seconds: tuple[float | None, float | None]
    module_seconds: dict[str, tuple[float | None, float | None]]


def compare(before: Report, after: Report) -> Comparison:
    """Return the comparison of an earlier report with a later one."""
    old, new = _findings(before), _findings(after)
    seconds = [{module.name: module.seconds for module in report.modules.updated} for report in (before, after)]
    return Comparison(
        before=before.run,
        after=after.run,
        colours=(before.colour, after.colour),
        mended=tuple(text for name, text in old.items() if name not in new),
        new=tuple(text for name, text in new.items() if name not in old),
        stay=tuple(text for name, text in new.items() if name in old),
        downtime_seconds=(before.downtime_seconds, after.downtime_seconds),
        module_seconds={
            name: (seconds[0].get(name), seconds[1].get(name)) for name in sorted({*seconds[0], *seconds[1]})
        },
    )


def _findings(report: Report) -> dict[str, str]:
    """Return what stands against the upgrade, in words, by a name that both previews share: numbers may differ."""
    return {
        **{f"lost {lost.table}": f"table {lost.table} loses rows" for lost in report.data.lost},
        **{
            f"values {values.table}.{values.column}": f"column {values.table}.{values.column} loses values"
            for values in report.data.values
            if values.moved_to is None
        },
        **{f"view {view.name}": f"view {view.name} is broken" for view in report.views.broken},
        **{f"disabled {name}": f"view {name} is not active any more" for name in report.views.disabled},
        **{
            f"page {page.path}": f"{page.path} does not open"
            for page in report.pages
            if not page.answers and not page.is_known
        },
        **{
            f"invariant {one.name}": f"invariant {one.name} does not hold" for one in report.invariants if not one.holds
        },
        **{f"error {error.message}": f"error: {error.message}" for error in report.log.errors},
        **{f"warning {warning.message}": f"warning: {warning.message}" for warning in report.log.warnings},
        **{f"left {name}": f"module {name} has no code" for name in report.modules.left_behind},
        **{f"series {name}": f"module {name} is of another series" for name in report.modules.without_target_version},
        **{f"code {use.file} {use.found}": f"{use.file} uses {use.found}" for use in report.code},
        **{
            f"reason {one.reason}": one.reason
            for one in report.reasons
            if one.colour == "red" and one.reason.startswith(("modules_installed: ", "log_clean: "))
        },
    }
