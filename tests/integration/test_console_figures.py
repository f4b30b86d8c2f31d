"""The console's plots: what they draw, and that their figures are text besides."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from tests.consoles import signed_in
from tests.sql.everything import furnish
from tests.sql.world import World


def test_each_step_has_a_plot_of_the_runs_that_took_it(client: TestClient, owner: ControlPlane, world: World) -> None:
    """One bar per run that succeeded, the oldest first; a failed run and another project's are not drawn."""
    furnish(world, "other")
    project = world.project("shop")
    for exit_code in (0, 0, 1):
        run = world.work(project, "feature/a", p_idempotency_key=str(world.value("select gen_random_uuid()")))
        world.rows("update ops.runs set started_at = clock_timestamp() - interval '9 seconds' where id = %s", run)
        for step in ("image", "database"):
            world.rows("select ops.record_lineage(%s, 1, %s, 'shop/feature/a', '1', '2')", run, step)
        world.complete(run, exit_code)
    dora = signed_in(client, owner, "dora", "developer")
    text = dora.sees("/projects/shop/figures")
    plots = dict(
        re.findall(r"<figcaption>Step (\w+) of deploy runs: .*?</figcaption>\n<svg(.*?)</svg>", text, re.DOTALL)
    )
    assert list(plots) == ["image", "database"]
    assert re.findall(r"<title>(#\d+): ([^<]*)</title>", plots["image"]) == [("#1", "9.0 s"), ("#2", "9.0 s")]
    assert "How long runs waited in the queue" in text
    assert "Step image" not in dora.sees("/projects/shop/figures?kind=backup")
    dora.sees("/projects/shop/figures?kind=nonsense", status=404)


def test_backups_and_drills_are_drawn(client: TestClient, owner: ControlPlane, world: World) -> None:
    """Sizes, the age of the newest verified one, and what drills measured."""
    shop = furnish(world, "shop")
    world.rows("set session_replication_role = replica")
    for days in (3, 2, 1):
        world.rows(
            """insert into ops.backups (project_id, environment_id, stage, status, taken_at, stored_at, verified_at,
                manifest_url, manifest_sha256, size_bytes)
            select %s, %s, 'production', 'verified', t, t, t, 's3://b/m', repeat('0', 64), 1000000
            from (select now() - %s * interval '1 day' as t) as x""",
            shop.project, shop.production, days,
        )  # fmt: skip
    world.rows(
        "update ops.recovery_drills set passed = true, rto_seconds = 90, rpo_seconds = 30, finished_at = now(),"
        " summary = 'fine', evidence_id = gen_random_uuid() where project_id = %s",
        shop.project,
    )
    world.rows("set session_replication_role = origin")
    text = signed_in(client, owner, "dora", "developer").sees("/projects/shop/figures")
    assert text.count("<svg") == 6
    assert "1 min 30 s" in text
    assert "Age of the newest verified backup when the next was taken: the last is" in text
