"""Worker processes that do the measured calls: one connection each per queue, started by a word from the parent."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any

import psycopg

from bench.peers import Queue


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a worker shall do next: queue these jobs, or drain what is queued."""

    queue: str
    numbers: range | None
    batch: int = 1


@dataclass(frozen=True, kw_only=True)
class Span:
    """What a worker did, and when, on the machine's monotonic clock."""

    jobs: int
    began: float
    ended: float
    # The longest single call to `work`, in seconds.
    slowest: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Phase:
    """All workers' work together."""

    jobs: int
    seconds: float

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds


class Crew:
    """The worker processes and the pipes to them."""

    def __init__(self, pipes: list[Pipe]) -> None:
        self._pipes = pipes

    def put(self, queue: str, *, jobs: int, workers: int) -> Phase:
        """Let the workers queue the jobs together."""
        tasks = [Task(queue=queue, numbers=range(worker, jobs, workers)) for worker in range(workers)]
        return self._run(tasks)

    def drain(self, queue: str, *, workers: int, batch: int) -> Phase:
        """Let the workers claim and end jobs until none is left."""
        return self._run([Task(queue=queue, numbers=None, batch=batch)] * workers)

    def _run(self, tasks: list[Task]) -> Phase:
        pipes = self._pipes[: len(tasks)]
        for pipe, task in zip(pipes, tasks, strict=True):
            pipe.send(task)
        spans: list[Span] = [pipe.recv() for pipe in pipes]
        seconds = max(span.ended for span in spans) - min(span.began for span in spans)
        return Phase(jobs=sum(span.jobs for span in spans), seconds=seconds)


@contextmanager
def crew(queues: Mapping[str, tuple[Queue, str]], *, workers: int) -> Iterator[Crew]:
    """Start the worker processes; `queues` gives each queue with the URL of its database."""
    context = multiprocessing.get_context("fork")
    pipes: list[Pipe] = []
    processes = []
    for number in range(workers):
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, queues, number), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield Crew(pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join(timeout=10)


def _serve(pipe: Pipe, queues: Mapping[str, tuple[Queue, str]], number: int) -> None:
    connections: dict[str, psycopg.Connection[Any]] = {}
    while True:
        try:
            task: Task = pipe.recv()
        except EOFError:
            return
        queue, url = queues[task.queue]
        if task.queue not in connections:
            connections[task.queue] = psycopg.connect(url, autocommit=True)
            queue.open(connections[task.queue])
        pipe.send(_perform(task, queue, connections[task.queue], f"worker-{number}"))


def _perform(task: Task, queue: Queue, connection: psycopg.Connection[Any], worker: str) -> Span:
    began = time.monotonic()
    jobs = 0
    if task.numbers is not None:
        for number in task.numbers:
            queue.put(connection, number)
            jobs += 1
    else:
        while ended := queue.work(connection, worker, task.batch):
            jobs += ended
    return Span(jobs=jobs, began=began, ended=time.monotonic())
