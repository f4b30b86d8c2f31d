"""A branch as its repository's deliveries and answers tell of it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from tests.sql.world import World

ZERO = "0" * 40


def sha(letter: str) -> str:
    """Return a commit's name."""
    return letter * 40


class Branch:
    """One branch of a project whose repository is that of tests/sql/world.py."""

    def __init__(self, world: World, slug: str, name: str) -> None:
        self.world = world
        self.name = name
        self.project: UUID = world.value("select id from ops.projects where slug = %s", slug)
        self.repo = f"https://github.com/acme/{slug}.git"

    def receive(self, before: str, after: str) -> None:
        """Store a delivery."""
        self.world.rows(
            "select ops.receive_push(%s, 'push', %s, %s, %s, %s)",
            uuid4().hex, self.repo, f"refs/heads/{self.name}", after, before,
        )  # fmt: skip

    def tell(self, before: str, after: str) -> None:
        """Deliver a movement and act on it, whether the repository made it or not."""
        self.receive(before, after)
        self.apply()

    def move(self, *commits: str) -> None:
        """Move the branch in its repository, commit after commit; each movement is delivered, and the answer recorded."""
        for commit in commits:
            self.tell(self.head() or ZERO, commit)
            self.answer(commit)

    def apply(self) -> list[str]:
        """Act on what was delivered."""
        return [row["outcome"] for row in self.world.rows("select * from ops.apply_pushes()")]

    def answer(self, head: str | None, *, asked_at: datetime | None = None, **others: str) -> None:
        """Record where the repository says that the branch is, beside others of which no delivery told."""
        heads = {"trunk": sha("e")} | {name.replace("__", "/"): commit for name, commit in others.items()}
        heads |= {self.name: head} if head not in (None, ZERO) else {}
        self.world.rows(
            "select ops.record_branch_heads(%s, %s, %s)", self.project, json.dumps(heads), asked_at or self.now()
        )

    def head(self) -> str | None:
        """Return the head as it is known."""
        rows = self.world.rows(
            "select sha from ops.branch_heads where project_id = %s and branch = %s", self.project, self.name
        )
        return rows[0]["sha"] if rows else None

    def is_due(self) -> bool:
        """Return whether the repository is to be asked now."""
        return bool(self.world.rows("select id from ops.projects_to_poll(30) where id = %s", self.project))

    def runs(self) -> list[dict[str, Any]]:
        """Return the branch's runs, the oldest first."""
        return self.world.rows(
            "select r.* from ops.v_runs as r join ops.environments as e on e.id = r.environment_id"
            " where e.name = %s and e.project_id = %s order by r.run_number",
            self.name, self.project,
        )  # fmt: skip

    def claim(self) -> list[dict[str, Any]]:
        """Claim and start what can be."""
        runs = self.world.claim(5)
        for run in runs:
            self.world.start(run["id"], run["attempt"])
        return runs

    def finish(self, run: dict[str, Any]) -> None:
        """Do a run's work and end it."""
        if run["kind"] == "destroy":
            self.world.rows("select ops.record_destruction(%s, %s)", run["id"], run["attempt"])
        elif run["kind"] == "deploy":
            self.world.rows(
                "select ops.record_deployment(%s, %s, 'http://a', null, 'db', 'sha256:1', %s)",
                run["id"], run["attempt"], run["git_sha"],
            )  # fmt: skip
        self.world.complete(run["id"], attempt=run["attempt"])

    def settle(self) -> None:
        """Do all that waits."""
        while runs := self.claim():
            for run in runs:
                self.finish(run)

    def now(self) -> datetime:
        """Return the database's time."""
        moment: datetime = self.world.value("select clock_timestamp()")
        return moment
