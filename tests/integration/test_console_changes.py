"""The console's comparison of what a run built with what production serves."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.platform import Platform
from odooops_dagster.tools.odoo.sbom import Change, changes
from odooops_dagster.tools.store.addressed import put_addressed
from tests.consoles import signed_in
from tests.sql.world import SHA, World


def bill(revision: str, packages: dict[str, str], **addons: tuple[str, str]) -> dict[str, Any]:
    """Return a bill of materials of these packages and of addons, each with its version and its files' hash."""
    odoo = {"bom-ref": "odoo", "name": "odoo", "version": "19.0"}
    odoo |= {"properties": [{"name": "odooops:revision", "value": revision}]}  # type: ignore[dict-item]
    named = [
        {
            "bom-ref": f"addon:{name}",
            "name": name,
            "version": version,
            "properties": [{"name": "odooops:files-sha256", "value": files}],
        }
        for name, (version, files) in addons.items()
    ]
    needed = [
        {"bom-ref": f"pkg:pypi/{name}@{version}", "name": name, "version": version}
        for name, version in packages.items()
    ]
    return {"components": [odoo, *needed, *named]}


SERVED = bill("r1", {"lxml": "5.0", "six": "1.16"}, shop=("19.0.1.0.0", "a"), old=("19.0.1.0.0", "a"), same=("1", "a"))
BUILT = bill("r1", {"lxml": "5.1", "six": "1.16"}, shop=("19.0.1.0.0", "b"), loan=("19.0.1.0.0", "a"), same=("1", "a"))


def test_a_module_is_changed_by_its_files_and_not_by_its_version_alone() -> None:
    """Modules come first; what is the same is not among them."""
    found = changes(SERVED, BUILT)
    assert [(each.name, each.kind) for each in found] == [
        ("loan", "new"),
        ("old", "removed"),
        ("shop", "changed"),
        ("lxml", "changed"),
    ]
    assert found[3] == Change(name="lxml", is_module=False, before="5.0", after="5.1")
    assert changes(SERVED, SERVED) == []


def keep(client: TestClient, world: World, run: UUID, content: dict[str, Any]) -> None:
    """Keep the bill of a run as a step does."""
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    stored = put_addressed(platform.store, json.dumps(content).encode(), content_type="application/json")
    world.rows("select ops.add_run_artifact(%s, 'sbom.json', %s, %s)", run, stored.url, stored.sha256)


def test_a_run_shows_what_would_change_in_production(client: TestClient, owner: ControlPlane, world: World) -> None:
    """By the bill of what serves there; without one the page says so."""
    project = world.project("shop")
    built = world.work(project, "feature/a")
    keep(client, world, built, BUILT)
    world.complete(built)
    dora = signed_in(client, owner, "dora", "developer")
    assert "/projects/shop/runs/1/changes" in dora.sees("/projects/shop/runs/1")
    assert "There is nothing to compare with" in dora.sees("/projects/shop/runs/1/changes")
    served = world.work(project, "main")
    keep(client, world, served, SERVED)
    world.rows("select ops.record_deployment(%s, 1, 'http://x', 8069, 'live', 'sha256:1', %s)", served, SHA)
    world.complete(served)
    text = dora.sees("/projects/shop/runs/1/changes")
    found = re.findall(r"<tr><td>(\w+)</td><td><span class=\"state (\w+)", text)
    assert found == [("loan", "new"), ("old", "removed"), ("shop", "changed"), ("lxml", "changed")]
    assert "Production serves the same" in dora.sees("/projects/shop/runs/2/changes")
    third = world.queue(project, "feature/b")
    assert third
    assert "kept no bill" in dora.sees("/projects/shop/runs/3/changes")
