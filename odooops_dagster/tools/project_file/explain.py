"""The effect of the settings on an environment of one stage, as flat rows for people and for comparison."""

from __future__ import annotations

from collections.abc import Iterator

from odooops_dagster.model import Stage
from odooops_dagster.tools.project_file.keys import ProjectFile
from odooops_dagster.tools.project_file.variables import secrets_on, variables_on


def effective(settings: ProjectFile, stage: Stage) -> dict[str, str]:
    """Return every setting that is not the platform's own default: its place, and its value as text."""
    return dict(_rows(settings, stage))


def differences(old: ProjectFile, new: ProjectFile, stage: Stage) -> list[dict[str, str | None]]:
    """Return the settings whose values differ, with both values; None where it is not set."""
    before, after = effective(old, stage), effective(new, stage)
    return [
        {"stage": stage, "setting": name, "old": before.get(name), "new": after.get(name)}
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _rows(settings: ProjectFile, stage: Stage) -> Iterator[tuple[str, str]]:
    odoo = settings.odoo_of(stage)
    if odoo.server_wide_modules:
        yield "server-wide modules", ", ".join(odoo.server_wide_modules)
    for name, value in odoo.options.items():
        yield f"odoo.conf [options] {name}", _text(value)
    for section, lines in odoo.sections.items():
        for name, value in lines.items():
            yield f"odoo.conf [{section}] {name}", _text(value)
    for name, text in variables_on(stage, settings.variables).items():
        yield f"variable {name}", text
    for name in secrets_on(stage, settings.secrets):
        yield f"secret {name}", "set by ops env set"
    yield from _rows_of_databases(settings, stage)
    yield from _rows_of_modules(settings)
    if settings.upgrade.target:
        yield "series to move to", settings.upgrade.target
    yield from _rows_of_checks(settings)
    yield from _rows_of_the_default_branch(settings)


def _rows_of_databases(settings: ProjectFile, stage: Stage) -> Iterator[tuple[str, str]]:
    if settings.odoo.demo is not None:
        yield "demo data", "yes" if settings.odoo.demo and stage != "production" else "no"
    if not settings.odoo.ribbon and stage != "production":
        yield "ribbon on pages", "no"
    if settings.odoo.languages:
        yield "languages", ", ".join(settings.odoo.languages)


def _rows_of_modules(settings: ProjectFile) -> Iterator[tuple[str, str]]:
    for folder, other in settings.repositories.items():
        yield f"repository in {folder}", f"{other.url} at {other.commit[:12]}"
    if settings.modules.install:
        yield "modules installed besides", ", ".join(settings.modules.install)
    if settings.modules.leave_out:
        yield "modules left out", ", ".join(settings.modules.leave_out)


def _rows_of_checks(settings: ProjectFile) -> Iterator[tuple[str, str]]:
    if settings.tests.tags:
        yield "tags of tests besides", ", ".join(settings.tests.tags)
    for test in settings.tests.quarantine:
        yield f"may fail: {test.test}", f"until {test.until}, owner {test.owner}"
    for invariant in settings.upgrade.invariants:
        yield "an upgrade must not change", invariant.name
    for record in settings.log_allow:
        yield f"accepted in the log: {record.pattern}", record.reason
    for policy_type, rules in settings.protect.rules().items():
        for rule, value in rules.items():
            yield f"protected from the default branch: {policy_type}.{rule}", _text(value)
    if settings.apt:
        yield "Debian packages", ", ".join(settings.apt)


def _rows_of_the_default_branch(settings: ProjectFile) -> Iterator[tuple[str, str]]:
    for rule, value in settings.preview.rules().items():
        yield f"asked from the default branch: preview.{rule}", f"{_text(value)}, as far as the policy allows"
    for each in settings.notifications:
        of = " and ".join(filter(None, (each.stage, f"by fault of {each.fault}" if each.fault else "")))
        yield (
            f"told from the default branch: {each.channel} {each.recipient}",
            ", ".join(each.events) + f" {of}".rstrip(),
        )


def _text(value: object) -> str:
    return str(value)
