"""Ways back from a promotion: by itself, by a person, and where nobody decides."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import psycopg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.model import CheckResult, DatabaseAccess, Service
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment import health as environment_health
from odooops_dagster.steps.release import promote as step
from sensors.housekeeping import housekeeping
from tests.dagster.promotions import CONTENT, GOOD, HALF, ORDERS, Promoting, failed_and_rolled_back, served_before


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"shop/update.sql": HALF}, "modules_installed"),
        ({"shop/update.sql": GOOD, "BROKEN": "x"}, "healthy"),
        ({"shop/update.sql": GOOD, "NO_LOGIN": "x"}, "healthy"),
        ({"BROKEN": "x"}, "healthy"),
    ],
    ids=["an update that stops half-way", "a build that does not start", "a broken login page", "code alone"],
)
def test_a_bad_release_is_taken_back_by_itself(
    hosted: Promoting, changes: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, modules, the attachment and the record that somebody changed are as before, and an incident says why."""
    monkeypatch.setattr("odooops_dagster.steps.environment.health._HEALTHY_WITHIN_SECONDS", 6.0)
    before, data, there = hosted.serves(), hosted.data(), hosted.made()
    done = hosted.promote(hosted.release("1.1", changes))
    assert word in failed_and_rolled_back(hosted, done)
    assert (hosted.serves(), hosted.data(), hosted.made()) == (before, data, there)
    assert data["orders"][6][2] == "changed by hand"
    assert data["attachment"] == CONTENT
    assert len(hosted.services()) == 1
    assert hosted.keep_house() == []


def test_after_a_bad_release_the_next_one_goes(hosted: Promoting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place is free, and what it goes back to is what serves."""
    monkeypatch.setattr("odooops_dagster.steps.environment.health._HEALTHY_WITHIN_SECONDS", 6.0)
    hosted.promote(hosted.release("1.1", {"shop/update.sql": HALF}))
    good = hosted.promote(hosted.release("1.2", {"shop/update.sql": GOOD}))
    assert good.status == "succeeded"
    [way, _] = hosted.control.deployments.ways_back(good.id)
    assert way.version == served_before(hosted)


def test_a_rollback_of_the_code_keeps_what_people_wrote_since(hosted: Promoting) -> None:
    """The release before gets the data of now, by the same steps."""
    before = hosted.environment.image_digest
    done = hosted.promote(hosted.release("1.1", {"shop/update.sql": GOOD}))
    hosted.estate.change("main", "insert into sale_order (name, note) values ('since', 'kept')")
    [way, _] = hosted.control.deployments.ways_back(done.id)
    assert (way.way, way.is_possible, way.lost_minutes) == ("code", True, 0)
    back = hosted.rollback(done)
    assert (back.status, back.rollback_of, hosted.run_of(back).error_message) == ("succeeded", done.id, None)
    assert hosted.environment.image_digest == before
    assert hosted.data()["served"] == ORDERS + 1
    assert hosted.control.releases.by_id(done.release_id).status == "rolled_back"


def test_a_rollback_with_data_says_what_it_loses_and_keeps_it_for_a_while(hosted: Promoting) -> None:
    """The data are those of the moment of the promotion; what was written since stays in the replaced database."""
    before, data = hosted.serves(), hosted.data()
    done = hosted.promote(hosted.release("1.1", {"shop/update.sql": GOOD}))
    hosted.estate.change("main", "insert into sale_order (name, note) values ('since', 'lost')")
    [_, way] = hosted.control.deployments.ways_back(done.id)
    assert (way.is_possible, way.lost_minutes) == (True, 1)
    back = hosted.rollback(done, with_data=True)
    assert (back.status, hosted.run_of(back).error_message) == ("succeeded", None)
    assert (hosted.serves(), hosted.data()) == (before, data)
    assert back.previous_database_name == done.database_name
    hosted.estate.keep_house()
    assert {before[1], done.database_name} <= hosted.made()


def test_a_service_that_stops_after_people_were_let_in_asks_people(
    hosted: Promoting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their work may be in the new data already: gate G4 is inconclusive, and there is an hour to decide."""
    stop_answering(monkeypatch)
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    done = hosted.promote(release)
    run = hosted.run_of(done)
    assert (run.status, done.status, done.g4_status) == ("failed", "succeeded", "inconclusive")
    assert done.decision_due_at is not None
    assert hosted.environment.image_digest == release.image_digest
    [incident] = hosted.control.incidents.list(hosted.estate.project.id)
    assert (incident.severity, incident.deployment_id) == ("critical", done.id)
    assert f"code and data: release {served_before(hosted)} and" in incident.description
    assert f"the code goes back at {done.decision_due_at:%Y-%m-%d %H:%M %Z}" in incident.description


def stop_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what was promoted prove its health, and not answer once people are let in."""
    real = environment_health.wait_until_healthy

    def silent(ctx: StepContext, service: Service, url: str, access: DatabaseAccess) -> CheckResult:
        found = real(ctx, service, url, access)
        return found if "-r" in service.name else replace(found, passed=False, summary="no answer")

    monkeypatch.setattr(step, "wait_until_healthy", silent)


def time_is_over(owner_url: str) -> None:
    """Let the time in which people may decide be over."""
    with psycopg.connect(owner_url, autocommit=True) as owner, owner.transaction():
        owner.execute("set local session_replication_role = replica")  # time passes only here
        owner.execute(
            "update ops.deployments set decision_due_at = clock_timestamp() where decision_due_at is not null"
        )


def test_if_nobody_decides_the_code_goes_back_and_the_work_of_people_stays(
    hosted: Promoting, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock asks for the rollback, once; what people wrote meanwhile is theirs."""
    before = hosted.environment.image_digest
    with monkeypatch.context() as patch:
        stop_answering(patch)
        done = hosted.promote(hosted.release("1.1", {"shop/update.sql": GOOD}))
    hosted.estate.change("main", "insert into sale_order (name, note) values ('since', 'kept')")
    time_is_over(database)
    context = dg.build_sensor_context(instance=hosted.estate.instance)
    for _ in range(2):
        housekeeping(context, control=hosted.control, runtime=hosted.estate.runtime, settings=hosted.estate.settings)
        hosted.estate.work_off()
    [back] = [each for each in hosted.control.deployments.list(hosted.estate.project.id) if each.rollback_of]
    assert (back.rollback_of, back.status, back.with_data) == (done.id, "succeeded", False)
    assert hosted.environment.image_digest == before
    assert hosted.data()["served"] == ORDERS + 1


def test_a_release_that_a_person_keeps_stays(hosted: Promoting, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By that person's word."""
    with monkeypatch.context() as patch:
        stop_answering(patch)
        done = hosted.promote(hosted.release("1.1", {"shop/update.sql": GOOD}))
    with ControlPlane(database) as owner:
        owner.deployments.keep(done.id, reason="only the monitor was blind", kept_by="ada")
    time_is_over(database)
    assert hosted.control.deployments.roll_back_undecided() == []
    assert hosted.control.deployments.get(done.id).g4_status == "passed"


def test_a_rollback_is_not_rolled_back_nor_what_it_took_back_brought_again(hosted: Promoting) -> None:
    """Pressing twice brings nothing bad back, and everything stays as it is."""
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    back = hosted.rollback(hosted.promote(release))
    serves = hosted.serves()
    for with_data in (False, True):
        with pytest.raises(Conflict, match="nothing to roll this deployment back to"):
            hosted.control.deployments.rollback(back.id, reason="oops", with_data=with_data)
    with pytest.raises(Conflict, match=r"1\.1 was rolled back and stays so: make another release"):
        hosted.control.deployments.promote(release.id, target_env="production")
    again = hosted.control.releases.of_build(hosted.estate.project.id, requested_by="ada")
    assert (again.id == release.id, again.image_digest) == (False, release.image_digest)
    assert hosted.serves() == serves


def test_a_bad_release_is_promoted_once(hosted: Promoting, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken back by itself, and stays so; neither a person nor policy on_push brings it again."""
    monkeypatch.setattr("odooops_dagster.steps.environment.health._HEALTHY_WITHIN_SECONDS", 6.0)
    release = hosted.release("1.1", {"shop/update.sql": HALF})
    hosted.promote(release)
    assert hosted.control.releases.by_id(release.id).status == "rolled_back"
    with pytest.raises(Conflict, match=r"1\.1 was rolled back and stays so"):
        hosted.control.deployments.promote(release.id, target_env="production")
    hosted.by_hand("on_push")
    assert hosted.control.deployments.promote_due() == []
