"""Clones of production: what comes through, what is kept to copy, and that nothing leaks however they end."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from odooops_dagster import home as names
from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Backup
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.steps.clone.template import outdated
from odooops_dagster.steps.core.evidence import object_at
from tests.crashes import KILLED, crashing
from tests.dagster import clone_child
from tests.dagster.clone_child import POINTS
from tests.dagster.studios import PASSWORD, Studio, cloned
from tests.forks import exit_status
from tests.repositories import Repository
from tests.servers import PostgresServer, as_user

ROUNDS = int(os.environ.get("ODOOOPS_TEST_ROUNDS", "1"))


def test_the_file_of_an_attachment_that_was_taken_away_is_in_no_clone(made: tuple[Studio, Backup]) -> None:
    """Neither in the environment's filestore nor in the template's; production has it as before."""
    opened, _ = made
    opened.mask(one="delete from ir_attachment where id = 1")
    shop = opened.shop
    [name] = opened.rows(str(shop.environment.database_name), "select store_fname from ir_attachment where id = 1")
    step = opened.step()
    assert clone_production(step, opened.build) is not None
    opened.end(step)
    copies = [path for path in shop.settings.home.glob("environments/*/data/filestore/*_r*") if path.is_dir()]
    copies += list(shop.settings.home.glob("templates/*/filestore"))
    assert [(copy / name).exists() for copy in copies] == [False, False]
    assert all(len(list(copy.glob("*/*"))) == 29 for copy in copies)
    production = names.filestore(shop.settings.home, shop.environment, str(shop.environment.database_name))
    assert (production / name).exists()


def object_of(opened: Studio, run_id: str, key: str) -> str:
    """Return where the store keeps a file of the run."""
    artifacts = opened.shop.control.artifacts.list(UUID(run_id))
    return str(object_at(next(row["s3_url"] for row in artifacts if row["artifact_key"] == key)))


def test_staging_gets_production_s_data_and_none_of_its_secrets(made: tuple[Studio, Backup]) -> None:
    """The partners and files are there; what sends, what opens doors and what leads back to production is not."""
    opened, _ = made
    result = cloned(opened)
    name = str(result.name)
    assert opened.rows(name, "select name from res_partner order by id") == ["Ada", "Grace"]
    assert opened.rows(name, "select smtp_host from ir_mail_server where active") == ["invalid"]
    assert opened.rows(name, "select count(*) from ir_mail_server where smtp_pass is not null") == [0]
    links = opened.rows(name, "select value from ir_config_parameter where key like 'web.base.url%'")
    assert links == ["http://release-1-0--shop.localhost:8601"]
    assert [check.passed for check in result.checks] == [True, True]
    environment = opened.shop.control.environments.get("shop/release/1.0")
    files = names.filestore(opened.shop.settings.home, environment, name)
    kept = {path.name: path.stat() for path in files.rglob("*") if path.is_file()}
    assert kept.keys() == {path.name for path in opened.shop.data.folder.rglob("*") if path.is_file()}
    assert {stat.st_nlink for stat in kept.values()} == {1}
    assert opened.shop.databases.roles(names.CLONE_STAGING_PREFIX) == []


def test_the_record_says_which_backup_how_old_and_what_was_done(made: tuple[Studio, Backup]) -> None:
    """The restore's row is the clone's lineage; it names no secret."""
    opened, backup = made
    opened.mask(people="update res_partner set email = null")
    result = cloned(opened)
    [row] = opened.shop.control.backups.restores(backup_id=backup.id)
    assert (row.purpose, row.status, row.database_name) == ("clone", "succeeded", result.name)
    assert row.report["backup_age_hours"] < 1
    assert row.report["masked_tables"] == {"res_partner": 2}
    assert row.report["scrubbed"]["ir_mail_server.smtp_pass"] == 1
    assert row.report["coverage"]["without_script"] == ["mail"]
    assert PASSWORD not in str(row.report)
    assert json.loads(opened.shop.store.get(object_of(opened, str(row.run_id), "clone.json"))) == row.report
    assert str(backup.id) in result.origin
    assert "0 min old" in result.origin


def test_a_second_clone_of_the_backup_is_copied_from_the_same_template(made: tuple[Studio, Backup]) -> None:
    """It is made harmless once, and each copy is somebody of its own."""
    opened, _ = made
    first, second = cloned(opened), cloned(opened, branch="release/2.0")
    assert (first.metadata["clone_template_is_new"], second.metadata["clone_template_is_new"]) == (True, False)
    assert first.metadata["clone_template"] == second.metadata["clone_template"]
    identity = "select value from ir_config_parameter where key = 'database.uuid'"
    identities = {str(opened.rows(str(clone.name), identity)) for clone in (first, second)}
    assert len(identities) == 2
    assert len(opened.shop.databases.list(names.CLONE_TEMPLATE_PREFIX)) == 1


def test_two_clones_at_once_make_one_template(made: tuple[Studio, Backup]) -> None:
    """The second waits for the first and copies what it made."""
    opened, _ = made
    steps = [opened.step(branch=f"release/{number}") for number in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        results = [clone for clone in pool.map(lambda step: clone_production(step, opened.build), steps) if clone]
    assert sorted(clone.metadata["clone_template_is_new"] for clone in results) == [False, True]
    assert len({clone.metadata["clone_template"] for clone in results}) == 1
    assert len({clone.name for clone in results} & set(opened.databases())) == 2


def test_another_mask_or_script_makes_another_template(made: tuple[Studio, Backup]) -> None:
    """What was made harmless by yesterday's rules is not passed off as today's."""
    opened, _ = made
    templates = [cloned(opened).metadata["clone_template"]]
    opened.mask(people="update res_partner set email = null")
    templates.append(cloned(opened).metadata["clone_template"])
    opened.serve("shop/data/neutralize.sql", "update res_partner set name = 'x'")
    templates.append(cloned(opened).metadata["clone_template"])
    assert len(set(templates)) == 3


def test_masks_run_in_the_order_of_the_policy(made: tuple[Studio, Backup]) -> None:
    """Not in that of their names."""
    opened, _ = made
    opened.mask(
        second="update res_partner set name = 'one', email = null", first="update res_partner set name = name || ' two'"
    )
    result = cloned(opened)
    assert result.metadata["masks"] == ["masks/second.sql", "masks/first.sql"]
    assert opened.rows(str(result.name), "select distinct name from res_partner") == ["one two"]


NEWER = "update delivery_carrier set sandbox = true;\nupdate res_partner set email = 'switched off';\n"


def forget_what_served(owner_url: str, backup: Backup, *, git_sha: str | None = None) -> None:
    """Let nobody here have the build that served the backup."""
    with psycopg.connect(owner_url) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute("update ops.backups set image_digest = null, git_sha = %s where id = %s", [git_sha, backup.id])


def test_production_s_data_are_neutralised_by_the_code_that_served_them(made: tuple[Studio, Backup]) -> None:
    """A release's script speaks of columns that come with its update, after which it runs."""
    opened, backup = made
    opened.serve("shop/data/neutralize.sql", "update res_partner set name = 'by what served'")
    opened.write("shop/data/neutralize.sql", NEWER)
    result = cloned(opened)
    assert [check.passed for check in result.checks] == [True, True]
    assert opened.rows(str(result.name), "select distinct name from res_partner") == ["by what served"]
    [row] = opened.shop.control.backups.restores(backup_id=backup.id)
    assert row.report["neutralized_by"] == f"build {str(backup.image_digest)[:19]}"
    assert row.report["skipped"] == []


def test_where_nobody_knows_what_serves_production_newer_scripts_switch_off_what_there_is(
    made: tuple[Studio, Backup], owner_url: str
) -> None:
    """So it is of an adopted production. What a script names and the data do not have is on record."""
    opened, backup = made
    forget_what_served(owner_url, backup)
    opened.write("shop/data/neutralize.sql", NEWER)
    result = cloned(opened)
    assert opened.rows(str(result.name), "select distinct email from res_partner") == ["switched off"]
    [harmless, _] = result.checks
    assert "1 statement(s) are for tables or columns that come with the update" in harmless.summary
    [skipped] = harmless.metadata["skipped"]
    assert skipped.startswith('shop/data/neutralize.sql, line 1: relation "delivery_carrier"')
    [row] = opened.shop.control.backups.restores(backup_id=backup.id)
    assert "nobody here has the one that served the backup" in row.report["neutralized_by"]


@pytest.fixture
def repository(made: tuple[Studio, Backup], owner_url: str, tmp_path: Path) -> Iterator[Repository]:
    """Yield the repository that the project names for the time of a test."""
    project = made[0].shop.project
    pushed = Repository(tmp_path)
    name_repository(owner_url, pushed.url)
    yield pushed
    name_repository(owner_url, project.repo_url)


def name_repository(owner_url: str, url: str) -> None:
    """Let the projects' repository be at this address."""
    with psycopg.connect(owner_url) as owner:
        owner.execute("update ops.projects set repo_url = %s where slug = 'shop'", [url])


def test_the_commit_that_served_is_read_where_its_build_is_gone(
    made: tuple[Studio, Backup], repository: Repository, owner_url: str
) -> None:
    """Its addons are all that is wanted, and they are in the repository."""
    opened, backup = made
    old = {"shop/__manifest__.py": "{'name': 'x'}", "shop/data/neutralize.sql": "update res_partner set name = 'old'"}
    sha = repository.commit(old)
    repository.commit({"shop/data/neutralize.sql": NEWER})
    forget_what_served(owner_url, backup, git_sha=sha)
    opened.write("shop/data/neutralize.sql", NEWER)
    result = cloned(opened)
    assert opened.rows(str(result.name), "select distinct name from res_partner") == ["old"]
    assert result.metadata["neutralized_by"] == f"commit {sha[:12]}"


def test_a_mask_that_a_commit_does_not_have_yet_is_taken_from_the_default_branch(
    made: tuple[Studio, Backup], repository: Repository
) -> None:
    """An older commit is cloned as safely as the newest; the log says where the mask came from."""
    opened, _ = made
    sha = repository.commit({"masks/people.sql": "update res_partner set email = 'masked'"})
    opened.rule(masking_hooks=["masks/people.sql"])
    result = cloned(opened)
    assert opened.rows(str(result.name), "select distinct email from res_partner") == ["masked"]
    assert f"info: masking hooks that this commit does not have are taken from main, {sha[:12]}" in opened.said


def test_a_branch_does_not_change_the_masks_of_the_default_branch(
    made: tuple[Studio, Backup], repository: Repository, owner_url: str
) -> None:
    """Everybody who pushes could empty them; a mask that the default branch does not have yet is used too."""
    opened, _ = made
    sha = repository.commit({"masks/people.sql": "update res_partner set email = 'masked'"})
    with psycopg.connect(owner_url) as owner:
        owner.execute("insert into ops.branch_heads select id, 'main', %s from ops.projects where slug = 'shop'", [sha])
    try:
        opened.mask(people="select 1", more="update res_partner set name = 'new'")
        result = cloned(opened)
    finally:
        with psycopg.connect(owner_url) as owner:
            owner.execute("delete from ops.branch_heads")
    found = opened.rows(str(result.name), "select distinct email || ' ' || name from res_partner")
    assert found == ["masked new"]
    told = "info: masking hook masks/people.sql counts as main has it: what this commit says has no effect"
    assert opened.said.count(told) == 1


def test_a_column_that_policy_keeps_is_named_wherever_the_clone_is(made: tuple[Studio, Backup]) -> None:
    """In its checks and in its record: an exception is never silent."""
    opened, backup = made
    opened.rule(columns={"ir_mail_server.smtp_pass": "keep"})
    result = cloned(opened)
    assert PASSWORD in opened.rows(str(result.name), "select smtp_pass from ir_mail_server")
    assert all("ir_mail_server.smtp_pass" in check.summary for check in result.checks)
    [row] = opened.shop.control.backups.restores(backup_id=backup.id)
    assert row.report["kept"] == ["ir_mail_server.smtp_pass"]
    opened.rule(columns={})
    again = cloned(opened)
    assert opened.rows(str(again.name), "select smtp_pass from ir_mail_server where smtp_pass is not null") == []


def test_a_secret_that_cannot_be_scrubbed_is_named_and_policy_lets_the_clone_be_made(
    made: tuple[Studio, Backup],
) -> None:
    """The check names table and column, and its hint the rule."""
    opened, _ = made
    opened.serve(
        "shop/data/neutralize.sql",
        "create table if not exists vault (api_key text not null check (md5(api_key) = md5('k-12')));"
        " insert into vault values ('k-12')",
    )
    step = opened.step()
    refused = clone_production(step, opened.build)
    assert refused is not None
    [check] = refused.checks
    assert (refused.name, check.passed) == (None, False)
    assert check.summary.startswith("vault.api_key cannot be scrubbed: ")
    assert '"vault.api_key": "delete_rows"' in check.metadata["hint"]
    opened.end(step)
    opened.rule(columns={"vault.api_key": "delete_rows"})
    assert opened.rows(str(cloned(opened).name), "select api_key from vault") == []


@pytest.mark.parametrize(
    ("hook", "why"), [("masks/gone.sql", "is not in the repository"), ("../odoo/x.sql", "leads out of the repository")]
)
def test_a_mask_that_is_not_there_stops_the_clone(made: tuple[Studio, Backup], hook: str, why: str) -> None:
    """Nothing is cloned unmasked because a file was renamed."""
    opened, _ = made
    opened.rule(masking_hooks=[hook])
    with pytest.raises(StepFailed, match=why) as caught:
        clone_production(opened.step(), opened.build)
    assert "clone.masking_hooks" in str(caught.value.hint)
    assert opened.left() == []


@pytest.mark.parametrize(
    ("broken", "check", "why"),
    [
        ("mask", "clone_harmless", r"masks/broken\.sql, line 2: relation .nothing. does not exist"),
        ("commit", "clone_harmless", r"masks/broken\.sql ends the transaction"),
        ("script", "clone_harmless", r"shop/data/neutralize\.sql, line 1"),
        ("question", "clone_harmless", r"it sends no mail: mail server smtp\.example\.com"),
        ("coverage", "neutralization_coverage", "nothing neutralises shop"),
        ("code", "neutralization_coverage", "nothing neutralises shop"),
    ],
)
def test_what_cannot_be_made_harmless_leaves_nothing(
    made: tuple[Studio, Backup], broken: str, check: str, why: str
) -> None:
    """The check says why; database, role, files and template are gone, and the record says failed."""
    opened, backup = made
    break_it(opened, broken)
    step = opened.step()
    result = clone_production(step, opened.build)
    assert result is not None
    [failed] = result.checks
    assert (result.name, failed.name, failed.passed, failed.blocking) == (None, check, False, True)
    assert failed.metadata["hint"]
    [row] = opened.shop.control.backups.restores(backup_id=backup.id)
    assert (row.status, row.error_message) == ("failed", failed.summary)
    assert re.search(why, failed.summary), failed.summary
    assert opened.left() == []


def break_it(opened: Studio, what: str) -> None:
    """Break one thing on the way to a harmless clone."""
    masks = {
        "mask": "update res_partner set name = 'x';\nupdate nothing set a = 1;",
        "commit": "commit; begin;",
        "question": "update ir_mail_server set active = true",
    }
    script = "shop/data/neutralize.sql"
    if what in masks:
        opened.mask(broken=masks[what])
    elif what == "script":
        opened.serve(script, "update nothing set a = 1;")
    else:
        opened.rule(coverage_fatal=True)
        (opened.folder / "repository" / script).unlink()
        if what == "code":
            for code in ("repository", "served"):
                (opened.folder / code / "shop/__manifest__.py").unlink()


def test_what_nothing_neutralises_is_said_where_policy_lets_it_pass(made: tuple[Studio, Backup]) -> None:
    """Of Odoo's own modules most have nothing to switch off; of others somebody has to say so."""
    opened, _ = made
    (opened.folder / "repository/shop/data/neutralize.sql").unlink()
    result = cloned(opened)
    check = {check.name: check for check in result.checks}["neutralization_coverage"]
    assert (check.passed, check.blocking, check.metadata["uncovered"]) == (False, False, ["shop"])
    table = {row["module"]: row["neutralization"] for row in result.metadata["modules"].rows}
    assert table == {"base": "script", "mail": "no script", "shop": "no script"}


def forget_templates(opened: Studio) -> None:
    """Let the next clone make its own template."""
    for template in opened.shop.control.templates.list():
        opened.shop.control.templates.forget(template["database_name"])


class Interrupted(BaseException):
    """Somebody cancelled the run."""


def test_an_interruption_at_any_point_leaves_nothing(made: tuple[Studio, Backup]) -> None:
    """Before and after every step of the way; what was made harmless may stay to be copied."""
    opened, _ = made

    def interrupt() -> None:
        raise Interrupted

    rng = random.Random(4)  # noqa: S311 -- the same points in every run
    for point in POINTS:
        when = rng.choice(["before", "after"])
        step = opened.step()
        with crashing(point, when, interrupt), pytest.raises(Interrupted):
            clone_production(step, opened.build)
        assert opened.leaks(step) == [], (point, when)
        opened.end(step)
        opened.sweep()
        assert all(names.CLONE_TEMPLATE_PREFIX in name for name in opened.left()), (point, when, opened.left())
        forget_templates(opened)


def test_nothing_leaks_where_the_process_is_killed_and_the_next_attempt_goes_on(
    made: tuple[Studio, Backup], owner_url: str, postgres_server: PostgresServer
) -> None:
    """Whatever a kill leaves, the environment's Odoo opens only what is harmless, and the janitor takes it away."""
    opened, _ = made
    rng = random.Random(7)  # noqa: S311 -- the same points in every run
    for point in rng.sample(POINTS * ROUNDS, 4 * ROUNDS):
        told = {
            "control_url": as_user(owner_url, "ops_worker", postgres_server),
            "admin_url": postgres_server.url("postgres"),
            "home": str(opened.shop.settings.home),
            "point": point,
            "when": rng.choice(["before", "after"]),
        }
        run = opened.claim()
        assert exit_status(clone_child.main, told | {"run_id": str(run.id)}) == KILLED, told
        opened.shop.control.runs.requeue(run.id, attempt=run.attempt, reason="its process is gone")
        step = opened.desk.take_up(opened.shop.claim())
        assert opened.leaks(step) == [], told
        result = clone_production(step, opened.build)
        assert result is not None
        assert result.name in opened.databases()
        opened.end(step)
        opened.sweep()
        assert all(names.CLONE_TEMPLATE_PREFIX in name for name in opened.left()), (told, opened.left())
        forget_templates(opened)


def test_clone_templates_go_when_their_backup_does_or_nobody_uses_them() -> None:
    """The newest few of a good backup stay."""
    now = datetime(2026, 2, 13, tzinfo=UTC)

    def row(name: str, *, project: str = "p", backup: str = "good", hours: int = 1) -> dict[str, object]:
        told = {"project_id": project, "backup_id": backup}
        return {"database_name": name, "tests": told, "last_used_at": now - timedelta(hours=hours)}

    updated = row("u", hours=71)
    updated["tests"] = {"project_id": "p", "backup_id": "good", "updates": []}  # takes no place from the others
    rows = [
        updated, row("a", hours=5), row("b", hours=4), row("c", hours=3), row("d", hours=2), row("e", backup="dropped"),
        row("f", project="q", hours=71), row("g", project="q", hours=73),
    ]  # fmt: skip
    assert sorted(outdated(rows, {"good"}, now=now)) == ["a", "e", "g"]


def test_the_template_of_a_dropped_backup_goes_with_its_files(made: tuple[Studio, Backup], owner_url: str) -> None:
    """Who lets a backup go may rely on that nobody can copy it any more."""
    opened, backup = made
    template = cloned(opened).metadata["clone_template"]
    assert f"database {template}" not in opened.sweep()
    with psycopg.connect(owner_url) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute(
            "update ops.backups set status = 'dropped', dropped_at = now(), drop_reason = 'x' where id = %s",
            [backup.id],
        )
    assert f"database {template}" in opened.sweep()
    assert not (opened.shop.settings.home / "templates" / template).exists()
