"""The check `upgrade_advisories` of a build: the repository's code is searched in a sandbox, and the view shows it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Build, Source
from odooops_dagster.model.advisories import Advisory, AdvisorySource
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.upgrade.advisories import check_advisories, match_advisories, summary
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.process import ProcessRuntime
from tests.servers import PostgresServer
from tests.working import next_run

GONE = Advisory(
    kind="field_removed", severity="critical", module="sale", subject="sale.order.tax_id", summary="It is tax_ids."
)


@pytest.fixture
def ctx(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> StepContext:
    """Return a run at work whose programs really run."""
    project = control.projects.create("shop", repo_url="https://github.com/acme/shop.git", odoo_version="18.0")
    control.environments.ensure(project.id, branch="feature/up")
    control.runs.queue(project.id, env="feature-up", git_sha="a" * 40, ref="refs/heads/feature/up", kind="build")
    databases = OdooDatabases(postgres_server.url("postgres"), secrets=tmp_path / "secrets")
    run = next_run(control, Settings(home=tmp_path / "home"), databases)
    return replace(run, runtime=ProcessRuntime(tmp_path / "home" / "runtime"))


def test_a_build_is_warned_with_file_and_line(ctx: StepContext, control: ControlPlane, tmp_path: Path) -> None:
    """Without a target nothing is asked; without advisories of a step, the command that brings them is named."""
    build = shop_build(tmp_path, {})
    assert check_advisories(ctx, build) is None
    build = shop_build(tmp_path, {"upgrade": {"target": "20.0"}})
    unknown = match_advisories(ctx, build, "20.0")
    assert unknown.unknown_steps == (("18.0", "19.0"), ("19.0", "20.0"))
    assert "ops upgrade advisories import openupgrade --series 19.0" in summary(unknown)
    source = AdvisorySource(name="own", from_version="18.0", to_version="20.0", sha256="0" * 64, items=[GONE])
    control.advisories.record(source)
    check = check_advisories(ctx, build)
    assert check is not None
    assert (check.passed, check.blocking) == (False, False)
    assert "1 certain and 0 possible use(s) of what changes: shop/order.py:3 It is tax_ids" in check.summary
    control.checks.record(ctx.fence, check)
    [row] = control.advisories.of_project("shop")
    assert (row["target_version"], row["certain_uses"], row["matched_run_id"]) == ("20.0", 1, ctx.run.id)
    assert [(use["file"], use["line"]) for use in row["uses"]] == [("shop/order.py", 3)]
    kept = [row["artifact_key"] for row in control.artifacts.list(ctx.run.id)]
    assert kept == ["upgrade_advisories-1.json"]


def shop_build(folder: Path, settings: dict[str, object]) -> Build:
    """Write a module and return a build that has it."""
    for name, text in {
        "shop/__manifest__.py": "{'name': 'Shop', 'depends': []}",
        "shop/order.py": "class Order:\n    _inherit = 'sale.order'\n    tax_id = fields.Many2one(string='Tax')\n",
        "base/__manifest__.py": "{'name': 'Base'}",
    }.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    addons = (folder / "source",)
    source = Source(
        path=addons[0], git_sha="a" * 40, tree_digest="", addons_paths=addons, modules=("shop",), requirements=(),
        settings=settings,
    )  # fmt: skip
    return Build(
        digest="sha256:0", series="18.0", odoo_revision="1", python=Path(sys.executable), python_digest="",
        addons_paths=addons, modules=("shop",), closure=("base", "shop"), source=source,
    )  # fmt: skip
