"""The seed's own cases of row level security, word for word, by token and by login."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.sql.actors import Actors
from tests.sql.everything import AUTHOR, Everything
from tests.sql.matrix import relations
from tests.sql.world import Caller, World, refused

Enter = Callable[[str], Caller]

APPROVE = (
    "insert into ops.approvals (release_id, gate_id, gate_code, approver_id, persona_role, decision, release_author)"
    " values (%s, %s, %s, ops.caller_id(), %s, 'approved', %s) returning approver_id"
)


@pytest.fixture(params=["token", "login"])
def enter(request: pytest.FixtureRequest, actors: Actors) -> Enter:
    """Return the way in: with a token, or with a login of one's own."""
    return actors.login if request.param == "login" else lambda persona: actors.token(persona, sub="somebody")


def test_ci_service_role_cannot_insert_to_ops_approvals(enter: Enter, mine: Everything) -> None:
    """Permission denied."""
    ci = enter("ci_service_role")
    for gate, code, persona in ((mine.g2, "G2", "qa_tester"), (mine.g3, "G3", "release_manager")):
        with refused("42501", "permission denied for table approvals"):
            ci.rows(APPROVE, mine.release, gate, code, persona, AUTHOR)


def test_qa_tester_cannot_update_ops_exceptions(enter: Enter, mine: Everything) -> None:
    """Permission denied, whatever the column."""
    tester = enter("qa_tester")
    assert tester.value("select count(*) from ops.exceptions where id = %s", mine.exception) == 1
    for column in ("expires_at", "reason", "granted_by", "revoked_at"):
        statement = psycopg.sql.SQL("update ops.exceptions set {0} = {0}").format(psycopg.sql.Identifier(column))
        with refused("42501", "permission denied for table exceptions"):
            tester.connection.execute(statement)


def test_audit_reader_can_select_all_ops_tables(world: World, enter: Enter, mine: Everything) -> None:
    """Every row of every table and view, and not one of them to write."""
    auditor = enter("audit_reader")
    assert mine.slug
    for name in relations(world):
        query = f"select count(*) as n from ops.{name}".encode()
        seen, there = (who.connection.execute(query).fetchone() for who in (auditor, world))
        assert seen == there, name
        for statement in (f"delete from ops.{name}", f"insert into ops.{name} default values"):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
                auditor.connection.execute(statement.encode())


def test_release_manager_can_insert_ops_approvals(enter: Enter, mine: Everything) -> None:
    """Gate G3, as themselves."""
    manager = enter("release_manager")
    approver = manager.value(APPROVE, mine.release, mine.g3, "G3", "release_manager", AUTHOR)
    assert approver == manager.value("select ops.caller_id()")


def test_release_manager_decides_no_other_gate_and_in_no_other_name(enter: Enter, mine: Everything) -> None:
    """Gate G2 is the testers', and a decision is one's own."""
    manager = enter("release_manager")
    with refused("42501", "row-level security"):
        manager.rows(APPROVE, mine.release, mine.g2, "G2", "qa_tester", AUTHOR)
    with refused("42501", "row-level security"):
        manager.rows(APPROVE, mine.release, mine.g2, "G2", "release_manager", AUTHOR)
    with refused("42501", "row-level security"):
        manager.rows(
            APPROVE.replace("ops.caller_id()", "'the-boss'"), mine.release, mine.g3, "G3", "release_manager", AUTHOR
        )


def test_qa_tester_decides_gate_g2_and_not_g3(enter: Enter, mine: Everything) -> None:
    """Each gate has its persona."""
    tester = enter("qa_tester")
    assert tester.value(APPROVE, mine.release, mine.g2, "G2", "qa_tester", AUTHOR)
    with refused("42501", "row-level security"):
        tester.rows(APPROVE, mine.release, mine.g3, "G3", "release_manager", AUTHOR)


@pytest.mark.parametrize("persona", ["sre", "developer", "audit_reader"])
def test_sre_developers_and_auditors_decide_no_gate(enter: Enter, mine: Everything, persona: str) -> None:
    """Approvals are none of theirs."""
    caller = enter(persona)
    for gate, code, role in ((mine.g2, "G2", "qa_tester"), (mine.g3, "G3", "release_manager")):
        with refused("42501", "permission denied for table approvals"):
            caller.rows(APPROVE, mine.release, gate, code, role, AUTHOR)


def test_nobody_approves_what_they_authored(world: World, enter: Enter, mine: Everything) -> None:
    """Four eyes, by constraint."""
    manager = enter("release_manager")
    author = manager.value("select ops.caller_id()")
    world.rows("set session_replication_role = replica")  # as if the release had been this manager's from the start
    world.rows("update ops.releases set created_by = %s where id = %s", author, mine.release)
    world.rows("set session_replication_role = origin")
    with refused("23514", "approvals_check"):
        manager.rows(APPROVE, mine.release, mine.g3, "G3", "release_manager", author)
    with refused("23503"):  # nor by naming another author
        manager.rows(APPROVE, mine.release, mine.g3, "G3", "release_manager", "somebody-else")


@pytest.mark.parametrize("table", ["run_events", "environment_events", "approvals", "evidence_artifacts"])
def test_the_record_is_not_even_its_owners_to_change(world: World, mine: Everything, table: str) -> None:
    """No update, no delete, no truncate: refused by trigger where no grant binds."""
    before = world.rows("select count(*) as n from ops.run_events")
    assert mine.slug
    for statement in (f"update ops.{table} set created_at = now()", f"delete from ops.{table}"):
        with refused("PT409", "append-only"):
            world.connection.execute(statement.encode())
    with refused("PT409", "append-only"):
        world.connection.execute(f"truncate ops.{table} cascade".encode())
    assert world.rows("select count(*) as n from ops.run_events") == before
