"""pg-boss and graphile-worker: the statements their own clients send, sent by psycopg."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection, RawCursor

from bench.peers import Claimed, OneByOne, count

# The newest of each that the registries we know install whole; named exactly so that figures can be compared.
PACKAGES = ("pg-boss@12.35.0", "graphile-worker@0.17.3")
# What the peers' batch statements were recorded with.
BATCH = 50


class Unavailable(Exception):
    """A peer cannot be measured on this machine."""


def cache_folder() -> Path:
    """Return where the packages are kept, outside of the repository."""
    if named := os.environ.get("ODOOOPS_BENCH_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "odooops-bench"


def pg_boss(url: str) -> PgBoss:
    """Let pg-boss create its schema."""
    return PgBoss(statements=record("pg-boss", folder=install(), url=url))


def graphile_worker(url: str) -> GraphileWorker:
    """Let graphile-worker create its schema."""
    return GraphileWorker(statements=record("graphile-worker", folder=install(), url=url))


def install() -> Path:
    """Install the packages once and return their folder."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    folder = cache_folder() / "_".join(PACKAGES)
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        argv = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder), *PACKAGES]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"npm install failed: {done.stderr.strip().splitlines()[-1]}")
        (folder / "complete").touch()
    return folder


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement as it was recorded, with the values it was recorded with."""

    text: str
    values: list[Any]

    def run(self, connection: Connection[Any], values: Sequence[Any]) -> RawCursor[Any]:
        """Send the statement, prepared."""
        return RawCursor(connection).execute(self.text.encode(), values, prepare=True)


def record(peer: str, *, folder: Path, url: str) -> dict[str, Statement]:
    """Let the peer create its schema in the database and return the statements of a job's life."""
    script = Path(__file__).with_name("record.mjs")
    environment = os.environ | {"PEERS_FOLDER": str(folder), "DATABASE_URL": url, "PEER": peer}
    done = subprocess.run(["node", str(script)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise Unavailable(next((line for line in lines if "Error" in line and ":" in line), "no reason given"))
    found = json.loads(done.stdout)
    return {
        name: Statement(text=statement["text"], values=statement["values"] or []) for name, statement in found.items()
    }


@dataclass(frozen=True, kw_only=True)
class PgBoss(OneByOne):
    """pg-boss: fetch and complete."""

    statements: dict[str, Statement]
    batches: bool = True
    tables: Sequence[str] = ("pgboss.job_common",)

    def open(self, connection: Connection[Any], what: str) -> None:
        """Nothing is kept per connection."""

    def put(self, connection: Connection[Any], number: int) -> None:
        """Send one job, with the values its client sends."""
        statement = self.statements["put"]
        statement.run(connection, [json.dumps([json.loads(statement.values[0])[0] | {"data": {"n": number}}])])

    def claim(self, connection: Connection[Any], worker: str, batch: int) -> Sequence[Claimed]:
        """Fetch."""
        del worker
        statement = self.statements["claim" if batch == 1 else "claimBatch"]
        return [str(row[0]) for row in statement.run(connection, []).fetchall()]

    def end(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Complete: one statement, however many jobs."""
        del worker
        self.statements["complete"].run(connection, ["bench", list(jobs), None])

    def unfinished(self, connection: Connection[Any]) -> int:
        """Count what is not completed."""
        return count(connection, b"select count(*) from pgboss.job_common where state < 'completed'")


@dataclass(frozen=True, kw_only=True)
class GraphileWorker(OneByOne):
    """graphile-worker: get_job and complete_job."""

    statements: dict[str, Statement]
    batches: bool = True
    tables: Sequence[str] = ("graphile_worker._private_jobs",)

    def open(self, connection: Connection[Any], what: str) -> None:
        """Nothing is kept per connection."""

    def put(self, connection: Connection[Any], number: int) -> None:
        """Add one job, with the values its client sends."""
        statement = self.statements["put"]
        statement.run(connection, [statement.values[0], json.dumps({"n": number}), *statement.values[2:]])

    def claim(self, connection: Connection[Any], worker: str, batch: int) -> Sequence[Claimed]:
        """Get."""
        statement = self.statements["claim" if batch == 1 else "claimBatch"]
        return [row[0] for row in statement.run(connection, [worker, *statement.values[1:]]).fetchall()]

    def end(self, connection: Connection[Any], worker: str, jobs: Sequence[Claimed]) -> None:
        """Complete."""
        del worker
        which, values = ("complete", list(jobs)) if len(jobs) == 1 else ("completeBatch", [list(jobs)])
        self.statements[which].run(connection, values)

    def unfinished(self, connection: Connection[Any]) -> int:
        """Count what is left: finished jobs are deleted."""
        return count(connection, b"select count(*) from graphile_worker._private_jobs")
