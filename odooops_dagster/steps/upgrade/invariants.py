"""Asks a project's invariants before and after an upgrade: queries, and expressions of Python in Odoo."""

from __future__ import annotations

import json
from collections.abc import Sequence

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.files import write_whole
from odooops_dagster.model import Build
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.confinement import home_of
from odooops_dagster.steps.upgrade.copy import HarmlessCopy
from odooops_dagster.steps.upgrade.examine import run_program
from odooops_dagster.tools.odoo.commands import invariants_command
from odooops_dagster.tools.odoo.invariants import InvariantAnswer, read_answers
from odooops_dagster.tools.postgres.odoo_snapshot import check_invariant
from odooops_dagster.tools.project_file.upgrade import Invariant as Declared
from odooops_dagster.tools.runtime.sandbox.accounts import give_like
from odooops_dagster.tools.upgrade_report.form import Invariant

_FILE = "invariants.json"


def ask_invariants(
    ctx: StepContext, copy: HarmlessCopy, build: Build, declared: Sequence[Declared], *, log: str
) -> list[Invariant]:
    """Return the answers, each as what is before.

    Args:
        ctx: the run's context.
        copy: the copy that is asked.
        build: the build that serves the copy's data as they are now; its Odoo evaluates the expressions.
        declared: the invariants of the target's `odooops.yaml`.
        log: the name of the log of the expressions.
    """
    texts = [each.python for each in declared if each.python is not None]
    evaluated = iter(_evaluate(ctx, copy, build, texts, log=log) if texts else ())
    return [_asked(each, _query(ctx, copy, each.sql) if each.sql is not None else next(evaluated)) for each in declared]


def compare_invariants(before: Sequence[Invariant], after: Sequence[Invariant]) -> list[Invariant]:
    """Return the invariants with both answers, and whether they hold."""
    return [
        Invariant(
            name=old.name,
            holds=old.holds and new.holds and old.before == new.before,
            before=old.before,
            after=new.before,
            error=old.error or new.error,
        )
        for old, new in zip(before, after, strict=True)
    ]


def _asked(declared: Declared, answer: InvariantAnswer) -> Invariant:
    return Invariant(name=declared.name, holds=not answer.error, before=answer.rows, error=answer.error)


def _query(ctx: StepContext, copy: HarmlessCopy, query: str) -> InvariantAnswer:
    try:
        return InvariantAnswer(rows=check_invariant(copy.access(ctx), query))
    except OdooOpsError as exc:
        return InvariantAnswer(error=str(exc))


def _evaluate(
    ctx: StepContext, copy: HarmlessCopy, build: Build, texts: Sequence[str], *, log: str
) -> Sequence[InvariantAnswer]:
    home = home_of(copy.place.folder / "data")
    home.mkdir(parents=True, exist_ok=True)
    file = home / _FILE
    write_whole(file, json.dumps(texts).encode())
    give_like(file, home)
    lines = run_program(ctx, copy, build, lambda config: invariants_command(build, config, file), log=log)
    return read_answers(lines, count=len(texts))
