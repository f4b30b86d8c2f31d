"""An approval is of what was shown: when that changes, it does not count any more, and everybody is told why."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.sql.releases import Release, make_release, set_rules
from tests.sql.world import World, refused

SIGN = "select ops.sign_off_gate(%s, %s, 'approved', p_approver_id => %s, p_shown => %s)"
DIGEST = "select ops.shown_digest(%s)"


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return a release that may go to production."""
    made = make_release(world, project, "1.0")
    made.check("G1", "build")
    made.check("G1", "module_tests_passed")
    made.approve("G2", by="ana")
    made.approve("G3", by="max")
    assert made.eligible("production")
    return made


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("module_tests_passed", "failed", "module_tests_passed is failed"),
        ("module_tests_passed", "skipped", "module_tests_passed is skipped"),
        ("log_clean", "passed", "log_clean is passed"),
    ],
    ids=["a test that fails since", "a test that was left out since", "a check that nobody had seen"],
)
def test_another_result_of_the_build_voids_every_approval(release: Release, name: str, status: str, told: str) -> None:
    """Of both gates; gate G1 itself waits for `build` alone."""
    release.check("G1", name, status)
    assert (release.status("G1"), release.status("G2"), release.status("G3")) == ("passed", "pending", "pending")
    assert release.unmet("production") == {
        "G2": f"pending: approved by 0 of 1 (does not count: ana, since then {told})",
        "G3": f"pending: approved by 0 of 1 (does not count: max, since then {told})",
    }
    release.approve("G2", by="ana")
    release.approve("G3", by="max")
    assert release.eligible("production")


def test_an_approval_counts_again_when_all_is_as_it_was_shown(release: Release) -> None:
    """A build that failed and was repaired by the same result is what was approved."""
    release.check("G1", "module_tests_passed", "failed")
    assert release.status("G2") == "pending"
    release.check("G1", "module_tests_passed", "passed")
    assert release.eligible("production")


def test_what_says_the_same_again_changes_nothing(release: Release) -> None:
    """Nor do the facts of other gates: a staging is deployed after the approval, too."""
    release.check("G1", "build")
    release.check("G2", "staged")
    assert release.eligible("production")


def test_a_rejection_is_never_void(release: Release) -> None:
    """Who said no of something else said no."""
    release.reject("G2", by="ben")
    release.check("G1", "module_tests_passed", "failed")
    assert release.status("G2") == "failed"


def test_a_void_approval_is_no_part_of_a_quorum_nor_of_a_matching(world: World, project: UUID) -> None:
    """Two persons who approved both gates are enough for both; one whose word is void is none of them."""
    set_rules(world, project, "gates", g2_g3_distinct=True)
    release = make_release(world, project)
    release.check("G1")
    release.approve("G2", by="ana")
    release.approve("G3", by="ana")
    release.check("G1", "log_clean")
    release.approve("G2", by="ben")
    release.approve("G3", by="ben")
    assert (release.status("G2"), release.status("G3")) == ("passed", "pending")
    release.approve("G3", by="ana")
    assert release.status("G3") == "passed"


def test_a_promotion_that_waited_while_its_approvals_became_void_does_not_start(world: World, release: Release) -> None:
    """The gates are asked again when its run starts."""
    deployment = world.value("select ops.promote_release(%s, 'production', 'a test')", release.id)
    release.check("G1", "log_clean", "failed")
    with refused("PT409", "not eligible for production"):
        world.rows("select ops.record_deployment_status(%s, 'running')", deployment)


def test_another_image_or_commit_is_another_release_with_no_approval(world: World, project: UUID) -> None:
    """The digest is another one as well."""
    first = make_release(world, project, "1.0")
    others = [
        make_release(world, project, "1.1", image_digest="sha256:" + "2" * 64),
        make_release(world, project, "1.2", git_shas=json.dumps({"acme/shop": "b" * 40})),
        make_release(world, project, "1.3", git_shas=json.dumps({"acme/shop": "a" * 40, "acme/shop/lib": "b" * 40})),
    ]
    first.approve("G2")
    assert [each.status("G2") for each in (first, *others)] == ["passed", "pending", "pending", "pending"]
    assert len({world.value(DIGEST, each.id) for each in (first, *others)}) == 4


def test_whoever_signs_off_what_has_changed_meanwhile_is_told(world: World, project: UUID) -> None:
    """The decision names the digest of what the person looked at."""
    release = make_release(world, project, "1.0")
    release.check("G1")
    seen = world.value(DIGEST, release.id)
    release.check("G1", "log_clean", "failed")
    with refused("PT409", r"Release 1\.0 is not what you were shown any more"):
        world.rows(SIGN, release.id, "G2", "ana", seen)
    world.rows(SIGN, release.id, "G2", "ana", world.value(DIGEST, release.id))
    assert release.status("G2") == "passed"


def test_what_each_person_was_shown_can_be_told_later(world: World, release: Release) -> None:
    """The digest of the moment of each decision follows from the record."""
    told = "select ops.shown_digest(release_id, occurred_at) from ops.approvals where approver_id = 'ana'"
    before = world.value(DIGEST, release.id)
    release.check("G1", "log_clean", "failed")
    assert world.value(told) == before != world.value(DIGEST, release.id)
