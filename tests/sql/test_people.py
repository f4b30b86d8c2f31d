"""One person, one identity: author, approver and requester are compared as people, whatever names they use."""

from __future__ import annotations

import json
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from tests.sql.actors import Actors
from tests.sql.events import envelope, ingest
from tests.sql.releases import IMAGE, SHAS, Release, make_release, set_rules
from tests.sql.world import World, refused

APPROVE = "select ops.sign_off_gate(%s, 'G2', 'approved')"
APPROVE_AS = "select ops.sign_off_gate(%s, 'G2', 'approved', p_approver_id => %s)"
REQUEST = "select ops.request_exception(%s, 'G3', 'urgent', now() + interval '1 hour')"
# Ways to write dev, who is the author of every release here.
FULL_WIDTH = "\uff44\uff45\uff56"
SPELLINGS = ["dev", "Dev", " dev ", "DEV", FULL_WIDTH, "d\u200bev", "dev\u00a0", "d\u00adev", "\ufeffdev"]


@pytest.fixture
def release(world: World, project: UUID) -> Release:
    """Return release 1.0 of project shop, made by dev."""
    return make_release(world, project, "1.0")


def person(world: World, name: str, **aliases: str) -> UUID:
    """Declare a person with names by their kind."""
    found: UUID = world.value("select ops.create_person(%s)", name)
    for kind, alias in aliases.items():
        world.rows("select ops.add_person_alias(%s, %s, %s)", found, alias, kind)
    return found


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_lets_the_author_approve(world: World, release: Release, spelling: str) -> None:
    """Neither by the function, nor by an event, nor by a row."""
    with refused("PT403", "made this release"):
        world.rows(APPROVE_AS, release.id, spelling)
    assert ingest(world, envelope("gate_signoff", approver_id=spelling))["http_status"] == 403
    with refused("23514" if spelling == "dev" else "PT403"):
        release.approve("G2", by=spelling)
    assert release.status("G2") == "pending"


@pytest.mark.parametrize("nobody", ["", " ", "\u200b", "\u00a0\ufeff"])
def test_a_name_that_nobody_sees_is_nobody(world: World, release: Release, nobody: str) -> None:
    """A decision is somebody's."""
    with refused("PT400"):
        world.rows(APPROVE_AS, release.id, nobody)


def test_an_author_does_not_approve_by_another_name(world: World, actors: Actors, project: UUID) -> None:
    """Commits name an address, tokens a subject, the forge a login: all of them are Grace."""
    subject = str(uuid4())
    person(world, "Grace", email="grace@example.com", subject=subject, forge="ghopper")
    release = make_release(world, project, p_created_by="Grace@Example.com")
    with refused("PT403", "made this release"):
        actors.token("qa_tester", sub=subject).rows(APPROVE, release.id)
    for name in ("ghopper", "GHOPPER", "grace@example.com"):
        with refused("PT403"):
            world.rows(APPROVE_AS, release.id, name)
    world.rows(APPROVE_AS, release.id, "ana")
    assert release.status("G2") == "passed"


def test_the_address_of_a_token_is_its_persons_too(world: World, actors: Actors, project: UUID) -> None:
    """Nobody has to declare it; and once seen, the subject alone is enough."""
    subject = str(uuid4())
    release = make_release(world, project, p_created_by="ada@example.com")
    with refused("PT403", "made this release"):
        actors.token("qa_tester", sub=subject, email="Ada@example.com").rows(APPROVE, release.id)
    other = make_release(world, project)
    actors.token("qa_tester", sub=subject, email="Ada@example.com").rows(APPROVE, other.id)
    (seen,) = world.rows("select * from ops.v_people")
    assert {alias["kind"] for alias in seen["aliases"]} == {"subject", "email"}
    with refused("PT403", "made this release"):
        actors.token("qa_tester", sub=subject).rows(APPROVE, release.id)


def test_an_address_that_was_not_verified_joins_nobody(world: World, actors: Actors, release: Release) -> None:
    """Anyone could claim it."""
    actors.token("qa_tester", sub="ana", email="max@example.com", email_verified=False).rows(APPROVE, release.id)
    assert world.rows("select * from ops.v_people") == []


def test_a_quorum_counts_people(world: World, project: UUID) -> None:
    """Two names of one person are one approval, also if they were joined afterwards."""
    set_rules(world, project, "gates", g2_quorum=2)
    release = make_release(world, project)
    release.approve("G2", by="ana")
    release.approve("G2", by=" ANA ")
    assert release.status("G2") == "pending"
    release.approve("G2", by="ana@example.com")
    assert release.status("G2") == "passed", "nobody knows yet that she is the same"
    someone = person(world, "Ana", login="ana", email="ana@example.com")
    assert release.status("G2") == "pending"
    summary = world.row("select approvals from ops.v_release_gate_summary where gate_code = 'G2'")
    assert summary["approvals"] == 1
    assert world.value("select ops.remove_person_alias('ANA@example.com')")
    assert release.status("G2") == "passed"
    world.rows("select ops.add_person_alias(%s, 'ana@example.com', 'email')", someone)
    release.approve("G2", by="ben")
    assert release.status("G2") == "passed"


def test_an_approval_that_turns_out_to_be_the_authors_does_not_count(world: World, release: Release) -> None:
    """The gate is judged again when the two names become one person's."""
    release.approve("G2", by="ana")
    assert release.status("G2") == "passed"
    person(world, "Ana", login="ana", forge="dev")
    assert release.status("G2") == "pending"


def test_a_decision_by_another_name_is_the_same_persons(world: World, release: Release) -> None:
    """Whoever rejects takes their approval back, and lifts no rejection under another name."""
    person(world, "Ana", login="ana", email="ana@example.com")
    release.approve("G2", by="ana")
    assert release.status("G2") == "passed"
    release.reject("G2", by="ana@example.com")
    assert release.status("G2") == "failed"
    release.approve("G2", by="ana")
    assert release.status("G2") == "failed"
    count = "select (approvals, rejections)::text from ops.v_release_gate_summary where gate_id = %s"
    assert world.value(count, release.gate("G2")) == "(0,1)"


def test_a_name_is_one_persons(world: World) -> None:
    """In every spelling."""
    first, second = person(world, "Ana", login="ana"), person(world, "Ben")
    world.rows("select ops.add_person_alias(%s, 'ANA', 'login')", first)
    with refused("PT409", "is the name of Ana"):
        world.rows("select ops.add_person_alias(%s, ' Ana', 'forge')", second)
    with refused("PT400"):
        world.rows("select ops.add_person_alias(%s, ' ', 'login')", second)
    with refused("PT404"):
        world.rows("select ops.add_person_alias(gen_random_uuid(), 'x', 'login')")
    with refused("PT400"):
        world.rows("select ops.create_person(' ')")


@pytest.mark.parametrize("one", ["Straße", "ﬁn", "Å", "ÀÉ", "İ"])
def test_names_are_compared_by_what_they_say(world: World, one: str) -> None:
    """Upper and lower case, composed and decomposed, ligatures."""
    for other in (one.upper(), f"  {one}", one.replace("À", "A\u0300").replace("Å", "A\u030a")):
        assert world.value("select ops.person_of(%s) = ops.person_of(%s)", one, other), other
    assert world.value("select ops.person_of('ana') <> ops.person_of('anna')")


def test_a_build_pipeline_names_the_author(world: World, actors: Actors, project: UUID) -> None:
    """Or policy names one for all; else the author could approve, and nobody would know."""
    ci = actors.token("ci_service_role", sub="robot")
    create = "select ops.create_release(%s, %s, %s, %s, p_created_by => %s)"
    for nobody in (None, " "):
        with refused("PT400", "has an author"):
            ci.rows(create, project, "1.0", json.dumps(SHAS), IMAGE, nobody)
    set_rules(world, project, "promotion", default_author="team@example.com")
    ci.rows(create, project, "1.0", json.dumps(SHAS), IMAGE, None)
    ci.rows(create, project, "1.1", json.dumps(SHAS), IMAGE, "grace")
    authors = world.rows("select created_by from ops.releases order by version")
    assert [row["created_by"] for row in authors] == ["team@example.com", "grace"]


def test_whoever_requests_an_exception_does_not_grant_it(world: World, actors: Actors, release: Release) -> None:
    """By no name; another person does, and alone one breaks glass."""
    subject = str(uuid4())
    person(world, "Max", subject=subject, email="max@example.com")
    max_ = actors.token("release_manager", sub=subject)
    exception = max_.value(REQUEST, release.id)
    with refused("PT403", "requested this exception"):
        max_.rows("select ops.grant_exception(%s)", exception)
    again = actors.token("release_manager", sub="somebody", email="MAX@example.com")
    with refused("PT403", "requested this exception"):
        again.rows("select ops.grant_exception(%s)", exception)
    actors.token("release_manager", sub="rita").rows("select ops.grant_exception(%s)", exception)
    assert release.status("G3") == "bypassed"
    glass = max_.value("select ops.break_glass(%s, 'G2', 'nobody is there')", release.id)
    assert world.value("select incident_id from ops.v_exception_status where exception_id = %s", glass)


def test_no_row_grants_what_its_person_requested(world: World, release: Release) -> None:
    """Whoever writes it."""
    values = (release.id, release.gate("G3"), "Eve", "eve")
    with refused("PT403", "requested this exception"):
        world.rows(
            "insert into ops.exceptions (release_id, gate_id, gate_code, release_author, reason, requested_by,"
            " granted_by, granted_at, expires_at) values (%s, %s, 'G3', 'dev', 'urgent', %s, %s, now(),"
            " now() + interval '1 hour')",
            *values,
        )


def test_policy_may_want_two_people_for_two_gates(world: World, project: UUID, release: Release) -> None:
    """By default one person counts for both; the rule is that of the day on which the release was made."""
    person(world, "Ana", login="ana", email="ana@example.com")
    set_rules(world, project, "gates", g2_g3_distinct=True)
    strict = make_release(world, project)
    for each in (strict, release):
        each.approve("G2", by="ana")
        each.approve("G3", by="ana@example.com")
    assert (strict.status("G2"), strict.status("G3"), release.status("G3")) == ("passed", "pending", "passed")
    strict.approve("G3", by="max")
    assert strict.status("G3") == "passed"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_two_quorums_and_three_people_never_lock_each_other(
    world: World, project: UUID, order: tuple[int, ...]
) -> None:
    """Two testers and one manager who also tests: both gates pass, whoever decides first."""
    set_rules(world, project, "gates", g2_g3_distinct=True, g2_quorum=2)
    release = make_release(world, project)
    decisions = [("G2", "ana"), ("G2", "bo"), ("G2", "max"), ("G3", "max")]
    for place in order:
        release.approve(decisions[place][0], by=decisions[place][1])
    assert (release.status("G2"), release.status("G3")) == ("passed", "passed")


def test_a_person_is_lent_to_the_gate_that_lacks_one(world: World, project: UUID) -> None:
    """And the other gate says so, until somebody else comes."""
    set_rules(world, project, "gates", g2_g3_distinct=True, g2_quorum=2)
    release = make_release(world, project)
    for code, by in (("G3", "max"), ("G2", "max"), ("G2", "ana")):
        release.approve(code, by=by)
    query = "select status, reason from ops.v_gate_status where gate_id = %s"
    assert world.row(query, release.gate("G3")) == {
        "status": "pending", "reason": "approved by 0 of 1: max, 1 of whom G2 needs",
    }  # fmt: skip
    release.approve("G2", by="bo")
    assert release.status("G3") == "passed"
    release.reject("G2", by="bo")
    assert (release.status("G2"), release.status("G3")) == ("failed", "pending")


def test_a_withdrawn_release_takes_nothing_any_more(world: World, release: Release) -> None:
    """Neither a check, nor a decision, nor an exception, by any door."""
    world.rows("select ops.withdraw_release(%s)", release.id)
    for event in (envelope(), envelope("gate_signoff"), envelope("deployment_event")):
        assert ingest(world, event)["http_status"] == 409, event
    with refused("PT409", "was withdrawn"):
        release.check("G1")
    with refused("PT409", "was withdrawn"):
        release.approve("G2")
    with refused("PT409", "was withdrawn"):
        release.waive("G3")
    with refused("PT409", "was withdrawn"):
        world.rows(REQUEST, release.id)


def test_an_exception_always_says_whether_it_needs_review(world: World, release: Release) -> None:
    """Never null."""
    release.waive("G3")
    world.rows(REQUEST, release.id)
    rows = world.rows("select needs_review from ops.v_exception_status order by created_at")
    assert [row["needs_review"] for row in rows] == [False, True]


def test_a_gate_follows_the_end_of_its_exception_without_being_asked(world: World, release: Release) -> None:
    """The platform's clock stores what time changed."""
    release.waive("G3")
    release.waive("G2", lasts="3 hours")
    stored = "select status from ops.release_gates where id = %s"
    assert world.value("select ops.settle_gates()") == 0
    release.let_time_pass("2 hours")
    assert world.value(stored, release.gate("G3")) == "bypassed"
    assert world.worker().value("select ops.settle_gates()") == 1
    assert [world.value(stored, release.gate(code)) for code in ("G2", "G3")] == ["bypassed", "pending"]


def test_a_build_pipeline_reads_how_its_release_stands(actors: Actors, release: Release) -> None:
    """It waits for gates."""
    ci = actors.token("ci_service_role", sub="robot")
    assert ci.value("select count(*) from ops.v_gate_status where release_id = %s", release.id) == 4
    assert ci.value("select count(*) from ops.v_release_gate_summary where release_id = %s", release.id) == 4
    assert ci.value("select count(*) from ops.v_evidence_completeness where release_id = %s", release.id) == 4
    assert ci.value("select count(*) from ops.v_promotion_eligibility where release_id = %s", release.id) == 1
