"""Bring a database's modules to the target build: install new modules and update those whose files changed.

The checksums of the installed modules are kept in the database itself, so they travel with a backup or a clone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from odooops_dagster.model import Build, CheckResult, DatabaseAccess, blocking_failure
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.baseline import errors_of_odoo_alone
from odooops_dagster.steps.environment.install import Installed, Target, update
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.odoo.judge import judge_copy
from odooops_dagster.tools.postgres.contents import module_states, read_rows
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.pipeline import is_neutralized_by, sanitize, set_parameters
from odooops_dagster.tools.sanitize.terms import Terms

# The system parameter that keeps a checksum of each module that is not one of Odoo's own.
CHECKSUMS = "odooops.addon_checksums"
_UNTESTED = "not run on production's data: policy clone.run_tests is off"
_UNCHANGED = "nothing was installed or updated in this run"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The modules to install and to update so that a database matches a build, and those that the build lacks.

    Attributes:
        gone: Installed, and in no addons path of the build: Odoo passes them over, with all that they hold.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is a module to install or update."""
        return bool(self.new or self.changed)

    def __str__(self) -> str:
        """Return the modules' names, for the run's log."""
        named = f"new: {', '.join(self.new) or 'none'}; changed: {', '.join(self.changed) or 'none'}"
        return f"{named}; gone: {', '.join(self.gone)}" if self.gone else named


def update_clone(ctx: StepContext, target: Target, *, run_tests: bool) -> tuple[Installed | None, list[CheckResult]]:
    """Update the clone to the target's build and sanitize it again; Installed is None if no module changed.

    Raises:
        SanitizationFailed: the updated clone cannot be sanitized; the caller must drop it.
    """
    access = target.access(ctx)
    states = module_states(access)
    changes = changes_for(target.build, states, kept_checksums(access))
    ctx.log("info", str(changes))
    tests = target.build.source.modules if run_tests else ()
    if not changes and not tests:
        if not is_neutralized_by(access, _scripts(target, states)):
            sanitize_again(ctx, target, states, is_updated=False)
        return None, [_with_summary(check, _UNCHANGED) for check in judge_copy(states, target.build.modules, {})]
    # Odoo runs a module's tests only while it installs or updates the module.
    names = sorted({*changes.changed, *(name for name in tests if name not in changes.new)})
    installed = update(
        ctx,
        target,
        names=names,
        new=changes.new,
        tests=tests,
        log="build",
        learn=lambda: errors_of_odoo_alone(ctx, target, installed=neutralize.installed(states)),
    )
    sanitize_again(ctx, target, installed.module_states, is_updated=True)
    keep_checksums(access, target.build)
    if tests:
        return installed, list(installed.checks)
    return installed, [
        _with_summary(check, _UNTESTED) if check.name == "module_tests_passed" else check for check in installed.checks
    ]


def update_modules(ctx: StepContext, target: Target, changes: Changes, *, log: str) -> Installed:
    """Install what is new and update what changed, without tests; keep the checksums unless that failed."""
    access = target.access(ctx)
    installed = neutralize.installed(module_states(access))
    done = update(
        ctx,
        target,
        names=changes.changed,
        new=changes.new,
        tests=(),
        log=log,
        learn=lambda: errors_of_odoo_alone(ctx, target, installed=installed),
    )
    if blocking_failure(done.checks) is None:
        keep_checksums(access, target.build)
    return done


def changes_for(build: Build, states: Mapping[str, str], known: Mapping[str, str]) -> Changes:
    """Return the modules to install, those whose files changed or whose checksum is unknown, and those that are gone.

    Odoo's own modules are left alone: within a series their tables do not change.
    """
    installed = neutralize.installed(states)
    current = checksums_of(build, installed)
    return Changes(
        new=tuple(name for name in build.modules if name not in installed),
        changed=tuple(name for name, checksum in current.items() if known.get(name) != checksum),
        gone=tuple(name for name in installed if modules.find(name, build.addons_paths) is None),
    )


def checksums_of(build: Build, installed: Sequence[str]) -> dict[str, str]:
    """Return the checksum of each installed module that the build has and that is not one of Odoo's own."""
    paths = build.addons_paths
    others = [name for name in installed if modules.find(name, paths) and not modules.is_odoos(name, paths)]
    return modules.checksums(others, paths)


def keep_checksums(access: DatabaseAccess, build: Build) -> None:
    """Write the checksums of the installed modules into the database."""
    installed = neutralize.installed(module_states(access))
    set_parameters(access, {CHECKSUMS: json.dumps(checksums_of(build, installed), sort_keys=True)})


def kept_checksums(access: DatabaseAccess) -> dict[str, str]:
    """Return the module checksums kept in the database; empty if there are none."""
    query = "select value from public.ir_config_parameter where key = %(key)s"
    found = read_rows(access, query, {"key": CHECKSUMS})
    try:
        known = json.loads(found[0]["value"]) if found else {}
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def sanitize_again(ctx: StepContext, target: Target, states: Mapping[str, str], *, is_updated: bool) -> None:
    """Neutralise, scrub and verify once more, with the target's own scripts.

    The target's scripts may cover more than those of production's code, and an update writes the modules' own data,
    which may switch features on. The tables match the target's code only after an update.
    """
    rules = ctx.control.policies.get(ctx.project.id, policy_type="clone")
    sanitize(
        target.access(ctx),
        scripts=_scripts(target, states),
        masks=(),
        progress=lambda line: ctx.log("debug", line),
        filestore=target.filestore(ctx),
        terms=Terms(columns=rules["columns"], is_of_tables=is_updated, is_again=True),
    )


def _scripts(target: Target, states: Mapping[str, str]) -> tuple[Script, ...]:
    return neutralize.scripts(neutralize.installed(states), target.build.addons_paths)


def _with_summary(check: CheckResult, summary: str) -> CheckResult:
    """Return a passed check with this summary; all but the modules' states were not looked at."""
    if not check.passed:
        return check
    ran = check.name == "modules_installed"
    return replace(check, summary=summary, metadata=check.metadata if ran else {**check.metadata, "ran": False})
