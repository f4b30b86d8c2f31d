"""Releases, their gates, and how these are answered, decided and waived."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.sql.actors import Actors
from tests.sql.releases import IMAGE, SHAS, Release, make_release, set_rules
from tests.sql.world import SHA, Connection, World, connect, refused

SIGN = "select ops.sign_off_gate(%s, %s, %s)"
REQUEST = "select ops.request_exception(%s, %s, 'no tester today', now() + %s::interval)"


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return release 1.0, by dev."""
    return make_release(world, project, "1.0")


# Releases.


def test_the_same_release_told_twice_is_one(world: World, project: UUID, release: Release) -> None:
    """And has four gates."""
    assert make_release(world, project, "1.0").id == release.id
    gates = world.rows("select gate_code, status from ops.release_gates order by gate_code")
    assert [(row["gate_code"], row["status"]) for row in gates] == [(f"G{n}", "pending") for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    "other",
    [{"image_digest": "sha256:" + "2" * 64}, {"git_shas": json.dumps({"acme/shop": "b" * 40})}, {"p_notes": "hotfix"}],
    ids=["image", "commit", "notes"],
)
def test_a_version_is_never_something_else(
    world: World, project: UUID, release: Release, other: dict[str, str]
) -> None:
    """What was tested under a version stays what it is."""
    assert release
    with refused("PT409", "There is already a release 1.0"):
        make_release(world, project, "1.0", **other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"git_shas": "[]"},
        {"git_shas": "{}"},
        {"git_shas": '{"acme/shop": "main"}'},
        {"git_shas": '{"acme/shop": 7}'},
        {"git_shas": json.dumps({"": SHA})},
        {"image_digest": "latest"},
        {"image_digest": "sha256:" + "1" * 63},
        {"p_created_by": ""},
        {"p_run_id": "00000000-0000-0000-0000-000000000000"},
    ],
    ids=str,
)
def test_no_release_is_made_of_nonsense(world: World, project: UUID, wrong: dict[str, str]) -> None:
    """Commits are whole, images are digests, the run is one of the project's."""
    with refused("PT400"):
        make_release(world, project, **wrong)
    assert world.rows("select from ops.release_gates") == []


def test_what_a_release_is_never_changes(world: World, release: Release) -> None:
    """Nor do the rules of its gates."""
    assert release
    for column in ("version", "git_shas", "image_digest", "created_by"):
        with refused("PT409", "append-only"):
            world.connection.execute(f"update ops.releases set {column} = {column}".encode())
    for column in ("required_checks", "quorum", "window_seconds"):
        with refused("PT409", "append-only"):
            world.connection.execute(f"update ops.release_gates set {column} = {column}".encode())


def test_a_person_authors_what_they_make_and_a_machine_names_the_author(
    world: World, actors: Actors, project: UUID
) -> None:
    """Four eyes are worth nothing where the author can be chosen."""
    person = world.member(project, "developer")
    create = "select ops.create_release(%s, %s, %s, %s, p_created_by => %s)"
    values = (json.dumps(SHAS), IMAGE)
    world.person(person).rows(create, project, "1", *values, None)
    with refused("PT403", "You author the releases that you make"):
        world.person(person).rows(create, project, "2", *values, "somebody else")
    actors.token("ci_service_role", sub="pipeline").rows(create, project, "3", *values, "eve")
    actors.token("developer", sub="dan").rows(create, project, "4", *values, None)
    authors = [row["created_by"] for row in world.rows("select created_by from ops.releases order by version")]
    assert authors == [str(person), "eve", "dan"]


def test_a_withdrawn_release_goes_nowhere(world: World, release: Release) -> None:
    """Whatever it passed."""
    release.check("G1")
    assert release.eligible("staging")
    world.rows("select ops.withdraw_release(%s)", release.id)
    world.rows("select ops.withdraw_release(%s)", release.id)
    assert not release.eligible("staging")
    assert release.unmet("staging") == {"release": "withdrawn"}


def test_a_release_of_another_project_is_not_there(world: World, release: Release) -> None:
    """Asking is no way to find out."""
    stranger = world.person(world.member(world.project("other"), "owner"))
    for query in (
        "select ops.is_eligible_for_promotion(%s, 'staging')",
        "select * from ops.explain_promotion(%s, 'production')",
        "select ops.withdraw_release(%s)",
        "select ops.request_exception(%s, 'G1', 'why', now() + interval '1 hour')",
    ):
        with refused("PT404", "There is no release"):
            stranger.rows(query, release.id)
    with refused("PT404", "There is no gate"):
        stranger.rows("select ops.evaluate_gate(%s)", release.gate("G1"))


# Checks.


def test_gate_g1_waits_for_every_required_check(world: World, project: UUID) -> None:
    """A check that was skipped is a question left open; one that nobody asked for decides nothing."""
    set_rules(world, project, "gates", g1_checks=["build", "tests"])
    release = make_release(world, project)
    release.check("G1", "build")
    release.check("G1", "lint", "failed")
    assert release.unmet("staging") == {"G1": "pending: waits for tests"}
    release.check("G1", "tests", "skipped")
    assert release.status("G1") == "pending"
    release.check("G1", "tests", "failed")
    assert release.unmet("staging") == {"G1": "failed: by tests (lint failed)"}
    release.check("G1", "tests")
    assert release.status("G1") == "passed"


def test_rules_changed_later_do_not_move_the_posts(world: World, project: UUID, release: Release) -> None:
    """A release is judged by the rules of the day it was made."""
    set_rules(world, project, "gates", g1_checks=["build", "tests"], g2_quorum=2)
    release.check("G1")
    release.approve("G2")
    assert (release.status("G1"), release.status("G2")) == ("passed", "passed")
    later = make_release(world, project)
    later.check("G1")
    later.approve("G2")
    assert (later.status("G1"), later.status("G2")) == ("pending", "pending")


def test_evidence_names_what_it_is_of_once(world: World, project: UUID, release: Release) -> None:
    """Telling it again returns it; a check brings its gate and its release."""
    record = "select ops.record_evidence('log', 's3://b/log', repeat('a', 64), p_check_id => %s)"
    check = world.value("select ops.record_gate_check(%s, 'G1', 'build', 'passed')", release.id)
    evidence = world.value(record, check)
    assert world.value(record, check) == evidence
    row = world.row("select * from ops.evidence_artifacts")
    assert (row["release_id"], row["gate_id"], row["check_id"]) == (release.id, release.gate("G1"), check)
    other = make_release(world, project)
    with refused("PT400", "belong together"):
        world.rows(
            "select ops.record_evidence('log', 's3://b/log', repeat('a', 64), p_release_id => %s, p_check_id => %s)",
            other.id, check,
        )  # fmt: skip
    with refused("PT400", "belong together"):
        world.rows("select ops.record_evidence('log', 's3://b/log', repeat('a', 64))")


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "http://b/log", "nowhere", "s3://", "JAVASCRIPT://s3://b", "s3://b\n/x"],
)
def test_evidence_lies_at_an_address_that_is_no_script(world: World, release: Release, address: str) -> None:
    """A page makes a link of it; the rule is the table's, whoever writes."""
    with refused("PT400", "No evidence may have these values"):
        world.rows(
            "select ops.record_evidence('log', %s, repeat('a', 64), p_release_id => %s)", address, release.id
        )
    for kind, good in (("a", "s3://b/log"), ("b", "https://files.example/log"), ("c", "file:///var/lib/a b/log")):
        assert world.value(
            "select ops.record_evidence(%s, %s, repeat('a', 64), p_release_id => %s)", kind, good, release.id
        )


# Approvals.


def test_nobody_approves_what_they_authored(actors: Actors, release: Release) -> None:
    """Neither by the function nor by the table."""
    with refused("PT403", "dev made this release and cannot approve it"):
        actors.token("qa_tester", sub="dev").rows(SIGN, release.id, "G2", "approved")
    with refused("23514"):
        release.approve("G2", by="dev")


def test_each_gate_has_its_persona(actors: Actors, release: Release) -> None:
    """A tester decides G2, a release manager G3, and nobody G1 or G4."""
    tester, manager = actors.token("qa_tester", sub="ana"), actors.token("release_manager", sub="max")
    with refused("PT403"):
        tester.rows(SIGN, release.id, "G3", "approved")
    with refused("PT403"):
        manager.rows(SIGN, release.id, "G2", "approved")
    for code in ("G1", "G4"):
        with refused("PT400", f"Nobody signs {code} off"):
            manager.rows(SIGN, release.id, code, "approved")
    tester.rows(SIGN, release.id, "G2", "approved")
    manager.rows(SIGN, release.id, "G3", "approved")
    assert (release.status("G2"), release.status("G3")) == ("passed", "passed")


def test_a_quorum_is_of_different_people(world: World, project: UUID) -> None:
    """Approving twice is approving once."""
    set_rules(world, project, "gates", g2_quorum=2)
    release = make_release(world, project)
    release.approve("G2", by="ana")
    release.approve("G2", by="ana")
    assert release.status("G2") == "pending"
    release.approve("G2", by="ben")
    assert release.status("G2") == "passed"


def test_a_rejection_is_lifted_by_nobody(release: Release) -> None:
    """Neither by somebody else's approval nor by that of whoever rejected."""
    release.approve("G2", by="ana")
    release.reject("G2", by="ana")
    release.approve("G2", by="ben")
    release.approve("G2", by="ana")
    assert release.status("G2") == "failed"
    assert release.unmet("staging")["G2"].startswith("failed: rejected by ana")


def test_only_an_exception_that_came_after_a_rejection_waives_its_gate(release: Release) -> None:
    """Whoever waived the gate before did not know of it."""
    release.waive("G2")
    assert release.status("G2") == "bypassed"
    release.reject("G2", by="ana")
    assert release.status("G2") == "failed"
    release.waive("G2")
    assert release.status("G2") == "bypassed"


def test_a_tester_may_write_the_decision_by_hand(actors: Actors, release: Release) -> None:
    """The gate is judged whatever door the fact came by."""
    actors.token("qa_tester", sub="ana").rows(
        "insert into ops.approvals (release_id, gate_id, gate_code, approver_id, persona_role, decision,"
        " release_author) values (%s, %s, 'G2', 'ana', 'qa_tester', 'approved', 'dev')",
        release.id, release.gate("G2"),
    )  # fmt: skip
    assert release.evaluate("G2") == "passed"


# Exceptions.


def test_an_exception_counts_from_its_grant_to_its_end(world: World, actors: Actors, release: Release) -> None:
    """Asked for, granted, expired."""
    manager = actors.token("release_manager", sub="max")
    exception = actors.token("developer", sub="dan").value(REQUEST, release.id, "G1", "1 hour")
    assert release.status("G1") == "pending"
    manager.rows("select ops.grant_exception(%s)", exception)
    manager.rows("select ops.grant_exception(%s)", exception)
    assert release.status("G1") == "bypassed"
    assert "bypassed by max until" in str(
        world.value("select detail from ops.explain_promotion(%s, 'staging') where requirement = 'G1'", release.id)
    )
    release.let_time_pass("61 minutes")
    assert release.status("G1") == "pending"
    with refused("PT409", "has expired"):
        manager.rows("select ops.grant_exception(%s)", exception)


def test_a_revoked_exception_counts_no_more(actors: Actors, release: Release) -> None:
    """At once, and for good."""
    manager = actors.token("release_manager", sub="max")
    exception = release.waive("G1")
    assert release.eligible("staging")
    manager.rows("select ops.revoke_exception(%s)", exception)
    assert not release.eligible("staging")
    with refused("PT409", "was revoked by max"):
        manager.rows("select ops.grant_exception(%s)", exception)


def test_the_author_waives_nothing(world: World, actors: Actors, release: Release) -> None:
    """Neither by the function nor by the table."""
    exception = world.value(REQUEST, release.id, "G3", "1 hour")
    with refused("PT403", "dev made this release and cannot waive its gates"):
        actors.token("release_manager", sub="dev").rows("select ops.grant_exception(%s)", exception)
    with refused("23514"):
        release.waive("G3", by="dev")


def test_an_exception_ends_and_soon(world: World, project: UUID, release: Release) -> None:
    """Within what the policy allows, and in the future."""
    with refused("PT400", "lasts 168 hours at most"):
        world.rows(REQUEST, release.id, "G1", "169 hours")
    with refused("PT400"):
        world.rows(REQUEST, release.id, "G1", "-1 second")
    with refused("PT400"):
        world.rows("select ops.request_exception(%s, 'G1', 'forever', null)", release.id)
    set_rules(world, project, "promotion", exception_max_hours=1)
    with refused("PT400", "lasts 1 hours at most"):
        world.rows(REQUEST, release.id, "G1", "2 hours")


def test_an_exception_is_asked_for_once_with_one_key(
    world: World, actors: Actors, project: UUID, release: Release
) -> None:
    """Also after a policy made its time too long; another request or another person with the key is refused."""
    request = "select ops.request_exception(%s, %s, %s, %s, p_idempotency_key => 'once')"
    until = world.value("select now() + interval '2 hours'")
    rita, max_ = (actors.token("release_manager", sub=name) for name in ("rita", "max"))
    asked = rita.value(request, release.id, "G2", "no tester", until)
    set_rules(world, project, "promotion", exception_max_hours=1)
    assert rita.value(request, release.id, "G2", "no tester", until) == asked
    for values in (("G3", "no tester", until), ("G2", "another", until), ("G2", "no tester", "infinity")):
        with refused("PT409", "was used for another request"):
            rita.value(request, release.id, *values)
    with refused("PT409", "was used for another request"):
        max_.value(request, release.id, "G2", "no tester", until)
    glass = "select ops.break_glass(%s, 'G2', 'shop is down', p_idempotency_key => %s)"
    assert rita.value(glass, release.id, "glass") == rita.value(glass, release.id, "glass")
    assert world.value("select count(*) from ops.incidents") == 1
    with refused("PT409", "was used for another request"):
        rita.value(glass, release.id, "once")


def test_broken_glass_opens_an_incident_and_is_short(world: World, actors: Actors, release: Release) -> None:
    """Even for the author, at once, whoever is on duty."""
    sre = actors.token("sre", sub="dev")
    with refused("PT400", "for a reason"):
        sre.rows("select ops.break_glass(%s, 'G1', ' ')", release.id)
    exception = sre.value("select ops.break_glass(%s, 'G1', 'shop is down')", release.id)
    assert release.status("G1") == "bypassed"
    incident = world.row("select * from ops.incidents")
    assert (incident["exception_id"], incident["severity"], incident["opened_by"]) == (exception, "critical", "dev")
    release.let_time_pass("61 minutes")
    assert release.status("G1") == "pending"
    with refused("42501"):
        world.worker().rows("select ops.break_glass(%s, 'G1', 'shop is down')", release.id)


def test_broken_glass_lifts_a_freeze(world: World, project: UUID, release: Release) -> None:
    """An ordinary exception does not."""
    always = {"from": "2000-01-01T00:00Z", "to": "2999-01-01T00:00Z", "reason": "closing the books"}
    set_rules(world, project, "promotion", freeze_windows=[always])
    for code in ("G1", "G2", "G3"):
        release.waive(code, lasts="5 hours")
    assert release.unmet("production") == {"freeze": "closing the books, until 2999-01-01T00:00Z"}
    assert release.eligible("staging")
    world.rows("select ops.break_glass(%s, 'G1', 'shop is down')", release.id)
    assert release.eligible("production")


def test_incidents_are_opened_and_resolved_once(world: World, actors: Actors, project: UUID) -> None:
    """With who did and what came of it."""
    sre = actors.token("sre", sub="sam")
    incident = sre.value("select ops.open_incident(%s, 'slow')", project)
    with refused("PT400", "what came of the incident"):
        sre.rows("select ops.resolve_incident(%s, '')", incident)
    for _ in range(2):
        sre.rows("select ops.resolve_incident(%s, 'more workers')", incident)
    with refused("PT409", "sam resolved this incident already"):
        sre.rows("select ops.resolve_incident(%s, 'rebooted')", incident)
    row = world.row("select * from ops.incidents")
    assert (row["opened_by"], row["resolved_by"], row["resolution"]) == ("sam", "sam", "more workers")
    with refused("PT400"):
        sre.rows("select ops.open_incident(%s, ' ')", project)


# At once.


def test_two_approvals_at_once_make_a_quorum(world: World, project: UUID) -> None:
    """Neither judgement misses the other's decision."""
    set_rules(world, project, "gates", g2_quorum=8)
    release = make_release(world, project)

    def approve(person: str) -> None:
        with connect(world.url) as connection:
            connection.execute(
                "select ops.sign_off_gate(%s, 'G2', 'approved', p_approver_id => %s)", [release.id, person]
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(approve, "abcdefgh"))
    assert world.value("select status from ops.release_gates where id = %s", release.gate("G2")) == "passed"


def test_a_promotion_waits_for_a_rejection_that_came_before_it(world: World, release: Release) -> None:
    """What is decided while a promotion begins is decided before it."""
    release.check("G1")
    with connect(world.url) as tester, connect(world.url) as manager, ThreadPoolExecutor(1) as pool:
        tester.execute("begin")
        tester.execute("select ops.sign_off_gate(%s, 'G2', 'rejected', p_approver_id => 'ana')", [release.id])
        promotion = pool.submit(manager.execute, "select ops.promote_release(%s, 'staging')", [release.id])
        until_it_waits(world, manager)
        tester.execute("commit")
        with refused("PT409", "not eligible for staging"):
            promotion.result()


def until_it_waits(world: World, caller: Connection) -> None:
    """Return once the caller's statement waits for a lock."""
    query = "select wait_event_type from pg_stat_activity where pid = %s"
    for _ in range(1000):
        if world.value(query, caller.info.backend_pid) == "Lock":
            return
        time.sleep(0.01)
    pytest.fail("it waits for nothing")
