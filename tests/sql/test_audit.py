"""The record as auditors compare it: every table that is written once is in it, and an edit of any column shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.everything import furnish
from tests.sql.releases import make_release
from tests.sql.world import World

EVER = ("-infinity", "infinity")
# The tables of each chain; the last is sealed by the hash of its checkpoint.
CHAINS = {
    "events of runs": "run_events",
    "events of environments": "environment_events",
    "releases": "releases",
    "answers to checks": "gate_checks",
    "decisions": "approvals",
    "evidence": "evidence_artifacts",
    "deliveries": "event_ingest_log",
    "settings of projects": "project_setting_changes",
    "settings of tools": "tool_changes",
    "upgrade previews": "upgrade_previews",
    "sources of advisories": "upgrade_advisory_sources",
    "decisions on orphans": "orphan_decisions",
    "exceptions": "exceptions",
    "deployments": "deployments",
    "incidents": "incidents",
    "checkpoints": "checkpoints",
}
# Written once too, and no chain of their own: what is on the row is in the events of the run, or in its checkpoint.
ELSEWHERE = {"runs", "run_requests", "run_checkpoints"}
# What changes after it was written: each change is an entry.
CHANGING = {"exceptions", "deployments", "incidents"}
EDITS = {
    "environment_events": "payload = '{\"edited\": true}'",
    "releases": "created_by = 'somebody-else'",
    "gate_checks": "summary = 'as it should have been'",
    "approvals": "rationale_structured = '{\"edited\": true}'",
    "evidence_artifacts": "s3_url = 's3://elsewhere/x'",
    "event_ingest_log": "caller_id = 'somebody-else'",
    "project_setting_changes": "changed_by = 'somebody-else'",
    "upgrade_previews": "summary = 'all is well'",
    "upgrade_advisory_sources": "imported_by = 'somebody-else'",
    "exceptions": "granted_by = 'somebody-else'",
    "deployments": "reason = 'as it should have been'",
    "incidents": "title = 'nothing happened'",
}


@pytest.fixture
def full(world: World) -> World:
    """Return a control plane with something in every table."""
    furnish(world, "shop")
    return world


def entries(world: World) -> dict[tuple[str, str], str]:
    """Return the hash of every entry, as an auditor reads them."""
    rows = world.role("audit_reader").rows("select * from ops.audit_entries(%s, %s)", *EVER)
    return {(row["chain"], row["entry"]): row["sha256"] for row in rows}


def test_every_table_that_refuses_changes_is_in_a_chain(world: World) -> None:
    """A new one has to be added."""
    refusing = {
        row["name"]
        for row in world.rows(
            "select c.relname as name from pg_trigger as t join pg_class as c on c.oid = t.tgrelid"
            " join pg_proc as p on p.oid = t.tgfoid"
            " where p.proname = 'refuse_change' and not c.relispartition and t.tgqual is null"
            " and t.tgtype & 1 = 1 and t.tgtype & 16 = 16 and t.tgattr::text = ''"
        )
    }
    assert refusing - ELSEWHERE <= set(CHAINS.values())


def test_every_chain_has_its_entries(full: World) -> None:
    """Each by its own name, and those of runs by the run's."""
    found = entries(full)
    assert {chain for chain, _ in found} >= set(CHAINS) - {"decisions on orphans", "settings of tools", "checkpoints"}
    assert ("events of runs", "shop#1 event 1") in found


@pytest.mark.parametrize("table", EDITS)
def test_an_edit_of_a_table_shows_in_its_chain_alone(full: World, table: str) -> None:
    """Also one that no trigger saw."""
    before = entries(full)
    full.rows("set session_replication_role = replica")
    full.connection.execute(f"update ops.{table} set {EDITS[table]}".encode())
    full.rows("set session_replication_role = origin")
    after = entries(full)
    changed = {chain for (chain, entry), sha256 in after.items() if before[chain, entry] != sha256}
    assert {CHAINS[chain] for chain in changed} == {table}


def test_a_window_has_what_was_recorded_in_it(full: World) -> None:
    """From its begin to before its end."""
    limits = full.worker().row("select * from ops.audit_limits()")
    assert limits["began_at"] <= limits["taken_at"]
    count: Any = "select count(*) from ops.audit_entries(%s, %s)"
    whole = full.worker().value(count, limits["began_at"], limits["taken_at"])
    assert whole == len(entries(full))
    assert full.worker().value(count, limits["taken_at"], "infinity") == 0


def test_an_anchor_is_due_an_hour_after_the_last_one_if_something_happened(world: World) -> None:
    """Or a day after it, whatever happened."""
    due: Any = "select ops.audit_anchor_is_due(clock_timestamp(), clock_timestamp() - %s::interval)"
    worker = world.worker()
    assert worker.value("select ops.audit_anchor_is_due(clock_timestamp(), null)") is True
    assert worker.value(due, "2 hours") is False
    assert worker.value(due, "25 hours") is True
    world.work(world.project("shop"))
    assert worker.value(due, "2 hours") is True
    assert worker.value(due, "30 minutes") is False


def test_each_change_of_what_changes_is_an_entry_of_its_own(world: World) -> None:
    """Exceptions, deployments and incidents: what was said before stays in its entry when the next is added."""
    project = world.project()
    release = make_release(world, project)
    release.check("G1")
    seen: dict[tuple[str, str], str] = {}

    def added() -> set[str]:
        before = dict(seen)
        seen.update(entries(world))
        assert {key: seen[key] for key in before} == before, "an entry changed"
        return {f"{chain} {entry.split()[1]}" for chain, entry in set(seen) - set(before) if chain in CHANGING}

    assert added() == set()
    exception = release.waive("G2")
    assert added() == {"exceptions requested", "exceptions granted"}
    world.rows("select ops.revoke_exception(%s)", exception)
    assert added() == {"exceptions revoked"}
    deployment = world.value("select ops.promote_release(%s, 'staging')", release.id)
    assert added() == {"deployments requested"}
    world.rows("select ops.record_deployment_status(%s, 'running')", deployment)
    assert added() == set()
    world.rows("select ops.record_deployment_status(%s, 'failed')", deployment)
    assert added() == {"deployments ended"}
    incident = world.value("select ops.open_incident(%s, 'slow')", project)
    assert added() == {"incidents opened"}
    world.rows("select ops.resolve_incident(%s, 'a larger server')", incident)
    assert added() == {"incidents resolved"}


@pytest.mark.parametrize(
    ("table", "edit"),
    [
        ("exceptions", "revoked_by = 'somebody-else'"),
        ("exceptions", "expires_at = expires_at + interval '1 day'"),
        ("deployments", "status = 'succeeded'"),
        ("deployments", "requested_by = 'somebody-else'"),
        ("incidents", "resolution = 'nothing was wrong'"),
        ("incidents", "severity = 'minor'"),
    ],
)
def test_an_edit_of_what_changes_is_seen(world: World, table: str, edit: str) -> None:
    """Whichever of its changes was edited."""
    project = world.project()
    release = make_release(world, project)
    release.check("G1")
    world.rows("select ops.revoke_exception(%s)", release.waive("G2"))
    deployment = world.value("select ops.promote_release(%s, 'staging')", release.id)
    world.rows("select ops.record_deployment_status(%s, 'failed')", deployment)
    incident = world.value("select ops.open_incident(%s, 'slow')", project)
    world.rows("select ops.resolve_incident(%s, 'a larger server')", incident)
    before = entries(world)
    world.rows("set session_replication_role = replica")
    world.connection.execute(f"update ops.{table} set {edit}".encode())
    world.rows("set session_replication_role = origin")
    after = entries(world)
    assert [chain for (chain, entry), sha256 in after.items() if before[chain, entry] != sha256] == [table]
