"""The main job on real input: a real push, a real third-party module, a real Odoo, a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Run
from tests.acceptance.browser import Browser, browsing
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform, wait_for
from tests.acceptance.repository import Repository
from tests.environments import login_page

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "visits"
BRANCH = "feature/visits"


@pytest.fixture(scope="module")
def pushed(running: Platform, tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, Run]:
    """Return the repository and the run of a feature branch that became a preview."""
    repository = Repository(tmp_path_factory.mktemp("visits"))
    repository.add_demo()
    make_project(running, SLUG, repository)
    repository.push("main")
    sha = repository.push(BRANCH, "Add visits")
    run = running.ended(running.run_of(SLUG, sha))
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    return repository, run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield a headless browser."""
    with browsing() as made:
        yield made


def environment_of(running: Platform, branch: str = BRANCH) -> dict[str, Any]:
    """Return the environment's row."""
    return running.query("select * from ops.environments where name = %s and destroyed_at is null", branch)[0]


def test_a_push_of_a_feature_branch_becomes_an_odoo_that_answers(
    running: Platform, pushed: tuple[Repository, Run]
) -> None:
    """The preview serves its own database with the repository's module and the OCA's installed."""
    _, run = pushed
    environment = environment_of(running)
    assert environment["status"] == "running"
    assert environment["deployed_sha"] == run.git_sha
    answer = login_page(environment["url"])
    assert answer.status_code == 200
    assert answer.url.path == "/web/login"
    assert 'name="login"' in answer.text
    checks = {row["name"]: row for row in running.query("select * from ops.run_checks where run_id = %s", run.id)}
    assert set(checks) == {"modules_installed", "module_tests_passed", "log_clean", "healthy"}
    assert all(row["passed"] for row in checks.values())
    assert checks["module_tests_passed"]["metadata"]["total"] == 3


def test_a_persons_browser_sees_the_login_page_and_the_asset_graph(
    running: Platform, pushed: tuple[Repository, Run], browser: Browser, tmp_path: Path
) -> None:
    """Headless Chromium renders both pages as a person would see them."""
    assert pushed
    login = browser.see(f"{environment_of(running)['url']}web/login", until="input[name=login]")
    assert login.screenshot(tmp_path / "login.png") > 5_000
    assert login.visible("button[type=submit]")
    ui = browser.see(running.ask("ui")["url"], until="body")
    graph = ui.open(f"{running.dagster_url}/asset-groups", until="text=deployment")
    assert graph.screenshot(tmp_path / "assets.png") > 5_000
    made = ("source", "image", "database", "deployment")
    kept = ("production", "backup", "prod_clone", "recovery_drill")
    for asset in made + kept:
        assert graph.visible(f"text={asset}"), asset


def test_psql_shows_the_demos_runs_chained_events_logs_artifacts_and_lineage(
    running: Platform, pushed: tuple[Repository, Run]
) -> None:
    """Everything that happened is in tables, and one edited event is noticed."""
    _, run = pushed
    events = running.query("select * from ops.run_events where run_id = %s order by id", run.id)
    assert [e["payload"].get("to") for e in events if e["event_type"] == "state_change"] == [
        "queued",
        "claimed",
        "running",
        "succeeded",
    ]
    assert running.query("select ops.verify_run_chain(%s) as whole", run.id) == [{"whole": True}]
    assert running.query("select count(*) as n from ops.run_logs where run_id = %s", run.id)[0]["n"] > 10
    lineage = running.query("select asset_key from ops.run_lineage where run_id = %s order by id", run.id)
    assert [row["asset_key"] for row in lineage] == ["source", "image", "database", "deployment"]
    artifacts = running.query("select * from ops.run_artifacts where run_id = %s", run.id)
    assert {"build.json", "build.log", "tests.json", "modules.json", "sbom.json"} <= {
        row["artifact_key"] for row in artifacts
    }
    assert all(len(row["sha256"]) == 64 for row in artifacts)


def test_one_edited_event_breaks_the_chain(running: Platform, pushed: tuple[Repository, Run]) -> None:
    """Even the database's owner, with triggers off, cannot edit an event unnoticed."""
    _, run = pushed
    with psycopg.connect(database_urls(running.settings).owner) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute(
            "update ops.run_events set message = message || '!' where id = "
            "(select min(id) from ops.run_events where run_id = %s)",
            (run.id,),
        )
        assert owner.execute("select ops.verify_run_chain(%s)", (run.id,)).fetchone() == (False,)
        owner.rollback()
    assert running.query("select ops.verify_run_chain(%s) as whole", run.id) == [{"whole": True}]


def test_a_previews_database_role_cannot_connect_to_another_environments_database(
    running: Platform, pushed: tuple[Repository, Run]
) -> None:
    """The role of one preview is refused by every other database of the server."""
    repository, _ = pushed
    repository.replace("README.md", "One addon", "An addon")
    sha = repository.push("feature/other")
    assert running.ended(running.run_of(SLUG, sha)).status == "succeeded"
    mine, other = environment_of(running), environment_of(running, "feature/other")
    secret = next((running.home / "environments" / mine["id"].hex).glob("*.conf")).read_text()
    config = dict(line.split(" = ", 1) for line in secret.splitlines() if " = " in line)
    assert config["db_host"] == "/run/postgresql", (
        "a preview has a network of its own, and reaches the server by a socket"
    )
    reach = {"host": "127.0.0.1", "port": config["db_port"], "user": config["db_user"]}
    with psycopg.connect(**reach, password=config["db_password"], dbname=mine["database_name"]) as own:
        assert own.execute("select 1").fetchone() == (1,)
    names = running.query("select datname from pg_database where datname <> %s", mine["database_name"])
    assert other["database_name"] in {row["datname"] for row in names}
    for row in names:
        with pytest.raises(psycopg.OperationalError, match=r"permission denied|not currently accepting|not permitted"):
            psycopg.connect(**reach, password=config["db_password"], dbname=row["datname"])


def test_a_second_preview_of_the_same_modules_starts_from_the_cached_template(
    running: Platform, pushed: tuple[Repository, Run]
) -> None:
    """Another branch with the same code copies the kept database and quotes the tests that ran in it."""
    repository, first = pushed
    repository.write("NOTES.md", "not a module\n")
    sha = repository.push("feature/twin")
    run = running.ended(running.run_of(SLUG, sha))
    assert run.status == "succeeded", running.said(run)
    said = running.said(run)
    assert "copied from template" in said
    assert "Loading module" not in said.split("copied from template")[0]
    check = running.query(
        "select summary from ops.run_checks where run_id = %s and name = 'module_tests_passed'", run.id
    )
    assert check[0]["summary"] == "3 tests passed when the template was made"
    assert first.id != run.id


def test_a_broken_commit_fails_with_its_reason_and_the_running_preview_still_answers(
    running: Platform, pushed: tuple[Repository, Run]
) -> None:
    """The failing test's line is the run's reason; database and service of the old preview are untouched."""
    repository, good = pushed
    before = environment_of(running)
    repository.replace("partner_visit/models/partner_visit.py", "partner_id.firstname or", "partner_id.lastname or")
    run = running.ended(running.run_of(SLUG, repository.push(BRANCH, "Break the greeting")))
    repository.replace("partner_visit/models/partner_visit.py", "partner_id.lastname or", "partner_id.firstname or")
    assert run.status == "failed"
    assert run.error_message is not None
    assert "test_greets_by_first_name" in run.error_message
    assert "\n" not in run.error_message
    after = environment_of(running)
    assert {key: after[key] for key in ("url", "database_name", "deployed_sha", "status")} == {
        key: before[key] for key in ("url", "database_name", "deployed_sha", "status")
    }
    assert login_page(after["url"]).status_code == 200
    assert after["deployed_sha"] == good.git_sha
    names = running.query("select datname from pg_database where datname like %s", f"%r{run.run_number}")
    assert names == []


def test_a_deleted_branch_takes_its_preview_away(running: Platform, pushed: tuple[Repository, Run]) -> None:
    """Service, databases, role, files and partition go; the record stays."""
    repository, _ = pushed
    repository.write("DELETED.md", "soon gone\n")
    sha = repository.push("feature/deleted")
    assert running.ended(running.run_of(SLUG, sha)).status == "succeeded"
    environment = environment_of(running, "feature/deleted")
    repository.delete("feature/deleted")

    def gone() -> bool | None:
        rows = running.query("select status from ops.environments where id = %s", environment["id"])
        return True if rows[0]["status"] == "destroyed" else None

    wait_for(gone, seconds=90, what="destroyed environment")
    short = environment["id"].hex[:8]
    assert running.query("select 1 from pg_database where datname like %s", f"%{short}%") == []
    assert running.query("select 1 from pg_roles where rolname = %s", f"ops_{short}") == []
    assert not (running.home / "environments" / environment["id"].hex).exists()
    assert login_page(environment["url"]).status_code == 421
    assert running.query("select count(*) as n from ops.runs where environment_id = %s", environment["id"])[0]["n"] == 2
