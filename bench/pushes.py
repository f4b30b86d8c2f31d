"""A steady stream of pushes to a control plane, and workers that write what the runs of previews write."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import psutil
import psycopg

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import CheckResult, Environment, Evidence, Fence, LogLine, Push, Run

ASSETS = ("source", "image", "database", "deployment")
CHECKS = ("tree", "install", "tests", "log_clean", "answers")
FILES = ("log", "junit", "coverage")
LINES, BATCHES = 200, 8
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the pushes; latencies are the median and the 99th percentile in milliseconds."""

    pushed: int
    ended: int
    per_minute: float
    latencies: Mapping[str, tuple[float, float]]
    figures: Mapping[str, float]


class Crowd:
    """The people who push, and the workers; the clock of all of them."""

    def __init__(self, *, url: str, gateway: ControlPlane, worker: ControlPlane) -> None:
        self.url = url
        self._gateway, self._worker = gateway, worker
        self._environments = [each for each in worker.environments.list() if each.stage == "development"]
        self._heads = self._known_heads()
        self._took: dict[str, list[float]] = defaultdict(list)
        self._lock = threading.Lock()
        self._project_locks: dict[UUID, threading.Lock] = defaultdict(threading.Lock)
        self.queued_at: dict[UUID, float] = {}
        self.ended: list[UUID] = []

    def push(self, environment: Environment) -> UUID:
        """Store a delivery, act on it, and compare the branches; return the run."""
        sha = sha256(uuid4().bytes).hexdigest()[:40]
        url = f"https://forge.example/{environment.project_slug}/odoo.git"
        push = Push(repo_url=url, ref=f"refs/heads/{environment.branch}", sha=sha)
        with self._project_locks[environment.project_id]:
            heads = self._heads[environment.project_id]
            heads[environment.branch] = sha
            with self._timed("delivery stored"):
                self._gateway.pushes.receive(str(uuid4()), event="push", push=push, payload={"ref": push.ref})
            with self._timed("deliveries applied"):
                self._worker.pushes.apply(limit=20)
            with self._timed("heads compared, run queued"):
                [run] = self._worker.pushes.record_heads(environment.project_id, heads=heads)
        self.queued_at[run] = time.perf_counter()
        return run

    def work(self, name: str, until: threading.Event) -> None:
        """Claim and work on runs until the event is set and nothing waits."""
        while True:
            with self._timed("claim"):
                runs = self._worker.runs.claim(name, limit=1)
            for run in runs:
                self._finish(run, name)
            if not runs:
                if until.is_set():
                    return
                time.sleep(0.1)

    def latencies(self) -> dict[str, tuple[float, float]]:
        """Return the median and the 99th percentile of each kind of call, in milliseconds."""
        return {
            name: (1000 * statistics.median(times), 1000 * statistics.quantiles(times, n=100)[-1])
            for name, times in self._took.items()
            if len(times) > 1
        }

    def any(self, order: random.Random) -> Environment:
        """Return an environment to push to."""
        return order.choice(self._environments)

    def _finish(self, run: Run, worker: str) -> None:
        fence = Fence(run_id=run.id, attempt=run.attempt, worker_id=worker)
        if run.kind != "deploy":  # the backups of the night, which were due
            self._worker.runs.start(fence)
            self._worker.runs.complete(fence, exit_code=0)
            return
        if run.id in self.queued_at:
            self._note("queued, then claimed", time.perf_counter() - self.queued_at[run.id])
        with self._timed("start"):
            self._worker.runs.start(fence)
        with self._timed("everything that a run writes"):
            self._write(run, fence)
        with self._timed("end"):
            self._worker.runs.complete(fence, exit_code=0)
        with self._lock:
            self.ended.append(run.id)

    def _write(self, run: Run, fence: Fence) -> None:
        digest = sha256(run.id.bytes).hexdigest()
        for asset in ASSETS:
            self._worker.lineage.record(
                fence,
                asset_key=asset,
                partition_key=run.partition_key,
                code_version="1",
                data_version=digest,
                inputs={"source": digest},
            )
            self._worker.logs.event(fence, level="info", message=f"{asset} is made", payload={"seconds": 1.5})
        for number in range(BATCHES):
            lines = [LogLine(level="info", message=f"line {number} of an Odoo at work " * 3)] * (LINES // BATCHES)
            self._worker.logs.append(fence, lines)
        for name in CHECKS:
            self._worker.checks.record(fence, CheckResult(name=name, passed=True, summary="as it should be"))
        for key in FILES:
            stored = Evidence(
                key=key, url=f"s3://bucket/{run.id}/{key}", sha256=digest, size_bytes=9, content_type="text/plain"
            )
            self._worker.artifacts.add(fence, stored)
        self._worker.runs.heartbeat(fence)
        self._deploy(run, fence, digest)

    def _deploy(self, run: Run, fence: Fence, digest: str) -> None:
        self._worker.environments.record_deployment(
            fence,
            url="http://preview.localhost:8000",
            port=None,
            database_name=f"ops_{run.id.hex}",
            image_digest=f"sha256:{digest}",
            git_sha=str(run.git_sha),
            expires_at=datetime.now(UTC) + timedelta(days=7),
        )

    def _known_heads(self) -> dict[UUID, dict[str, str]]:
        heads: dict[UUID, dict[str, str]] = defaultdict(dict)
        for each in self._worker.environments.list():
            heads[each.project_id][each.branch] = str(each.deployed_sha)
        return heads

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._note(what, time.perf_counter() - began)

    def _note(self, what: str, seconds: float) -> None:
        with self._lock:
            self._took[what].append(seconds)


def drive(crowd: Crowd, *, per_minute: float, seconds: float, workers: int) -> Outcome:
    """Push at the rate for so long, work on everything, and return what became of it."""
    enough = threading.Event()
    before, began = _spent(crowd.url), time.perf_counter()
    with ThreadPoolExecutor(max_workers=workers) as crew:
        working = [crew.submit(crowd.work, f"worker-{number}", enough) for number in range(workers)]
        pushed = _push_steadily(crowd, per_minute=per_minute, seconds=seconds)
        _wait_for_all(crowd, pushed)
        enough.set()
        for each in working:
            each.result()
    passed, after = time.perf_counter() - began, _spent(crowd.url)
    return Outcome(
        pushed=pushed,
        ended=len(set(crowd.ended)) if len(crowd.ended) == len(set(crowd.ended)) else -1,
        per_minute=60 * pushed / seconds,
        latencies=crowd.latencies(),
        figures={
            "PostgreSQL, ms of CPU per push": 1000 * (after["cpu"] - before["cpu"]) / pushed,
            "PostgreSQL, cores": (after["cpu"] - before["cpu"]) / passed,
            "log for crash safety, kB per push": (after["wal"] - before["wal"]) / pushed / 1024,
            "database, kB per push": (after["size"] - before["size"]) / pushed / 1024,
        },
    )


def _push_steadily(crowd: Crowd, *, per_minute: float, seconds: float) -> int:
    """Push on schedule, whatever becomes of the pushes before; return how many."""
    order = random.Random(0)  # noqa: S311 - an order, not a secret
    count, began = round(per_minute * seconds / 60), time.perf_counter()
    with ThreadPoolExecutor(max_workers=8) as people:
        pushes = []
        for number in range(count):
            time.sleep(max(0.0, began + number * 60 / per_minute - time.perf_counter()))
            pushes.append(people.submit(crowd.push, crowd.any(order)))
        for each in pushes:
            each.result()
    return count


def _wait_for_all(crowd: Crowd, pushed: int) -> None:
    """Return when as many runs have ended as were pushed, superseded ones included; or after a while."""
    until = time.monotonic() + PATIENCE_SECONDS
    while len(crowd.ended) < pushed and time.monotonic() < until:
        time.sleep(0.1)


def _spent(url: str) -> dict[str, float]:
    """Return what the server has spent: CPU in seconds, log and database in bytes."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8, pg_database_size(current_database())::float8"
        ).fetchone()
        family = psutil.Process(connection.info.backend_pid).parent()
        times = [each.cpu_times() for each in [family, *family.children()]] if family else []
    wal, size = row or (0.0, 0.0)
    # Of a child that has ended, its parent knows.
    cpu = sum(each.user + each.system + each.children_user + each.children_system for each in times)
    return {"cpu": cpu, "wal": wal, "size": size}
