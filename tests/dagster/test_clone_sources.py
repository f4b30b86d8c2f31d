"""Which data a clone is made of: production at the push, the newest backup, or the one that somebody names."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from odooops_dagster.errors import BadInput, StepFailed
from odooops_dagster.model import Backup
from odooops_dagster.steps.clone.backup_of import backup_of, backup_to_try_on
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.steps.environment.clone_source import find_source
from tests.dagster.productions import SHA
from tests.dagster.studios import Studio, cloned
from tests.servers import PostgresServer


@pytest.fixture
def dumped(made: tuple[Studio, Backup]) -> Iterator[Studio]:
    """Yield a studio whose stagings show production as it is at the push, with a customer since the last backup."""
    opened, _ = made
    opened.rule(source="dump")
    opened.shop.data.execute("insert into res_partner (name, email) values ('Linus', 'linus@example.com')")
    yield opened
    opened.shop.data.execute("delete from res_partner where name = 'Linus'")


def test_a_staging_shows_production_as_it_is_at_the_push(dumped: Studio, made: tuple[Studio, Backup]) -> None:
    """A backup of production is made and read back first; the record says so, and the backup serves everybody."""
    assert dumped.shop.control.policies.get(None, policy_type="clone")["source"] == "dump"
    result = cloned(dumped)
    assert "Linus" in dumped.rows(str(result.name), "select name from res_partner")
    assert result.backup_id != made[1].id
    backup = dumped.shop.control.backups.get(result.backup_id)
    assert (backup.environment_id, backup.stage, backup.status) == (
        dumped.shop.environment.id,
        "production",
        "verified",
    )
    assert (backup.label, backup.run_id) == ("for release/1.0", result.run_id)
    assert (backup.git_sha, backup.image_digest) == (made[1].git_sha, made[1].image_digest)
    [row] = dumped.shop.control.backups.restores(backup_id=backup.id)
    assert (row.report["source"], result.metadata["source"]) == ("dump", "dump")
    assert row.report["backup_age_hours"] == 0
    assert f"info: backing up {dumped.shop.environment.partition_key} for this clone" in "\n".join(dumped.said)


def test_where_policy_says_so_the_newest_verified_backup_is_cloned(made: tuple[Studio, Backup]) -> None:
    """Production is not touched by a push."""
    opened, backup = made
    result = cloned(opened)
    assert (result.backup_id, result.metadata["source"]) == (backup.id, "newest_verified")
    assert [row.id for row in opened.shop.control.backups.list()] == [backup.id]


def test_production_that_cannot_be_backed_up_is_not_cloned_from_something_older(
    dumped: Studio, postgres_server: PostgresServer
) -> None:
    """The error says what is in the way, and which rule clones the newest backup instead."""
    superuser = postgres_server.url(str(dumped.shop.environment.database_name))
    step = dumped.step()
    with psycopg.connect(superuser, autocommit=True) as owner:
        owner.execute("create table of_somebody_else (id int)")
        try:
            with pytest.raises(
                StepFailed, match=r"shop/main could not be backed up for this clone: .*denied"
            ) as caught:
                clone_production(step, dumped.build)
        finally:
            owner.execute("drop table of_somebody_else")
    assert "set policy clone.source to newest_verified" in str(caught.value.hint)
    dumped.end(step)
    assert dumped.left() == []
    [newest, _] = dumped.shop.control.backups.list()
    assert newest.status == "failed"


def test_a_later_attempt_clones_the_backup_that_an_earlier_one_made(dumped: Studio) -> None:
    """What was read back is not made again."""
    step = dumped.step()
    rules = dumped.shop.control.policies.get(step.project.id, policy_type="clone")
    source = find_source(step, rules)
    assert source is not None
    backup = backup_of(step, source)
    dumped.shop.control.runs.requeue(step.run.id, attempt=step.run.attempt, reason="its process is gone")
    again = dumped.desk.take_up(dumped.shop.claim())
    result = clone_production(again, dumped.build)
    assert result is not None
    assert (again.run.attempt, result.backup_id) == (2, backup.id)


def test_a_zip_in_the_config_of_a_staging_s_run_is_no_backup_of_production(dumped: Studio) -> None:
    """Whoever may queue a run may not say what production's data are."""
    with pytest.raises(BadInput, match="A deploy run takes no import in its config"):
        cloned(dumped, **{"import": "2026021300-0123456789abcdef"})


def test_a_backup_older_than_policy_allows_is_not_cloned(made: tuple[Studio, Backup], owner_url: str) -> None:
    """The person is told how old it is and how to make another; who names it gets it all the same."""
    opened, backup = made
    age(backup, owner_url)
    with pytest.raises(StepFailed, match=r"is 30 h old; policy clone\.max_backup_age_hours allows 24") as caught:
        clone_production(opened.step(), opened.build)
    assert caught.value.hint == "ops backup create shop main"


def test_a_backup_that_is_named_is_cloned_into_a_development_branch(made: tuple[Studio, Backup]) -> None:
    """A preview gets production's data only where somebody asks for them."""
    opened, backup = made
    step = opened.step(branch="feature/x")
    assert clone_production(step, opened.build) is None
    opened.shop.control.runs.complete(step.fence, exit_code=0)
    asked = cloned(opened, branch="feature/x", kind="clone", backup_id=str(backup.id))
    assert asked.backup_id == backup.id


def test_a_project_without_production_has_nothing_to_clone_and_one_without_backups_says_so(
    made: tuple[Studio, Backup], owner_url: str
) -> None:
    """A staging before the first release starts from a template; one of a production waits for a backup."""
    opened, _ = made
    with psycopg.connect(owner_url) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute("update ops.backups set status = 'failed', error_message = 'x'")
    with pytest.raises(StepFailed, match="production of shop has no verified backup") as caught:
        clone_production(opened.step(), opened.build)
    assert caught.value.hint == "ops backup create shop main"
    control = opened.shop.control
    project = control.projects.create("young", repo_url="https://forge.example/young.git", odoo_version="19.0")
    control.environments.ensure(project.id, branch="release/1.0")
    control.runs.queue(project.id, env="release/1.0", git_sha=SHA, ref="refs/heads/release/1.0")
    assert clone_production(opened.desk.take_up(opened.shop.claim()), opened.build) is None
    assert opened.said[-1] == "info: project young has no production yet: nothing to clone"


def test_an_upgrade_preview_takes_a_young_backup_before_it_backs_production_up(
    dumped: Studio, made: tuple[Studio, Backup], owner_url: str
) -> None:
    """Previews of the same data can be compared; when no backup is young, policy decides as for a staging."""
    _, backup = made
    step = dumped.step(kind="upgrade")
    assert backup_to_try_on(step).id == backup.id
    age(backup, owner_url)
    fresh = backup_to_try_on(step)
    assert (fresh.id != backup.id, fresh.status, fresh.run_id) == (True, "verified", step.run.id)


def test_an_upgrade_preview_leaves_production_alone_where_policy_says_so(
    made: tuple[Studio, Backup], owner_url: str
) -> None:
    """A backup that is too old is an error, and no reason to put load on production."""
    opened, backup = made
    step = opened.step(kind="upgrade")
    assert backup_to_try_on(step).id == backup.id
    age(backup, owner_url)
    with pytest.raises(StepFailed, match=r"is 30 h old; policy clone\.max_backup_age_hours allows 24"):
        backup_to_try_on(step)
    assert [row.id for row in opened.shop.control.backups.list()] == [backup.id]


def test_the_backup_is_of_the_production_that_would_be_dumped(made: tuple[Studio, Backup], owner_url: str) -> None:
    """A newer backup of another production, such as a former one, is not cloned in its place."""
    opened, backup = made
    other = opened.shop.control.environments.ensure(opened.shop.project.id, branch="former", stage="production")
    with psycopg.connect(owner_url) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute(
            "insert into ops.backups select (jsonb_populate_record(b, jsonb_build_object("
            "'id', gen_random_uuid(), 'environment_id', %s::uuid, 'run_id', null, 'taken_at', now()))).*"
            " from ops.backups as b where b.id = %s",
            [other.id, backup.id],
        )
    assert cloned(opened).backup_id == backup.id


def age(backup: Backup, owner_url: str) -> None:
    """Make the backup's data thirty hours older."""
    with psycopg.connect(owner_url) as owner:
        owner.execute("set local session_replication_role = replica")
        owner.execute("update ops.backups set taken_at = taken_at - interval '30 hours' where id = %s", [backup.id])
