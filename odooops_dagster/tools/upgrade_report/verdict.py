"""The verdict on an upgrade: every reason with what to do about it, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from odooops_dagster.model import CheckResult
from odooops_dagster.tools.upgrade_report.form import Colour, Reason, Report
from odooops_dagster.wording import some_of

_ORDER: tuple[Colour, ...] = ("red", "yellow", "green")
_SHOWN = 5
# The check of Odoo's log, which the messages of the log explain better.
_LOG = "log_clean"
_AGAIN = "push and preview again"


def reasons(report: Report, checks: Sequence[CheckResult]) -> tuple[Reason, ...]:
    """Return the reasons; one green one if nothing stands against the upgrade.

    Args:
        report: the report, whose own reasons are not read.
        checks: those of the engine's stages.
    """
    found = [
        *_of_update(report, checks),
        *_of_data(report),
        *_of_moved_data(report),
        *_of_views(report),
        *_of_pages(report),
        *_of_log(report),
        *_of_modules(report),
        *_of_code(report),
    ]
    if not found:
        return (
            Reason(colour="green", reason="nothing stands against it", action="make a release of it and promote it"),
        )
    return tuple(sorted(found, key=lambda reason: _ORDER.index(reason.colour)))


def colour_of(found: Iterable[Reason]) -> Colour:
    """Return the worst colour of the reasons."""
    return min((reason.colour for reason in found), key=_ORDER.index, default="green")


def _of_update(report: Report, checks: Sequence[CheckResult]) -> Iterator[Reason]:
    for check in checks:
        if check.blocking and not check.passed and check.name != _LOG:
            yield _red(f"{check.name}: {check.summary}", f"correct it in {report.target.git_sha[:12]}, {_AGAIN}")


def _of_data(report: Report) -> Iterator[Reason]:
    for lost in report.data.lost:
        yield _red(
            f"table {lost.table} loses {lost.lost} of {lost.before} rows",
            f"keep them in the migration script that removes them, or name the table in odooops.yaml, {_AGAIN}",
        )
    for invariant in report.invariants:
        if not invariant.holds:
            what, where = ("upgrade case", invariant.case) if invariant.case else ("invariant", "odooops.yaml")
            yield _red(
                f"{what} {invariant.name!r} does not hold" + (f": {invariant.error}" if invariant.error else ""),
                f"correct the migration script, or the {what} in {where}, {_AGAIN}",
            )


def _of_moved_data(report: Report) -> Iterator[Reason]:
    for values in report.data.values:
        if values.moved_to is None:
            yield _yellow(
                f"column {values.table}.{values.column} keeps {values.after} of {values.before} values",
                "move them in a migration script, unless they may go",
            )
    for less in report.data.changed:
        if less.may_shrink and less.lost:
            yield _yellow(
                f"table {less.table} loses {less.lost} of {less.before} rows, as odooops.yaml allows",
                "see whether so many may go",
            )
    for moved in (count for count in report.data.changed if count.moved_to and not count.is_technical):
        yield _yellow(
            f"table {moved.table} went; {moved.moved_to} has as many rows", "compare a few of them, then go on"
        )


def _of_views(report: Report) -> Iterator[Reason]:
    for view in report.views.broken:
        yield _red(f"view {view.name} is broken: {view.error}", f"correct the view, {_AGAIN}")
    if report.views.error:
        yield _red(f"the views could not be tried: {report.views.error}", f"read upgrade-views.log, {_AGAIN}")
    if report.views.disabled:
        yield _yellow(
            f"{len(report.views.disabled)} view(s) are not active any more: {some_of(report.views.disabled, _SHOWN)}",
            "see whether people miss them",
        )


def _of_pages(report: Report) -> Iterator[Reason]:
    for page in report.pages:
        if page.is_broken:
            who = f" for {page.user}" if page.user else ""
            yield _red(f"{page.path} does not open{who}: {page.told}", f"correct what it shows, {_AGAIN}")


def _of_log(report: Report) -> Iterator[Reason]:
    for error in report.log.errors:
        yield _red(f"Odoo logs an error that it does not log today: {error.message}", f"upgrade.log, line {error.line}")
    if report.log.known_errors:
        yield _yellow(
            f"Odoo logs {report.log.known_errors} kind(s) of errors that it logs today too",
            "accept them in odooops.yaml under log_allow, or a promotion stops at them",
        )
    if report.log.warnings:
        first = report.log.warnings[0]
        yield _yellow(
            f"Odoo logs {len(report.log.warnings)} kind(s) of warnings that it does not log today: {first.message}",
            f"upgrade.log, line {first.line}",
        )


def _of_modules(report: Report) -> Iterator[Reason]:
    modules = report.modules
    if modules.without_target_version:
        yield _red(
            f"of another series than {report.target.series}: {some_of(modules.without_target_version, _SHOWN)}",
            "port them, or leave them out in odooops.yaml",
        )
    if modules.left_behind:
        yield _yellow(
            f"installed, and the target has no code of it: {some_of(modules.left_behind, _SHOWN)}",
            "uninstall them before the upgrade, or add their code",
        )
    if modules.removed:
        yield _yellow(f"not installed any more: {some_of(modules.removed, _SHOWN)}", "see whether people miss them")


def _of_code(report: Report) -> Iterator[Reason]:
    if report.code:
        first = report.code[0]
        yield _yellow(
            f"{len(report.code)} line(s) of the project's code use what {report.target.series} deprecates: "
            f"{first.found} in {first.file}:{first.line}",
            first.instead,
        )
    for advisory in report.advisories:
        if advisory.severity in {"error", "critical", "breaking"}:
            yield _yellow(
                f"advisory for {advisory.target}: {advisory.where} {advisory.text}",
                "read it and see whether it concerns you",
            )


def _red(reason: str, action: str) -> Reason:
    return Reason(colour="red", reason=reason, action=action)


def _yellow(reason: str, action: str) -> Reason:
    return Reason(colour="yellow", reason=reason, action=action)
