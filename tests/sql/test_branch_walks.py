"""Wherever a branch goes and whatever is lost, late or told twice: what runs in the end is what the repository has."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from odooops_dagster.control.migrate import read_folder
from tests.servers import PostgresServer, as_user
from tests.sql.pushes import ZERO, Branch, sha
from tests.sql.world import World

# One round walks the same walks each time. Rounds are other ones each time; of one that fails, its seed is told.
ROUNDS = int(os.environ.get("ODOOOPS_TEST_ROUNDS", "1"))
FUNCTIONS = dict(read_folder("functions"))
COMMITS = [sha(letter) for letter in "abc"]

Fate = Literal["told", "told twice", "lost", "late"]
Act = Literal["push", "apply", "deliver", "poll", "begin to ask", "answer", "claim", "finish", "lose the worker"]
ACTS: tuple[Act, ...] = (
    "push", "push", "push", "apply", "apply", "deliver", "poll", "poll", "begin to ask", "begin to ask", "answer",
    "answer", "claim", "finish", "lose the worker",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One thing that happens; where it is a push, to which commit, and what becomes of its delivery."""

    act: Act
    to: str
    fate: Fate


def walks(*fates: Fate) -> st.SearchStrategy[list[Step]]:
    """Return histories in which deliveries have these fates."""
    targets = st.sampled_from([ZERO, *COMMITS])
    return st.lists(st.builds(Step, st.sampled_from(ACTS), targets, st.sampled_from(fates)), min_size=3, max_size=14)


@dataclass
class Walk:
    """A branch that moves in its repository, and what the platform hears of it."""

    branch: Branch
    truth: str = ZERO
    late: list[tuple[str, str]] = field(default_factory=list)
    answers: list[tuple[datetime, str]] = field(default_factory=list)
    last_is_lost: bool = False

    def take(self, step: Step) -> None:
        """Let one thing happen."""
        acts: dict[Act, Callable[[], object]] = {
            "push": lambda: self._push(step.to, step.fate),
            "apply": self.branch.apply,
            "deliver": self._deliver,
            "poll": lambda: self.branch.answer(self.truth),
            "begin to ask": lambda: self.answers.append((self.branch.now(), self.truth)),
            "answer": self._answer,
            "claim": self.branch.claim,
            "finish": self._finish,
            "lose the worker": self._lose_the_worker,
        }
        acts[step.act]()

    def _deliver(self) -> None:
        if self.late:
            self.branch.receive(*self.late.pop(0))

    def _answer(self) -> None:
        if self.answers:
            asked_at, truth = self.answers.pop(0)
            self.branch.answer(truth, asked_at=asked_at)

    def _finish(self) -> None:
        for run in self.branch.runs():
            if run["status"] == "running":
                self.branch.finish(run)

    def _lose_the_worker(self) -> None:
        self.branch.world.expire_leases()
        self.branch.world.rows("select * from ops.requeue_expired_runs()")

    def _push(self, to: str, fate: Fate) -> None:
        if to == self.truth:
            return
        move = self.truth, to
        self.truth, self.last_is_lost = to, fate == "lost"
        if fate == "late":
            self.late.append(move)
        elif fate != "lost":
            self.branch.receive(*move)
            if fate == "told twice":
                self.branch.receive(*move)

    def end(self, *, in_order: bool) -> None:
        """Hear all that is on its way and do all that waits."""
        self.answers.clear()
        late = self.late if in_order else self.late[::-1]
        for move in late:
            self.branch.receive(*move)
        self.branch.apply()
        if self.branch.is_due():
            event("due at the end")
            self.branch.answer(self.truth)
        self._finish()
        self.branch.settle()

    def check(self) -> None:
        """The head is the repository's, and what was deployed last is that head.

        Raises:
            AssertionError: it is not.
        """
        assert (self.branch.head() or ZERO) == self.truth
        rows = self.branch.world.rows(
            "select deployed_sha from ops.environments where project_id = %s and name = %s and destroyed_at is null",
            self.branch.project, self.branch.name,
        )  # fmt: skip
        assert [row["deployed_sha"] for row in rows] == [self.truth] * (self.truth != ZERO)


@pytest.fixture(scope="module", params=["18", pytest.param("15", marks=pytest.mark.pg15)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield a database with one project, in which nothing that a history does is kept."""
    name = {"18": "postgres_server", "15": "postgres15_server"}[request.param]
    server: PostgresServer = request.getfixturevalue(name)
    with server.fresh_database() as url:
        world = World(url, as_user(url, "ops_worker", server))
        world.project(poll_enabled=False)
        yield world
        world.close()


def walk(world: World, fates: tuple[Fate, ...], *, examples: int, asked: bool, shrink: bool = True) -> None:
    """Walk random walks and look at the end of each; `asked`: the repository is asked in the end."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        derandomize=not shrink or ROUNDS == 1,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(walks(*fates), st.booleans())
    def story(steps: list[Step], in_order: bool) -> None:
        with world.connection.transaction(force_rollback=True):
            world.rows("update ops.projects set poll_enabled = %s", asked)
            history = Walk(Branch(world, "shop", "feature/a"))
            for step in steps:
                history.take(step)
            history.end(in_order=in_order)
            if asked:
                history.take(Step("poll", ZERO, "told"))
                history.branch.settle()
            if asked or not history.last_is_lost:
                history.check()

    story()


def test_what_is_told_in_order_ends_at_the_head_although_some_is_lost(world: World) -> None:
    """The last delivery makes the platform ask, whatever came before it."""
    walk(world, ("told", "told twice", "lost"), examples=60 * ROUNDS, asked=False)


def test_what_is_told_in_any_order_ends_at_the_head(world: World) -> None:
    """Nothing is lost, and much is late or told twice."""
    walk(world, ("told", "told twice", "late"), examples=60 * ROUNDS, asked=False)


def test_whatever_was_told_an_answer_of_the_repository_is_the_truth(world: World) -> None:
    """Lost, late and told twice in one."""
    walk(world, ("told", "told twice", "late", "lost"), examples=60 * ROUNDS, asked=True)


Mutant = tuple[str, str, str]
MUTANTS: dict[str, Mutant] = {
    "a delivery makes nobody ask": ("apply_delivery", "notified_at = clock_timestamp()", "notified_at = null"),
    "an older answer is followed": ("record_branch_heads", "v_project.heads_asked_at > v_asked_at", "false"),
}


@contextmanager
def mutated(world: World, mutant: Mutant) -> Iterator[None]:
    """Let the schema make the mistake as long as the block."""
    name, right, wrong = mutant
    assert right in FUNCTIONS[name]
    world.connection.execute(FUNCTIONS[name].replace(right, wrong).encode())
    try:
        yield
    finally:
        world.connection.execute(FUNCTIONS[name].encode())


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_the_walks_notice_a_mistake(world: World, mutant: Mutant) -> None:
    """A walk that no mistake can trip proves nothing."""
    with mutated(world, mutant), pytest.raises(AssertionError):
        walk(world, ("told", "told twice", "late"), examples=400, asked=False, shrink=False)
