"""The release that docs/odooops-sh/CICD.md tells of can be made by typing what stands there, each part as its role."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from tests.sql.actors import Actors
from tests.sql.world import Caller, World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "odooops-sh" / "CICD.md"
PART = re.compile(r"^```sql\n-- as (?P<persona>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_story_of_a_release_holds_as_it_is_written(world: World, actors: Actors, project: UUID) -> None:
    """A release is built, signed off, approved, explained and promoted, by nobody but who the page says."""
    auditor = actors.login("audit_reader")
    answers = []
    for part in PART.finditer(PAGE.read_text()):
        refusal = refused(auditor, part["text"])
        assert refusal or "explain_promotion" in part["text"], f"an auditor may: {part['text']}"
        answers.append(typed(actors.login(part["persona"]), part["text"]))
    queued, created, told, tested, approved, explained, promoted = answers
    assert told[0]["ingest_event"]["status"] == "accepted"
    assert {row["requirement"] for row in explained if not row["is_met"]} == set()
    run = world.run(queued[0]["queue_run"])
    assert (run["kind"], run["status"], run["project_id"]) == ("deploy", "queued", project)
    gates = world.rows(
        "select gate_code, status from ops.v_gate_status where release_id = %s order by gate_code",
        created[0]["create_release"],
    )
    assert [row["status"] for row in gates] == ["passed", "passed", "passed", "pending"]
    persons = world.rows("select distinct approver_id from ops.approvals")
    assert len(persons) == len([*tested, *approved])
    deployment = world.row("select * from ops.deployments where id = %s", promoted[0]["promote_release"])
    assert (deployment["stage"], deployment["status"]) == ("production", "pending")
    assert deployment["no_backup_reason"] == "first deployment"


def typed(caller: Caller, text: str) -> list[dict[str, Any]]:
    """Return what the page's SQL answers to the caller."""
    return caller.connection.execute(text.encode()).fetchall()


def refused(caller: Caller, text: str) -> str | None:
    """Return how the page's SQL is refused to the caller, or nothing where it is not."""
    try:
        answer = typed(caller, text)[0].get("ingest_event")
    except psycopg.Error as error:
        return error.sqlstate
    return str(answer["http_status"]) if answer and answer["status"] == "rejected" else None
