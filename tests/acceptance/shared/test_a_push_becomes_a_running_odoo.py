"""The main job on real input: a real push, a real third-party module, a real Odoo, a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from odooops_dagster.home import CONTROL_DATABASE
from odooops_dagster.local.postgres import database_urls
from odooops_dagster.model import Run
from tests.acceptance import readme
from tests.acceptance.browser import Browser
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform, wait_for
from tests.acceptance.repository import Repository
from tests.conftest import missing
from tests.environments import login_page
from tests.forges import serving
from tests.github_apps import APP_ID, GitHubAppStandIn, private_key

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


@pytest.fixture
def github(running: Platform, pushed: tuple[Repository, Run]) -> Iterator[GitHubAppStandIn]:
    """Yield a GitHub with a pull request of the branch, which the platform tells as an App."""
    assert pushed
    with serving(GitHubAppStandIn()) as stand_in:
        stand_in.ask_to_pull(7, BRANCH)
        there = ("--api-url", stand_in.url)
        running.ops("forge", "app", "set", "--app-id", str(APP_ID), *there, typed=private_key())
        running.ops("forge", "app", "use", SLUG, *there, "--repository", "acme/shop")
        yield stand_in
        running.ops("forge", "token", "remove", SLUG)
    assert stand_in.broken == []


def told_of(github: GitHubAppStandIn, sha: str | None) -> dict[str, Any] | None:
    """Return the commit's check once it and the pull request's comment tell how the run ended."""
    ended = [each for each in github.checks if (each["head_sha"], each["status"]) == (sha, "completed")]
    is_told = any("failed by" in each["body"] for each in github.comments)
    return ended[0] if ended and is_told else None


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
    assert set(checks) == {"modules_installed", "module_tests_passed", "log_clean", "healthy", "prints"}
    assert all(row["passed"] or row["metadata"].get("asked") is False for row in checks.values())
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
    graph = ui.go(f"{running.dagster_url}/asset-groups", until="text=deployment")
    assert graph.screenshot(tmp_path / "assets.png") > 5_000
    groups = {
        "build": ("source", "image", "prod_clone", "database", "deployment"),
        "data": ("backup", "recovery_drill", "upgrade_report"),
        "production": ("production", "running"),
    }
    for group in groups:
        assert graph.visible(f"text={group}"), group
    for group, assets in groups.items():
        page = ui.go(f"{running.dagster_url}/locations/odooops/asset-groups/{group}", until=f"text={assets[0]}")
        for asset in assets:
            assert page.visible(f"text={asset}"), asset


def test_a_preview_says_on_its_pages_what_it_is(
    running: Platform, pushed: tuple[Repository, Run], browser: Browser
) -> None:
    """The ribbon is of the same site, so that a browser shows it, and a click goes through it."""
    _, run = pushed
    page = browser.see(f"{environment_of(running)['url']}web/login", until="#odooops-ribbon")
    told = page.run("() => document.getElementById('odooops-ribbon').textContent")
    assert told == f"development {SLUG} · {BRANCH} · {str(run.git_sha)[:10]} · not production"
    style = page.run("() => getComputedStyle(document.getElementById('odooops-ribbon')).pointerEvents")
    assert style == "none"


def test_a_person_opens_odoos_shell_and_psql_and_it_is_on_the_record(
    running: Platform, pushed: tuple[Repository, Run]
) -> None:
    """Both read a pipe, on the environment's own database and as its own role."""
    assert pushed
    environment = environment_of(running)
    code = "print('shell', env.cr.dbname, env['res.users'].browse(2).login)\n"
    assert (
        f"shell {environment['database_name']} admin\n" in running.ops("env", "shell", SLUG, BRANCH, typed=code).stdout
    )
    asked = "select current_database() || ' ' || (select usesuper from pg_user where usename = current_user)"
    assert f"{environment['database_name']} false" in running.ops("env", "psql", SLUG, BRANCH, typed=asked).stdout
    opened = running.query("select payload from ops.environment_events where event = 'terminal_opened' order by id")
    assert [row["payload"]["program"] for row in opened] == ["shell", "psql"]


def test_the_readmes_five_minutes_hold_for_a_new_account(
    running: Platform, pushed: tuple[Repository, Run], tmp_path: Path
) -> None:
    """Each command is typed as it stands there, but for the project's name, by somebody whose git knows no name."""
    repository, first = pushed
    folder = running.home / "demo" / "partner-visits"
    folder.parent.mkdir()
    subprocess.run(["git", "clone", "--quiet", str(repository.origin), str(folder)], check=True)
    (tmp_path / ".local" / "share").mkdir(parents=True)
    (tmp_path / ".local" / "share" / "odooops").symlink_to(running.home)
    account = {
        **running.environment,
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    look, read, push, destroy, sql, _ = [
        block.replace("demo#1", first.name).replace(" demo", f" {SLUG}") for block in readme.blocks("Five minutes")
    ]
    path, _, _ = look.partition("\n")

    assert environment_of(running)["url"].rstrip("/") in readme.typed(look, account)
    assert "module_tests_passed" in readme.typed(f"{path}\n{read}", account)
    pushing, _, following = push.strip().rpartition("\n")
    readme.typed(f"{path}\n{pushing}", account)
    listing = f"{path}\n{pushing.splitlines()[-1]}"
    pushed_runs = "select run_number from ops.v_runs where partition_key = %s"
    wait_for(lambda: running.query(pushed_runs, f"{SLUG}/feature/mine") or None, seconds=90, what="a run of the push")
    told = readme.typed(listing, account)
    assert "feature/mine" in told
    [name] = re.findall(rf"{SLUG}#\d+", told)
    followed = readme.typed(f"{path}\n{re.sub(rf'{SLUG}#[0-9]+', name, following)}", account)
    assert "copied from template" in followed
    assert "feature/mine" in readme.typed(f"{path}\n{destroy}", account, answer="y\n")
    if shutil.which("psql") is None:
        missing("the section's last part needs psql: apt-get install postgresql-client")
    assert SLUG in readme.typed(sql, account)


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
    with psycopg.connect(database_urls(running.settings).odoo) as server:
        query = "select datname from pg_database where datname <> %s"
        names = {name for (name,) in server.execute(query, [mine["database_name"]])}
    assert other["database_name"] in names
    for name in names:
        with pytest.raises(psycopg.OperationalError, match=r"permission denied|not currently accepting|not permitted"):
            psycopg.connect(**reach, password=config["db_password"], dbname=name)
    control = {**reach, "port": urlsplit(database_urls(running.settings).owner).port}
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**control, password=config["db_password"], dbname=CONTROL_DATABASE)


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
    running: Platform, pushed: tuple[Repository, Run], github: GitHubAppStandIn
) -> None:
    """The failing test's line is the run's reason; database and service of the old preview are untouched.

    GitHub's check names file and line of the test, and the pull request's comment has the preview's address.
    """
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
    check = wait_for(lambda: told_of(github, run.git_sha), seconds=60, what="GitHub's check and comment")
    (comment,) = github.comments
    (shown,) = check["annotations"]
    assert (shown["path"], shown["start_line"]) == ("partner_visit/tests/test_partner_visit.py", 15)
    assert shown["title"] == "TestPartnerVisit.test_greets_by_first_name"
    assert check["conclusion"] == "failure"
    assert f"<{before['url']}> serves `{str(good.git_sha)[:12]}`" in comment["body"]


def test_dagsters_pages_say_what_failed_what_runs_and_how_long_it_took(
    running: Platform, pushed: tuple[Repository, Run], browser: Browser
) -> None:
    """The run page has the sentence, the log and no frames; the asset pages a link to what runs, and plots."""
    _, good = pushed
    [failed] = running.query(
        "select * from ops.v_runs where status = 'failed' and partition_key = %s", f"{SLUG}/{BRANCH}"
    )
    ui = browser.see(running.ask("ui")["url"], until="body")
    page = ui.go(f"{running.dagster_url}/runs/{failed['dagster_run_id']}", until="text=RUN_FAILURE")
    assert page.visible("text=partner_visit/tests/test_partner_visit.py:15: TestPartnerVisit.test_greets_by_first_name")
    assert page.visible("text=deployment was not reached")
    words = str(page.run("() => document.body.innerText"))
    assert "site-packages" not in words
    assert "Not executing" not in words
    link = f"{running.dagster_url}/artifacts/{failed['id']}/build.log"
    assert link in words
    log = ui.go(link, until="pre")
    assert "odoo.addons.partner_visit" in str(log.run("() => document.body.innerText"))
    runs = ui.go(f"{running.dagster_url}/runs", until=f"text={SLUG}#{failed['run_number']} {BRANCH}")
    assert runs.visible("text=Failure")
    deployment = ui.go(f"{running.dagster_url}/assets/deployment", until="text=Latest materialization")
    assert deployment.visible(f"a[href='{environment_of(running)['url']}']")
    assert "Failed in" not in str(deployment.run("() => document.body.innerText"))
    table = ui.go(f"{running.dagster_url}/assets/running", until=f"a[href='{environment_of(running)['url']}']")
    assert str(good.git_sha)[:10] in str(table.run("() => document.body.innerText"))
    database = f"{running.dagster_url}/assets/database"
    kept = ui.go(f"{database}?view=partitions", until=f"text={SLUG}/{BRANCH}")
    assert kept.visible("text=Failed (0)")
    check = ui.go(f"{database}?view=checks&checkDetail=module_tests_passed", until="text=Evaluation result")
    assert check.visible(f"text={SLUG}/{BRANCH}")
    healthy = ui.go(f"{running.dagster_url}/assets/deployment?view=checks", until="text=Evaluation result")
    assert healthy.visible("text=not asked: ")
    assert healthy.visible("text=Succeeded")
    source = ui.go(f"{running.dagster_url}/assets/source", until="text=Plots")
    source.click("text=Plots")
    assert source.visible("canvas")


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
