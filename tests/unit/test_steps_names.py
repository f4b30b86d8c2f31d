"""The names of what an environment owns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from odooops_dagster import home as names
from odooops_dagster.model import Environment, Run


def make_environment(branch: str = "feature/visits") -> Environment:
    """Return an environment of a project named demo."""
    return Environment(
        id=uuid4(),
        project_id=uuid4(),
        project_slug="demo",
        name=branch,
        branch=branch,
        stage="development",
        generation=1,
        partition_key=f"demo/{branch}",
        status="pending",
        host_label="feature-visits--demo",
    )


def make_run(number: int = 7) -> Run:
    """Return a run that was just queued."""
    return Run(
        id=uuid4(),
        project_id=uuid4(),
        project_slug="demo",
        environment_id=None,
        partition_key=None,
        run_number=number,
        kind="deploy",
        status="queued",
        trigger="cli",
        requested_by=None,
        git_ref=None,
        git_sha=None,
        priority=0,
        attempt=1,
        max_attempts=3,
        claimed_by=None,
        dagster_run_id=None,
        config={},
        exit_code=None,
        error_message=None,
        retry_of=None,
        created_at=datetime.now(UTC),
        claimed_at=None,
        started_at=None,
        finished_at=None,
        cancel_requested_at=None,
        lease_expires_at=None,
    )


@pytest.mark.parametrize("branch", ["feature/visits", "Ünï/cödé", "x" * 200, "---", "feature/ops_0_r1"])
def test_a_database_name_fits_postgres_and_tells_who_made_it(branch: str) -> None:
    """Whatever the branch is called, the name is short, plain, and leads back to environment and run."""
    environment, run = make_environment(branch), make_run(1234)
    name = names.database_name(environment, run)
    assert len(name.encode()) <= 63
    assert name.isascii()
    assert names.owner_of_database(name) == names.Owner(environment=environment.id.hex[:8], run_number=1234)


def test_two_runs_of_one_environment_never_share_a_database() -> None:
    """The run's number is part of the name."""
    environment = make_environment()
    assert names.database_name(environment, make_run(1)) != names.database_name(environment, make_run(11))


def test_a_second_attempt_never_meets_the_first_ones_database() -> None:
    """Each attempt has a database of its own, and each of them leads back to the run."""
    environment, first = make_environment(), make_run(8)
    second = replace(first, attempt=2)
    assert names.database_name(environment, first) != names.database_name(environment, second)
    assert names.owner_of_database(names.database_name(environment, second)) == names.Owner(
        environment=environment.id.hex[:8], run_number=8
    )


def test_two_branches_that_read_alike_have_different_databases() -> None:
    """`feature/a-b` and `feature/a_b` differ by their environment's id."""
    one, other = make_environment("feature/a-b"), make_environment("feature/a_b")
    assert names.database_name(one, make_run()) != names.database_name(other, make_run())


def test_a_candidate_is_told_from_the_service_that_answers() -> None:
    """Only the candidate's name holds a run's number."""
    environment = make_environment()
    answering = names.owner_of_service(names.service_name(environment))
    candidate = names.owner_of_service(names.candidate_name(environment, make_run(5)))
    assert answering == names.Owner(environment=environment.id.hex[:8], run_number=None)
    assert candidate == names.Owner(environment=environment.id.hex[:8], run_number=5)


@pytest.mark.parametrize("name", ["postgres", "odooops", "ops_x_r1", "ops_demo_0123456_r1", "env-xyz", "customer_prod"])
def test_what_is_not_ours_has_no_owner(name: str) -> None:
    """The janitor never touches a thing whose name it cannot read."""
    assert names.owner_of_database(name) is None
    assert names.owner_of_service(name) is None


def test_a_renamed_environment_keeps_its_folder() -> None:
    """Folders go by id, so that no branch name can lead out of the state folder."""
    environment = make_environment("feature/../../etc")
    renamed = replace(environment, name="other", branch="other")
    home = Path("/home")
    assert names.environment_folder(home, environment) == names.environment_folder(home, renamed)
    assert names.environment_folder(home, environment).parent == home / "environments"
