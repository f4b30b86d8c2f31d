"""What the settings mean for an environment of one stage, as flat rows for people and for comparison."""

from __future__ import annotations

from collections.abc import Iterator

from odooops_dagster.model import Stage
from odooops_dagster.tools.project_file.keys import ProjectFile


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
    yield from _rows_of_databases(settings, stage)
    yield from _rows_of_checks(settings)


def _rows_of_databases(settings: ProjectFile, stage: Stage) -> Iterator[tuple[str, str]]:
    if settings.odoo.demo is not None:
        yield "demo data", "yes" if settings.odoo.demo and stage != "production" else "no"
    if settings.odoo.languages:
        yield "languages", ", ".join(settings.odoo.languages)
    if settings.modules.install:
        yield "modules installed besides", ", ".join(settings.modules.install)
    if settings.modules.leave_out:
        yield "modules left out", ", ".join(settings.modules.leave_out)


def _rows_of_checks(settings: ProjectFile) -> Iterator[tuple[str, str]]:
    if settings.tests.tags:
        yield "tags of tests besides", ", ".join(settings.tests.tags)
    for test in settings.tests.quarantine:
        yield f"may fail: {test.test}", f"until {test.until}, owner {test.owner}"
    for record in settings.log_allow:
        yield f"accepted in the log: {record.pattern}", record.reason
    for policy_type, rules in settings.protect.rules().items():
        for rule, value in rules.items():
            yield f"protected from the default branch: {policy_type}.{rule}", _text(value)
    if settings.apt:
        yield "Debian packages", ", ".join(settings.apt)


def _text(value: object) -> str:
    return str(value)
