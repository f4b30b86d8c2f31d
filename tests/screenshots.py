"""Takes README's pictures of the console again: `python -m tests.screenshots docs/images`.

A real gateway over a real database, in a real browser; what the pages tell is a short story of one project, told by the
functions that the platform itself calls.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from psycopg.types.json import Jsonb

from odooops_dagster.control import ControlPlane
from tests.acceptance.browser import browsing
from tests.console_faces import Embedded, Gateway, Person
from tests.servers import as_user, running_server
from tests.sql.releases import make_release
from tests.sql.world import World

SIZE = (1280, 860)
FAILED = "4f0c1d9b6e2a7c8d5f3e1a0b9c8d7e6f5a4b3c2d"
STAGED = "9d2e7a1c4b6f8e0d3a5c7b9e1f2d4a6c8b0e3f5a"
LAYOUT = "c17a94e02d5b83f6a1e7c4092b6d8f35ea017c4d"
SERVED = "58b3f0e6c2d94a71be05c8d3f7a9126e4b0d7c5f"
IMAGE = "7d1f" * 16
LOG = (
    ("info", "odoo.modules.loading: loading 87 modules..."),
    ("info", "odoo.modules.loading: Module loyalty_card loaded in 0.41s, 212 queries"),
    ("info", "odoo.addons.loyalty_card.tests.test_points: Starting TestPoints.test_rounding ..."),
    ("error", "odoo.addons.loyalty_card.tests.test_points: FAIL: TestPoints.test_rounding"),
    ("error", "AssertionError: 12.5 != 13 : half a point is rounded up"),
    ("info", "odoo.tests.result: 1 failed, 0 error(s) of 48 tests"),
)
FAILURE = {"file": "loyalty_card/tests/test_points.py", "line": 41, "message": "AssertionError: 12.5 != 13"}


def main(folder: Path) -> None:
    """Fill a database, open its pages, and write a picture of each."""
    with (
        running_server("screenshots") as server,
        server.fresh_database() as url,
        TemporaryDirectory() as home,
        browsing() as browser,
        ControlPlane(url) as owner,
    ):
        world = World(url, as_user(url, "ops_worker", server))
        tell(world)
        gateway = Gateway(url, server, Path(home))
        gateway.start()
        face = Embedded(browser, gateway, owner)
        rita = Person(name="rita", persona="release_manager")
        for name, noun, about in (
            ("console-branches", "overview", {}),
            ("console-run", "run", {"number": 3}),
            ("console-release", "release", {"version": "2.4"}),
        ):
            seen = face.enter(rita, noun, about=about, size=SIZE)  # type: ignore[arg-type]
            size = seen.screenshot(folder / f"{name}.png")
            print(f"{name}.png: {size // 1000} kB")
        browser.leave()
        gateway.stop()
        world.close()


def tell(world: World) -> None:
    """A project whose production serves, a staging with a release, a preview, and a push that failed."""
    project = world.project("shop")
    served(world, project, "main", SERVED, "https://shop.example.com")
    served(world, project, "release/2.4", STAGED, "https://release-2-4--shop.example.com")
    run = begun(world, project, "feature/loyalty-card", FAILED)
    for level, message in LOG:
        world.rows("select ops.append_run_log(%s, %s, %s)", run, level, message)
    check = "select ops.record_check(%s, 1, %s, %s, true, %s, %s)"
    world.rows(check, run, "modules_installed", True, "3 of 3 modules are installed", Jsonb({}))
    world.rows(
        check, run, "module_tests_passed", False, "1 of 48 tests failed: test_rounding", Jsonb({"failure": FAILURE})
    )
    world.rows("select ops.complete_workflow_run(%s, 1, 'Tests failed: TestPoints.test_rounding', 1)", run)
    served(world, project, "feature/invoice-layout", LAYOUT, "https://feature-invoice-layout--shop.example.com")
    release = make_release(
        world, project, "2.4", git_shas=json.dumps({"acme/shop": STAGED}), image_digest=f"sha256:{IMAGE}"
    )
    release.check("G1")
    release.approve("G2", by="quinn")


def served(world: World, project: UUID, branch: str, sha: str, url: str) -> None:
    """Let a branch's environment serve a commit."""
    run = begun(world, project, branch, sha)
    port = 8000 + world.value("select count(*) from ops.environments")
    deployed = "select ops.record_deployment(%s, 1, %s, %s, %s, 'sha256:1', %s)"
    world.rows(deployed, run, url, port, f"db_{port}", sha)
    world.complete(run)


def begun(world: World, project: UUID, branch: str, sha: str) -> UUID:
    """Queue a run of the commit, claim and start it."""
    run = world.queue(project, branch, sha)
    world.claim()
    world.start(run)
    return run


if __name__ == "__main__":
    main(Path(sys.argv[1]))
