"""A push to a release branch, to the default branch or of a tag makes a release; a preview makes none."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.builds import begin, built, digest, started
from tests.sql.releases import set_rules
from tests.sql.test_pushes import ZERO, apply, heads, push
from tests.sql.world import World, refused

SHA = "a" * 40


def releases(world: World) -> list[dict[str, Any]]:
    """Return the releases, the oldest first."""
    return world.rows("select * from ops.releases order by created_at")


def tagged(world: World, tag: str, sha: str, *, outcome: str = "queued") -> UUID | None:
    """Deliver the push of a tag, and return its run."""
    assert push(world, f"refs/tags/{tag}", sha) == "accepted"
    before = {row["id"] for row in world.rows("select id from ops.runs")}
    assert apply(world) == [outcome]
    new = [row["id"] for row in world.rows("select id from ops.runs") if row["id"] not in before]
    return new[0] if new else None


def test_a_release_branch_makes_a_candidate(world: World, project: UUID) -> None:
    """With the commit of the repository and of each submodule, the image and its packages."""
    release = begin(world, project).propose(p_submodules='{"addons/web": "%s"}' % ("b" * 40), p_lock_digest="sha256:1")
    assert release is not None
    assert (release["version"], release["status"], release["git_ref"]) == (
        "1.0-rc.1", "candidate", "refs/heads/release/1.0",
    )  # fmt: skip
    assert release["git_shas"] == {"acme/shop": SHA, "acme/shop/addons/web": "b" * 40}
    assert (release["image_digest"], release["lock_digest"]) == (digest("a"), "sha256:1")
    gates = world.rows("select status from ops.v_gate_status where release_id = %s", release["id"])
    assert [gate["status"] for gate in gates] == ["pending"] * 4


def test_another_commit_makes_another_release(world: World, project: UUID) -> None:
    """And takes nothing from the first."""
    first = built(world, project)
    first.end()
    [before] = releases(world)
    told = world.rows("select * from ops.gate_checks order by created_at, id")
    second = built(world, project, sha="b")
    assert [release["version"] for release in releases(world)] == ["1.0-rc.1", "1.0-rc.2"]
    second.end(exit_code=1)
    assert releases(world)[0] == before
    assert world.rows("select * from ops.gate_checks order by created_at, id")[: len(told)] == told


def test_the_same_build_again_is_the_same_release(world: World, project: UUID) -> None:
    """A repeated run keeps what was decided on."""
    for _ in range(2):
        build = built(world, project)
        build.propose()
        build.end()
    [release] = releases(world)
    assert world.value("select count(*) from ops.gate_checks where name = 'build'") == 2
    world.rows("select ops.withdraw_release(%s)", release["id"])
    built(world, project).end()
    assert [row["version"] for row in releases(world)] == ["1.0-rc.1", "1.0-rc.2"]


def test_another_image_of_the_same_commit_is_another_release(world: World, project: UUID) -> None:
    """What is deployed is what was tested."""
    for image in "12":
        build = begin(world, project)
        build.sha = image * 40
        build.propose()
        build.end()
    assert [row["image_digest"] for row in releases(world)] == [digest("1"), digest("2")]


def test_the_default_branch_makes_candidates_too(world: World, project: UUID) -> None:
    """Its builds deploy nothing."""
    begin(world, project, "main", p_kind="build").propose()
    assert [row["version"] for row in releases(world)] == ["main-rc.1"]


def test_a_preview_makes_no_release(world: World, project: UUID) -> None:
    """Nor does a run whose ref is not that of its environment."""
    assert begin(world, project, "feature/a").propose() is None
    run = world.value(
        "select ops.queue_run(%s, 'release/1.0', %s, 'refs/heads/feature/a', 'build')", project, SHA
    )  # fmt: skip
    assert started(world, run, SHA).propose() is None
    assert releases(world) == []


def test_versions_of_two_branches_with_one_name_go_on_counting(world: World, project: UUID) -> None:
    """A version is one release of the project."""
    for branch, kind in (("main", "build"), ("release/main", "deploy"), ("release/a/b", "deploy")):
        build = begin(world, project, branch, p_kind=kind)
        build.propose()
        build.end()
    assert [row["version"] for row in releases(world)] == ["main-rc.1", "main-rc.2", "a-b-rc.1"]


def test_the_author_is_who_pushed_else_who_committed_else_whom_policy_names(world: World, project: UUID) -> None:
    """Whoever asked for a build by hand made nothing."""
    set_rules(world, project, "promotion", default_author="lead")
    for sha, trigger, author in (("a", "push", "grace@example.com"), ("b", "cli", "eve@example.com"), ("c", "poll", "")):
        build = begin(world, project, sha=sha, p_trigger=trigger, p_requested_by="ada")
        build.propose(p_author=author)
        build.end()
    assert [row["created_by"] for row in releases(world)] == ["ada", "eve@example.com", "lead"]


def test_an_attempt_that_is_over_makes_no_release(world: World, project: UUID) -> None:
    """It lost its lease."""
    build = begin(world, project)
    build.attempt = 7
    with refused("PT410"):
        build.propose()
    build.attempt = 1
    with refused("PT400", "git_shas names the full commit"):
        build.propose(p_submodules='{"addons": "main"}')


def test_a_tag_is_built_beside_production_and_is_its_version(world: World, project: UUID) -> None:
    """Its build supersedes no build of the default branch, and none supersedes it."""
    heads(world, project, main=SHA)
    run = tagged(world, "v1.0", SHA)
    heads(world, project, main="b" * 40)
    rows = world.rows("select git_ref, git_sha, kind, status from ops.runs order by run_number")
    assert [(row["git_ref"], row["kind"], row["status"]) for row in rows] == [
        ("refs/heads/main", "build", "canceled"), ("refs/tags/v1.0", "build", "queued"),
        ("refs/heads/main", "build", "queued"),
    ]  # fmt: skip
    assert run is not None
    release = started(world, run, SHA).propose()
    assert release is not None
    assert (release["version"], release["git_ref"], release["created_by"]) == ("v1.0", "refs/tags/v1.0", "ann")


def test_a_tag_that_moved_is_refused(world: World, project: UUID) -> None:
    """Also after it was deleted, and before its release was built; an alarm says so, and the release stays."""
    run = tagged(world, "v1.0", SHA)
    assert tagged(world, "v1.0", SHA, outcome="unchanged") is None
    assert tagged(world, "v1.0", "b" * 40, outcome="moved tag") is None
    assert push(world, "refs/tags/v1.0", ZERO, before=SHA) == "ignored"
    assert run is not None
    started(world, run, SHA).propose()
    world.rows("delete from ops.push_deliveries")
    assert tagged(world, "v1.0", "b" * 40, outcome="moved tag") is None
    [alarm] = world.rows("select title, status, severity from ops.incidents")
    assert alarm == {"title": "Tag v1.0 of shop was moved", "status": "open", "severity": "minor"}
    assert [row["git_shas"] for row in releases(world)] == [{"acme/shop": SHA}]


def test_a_tag_whose_version_is_taken_fails_its_build(world: World, project: UUID) -> None:
    """Somebody made that release of something else."""
    run = tagged(world, "v2", SHA)
    world.rows(
        "select ops.create_release(%s, 'v2', '{\"acme/shop\": \"%s\"}', %s, 'eve')" % ("%s", "b" * 40, "%s"),
        project, digest("b"),
    )  # fmt: skip
    assert run is not None
    with refused("PT409", "already a release v2"):
        started(world, run, SHA).propose()


def test_a_developer_makes_no_release_of_a_tag_that_nobody_pushed(world: World, project: UUID) -> None:
    """A ref counts only beside production, where developers queue nothing."""
    run = world.value("select ops.queue_run(%s, 'release/1', %s, 'refs/tags/v9', 'build')", project, SHA)
    assert started(world, run, SHA).propose() is None


@pytest.mark.parametrize("slug", ["shop", "deep"])
def test_the_repository_is_named_as_its_forge_names_it(world: World, slug: str) -> None:
    """By the last two parts of its address, so that the release's own commit is found again."""
    urls = {"shop": "git@github.com:acme/shop.git", "deep": f"https://forge.example/{uuid4()}.git"}
    project = world.value("select id from ops.create_project(%s, %s, '19.0')", slug, urls[slug])
    release = begin(world, project).propose(p_submodules='{"%s": "%s"}' % (slug, "b" * 40))
    assert release is not None
    own = world.value(
        "select ops_private.project_git_sha(r) from ops.releases as r where r.id = %s", release["id"]
    )  # fmt: skip
    assert own == SHA
