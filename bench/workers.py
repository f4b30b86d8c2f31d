"""Worker processes that do the measured calls: one connection each per queue, started by a word from the parent."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any, Literal

import psycopg

from bench.peers import Claimed, Queue


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the workers shall do together next: queue jobs, or claim and end them, as many as there are tickets."""

    queue: str
    what: Literal["put", "drain"]
    batch: int = 1


@dataclass(frozen=True, kw_only=True)
class Span:
    """What a worker did, and when, on the machine's monotonic clock."""

    jobs: int
    began: float
    ended: float
    # Time spent in claims alone.
    claiming: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Phase:
    """All workers' work together."""

    jobs: int
    seconds: float
    # The workers' mean time in claims alone; 0 where claims travel with other calls.
    claiming: float

    def __add__(self, other: Phase) -> Phase:
        """Return both after each other."""
        return Phase(
            jobs=self.jobs + other.jobs, seconds=self.seconds + other.seconds, claiming=self.claiming + other.claiming
        )

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds

    @property
    def claim_rate(self) -> float | None:
        """Jobs per second of claiming."""
        return self.jobs / self.claiming if self.claiming else None


class Tickets:
    """What is left to do of a task, shared by the workers."""

    def __init__(self) -> None:
        self._last = multiprocessing.get_context("fork").Value("q", 0)
        self._left = multiprocessing.get_context("fork").Value("q", 0)

    def offer(self, first: int, count: int) -> None:
        """Put out the tickets from `first` on."""
        self._last.value, self._left.value = first + count, count

    def take(self, count: int = 1) -> int | None:
        """Take the next tickets; return the first one's number, None when all are taken."""
        with self._left.get_lock():
            if self._left.value <= 0:
                return None
            number: int = self._last.value - self._left.value
            self._left.value -= count
        return number


class Crew:
    """The worker processes and the pipes to them."""

    def __init__(self, pipes: list[Pipe], tickets: Tickets) -> None:
        self._pipes = pipes
        self._tickets = tickets

    def run(self, task: Task, *, first: int, count: int, workers: int) -> Phase:
        """Let the workers do the task for the jobs from `first` on."""
        self._tickets.offer(first, count)
        for pipe in self._pipes[:workers]:
            pipe.send(task)
        spans: list[Span] = [pipe.recv() for pipe in self._pipes[:workers]]
        return Phase(
            jobs=sum(span.jobs for span in spans),
            seconds=max(span.ended for span in spans) - min(span.began for span in spans),
            claiming=sum(span.claiming for span in spans) / workers,
        )


@contextmanager
def crew(queues: Mapping[str, tuple[Queue, str]], *, workers: int) -> Iterator[Crew]:
    """Start the worker processes; `queues` gives each queue with the URL of its database."""
    context = multiprocessing.get_context("fork")
    tickets = Tickets()
    pipes: list[Pipe] = []
    processes = []
    for number in range(workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, tickets, queues, number), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield Crew(pipes, tickets)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(timeout=10)


def _serve(pipe: Pipe, tickets: Tickets, queues: Mapping[str, tuple[Queue, str]], number: int) -> None:
    connections: dict[tuple[str, str], psycopg.Connection[Any]] = {}
    while True:
        task: Task = pipe.recv()
        queue, url = queues[task.queue]
        key = task.queue, task.what
        if key not in connections:
            connections[key] = psycopg.connect(url, autocommit=True)
            queue.open(connections[key], task.what)
        perform = _put if task.what == "put" else _drain
        pipe.send(perform(task, tickets, queue, connections[key], f"worker-{number}"))


def _put(task: Task, tickets: Tickets, queue: Queue, connection: psycopg.Connection[Any], worker: str) -> Span:
    del task, worker
    jobs = 0
    began = time.monotonic()
    while (number := tickets.take()) is not None:
        queue.put(connection, number)
        jobs += 1
    return Span(jobs=jobs, began=began, ended=time.monotonic())


def _drain(task: Task, tickets: Tickets, queue: Queue, connection: psycopg.Connection[Any], worker: str) -> Span:
    jobs, claiming = 0, 0.0
    claimed: Sequence[Claimed] | None = None
    began = time.monotonic()
    ticket = tickets.take(task.batch)
    while ticket is not None:
        if claimed is None:
            asked = time.monotonic()
            claimed = queue.claim(connection, worker, task.batch)
            claiming += time.monotonic() - asked
        if not claimed:
            break
        jobs += len(claimed)
        ticket = tickets.take(task.batch)
        following = queue.end_and_claim(connection, worker, claimed) if ticket is not None else None
        if following is None:
            queue.end(connection, worker, claimed)
        claimed = following
    return Span(jobs=jobs, began=began, ended=time.monotonic(), claiming=claiming)
