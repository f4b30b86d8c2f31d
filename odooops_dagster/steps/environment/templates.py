"""Template databases: modules that were installed once are copied, not installed again.

There are two layers. The `dependencies` template holds every module that the repository's own modules need; a push that
changes only the own modules starts from it. The `closure` template also holds the own modules, installed and tested; a
push with the same content (another branch, a rebuilt environment) starts from it and reuses its test results.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from odooops_dagster.errors import Conflict
from odooops_dagster.home import filestore, template_filestore, template_name
from odooops_dagster.model import Build
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.files import copy_tree
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.project_file import OdooOptions


@dataclass(frozen=True, kw_only=True)
class Template:
    """A database kept to be copied, with the test results of the moment it was kept."""

    key: str
    database_name: str
    tests: Mapping[str, Any] = field(default_factory=dict)


def template_key(
    build: Build,
    names: Sequence[str],
    *,
    project: UUID | None = None,
    visible: Sequence[Path] | None = None,
    tested: Sequence[str] = (),
    demo: bool,
    languages: Sequence[str] = (),
    options: OdooOptions | None = None,
    judged: Mapping[str, Any] | None = None,
) -> str:
    """Return the key under which a database with these modules of this build is kept.

    `visible` are the addons paths that Odoo saw, all of the build's unless some were hidden; `tested` are the modules
    whose tests ran, `judged` is what the settings say about tests and the log. The key covers everything that affects
    the database and the test results: the series, Odoo's revision, the bytes of the modules (auto-installed ones
    included), the Python packages, the languages, the options for Odoo, and for tests the files beside the modules.
    Projects share only untested databases of Odoo's own modules alone, whatever Python packages they use.
    """
    paths = build.addons_paths if visible is None else visible
    involved = {*names, *modules.self_installing(paths)}
    is_shared = not tested and are_odoos_own(names, paths)
    parts: dict[str, Any] = {
        "series": build.series,
        "odoo": build.odoo_revision,
        "modules": modules.checksums(involved, paths),
        "python": None if is_shared else build.python_digest or str(build.python),
        "project": None if is_shared else str(project),
        "tested": sorted(tested),
        "demo": demo,
        "languages": sorted({"en_US", *languages}),
    }
    if options is not None and options != OdooOptions():
        parts["options"] = options.model_dump(mode="json")
    if tested and build.source.beside_digest:
        parts["beside"] = build.source.beside_digest
    if judged and not is_shared:
        parts["judged"] = judged
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def are_odoos_own(names: Sequence[str], paths: Sequence[Path]) -> bool:
    """Return whether a database with these modules has nothing but Odoo's own, auto-installed ones included."""
    return all(modules.is_odoos(name, paths) for name in {*names, *modules.self_installing(paths)})


def find_template(ctx: StepContext, key: str) -> Template | None:
    """Return the template with that key; delete its row if the database is gone."""
    row = ctx.control.templates.get(key)
    if row is None:
        return None
    if not ctx.databases.exists(row["database_name"]):
        ctx.control.templates.forget(row["database_name"])
        return None
    return Template(key=key, database_name=row["database_name"], tests=row["tests"] or {})


def start_from_template(ctx: StepContext, template: Template, name: str, *, role: str) -> None:
    """Create the database and its filestore as copies of the template."""
    ctx.databases.create(name, owner=role, template=template.database_name)
    target = filestore(ctx.settings.home, ctx.environment, name)
    copy_tree(template_filestore(ctx.settings.home, template.database_name), target)


def keep_template(
    ctx: StepContext,
    key: str,
    source: str,
    build: Build,
    *,
    tests: Mapping[str, Any],
    name: str | None = None,
    files: Path | None = None,
) -> None:
    """Keep a copy of the database under the key; drop it if another run kept one with the same key first.

    Args:
        ctx: the run's context.
        key: the template's key.
        source: the database to copy.
        build: the build whose modules the database has.
        tests: the facts that the template's row keeps.
        name: the template's database; by default that of a template of modules.
        files: the database's filestore; by default the environment's.
    """
    name = name or template_name(key, ctx.run)
    ctx.databases.keep_as_template(source, name)
    kept = files or filestore(ctx.settings.home, ctx.environment, source)
    copy_tree(kept, template_filestore(ctx.settings.home, name))
    try:
        ctx.control.templates.remember(
            ctx.fence, key=key, series=build.series, database_name=name, modules=build.modules, tests=tests
        )
    except Conflict:
        retire_database(ctx.control, ctx.databases, name)
