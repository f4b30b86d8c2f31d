"""A release as tests see it: facts are told of its gates, time passes, and it is asked where it may go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from tests.sql.world import SHA, World

IMAGE = "sha256:" + "1" * 64
SHAS = {"acme/shop": SHA}
PERSONAS = {"G2": "qa_tester", "G3": "release_manager"}

# Every table with a time that gates are judged by, and the times in it.
TIMES = {
    "exceptions": ("created_at", "granted_at", "expires_at"),
    "deployments": ("created_at", "started_at", "finished_at", "g4_deadline_at", "told_at"),
    "gate_checks": ("created_at", "occurred_at"),
    "approvals": ("created_at", "occurred_at"),
    "release_gates": ("deadline_at",),
    "backups": ("taken_at", "verified_at"),
}


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release in the database."""

    world: World
    id: UUID
    author: str

    def gate(self, code: str) -> UUID:
        """Return the id of one of the release's gates."""
        found: UUID = self.world.value(
            "select id from ops.release_gates where release_id = %s and gate_code = %s", self.id, code
        )
        return found

    def check(self, code: str, name: str = "build", status: str = "passed") -> None:
        """Answer one of the gate's questions."""
        self.world.rows(
            "insert into ops.gate_checks (gate_id, name, status) values (%s, %s, %s)", self.gate(code), name, status
        )

    def decide(self, code: str, decision: str, by: str = "ana") -> None:
        """Decide on a gate."""
        self.world.rows(
            "insert into ops.approvals (release_id, gate_id, gate_code, approver_id, persona_role, decision,"
            " release_author) values (%s, %s, %s, %s, %s, %s, %s)",
            self.id, self.gate(code), code, by, PERSONAS[code], decision, self.author,
        )  # fmt: skip

    def approve(self, code: str, by: str = "ana") -> None:
        """Approve a gate."""
        self.decide(code, "approved", by)

    def reject(self, code: str, by: str = "ana") -> None:
        """Reject a gate."""
        self.decide(code, "rejected", by)

    def waive(self, code: str, lasts: str = "1 hour", by: str = "max") -> UUID:
        """Grant an exception from a gate."""
        found: UUID = self.world.value(
            "insert into ops.exceptions (release_id, gate_id, gate_code, release_author, reason, requested_by,"
            " granted_by, granted_at, expires_at) values (%s, %s, %s, %s, 'no tester today', 'dev', %s,"
            " clock_timestamp(), clock_timestamp() + %s::interval) returning id",
            self.id, self.gate(code), code, self.author, by, lasts,
        )  # fmt: skip
        return found

    def status(self, code: str) -> str:
        """Return what the gate is now."""
        return str(self.world.value("select status from ops.v_gate_status where gate_id = %s", self.gate(code)))

    def evaluate(self, code: str) -> str:
        """Have the gate judged."""
        return str(self.world.value("select ops.evaluate_gate(%s)", self.gate(code)))

    def eligible(self, target: str) -> bool:
        """Ask whether the release may go there."""
        return bool(self.world.value("select ops.is_eligible_for_promotion(%s, %s)", self.id, target))

    def unmet(self, target: str) -> dict[str, str]:
        """Return what stands in the way, and by what."""
        rows = self.world.rows("select * from ops.explain_promotion(%s, %s)", self.id, target)
        return {row["requirement"]: row["detail"] for row in rows if not row["is_met"]}

    def let_time_pass(self, interval: str) -> None:
        """Let everything have happened that much earlier."""
        let_time_pass(self.world, interval)


def let_time_pass(world: World, interval: str) -> None:
    """Let everything have happened that much earlier: no test waits."""
    with world.connection.transaction():
        world.rows("set local session_replication_role = replica")  # what is on the record is moved in time only here
        for table, columns in TIMES.items():
            moves = ", ".join(f"{column} = {column} - %(past)s::interval" for column in columns)
            world.connection.execute(f"update ops.{table} set {moves}".encode(), {"past": interval})
        world.rows("set local session_replication_role = origin")


def verified_backup(world: World, project_id: UUID, *, age: str) -> UUID:
    """Give the project's production a verified backup of that age."""
    found: UUID = world.value(
        "insert into ops.backups (project_id, environment_id, stage, status, manifest_url, manifest_sha256, taken_at,"
        " stored_at, verified_at) select e.project_id, e.id, e.stage, 'verified', 's3://b/m', repeat('a', 64),"
        " now() - %s::interval, now(), now() from ops.environments as e"
        " where e.project_id = %s and e.stage = 'production' returning id",
        age, project_id,
    )  # fmt: skip
    return found


def make_release(world: World, project_id: UUID, version: str | None = None, **values: Any) -> Release:  # noqa: ANN401
    """Create a release of the project, by dev unless said otherwise."""
    arguments = {"p_created_by": "dev", "git_shas": json.dumps(SHAS), "image_digest": IMAGE} | values
    names = "".join(f", {name} => %s" for name in arguments)
    query = f"select ops.create_release(%s, %s{names})"
    row = world.connection.execute(
        query.encode(), [project_id, version or f"v{uuid4().hex[:8]}", *arguments.values()]
    ).fetchone()
    assert row is not None
    return Release(world=world, id=row["create_release"], author=arguments["p_created_by"])


def set_rules(world: World, project_id: UUID, policy_type: str, **values: object) -> None:
    """Set the project's policy."""
    world.rows("select ops.set_policy(%s, %s, %s)", project_id, policy_type, json.dumps(values))
