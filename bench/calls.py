"""The CPU time of PostgreSQL for the calls of a run's life, beside a former schema, in turn on one server.

The former version is a checkout of the project (`git worktree add DIR COMMIT`); it makes its own schema. Rates depend
on the disk and on what else the machine does; the CPU time of a server's process depends on the latter far less.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from bench.peers import Claimed, ops
from bench.server import Server, throwaway_server

# Runs of one side before the other has its turn.
SLICE = 20
WARM_UP = 60
# The middle, and what the other work of the machine slowed down least.
SHARES = (0.5, 0.1)
_FORMER = "from bench.peers import ops; import sys; ops.create(sys.argv[1])"

_MAY_QUEUE = b"""
    select has_function_privilege('ops_operator', p.oid, 'execute')
    from pg_proc as p where p.pronamespace = 'ops'::regnamespace and p.proname = 'queue_run'
"""

T = TypeVar("T")
Costs = dict[str, list[float]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One version's schema, with a worker's session and the queue of its calls."""

    queue: ops.Ops
    puts: psycopg.Connection[Any]
    works: psycopg.Connection[Any]
    costs: Costs

    def live(self, first: int, count: int) -> None:
        """Queue runs, and work on one after the other."""
        for number in range(first, first + count):
            self._spend("put", self.puts, partial(self.queue.put, self.puts, number))
        for _ in range(count):
            [run] = self._spend("claim", self.works, lambda: self.queue.claim(self.works, "w1", 1))
            self._work(run)

    def _work(self, run: Claimed) -> None:
        if not isinstance(self.queue, ops.Fused):
            self._spend("start", self.works, lambda: self.queue.start(self.works, "w1", [run]))
        self._spend("end", self.works, lambda: self.queue.complete(self.works, "w1", [run]))

    def _spend(self, call: str, connection: psycopg.Connection[Any], do: Callable[[], T]) -> T:
        before = _cpu(connection)
        answer = do()
        self.costs.setdefault(call, []).append(_cpu(connection) - before)
        return answer


def main() -> None:
    """Measure and print."""
    options = _options()
    with ExitStack() as stack:
        server = Server(options.url) if options.url else stack.enter_context(throwaway_server(bin_dir=options.bin_dir))
        for name, kind in (("3 calls", ops.Ops), ("fused", ops.Fused)):
            with ExitStack() as sessions:
                sides = [_side(sessions, server.create("bench_ours"), kind, None)]
                if options.former:
                    sides.append(_side(sessions, server.create("bench_former"), kind, options.former))
                _measure(sides, jobs=options.jobs, rounds=options.rounds)
                _print(name, sides)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--former", type=Path, help="checkout of the version to compare with")
    parser.add_argument("--jobs", type=int, default=200, help="runs per side and round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the first one warms up besides")
    parser.add_argument("--bin-dir", type=Path, help="programs of another PostgreSQL than the embedded one")
    parser.add_argument("--url", help="superuser URL of a running server to use instead; it runs on this machine")
    return parser.parse_args()


def _side(stack: ExitStack, url: str, kind: type[ops.Ops], folder: Path | None) -> Side:
    if folder:
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        subprocess.run([sys.executable, "-c", _FORMER, url], cwd=folder, env=environment, check=True)
    queue = kind() if folder else ops.create(url, queue=kind)
    puts, works = (stack.enter_context(psycopg.connect(url, autocommit=True)) for _ in range(2))
    queue.open(puts, "put" if _operator_queues(puts) else "drain")
    queue.open(works, "drain")
    return Side(queue=queue, puts=puts, works=works, costs={})


def _operator_queues(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the operator may queue runs in this version; in the first ones it was the worker who did."""
    row = connection.execute(_MAY_QUEUE).fetchone()
    return bool(row and row[0])


def _measure(sides: Sequence[Side], *, jobs: int, rounds: int) -> None:
    order, number = random.Random(0), 0  # noqa: S311  # an order, not a secret
    for side in sides:
        side.live(number, WARM_UP)
        side.costs.clear()
    number += WARM_UP
    for _ in range(rounds):
        for side in sides:
            side.works.execute(f"vacuum {', '.join(side.queue.tables)}".encode())
        for _ in range(0, jobs, SLICE):
            for side in order.sample(list(sides), len(sides)):
                side.live(number, SLICE)
            number += SLICE


def _print(name: str, sides: Sequence[Side]) -> None:
    for share in SHARES:
        print(f"{name}, {share:.0%} of the calls took no more")
        ours, *others = [_with_sum(side.costs, share=share) for side in sides]
        for call, cost in ours.items():
            former = "".join(f"{other[call] * 1e6:7.0f} µs before{cost / other[call]:7.2f}" for other in others)
            print(f"  {call:6}{cost * 1e6:7.0f} µs{former}")


def _with_sum(costs: Costs, *, share: float) -> dict[str, float]:
    """Return the cost of each call, and of a run's three or two without the queueing."""
    found = {call: sorted(values)[int(len(values) * share)] for call, values in costs.items()}
    return found | {"run": sum(cost for call, cost in found.items() if call != "put")}


def _cpu(connection: psycopg.Connection[Any]) -> float:
    """Return the seconds of CPU time of the connection's server process, as the scheduler counts them."""
    return int(Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    main()
