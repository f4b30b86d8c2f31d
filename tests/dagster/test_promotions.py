"""Promotions: a release takes over with the data that people have, or all is as it was before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.deployments import Deployments
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Build, CheckResult, DatabaseAccess, Service
from odooops_dagster.model.releases import Deployment
from odooops_dagster.steps.core import files
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment import deployment as deployment_step
from odooops_dagster.steps.release import promote as step
from odooops_dagster.steps.release import released
from sensors.housekeeping import housekeeping
from tests.dagster.promotions import CONTENT, GOOD, HALF, ORDERS, Promoting, promoting
from tests.servers import PostgresServer


@pytest.fixture
def hosted(control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Promoting]:
    """Yield a hosted production in which people have worked."""
    with promoting(control, postgres_server, tmp_path) as made:
        yield made


def failed_and_rolled_back(hosted: Promoting, deployment: Deployment) -> str:
    """Check the record of a promotion that took itself back, and return the incident's words."""
    assert (deployment.status, hosted.run_of(deployment).status) == ("failed", "failed")
    back = hosted.control.deployments.list(hosted.estate.project.id)[0]
    assert (back.rollback_of, back.status, back.with_data) == (deployment.id, "succeeded", True)
    assert back.image_digest == hosted.environment.image_digest
    [incident] = hosted.control.incidents.list(hosted.estate.project.id)
    assert (incident.deployment_id, incident.status) == (deployment.id, "open")
    return incident.description


def test_a_release_takes_over_with_the_data_that_people_have(hosted: Promoting) -> None:
    """What changed is updated, the rest is as it was, and the data of before are kept for the way back."""
    before, address = hosted.serves(), hosted.environment.url
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    done = hosted.promote(release)
    assert (done.status, done.g4_status, hosted.run_of(done).error_message) == ("succeeded", "passed", None)
    assert hosted.serves() == (release.image_digest, done.database_name)
    assert hosted.environment.url == address
    data = hosted.data()
    assert {row[2] for row in data["orders"]} == {"updated"}
    assert (data["served"], data["attachment"]) == (ORDERS, CONTENT)
    assert done.previous_database_name == before[1]
    assert hosted.control.backups.get(done.backup_id or release.id).status == "verified"
    assert hosted.control.releases.by_id(release.id).status == "released"
    assert [gate.status for gate in hosted.control.gates.list(release.id) if gate.gate_code == "G4"] == ["passed"]
    assert set(hosted.services().values()) == {"running"}
    assert len(hosted.services()) == 1
    assert hosted.keep_house() == []
    assert {before[1], done.database_name} <= hosted.made()


def served_before(hosted: Promoting) -> str:
    """Return the release of the build that served before the first promotion: the one that its push made."""
    *_, first = hosted.control.deployments.list(hosted.estate.project.id)
    version = hosted.control.releases.by_id(first.release_id).version
    assert version == "main-rc.1"
    return version


def test_what_served_before_is_the_first_release(hosted: Promoting) -> None:
    """So there is something to go back to; nobody had to ask its gates."""
    digest = hosted.environment.image_digest
    hosted.promote(hosted.release("1.1", {"shop/update.sql": GOOD}))
    *_, first = hosted.control.deployments.list(hosted.estate.project.id)
    assert (first.status, first.image_digest) == ("succeeded", digest)
    served = hosted.control.releases.by_id(first.release_id)
    assert (served.version, served.image_digest) == (served_before(hosted), digest)


def test_a_release_that_changes_no_module_needs_no_copy(hosted: Promoting) -> None:
    """The database stays, people stay logged in, and there is nothing of before to go back to but the code."""
    before = hosted.serves()
    done = hosted.promote(hosted.release("1.1", {"NOTES": "nothing that Odoo reads"}))
    assert (done.status, done.previous_database_name) == ("succeeded", None)
    assert hosted.serves() == (done.image_digest, before[1])
    ways = {way.way: way for way in hosted.control.deployments.ways_back(done.id)}
    assert (ways["code"].is_possible, ways["code"].lost_minutes) == (True, 0)
    assert not ways["code and data"].is_possible
    with pytest.raises(Conflict, match="are not kept"):
        hosted.control.deployments.rollback(done.id, reason="oops", with_data=True)


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
    monkeypatch.setattr("odooops_dagster.steps.environment.deployment._HEALTHY_WITHIN_SECONDS", 6.0)
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
    monkeypatch.setattr("odooops_dagster.steps.environment.deployment._HEALTHY_WITHIN_SECONDS", 6.0)
    hosted.promote(hosted.release("1.1", {"shop/update.sql": HALF}))
    good = hosted.promote(hosted.release("1.2", {"shop/update.sql": GOOD}))
    assert good.status == "succeeded"
    [way, _] = hosted.control.deployments.ways_back(good.id)
    assert way.version == served_before(hosted)


def test_nothing_but_the_released_build_is_deployed(hosted: Promoting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the step has in its hands, the record knows what was released, and everything stays as it was."""
    before, data = hosted.serves(), hosted.data()
    other = hosted.push({"shop/update.sql": GOOD})
    release = hosted.release("1.1", {"shop/update.sql": f"{GOOD} where id = 1"})
    real = released.released_build

    def another(ctx: StepContext, deployment: Deployment) -> Build:
        return replace(real(ctx, deployment), digest="sha256:" + "f" * 64)

    monkeypatch.setattr(step, "released_build", another)
    done = hosted.promote(release)
    assert "is another build" in str(hosted.run_of(done).error_message)
    assert (done.status, hosted.serves(), hosted.data()) == ("failed", before, data)
    assert other.status == "succeeded"


def test_a_release_that_lost_a_gate_while_it_waited_is_not_brought(hosted: Promoting) -> None:
    """The gates are asked when the run starts, not only when somebody asked for it."""
    before = hosted.serves()
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    asked = hosted.control.deployments.promote(release.id, target_env="production")
    hosted.control.gates.record_check(release.id, gate_code="G1", name="build", status="failed")
    hosted.estate.work_off()
    run = hosted.run_of(asked)
    assert run.status == "failed"
    assert "G1: failed" in str(run.error_message)
    assert hosted.serves() == before
    assert hosted.control.incidents.list(hosted.estate.project.id) == []


def test_a_gate_that_fell_during_the_backup_stops_it_before_anything_changes(
    hosted: Promoting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time and gates are asked once more when the deployment starts."""
    before = hosted.serves()
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    real = Deployments.start_promotion

    def late(self: Deployments, *arguments: object, **named: object) -> Deployment:
        hosted.control.gates.record_check(release.id, gate_code="G1", name="build", status="failed")
        return real(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Deployments, "start_promotion", late)
    done = hosted.promote(release)
    assert "not eligible" in str(hosted.run_of(done).error_message)
    assert (done.status, hosted.serves()) == ("failed", before)


def test_two_promotions_at_once_are_one(hosted: Promoting) -> None:
    """The same release is brought once; another one is told who is on the way."""
    first = hosted.release("1.1", {"shop/update.sql": GOOD})
    second = hosted.release("1.2", {"shop/update.sql": f"{GOOD} where id = 1"})

    def ask(number: int) -> str:
        try:
            asked = hosted.control.deployments.promote((first, second)[number % 2].id, target_env="production")
        except Conflict as exc:
            return str(exc)
        return str(asked.id)

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(ask, range(8)))
    assert len(answers) == 2
    assert any("is on its way to production" in answer for answer in answers)
    hosted.estate.work_off()
    assert [run.status for run in hosted.control.runs.list("shop") if run.kind == "promote"] == ["succeeded"]


def test_what_serves_already_is_not_promoted(hosted: Promoting) -> None:
    """It would keep people out for nothing."""
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    hosted.promote(release)
    with pytest.raises(Conflict, match=r"Release 1\.1 serves there already"):
        hosted.control.deployments.promote(release.id, target_env="production")


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
    """Their work may be in the new data already: nothing is taken back by itself, and gate G4 fails."""
    real = deployment_step.wait_until_healthy

    def silent(ctx: StepContext, service: Service, url: str, access: DatabaseAccess) -> CheckResult:
        found = real(ctx, service, url, access)
        return found if "-r" in service.name else replace(found, passed=False, summary="no answer")

    monkeypatch.setattr(step, "wait_until_healthy", silent)
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    done = hosted.promote(release)
    run = hosted.run_of(done)
    assert (run.status, done.status, done.g4_status) == ("failed", "succeeded", "failed")
    assert hosted.environment.image_digest == release.image_digest
    [incident] = hosted.control.incidents.list(hosted.estate.project.id)
    assert (incident.severity, incident.deployment_id) == ("critical", done.id)
    assert f"code and data: release {served_before(hosted)} and" in incident.description


def test_a_build_that_is_not_kept_is_made_again_and_has_to_be_the_same(hosted: Promoting) -> None:
    """What was released is what its commit makes, or nothing is deployed."""
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    digest = release.image_digest.removeprefix("sha256:")
    (hosted.estate.settings.home / "builds" / f"{digest}.json").unlink()
    assert hosted.promote(release).status == "succeeded"
    assert hosted.environment.image_digest == release.image_digest


def test_people_find_their_files_of_the_last_second(hosted: Promoting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most files are copied while people work, and what they attach meanwhile just before the data are."""
    real = files.complete_tree
    attach = "insert into ir_attachment (name, store_fname, public) values ('late', '00/late', true)"

    def slow(source: Path, target: Path) -> None:
        real(source, target)
        if (source / "00").is_dir():
            return
        (source / "00").mkdir()
        (source / "00" / "late").write_bytes(b"attached during the copy")
        hosted.estate.change("main", attach)

    monkeypatch.setattr(step, "complete_tree", slow)
    hosted.promote(hosted.release("1.1", {"shop/update.sql": GOOD}))
    [(number,)] = hosted.rows("select id from ir_attachment where name = 'late'")
    assert hosted.estate.file("main", number) == b"attached during the copy"


def test_with_on_push_each_build_is_promoted_by_the_clock(hosted: Promoting) -> None:
    """The same run, asked for by the sensor instead of a person, once for each build."""
    hosted.by_hand("on_push")
    run = hosted.push({"shop/update.sql": GOOD})
    context = dg.build_sensor_context(instance=hosted.estate.instance)
    for _ in range(2):
        housekeeping(context, control=hosted.control, runtime=hosted.estate.runtime)
        hosted.estate.work_off()
    assert [each.status for each in hosted.control.runs.list("shop") if each.kind == "promote"] == ["succeeded"]
    assert hosted.environment.deployed_sha == run.git_sha
    assert {row[2] for row in hosted.data()["orders"]} == {"updated"}


def test_a_staging_that_gets_a_release_stays_harmless(hosted: Promoting) -> None:
    """Its data are neutralised again after the update, and nothing is backed up for it."""
    hosted.estate.push("release/1")
    hosted.estate.work_off()
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    asked = hosted.control.deployments.promote(release.id, target_env="release/1")
    hosted.estate.work_off()
    done = hosted.control.deployments.get(asked.id)
    assert (done.status, hosted.run_of(done).error_message, done.backup_id) == ("succeeded", None, None)
    staging = hosted.estate.environment("release/1")
    assert (staging.image_digest, staging.database_name) == (release.image_digest, done.database_name)
    hosted.estate.change("release/1", "delete from sale_order where note <> 'harmless'")
    assert hosted.estate.orders("release/1") == ORDERS
    assert {row[2] for row in hosted.data()["orders"]} != {"updated"}, "production was not touched"
