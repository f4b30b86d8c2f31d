"""Production hosted here: deployed once, never replaced by an empty database, destroyed only on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, StepFailed
from odooops_dagster.model import Build, Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.database import DatabaseResult, build_database
from odooops_dagster.steps.environment.deployment import deploy
from odooops_dagster.tools.postgres.databases import OdooDatabases
from tests.integration.test_cli_nouns import Ops
from tests.repositories import Repository
from tests.servers import PostgresServer
from tests.unit.test_control_backups import verified
from tests.working import next_run


@pytest.fixture
def ops(operator_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ops:
    """Return the command line, over a project with a repository."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    made, shop = Ops(), Repository(tmp_path)
    shop.commit({"a": "1"})
    made("project", "create", "shop", "--repo", shop.url)
    return made


@pytest.fixture
def databases(postgres_server: PostgresServer, tmp_path: Path) -> OdooDatabases:
    """Return the platform's own server of databases."""
    return OdooDatabases(postgres_server.url("postgres"), secrets=tmp_path / "secrets")


def deployed(ctx: StepContext, database: str = "live") -> None:
    """Let the run end with a deployment."""
    ctx.control.environments.record_deployment(
        ctx.fence,
        url="http://127.0.0.1:8069/",
        port=8069,
        database_name=database,
        image_digest="sha256:0",
        git_sha="a" * 40,
        expires_at=None,
    )
    ctx.control.runs.complete(ctx.fence, exit_code=0)


def build_of(folder: Path) -> Build:
    """Return a build, of which nothing is there."""
    source = Source(path=folder, git_sha="a" * 40, tree_digest="t", addons_paths=(), modules=(), requirements=())
    return Build(
        digest="sha256:1",
        series="19.0",
        odoo_revision="r1",
        python=folder / "python",
        addons_paths=(),
        modules=("base",),
        closure=("base",),
        source=source,
    )


def host(ops: Ops, control: ControlPlane, databases: OdooDatabases) -> None:
    """Create production as a person does, and let its run deploy."""
    ops("env", "create", "shop", "main")
    deployed(next_run(control, Settings(), databases))


def test_creating_the_default_branch_deploys_it_once(ops: Ops, control: ControlPlane, databases: OdooDatabases) -> None:
    """After that it is refused, and what a push asks for is a build."""
    assert ops.json("env", "create", "shop", "main")["stage"] == "production"
    assert [run["kind"] for run in ops.json("run", "list")] == ["deploy"]
    deployed(next_run(control, Settings(), databases))
    with pytest.raises(Conflict, match="shop/main has data") as caught:
        ops("env", "create", "shop", "main")
    assert "ops env show" in str(caught.value.hint)
    assert ops.json("run", "create", "shop", "main")["kind"] == "build"
    assert ops.json("env", "show", "shop", "main")["expires_at"] is None


def test_production_is_found_by_that_word_unless_a_branch_has_it(ops: Ops, tmp_path: Path) -> None:
    """People say `production`, whatever their default branch is called."""
    made = ops.json("env", "create", "shop", "production")
    assert (made["branch"], made["stage"]) == ("main", "production")
    assert ops.json("env", "show", "shop", "production")["id"] == made["id"]
    other = Repository(tmp_path, "other")
    other.commit({"a": "1"})
    other.commit({"a": "2"}, branch="production")
    ops("project", "create", "other", "--repo", other.url)
    made = ops.json("env", "create", "other", "production")
    assert (made["branch"], made["stage"]) == ("production", "development")


def test_an_adopted_production_is_not_hosted_too(ops: Ops, control: ControlPlane) -> None:
    """Its people would not know on which of the two they work."""
    control.environments.adopt(control.projects.get("shop").id, branch="main")
    with pytest.raises(Conflict, match="is adopted"):
        ops("env", "create", "shop", "main")


def test_a_run_that_waited_does_not_replace_what_was_deployed_meanwhile(
    ops: Ops, control: ControlPlane, databases: OdooDatabases, tmp_path: Path
) -> None:
    """The steps refuse before they make, stop or drop anything."""
    ops("env", "create", "shop", "main")
    first = next_run(control, Settings(), databases)
    ops("env", "create", "shop", "main")
    deployed(first)
    second = next_run(control, Settings(), databases)
    before = databases.list("ops_")
    with pytest.raises(StepFailed, match="has data in live") as caught:
        build_database(second, build_of(tmp_path))
    assert caught.value.hint
    made = DatabaseResult(
        name="empty",
        run_id=second.run.id,
        attempt=second.run.attempt,
        role="role",
        checks=(),
        metadata={},
        data_version="v",
    )
    with pytest.raises(StepFailed, match="has data in live"):
        deploy(second, build_of(tmp_path), made)
    assert databases.list("ops_") == before
    assert second.runtime.status() == []
    assert control.environments.get("shop/main").database_name == "live"


def test_a_second_attempt_does_not_replace_what_the_first_deployed(
    ops: Ops, control: ControlPlane, databases: OdooDatabases, tmp_path: Path
) -> None:
    """The first one was killed after its Odoo answered: people may have worked since."""
    ops("env", "create", "shop", "main")
    first = next_run(control, Settings(), databases)
    control.environments.record_deployment(
        first.fence,
        url="http://127.0.0.1:8069/",
        port=8069,
        database_name="live",
        image_digest="sha256:0",
        git_sha="a" * 40,
        expires_at=None,
    )
    with pytest.raises(StepFailed, match="has data in live"):
        build_database(first, build_of(tmp_path))


def test_destroying_production_asks_twice_and_wants_a_verified_backup(
    ops: Ops, control: ControlPlane, databases: OdooDatabases
) -> None:
    """One yes is too few, and without a backup it takes a word more."""
    host(ops, control, databases)
    with pytest.raises(Conflict, match="has no verified backup") as caught:
        ops("env", "destroy", "shop", "main", "--yes")
    assert "--without-backup" in str(caught.value.hint)
    ops("env", "destroy", "shop", "main", "--without-backup", answer="y\nn\n", status=1)
    assert {run["kind"] for run in ops.json("run", "list")} == {"deploy"}
    ops("env", "destroy", "shop", "main", "--without-backup", answer="y\ny\n")
    assert [run["kind"] for run in ops.json("run", "list", "--status", "queued")] == ["destroy"]


def test_production_with_a_verified_backup_may_be_destroyed(
    ops: Ops, control: ControlPlane, databases: OdooDatabases
) -> None:
    """Its data can be had again."""
    host(ops, control, databases)
    verified(control, control.projects.get("shop"))
    ops("env", "destroy", "shop", "main", "--yes")
    assert [run["kind"] for run in ops.json("run", "list", "--status", "queued")] == ["destroy"]


def test_production_that_was_never_deployed_has_nothing_to_lose(ops: Ops) -> None:
    """One yes is enough."""
    ops("run", "create", "shop", "main")
    ops("env", "destroy", "shop", "main", answer="y\n")
    assert [run["kind"] for run in ops.json("run", "list", "--status", "queued")] == ["destroy"]
