"""The release control plane's own cases of gate evaluation (tasks T4), word for word, and how they come about."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.sql.releases import Release, make_release
from tests.sql.world import World


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return a candidate by a developer."""
    return make_release(world, project)


def test_all_gates_passed_eligible_is_true(release: Release) -> None:
    """A release whose gates all passed may go to staging and to production."""
    release.check("G1")
    release.approve("G2")
    release.approve("G3")
    assert (release.status("G1"), release.status("G2"), release.status("G3")) == ("passed", "passed", "passed")
    assert release.eligible("staging")
    assert release.eligible("production")


def test_g2_failed_eligible_is_false_for_staging_and_production(release: Release) -> None:
    """A release that testing rejected goes nowhere."""
    release.check("G1")
    release.approve("G3")
    release.reject("G2")
    assert release.status("G2") == "failed"
    assert not release.eligible("staging")
    assert not release.eligible("production")


def test_g3_bypassed_with_active_exception_eligible_is_true_for_production(release: Release) -> None:
    """A waived approval stands for the approval."""
    release.check("G1")
    release.approve("G2")
    assert not release.eligible("production")
    release.waive("G3")
    assert release.status("G3") == "bypassed"
    assert release.eligible("production")


def test_g3_bypassed_with_expired_exception_eligible_is_false(release: Release) -> None:
    """A waiver is worth nothing once its time is over, though nobody wrote anything."""
    release.check("G1")
    release.approve("G2")
    release.waive("G3")
    release.let_time_pass("2 hours")
    assert not release.eligible("production")
    assert release.status("G3") == "pending"
    assert release.evaluate("G3") == "pending"
