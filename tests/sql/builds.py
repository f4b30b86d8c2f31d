"""A push of a release's branch or tag, and the run that builds it, as the platform's own steps record them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from tests.sql.world import World

PASSED = ("modules_installed", "module_tests_passed", "log_clean")
FILES = ("build.json", "build.log", "modules.json", "tests.json", "sbom.json")


def digest(sha: str) -> str:
    """Return the image of a commit."""
    return "sha256:" + sha[:1] * 64


@dataclass
class Build:
    """One run that builds a branch or a tag."""

    world: World
    run_id: UUID
    sha: str
    attempt: int = 1

    def propose(self, **values: object) -> dict[str, Any] | None:
        """Make the release of the run's image, and return it if there is one."""
        arguments: dict[str, object] = {"p_author": "grace@example.com", **values}
        names = "".join(f", {name} => %s" for name in arguments)
        query = f"select * from ops.propose_release(%s, %s, %s{names})"
        rows = self.world.connection.execute(
            query.encode(), [self.run_id, self.attempt, digest(self.sha), *arguments.values()]
        ).fetchall()
        self._record("select ops.record_lineage(%s, %s, 'image', null, '1', %s)", digest(self.sha))
        return rows[0] if rows else None

    def check(self, *failed: str, **metadata: object) -> None:
        """Keep the files and answer the checks of the database; it is made if none of these failed."""
        for place, key in enumerate(FILES):
            self._record(
                "select ops.add_run_artifact(p_run_id => %s, p_attempt => %s, p_artifact_key => %s, p_s3_url => %s,"
                " p_sha256 => %s, p_size_bytes => 1)", key, f"s3://b/{key}", str(place) * 64,
            )  # fmt: skip
        for name in PASSED:
            self._record(
                "select ops.record_check(%s, %s, %s, %s, true, %s, %s)",
                name, name not in failed, f"{name} was looked at", json.dumps(metadata.get(name, {})),
            )  # fmt: skip
        if not failed:
            self._record("select ops.record_lineage(%s, %s, 'database', null, '1', 'db')")

    def announce(self) -> dict[str, Any] | None:
        """Tell that the release is about to be deployed, and return the gates' answer."""
        answer: dict[str, Any] | None = self.world.value(
            "select ops.announce_deployment(%s, %s)", self.run_id, self.attempt
        )
        return answer

    def heal(self) -> None:
        """Find the deployment healthy."""
        self._record(
            "select ops.add_run_artifact(p_run_id => %s, p_attempt => %s, p_artifact_key => 'health.json',"
            " p_s3_url => 's3://b/h', p_sha256 => %s, p_size_bytes => 1)", "9" * 64,
        )  # fmt: skip
        self._record("select ops.record_check(%s, %s, 'healthy', true, true, 'answers')")

    def end(self, exit_code: int = 0) -> None:
        """End the run."""
        self.world.complete(self.run_id, exit_code, self.attempt)

    def _record(self, query: LiteralString, *parameters: object) -> None:
        self.world.rows(query, self.run_id, self.attempt, *parameters)


def begin(world: World, project: UUID, branch: str = "release/1.0", sha: str = "a", **options: object) -> Build:
    """Queue a run of a branch, as a push does, and start it."""
    commit = sha * 40
    run_id = world.queue(project, branch, commit, **{"p_trigger": "push", "p_requested_by": "grace", **options})
    return started(world, run_id, commit)


def started(world: World, run_id: UUID, commit: str) -> Build:
    """Start a run that waits."""
    [row] = world.claim()
    assert row["id"] == run_id
    world.start(run_id, row["attempt"])
    return Build(world, run_id, commit, row["attempt"])


def built(world: World, project: UUID, branch: str = "release/1.0", sha: str = "a", **options: object) -> Build:
    """Start a run, and make its release and its database."""
    build = begin(world, project, branch, sha, **options)
    build.propose()
    build.check()
    return build


def gates(world: World, release_id: UUID) -> dict[str, str]:
    """Return how the release's gates stand."""
    rows = world.rows("select gate_code, status from ops.v_release_gate_summary where release_id = %s", release_id)
    return {row["gate_code"]: row["status"] for row in rows}
