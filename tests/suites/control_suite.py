"""What the control plane does for a person, the same over SQL and over the API of a server."""

from __future__ import annotations

from uuid import uuid4

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, Conflict, Forbidden, NotFound
from odooops_dagster.model import Run
from tests.sql.everything import Everything
from tests.sql.world import SHA


class ControlSuite:
    """Derive from it, and give it the fixture `plane`: the control plane of an admin, beside a foreign project."""

    def test_it_shows_the_project_and_hides_the_foreign_one(self, plane: ControlPlane, mine: Everything) -> None:
        """What is not there and what may not be known of are the same."""
        assert [project.slug for project in plane.projects.list()] == [mine.slug]
        assert plane.projects.get(mine.slug).id == mine.project
        for slug in ("hushhush", "nowhere"):
            with pytest.raises(NotFound, match=f"no project {slug}"):
                plane.projects.get(slug)
        with pytest.raises(NotFound):
            plane.runs.get(uuid4())

    def test_values_have_the_types_of_the_schema(self, plane: ControlPlane, mine: Everything) -> None:
        """A time is a time, an id an id, a duration a duration."""
        run = plane.runs.get(mine.ended)
        assert isinstance(run, Run)
        assert run == plane.runs.by_number(mine.slug, run.run_number)
        assert run.finished_at is not None
        assert run.finished_at > run.created_at
        environment = next(each for each in plane.environments.list(mine.slug) if each.id == mine.environment)
        assert environment == plane.environments.by_id(mine.environment) == plane.environments.of_run(run)
        assert plane.backups.get(mine.backup) in plane.backups.list(mine.project)
        assert plane.releases.by_id(mine.release) in plane.releases.list(mine.project, limit=5)
        assert plane.releases.get(mine.project, version=plane.releases.by_id(mine.release).version).id == mine.release
        assert plane.deployments.get(mine.deployment) in plane.deployments.list(release_id=mine.release)
        assert plane.incidents.get(mine.incident) in plane.incidents.list(mine.project)
        assert plane.settings.get(mine.project)
        assert [gate.gate_code for gate in plane.gates.list(mine.release)] == ["G1", "G2", "G3", "G4"]
        assert {row["gate_id"] for row in plane.gates.summary(mine.release)} >= {mine.g2, mine.g3}
        assert plane.releases.shown_digest(mine.release)
        assert plane.policies.get(mine.project, policy_type="ttl")["log_days"] > 0
        assert {row["role"] for row in plane.members.list(mine.slug)} >= {"owner", "admin"}

    def test_a_run_tells_everything_of_itself(self, plane: ControlPlane, mine: Everything) -> None:
        """Lines, events, answers, files, lineage."""
        lines = plane.logs.tail(mine.ended)
        assert lines
        assert plane.logs.tail(mine.ended, after_id=lines[-1]["id"]) == []
        assert [row["seq"] for row in plane.logs.events(mine.ended)] == sorted(
            row["seq"] for row in plane.logs.events(mine.ended)
        )
        assert plane.checks.list(mine.ended)
        assert plane.artifacts.list(mine.ended)[0]["size_bytes"] >= 0
        assert plane.lineage.list(mine.ended)
        assert plane.runs.verify_chain(mine.waiting)
        assert plane.runs.outlook(plane.runs.get(mine.ended)) == {}
        waiting = plane.runs.get(mine.waiting)
        assert plane.runs.outlook(waiting)["position"] >= 1
        assert mine.waiting in {row["run_id"] for row in plane.runs.queued()}

    def test_a_run_is_queued_once_canceled_and_retried(self, plane: ControlPlane, mine: Everything) -> None:
        """A repeat with the same key changes nothing; another request under it is refused."""
        options = {"env": "feature/a", "ref": "refs/heads/feature/a", "idempotency_key": "mine", "trigger": "cli"}
        first = plane.runs.queue(mine.project, git_sha=SHA, **options)  # type: ignore[arg-type]
        assert plane.runs.queue(mine.project, git_sha=SHA, **options) == first  # type: ignore[arg-type]
        with pytest.raises(Conflict):
            plane.runs.queue(mine.project, git_sha="b" * 40, **options)  # type: ignore[arg-type]
        assert plane.runs.cancel(first, reason="test", requested_by="nobody") == "canceled"
        again = plane.runs.get(plane.runs.retry(first))
        assert (again.retry_of, again.status) == (first, "queued")
        assert again.id in {run.id for run in plane.runs.list(mine.slug, status="queued")}

    def test_a_backup_is_asked_for(self, plane: ControlPlane, mine: Everything) -> None:
        """With its label, and its run."""
        made = plane.backups.create(mine.project, env="main", label="before", idempotency_key="night")
        assert (made.label, made.status) == ("before", "pending")
        assert plane.backups.create(mine.project, env="main", label="before", idempotency_key="night").id == made.id

    def test_members_and_policies_change(self, plane: ControlPlane, mine: Everything) -> None:
        """And a rule that is none is named."""
        person = uuid4()
        plane.members.set(mine.project, person, "viewer")
        assert {"viewer"} == {row["role"] for row in plane.members.list(mine.slug) if row["user_id"] == person}
        assert plane.members.remove(mine.project, person)
        assert plane.policies.set(mine.project, policy_type="ttl", rules={"log_days": 3})["log_days"] == 3
        with pytest.raises(BadInput):
            plane.policies.set(mine.project, policy_type="ttl", rules={"nonsense": 1})

    def test_what_an_admin_may_not_is_refused(self, plane: ControlPlane, mine: Everything) -> None:
        """As the database refuses it."""
        with pytest.raises(Forbidden):
            plane.releases.of_build(mine.project)
        with pytest.raises(Forbidden):
            plane.gates.sign_off(mine.release, gate_code="G2", decision="approved")
        with pytest.raises(Forbidden):
            plane.deployments.promote(mine.release, target_env="staging")
        with pytest.raises(Forbidden):
            plane.incidents.open(mine.project, title="test")
        with pytest.raises(Forbidden):
            plane.audit.verify()
        assert plane.releases.explain(mine.release, target_env="staging")
        assert plane.releases.eligibility(mine.release)["release_id"] == mine.release
        assert plane.people.speaks_for_others() is False
