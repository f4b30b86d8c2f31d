"""Promotions: a release takes over with the data that people have, or all is as it was before."""

from __future__ import annotations

import configparser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from odooops_dagster import home as names
from odooops_dagster.control.deployments import Deployments
from odooops_dagster.doors.cli.lineage import Ancestry
from odooops_dagster.doors.cli.lookup import name_of
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Build, Service
from odooops_dagster.model.lineage import mermaid_lines, tree_lines
from odooops_dagster.model.releases import Deployment
from odooops_dagster.steps.core import files
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.release import promote as step
from odooops_dagster.steps.release import released
from sensors.housekeeping import housekeeping
from tests.dagster.promotions import CONTENT, GOOD, ORDERS, Promoting, served_before


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
    [gate] = [gate for gate in hosted.control.gates.list(release.id) if gate.gate_code == "G4"]
    assert gate.status == "passed"
    [answer] = hosted.control.gates.evidence(gate.gate_id)
    assert (answer["kind"], answer["check_id"]) == ("health.json", hosted.control.gates.checks(gate.gate_id)[-1]["id"])
    assert all(row["is_complete"] for row in hosted.control.gates.completeness(release.id))
    assert set(hosted.services().values()) == {"running"}
    assert len(hosted.services()) == 1
    assert hosted.keep_house() == []
    assert {before[1], done.database_name} <= hosted.made()


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


def test_a_freeze_that_opens_during_the_backup_stops_it_before_anything_changes(
    hosted: Promoting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release stays whole and goes once the window has closed."""
    before = hosted.serves()
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    always = {"from": "2000-01-01T00:00Z", "to": "2999-01-01T00:00Z", "reason": "closing the books"}
    real = Deployments.start_promotion

    def late(self: Deployments, *arguments: object, **named: object) -> Deployment:
        freeze([always])
        return real(self, *arguments, **named)  # type: ignore[arg-type]

    def freeze(windows: list[dict[str, str]]) -> None:
        rules = {"release": "by_hand", "freeze_windows": windows}
        hosted.control.policies.set(hosted.estate.project.id, policy_type="promotion", rules=rules)

    with monkeypatch.context() as patch:
        patch.setattr(Deployments, "start_promotion", late)
        done = hosted.promote(release)
    assert "not eligible" in str(hosted.run_of(done).error_message)
    assert (done.status, hosted.serves()) == ("failed", before)
    freeze([])
    assert hosted.promote(release).status == "succeeded"


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


def test_no_scheduled_action_runs_before_people_are_let_in(hosted: Promoting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new build is proved without background work, so nothing is sent twice; the service of people has it."""
    begun: list[tuple[str, str]] = []
    real = hosted.estate.runtime.start

    def start(service: Service) -> None:
        config = configparser.ConfigParser(interpolation=None)
        config.read(next(word.partition("=")[2] for word in service.argv if word.startswith("--config=")))
        begun.append((service.name, config["options"]["max_cron_threads"]))
        real(service)

    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    monkeypatch.setattr(hosted.estate.runtime, "start", start)
    done = hosted.promote(release)
    candidate = names.candidate_name(hosted.environment, hosted.run_of(done))
    assert begun[-2:] == [(candidate, "0"), (names.service_name(hosted.environment), "1")]  # the former one was there


def test_with_on_push_each_build_is_promoted_by_the_clock(hosted: Promoting) -> None:
    """The same run, asked for by the sensor instead of a person, once for each build."""
    hosted.by_hand("on_push")
    run = hosted.push({"shop/update.sql": GOOD})
    context = dg.build_sensor_context(instance=hosted.estate.instance)
    for _ in range(2):
        housekeeping(context, control=hosted.control, runtime=hosted.estate.runtime, settings=hosted.estate.settings)
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


def test_a_promotion_is_followed_back_to_push_data_and_backup(hosted: Promoting) -> None:
    """Also where other runs built the image and deployed the data before; a staging to its clone's backup."""
    first = hosted.environment.deployed_run_id
    assert first is not None
    hosted.estate.push("release/1")
    hosted.estate.work_off()
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    done = hosted.promote(release)
    build = next(run for run in hosted.control.runs.list("shop") if run.kind == "build")
    told = "\n".join(tree_lines(Ancestry(hosted.control).of(hosted.run_of(done))))
    assert f"built by shop#{build.run_number}" in told
    assert f"commit {str(build.git_sha)[:12]}" in told
    assert f"a copy of {done.previous_database_name}, deployed by {name_of(hosted.control.runs.get(first))}" in told
    assert f"backup {str(done.backup_id)[:8]}" in told
    asked = hosted.control.deployments.promote(release.id, target_env="release/1")
    hosted.estate.work_off()
    at_staging = hosted.run_of(hosted.control.deployments.get(asked.id))
    staged = "\n".join(tree_lines(Ancestry(hosted.control).of(at_staging)))
    assert "backup" in staged.split("prod_clone")[1]
    assert next(mermaid_lines(Ancestry(hosted.control).of(at_staging))) == "flowchart LR"
