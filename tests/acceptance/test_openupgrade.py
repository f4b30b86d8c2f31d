"""The engine `openupgrade` with the real OpenUpgrade of the package index, on a real Odoo 19."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.update import Changes
from odooops_dagster.steps.upgrade.engines import engine_of
from odooops_dagster.steps.upgrade.engines.openupgrade import LEFTOVERS
from odooops_dagster.steps.upgrade.plan import UpgradePlan
from odooops_dagster.tools.odoo import distribution
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import CACHE
from tests.acceptance.run_at_work import run_at_work
from tests.conftest import missing

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

# What a database of the series before may hold, and the framework keeps or only logs.
REMAINS = """
alter table res_partner add column former_field integer;
create table former_model (id integer);
"""
FORMER = "insert into ir_module_module (name, state, latest_version) values ('former_module', 'installed', '18.0.1.0')"


@pytest.fixture
def ctx(control: ControlPlane, bench: Bench, tmp_path: Path) -> StepContext:
    """Return a run at work whose programs really run."""
    settings = Settings(home=tmp_path / "home", cache=CACHE, trust_pushers=True)
    return run_at_work(control, settings, bench.databases, series="18.0")


def test_the_real_framework_runs_and_what_it_hides_is_found(ctx: StepContext, bench: Bench, tmp_path: Path) -> None:
    """No Odoo 18 is in any registry, so the database is one of 19.0 with what an 18.0 could have left in it."""
    build, access = _installed(bench, "remains")
    with psycopg.connect(_url(access), autocommit=True) as connection:
        connection.execute(REMAINS)
    plan = _plan(build, access, tmp_path)
    engine = engine_of("openupgrade")
    assert engine.why_not(ctx, plan) is None
    try:
        [stage] = engine.stages(ctx, plan)
    except StepFailed as exc:
        missing(f"OpenUpgrade cannot be had from the package index: {exc}")
    assert stage.name == "18.0 to 19.0"
    checks = {check.name: check for check in stage.checks}
    assert checks["modules_installed"].passed, checks["modules_installed"].summary
    left = checks[LEFTOVERS]
    assert not left.passed
    assert "res_partner.former_field" in left.metadata["columns_without_a_field"]
    assert "former_model" in left.metadata["tables_without_a_model"]


def test_a_module_that_has_no_code_for_the_target_is_named(ctx: StepContext, bench: Bench, tmp_path: Path) -> None:
    """Odoo exits with 0 and leaves it to be upgraded for ever."""
    build, access = _installed(bench, "former")
    with psycopg.connect(_url(access), autocommit=True) as connection:
        connection.execute(FORMER)
    [stage] = engine_of("openupgrade").stages(ctx, _plan(build, access, tmp_path))
    checks = {check.name: check for check in stage.checks}
    assert not checks["modules_installed"].passed
    assert "former_module is to upgrade" in checks["modules_installed"].summary
    assert checks[LEFTOVERS].metadata["installed_modules_without_code"] == ["former_module"]


def test_an_engine_that_cannot_lead_there_says_why(ctx: StepContext, bench: Bench, tmp_path: Path) -> None:
    """It names the command or the setting."""
    plan = _plan(bench.build(), DatabaseAccess(host="", port=0, user="", password="", database="none"), tmp_path)
    engine = engine_of("openupgrade")
    same = engine.why_not(ctx, replace(plan, source=plan.target))
    assert same == "OpenUpgrade leads to newer series, and 19.0 to 19.0 is none: choose --engine same_series"
    far = engine.why_not(ctx, replace(plan, source=replace(plan.source, series="17.0")))
    assert far is not None
    assert "Odoo 18.0 is on the way from 17.0 to 19.0 and not installed: ops odoo install 18.0" in far
    assert "ODOOOPS_ODOO_PATH" in far
    new = engine.why_not(ctx, replace(plan, target=replace(plan.target, series="20.0")))
    assert new == "this platform does not know Odoo 20.0 yet, which is on the way from 18.0 to 20.0"


def test_a_real_odoo_18_becomes_19(ctx: StepContext, bench: Bench, tmp_path: Path) -> None:
    """Its source is named in ODOOOPS_TEST_ODOO_PATH, a folder with a folder 18.0; no registry has it."""
    named = Path(os.environ.get("ODOOOPS_TEST_ODOO_PATH", "/nonexistent"))
    if not (named / "18.0").is_dir():
        pytest.skip(
            "OpenUpgrade 18.0 to 19.0 is NOT PROVEN here: no registry has Odoo 18.0; "
            "name a folder with a folder 18.0 in ODOOOPS_TEST_ODOO_PATH"
        )
    old = Bench(bench.server, distribution.install("18.0", home=CACHE, odoo_path=named), tmp_path)
    source, access = _installed(old, "eighteen")
    target = replace(bench.build(), modules=("base",))
    plan = replace(_plan(target, access, tmp_path), source=source)
    [stage] = engine_of("openupgrade").stages(ctx, plan)
    assert [check.summary for check in stage.checks if check.blocking and not check.passed] == []


def _installed(bench: Bench, word: str) -> tuple[Build, DatabaseAccess]:
    build, access = bench.build(), bench.database(word)
    checks = bench.install(build, access, "base")
    assert checks["modules_installed"].passed, checks["modules_installed"].summary
    return replace(build, modules=("base",)), access


def _plan(build: Build, access: DatabaseAccess, folder: Path) -> UpgradePlan:
    return UpgradePlan(
        database=access.database,
        folder=folder,
        source=replace(build, series="18.0"),
        target=build,
        changes=Changes(new=(), changed=()),
        budget_seconds=1200,
    )


def _url(access: DatabaseAccess) -> str:
    return f"postgresql://{access.user}:{access.password}@{access.host}:{access.port}/{access.database}"
