"""Rehearsals: a promotion is tried on a copy of production, which nobody notices, and its downtime is predicted."""

from __future__ import annotations

from uuid import UUID

import pytest

from odooops_dagster import home as names
from odooops_dagster.control.rehearsals import Rehearsals
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Fence, Run
from odooops_dagster.model.releases import Rehearsal, Release
from odooops_dagster.steps.environment import health as environment_health
from odooops_dagster.steps.recovery.drill_sandbox import left_behind
from tests.dagster.promotions import GOOD, HALF, Promoting


def rehearsed(hosted: Promoting, release: Release) -> tuple[Run, Rehearsal]:
    """Ask for a rehearsal, carry it out, and return its run and row as they ended."""
    run_id = hosted.control.rehearsals.ask(release.id, requested_by="ada")
    hosted.estate.work_off()
    tried = hosted.control.rehearsals.of_run(run_id)
    run = hosted.control.runs.get(run_id)
    assert tried is not None, run.error_message
    return run, tried


def left(hosted: Promoting) -> list[object]:
    """Return what is there of sandboxes: databases, roles, folders, services."""
    databases = hosted.estate.databases
    return [
        *databases.list(names.DRILL_PREFIX),
        *databases.roles(names.DRILL_PREFIX),
        *left_behind(hosted.estate.settings.home),
        *(name for name in hosted.services() if name.startswith(names.DRILL_PREFIX)),
    ]


def by_phase(hosted: Promoting, release_id: UUID) -> dict[str, dict[str, object]]:
    """Return what each phase is predicted to take, and took."""
    return {row["phase"]: row for row in hosted.control.rehearsals.downtime(release_id)}


def require_rehearsal(hosted: Promoting, **more: object) -> None:
    """Let policy require a rehearsal."""
    rules = {"release": "by_hand", "rehearsal": "required"} | more
    hosted.control.policies.set(hosted.estate.project.id, policy_type="promotion", rules=rules)


def test_a_rehearsal_tries_the_update_and_touches_nothing(hosted: Promoting) -> None:
    """The copy is updated and answers; production has its rows, its files, its release and one service, as before."""
    before, data, there = hosted.serves(), hosted.data(), hosted.made()
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    assert by_phase(hosted, release.id) == {}
    run, tried = rehearsed(hosted, release)
    assert (run.status, run.error_message, tried.passed) == ("succeeded", None, True)
    assert set(tried.phases) == {"backup", "copy", "update", "health", "start"}
    assert (hosted.serves(), hosted.data(), hosted.made()) == (before, data, there)
    assert list(hosted.services().values()) == ["running"]
    assert left(hosted) == []
    assert hosted.keep_house() == []
    assert hosted.control.incidents.list(hosted.estate.project.id) == []
    assert {row["kind"] for row in hosted.control.releases.evidence(release.id)} >= {"rehearsal"}
    assert {row["name"]: row["passed"] for row in hosted.control.checks.list(run.id)}["healthy"]


def test_prediction_and_real_figure_stand_side_by_side(hosted: Promoting) -> None:
    """The prediction is the median and the worst of the release's rehearsals; the promotion's own figures follow."""
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    tries = [rehearsed(hosted, release)[1] for _ in range(3)]
    predicted = by_phase(hosted, release.id)
    updates = sorted(float(tried.phases["update"]) for tried in tries)
    assert float(str(predicted["update"]["median_seconds"])) == pytest.approx(updates[1])
    assert float(str(predicted["update"]["worst_seconds"])) == pytest.approx(updates[2])
    assert (predicted["update"]["rehearsal_count"], predicted["update"]["real_seconds"]) == (3, None)
    down = sorted(sum(float(t.phases[name]) for name in ("copy", "update", "health")) for t in tries)
    assert float(str(predicted["downtime"]["median_seconds"])) == pytest.approx(down[1], abs=0.01)
    done = hosted.promote(release)
    assert done.status == "succeeded"
    real = by_phase(hosted, release.id)
    assert real["downtime"]["deployment_id"] == done.id
    assert float(str(real["downtime"]["real_seconds"])) == pytest.approx(
        sum(float(done.phases[name]) for name in ("copy", "update", "health")), abs=0.01
    )
    [row] = [
        row for row in hosted.control.deployments.history(hosted.estate.project.id) if row["deployment_id"] == done.id
    ]
    assert float(row["predicted_downtime_seconds"]) == pytest.approx(down[1], abs=0.01)
    assert float(row["predicted_worst_seconds"]) == pytest.approx(down[2], abs=0.01)
    assert row["downtime_seconds"] == real["downtime"]["real_seconds"]


def test_a_release_that_changes_no_module_is_never_down(hosted: Promoting) -> None:
    """As its promotion proves it beside the one that serves, and lets it answer in the start."""
    release = hosted.release("1.1", {"NOTES": "nothing that Odoo reads"})
    _, tried = rehearsed(hosted, release)
    assert set(tried.phases) == {"backup", "health", "start"}
    assert float(str(by_phase(hosted, release.id)["downtime"]["median_seconds"])) == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"shop/update.sql": HALF}, "modules_installed"),
        ({"shop/update.sql": GOOD, "NO_LOGIN": "x"}, "healthy"),
    ],
    ids=["an update that stops half-way", "a broken login page"],
)
def test_a_bad_release_is_found_by_its_rehearsal(
    hosted: Promoting, changes: dict[str, str], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It predicts nothing, production does not notice, and where policy requires one it is not promoted."""
    monkeypatch.setattr(environment_health, "_HEALTHY_WITHIN_SECONDS", 6.0)
    require_rehearsal(hosted)
    before, data = hosted.serves(), hosted.data()
    release = hosted.release("1.1", changes)
    run, tried = rehearsed(hosted, release)
    assert (run.status, tried.passed) == ("failed", False)
    assert word in tried.summary
    assert by_phase(hosted, release.id) == {}
    assert (hosted.serves(), hosted.data(), left(hosted)) == (before, data, [])
    with pytest.raises(Conflict, match="not eligible"):
        hosted.control.deployments.promote(release.id, target_env="production")


def test_a_rehearsal_that_policy_requires_comes_first(hosted: Promoting) -> None:
    """Without one the release is refused, with one it is promoted, and what is missing is said by name."""
    require_rehearsal(hosted)
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    [asked] = [
        each
        for each in hosted.control.releases.explain(release.id, target_env="production")
        if each.requirement == "rehearsal"
    ]
    assert (asked.is_met, asked.detail) == (False, "it was never rehearsed")
    with pytest.raises(Conflict, match="rehearsal: it was never rehearsed"):
        hosted.control.deployments.promote(release.id, target_env="production")
    rehearsed(hosted, release)
    assert hosted.promote(release).status == "succeeded"


def test_a_prepared_promotion_waits_for_a_person(hosted: Promoting) -> None:
    """It is prepared once it is eligible and rehearsed, whatever policy says, and go is said to what was prepared."""
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    with pytest.raises(Conflict, match="not prepared"):
        hosted.control.deployments.promote_prepared(release.id)
    with pytest.raises(Conflict, match=r"rehearsal of release 1\.1 is missing"):
        hosted.control.rehearsals.prepare(release.id)
    rehearsed(hosted, release)
    before = hosted.serves()
    assert hosted.control.rehearsals.prepare(release.id, requested_by="grace").prepared_by == "grace"
    waiting = hosted.control.releases.eligibility(release.id)
    assert (waiting["waits_for_go"], waiting["prepared_by"]) == (True, "grace")
    assert hosted.estate.work_off() == []
    assert hosted.serves() == before
    asked = hosted.control.deployments.promote_prepared(release.id, requested_by="ada")
    assert hosted.control.deployments.promote_prepared(release.id).id == asked.id
    hosted.estate.work_off()
    assert hosted.control.deployments.get(asked.id).status == "succeeded"
    assert not hosted.control.releases.eligibility(release.id)["waits_for_go"]
    with pytest.raises(Conflict, match="not prepared"):
        hosted.control.deployments.promote_prepared(release.id)


def test_what_changed_since_it_was_prepared_is_not_gone_to(hosted: Promoting) -> None:
    """Another result of a check is another thing than what a person looked at."""
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    rehearsed(hosted, release)
    hosted.control.rehearsals.prepare(release.id)
    hosted.control.gates.record_check(release.id, gate_code="G1", name="lint", status="passed")
    assert not hosted.control.releases.eligibility(release.id)["waits_for_go"]
    with pytest.raises(Conflict, match="not what was prepared any more"):
        hosted.control.deployments.promote_prepared(release.id)
    with pytest.raises(Conflict, match=r"rehearsal of release 1\.1 is changed"):
        hosted.control.rehearsals.prepare(release.id)


def test_a_rehearsal_of_an_ended_attempt_is_told_again(hosted: Promoting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests are one run; an attempt that is lost before it ended its run changes nothing at the next."""
    release = hosted.release("1.1", {"shop/update.sql": GOOD})
    first = hosted.control.rehearsals.ask(release.id)
    assert hosted.control.rehearsals.ask(release.id) == first
    run = hosted.estate.claim()
    real = Rehearsals.end

    def ends(self: Rehearsals, fence: Fence, *, passed: bool, summary: str) -> Rehearsal:
        done = real(self, fence, passed=passed, summary=summary)
        if fence.attempt == run.attempt:
            hosted.control.runs.requeue(run.id, attempt=run.attempt, reason="its process is gone")
            raise OSError("its process is gone")
        return done

    monkeypatch.setattr(Rehearsals, "end", ends)
    hosted.estate.execute(run)
    tried = hosted.control.rehearsals.of_run(run.id)
    assert tried is not None
    assert tried.passed
    hosted.estate.work_off()
    assert hosted.control.runs.get(run.id).status == "succeeded"
    assert hosted.control.rehearsals.of_run(run.id) == tried
    assert left(hosted) == []
