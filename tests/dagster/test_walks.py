"""Random walks over all that people and the platform do: production's data and every verified backup survive each."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.dagster.traps import Stop
from tests.dagster.walk_mutants import MUTANTS
from tests.dagster.walk_truths import PRODUCTION
from tests.dagster.walk_world import Beginning, beginning
from tests.dagster.walks import PREVIEW, STAGING, Walk
from tests.servers import PostgresServer

# One round walks the same walks each time. Rounds are other walks each time: 63 are the 500 of the long run.
ROUNDS = int(os.environ.get("ODOOOPS_TEST_ROUNDS", "1"))
WALKS = 8
STEPS = 10
ASSETS = ("source", "image", "prod_clone", "database", "deployment", "backup", "recovery_drill")

BRANCHES = st.sampled_from([PRODUCTION, PRODUCTION, STAGING, PREVIEW])
OTHERS = st.sampled_from([STAGING, PREVIEW])
SOME = st.integers(0, 5)
# Mostly done at once, and often stopped on the way.
NOW = st.sampled_from([True, True, True, False])
HOWS = st.sampled_from(["killed", "killed", "interrupted", "canceled", "unanswered"])
WHENS = st.sampled_from(["before", "after", "after"])
# Where things change hands: what the record takes note of, and what is made, moved and removed.
TURNS = st.sampled_from(["record_.*", "create|rename|hand_over|turn_into_.*", "drop.*|delete|rmtree", "start|stop|put"])
STOPS = st.one_of(
    st.none(),
    st.builds(Stop, how=HOWS, at=st.integers(1, 70), when=WHENS),
    st.builds(Stop, how=HOWS, at=st.integers(1, 6), when=WHENS, names=TURNS),
)
# Any subset, and more often those that mean something.
SELECTIONS = st.one_of(
    st.lists(st.sampled_from(ASSETS), min_size=1, unique=True),
    st.sampled_from(
        [("deployment",), ("database", "deployment"), ("prod_clone", "database", "deployment"), ("backup",)]
    ),
    st.sampled_from([("database", "deployment", "backup"), ASSETS]),
)


@pytest.fixture(scope="module")
def begun(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beginning]:
    """Yield the beginning of all walks."""
    folder = tmp_path_factory.mktemp("walks")
    logging.disable(logging.CRITICAL)  # Dagster says a hundred lines for each run
    try:
        with pytest.MonkeyPatch.context() as patch, beginning(postgres_server, folder, patch) as made:
            yield made
    finally:
        logging.disable(logging.NOTSET)


# Walks on which these never happened would say little; few walks happen to miss the others.
ALWAYS = ("restore succeeded", "killed", "click refused")
IN_THE_LONG_RUN = (
    "deploy succeeded", "backup succeeded", "undo succeeded", "clone succeeded", "drill succeeded", "destroy succeeded",
    "deploy failed", "kept house", "backups dropped", "objects removed",
)  # fmt: skip


class Steps(RuleBasedStateMachine):
    """Takes steps in any order; what is asked for is mostly done at once."""

    begin: Callable[[], AbstractContextManager[Walk]]

    def __init__(self) -> None:
        super().__init__()
        self.world = self.begin()
        self.walk = self.world.__enter__()

    def teardown(self) -> None:
        """End the walk."""
        try:
            self.walk.end()
        finally:
            self.world.__exit__(None, None, None)

    def _then(self, stop: Stop | None, *, now: bool) -> None:
        if now:
            self.walk.work(stop)

    @rule()
    def users_write(self) -> None:
        """Users write to production."""
        self.walk.write()

    @rule(branch=BRANCHES, broken=st.sampled_from([False, False, False, True]), stop=STOPS, now=NOW)
    def push(self, branch: str, broken: bool, stop: Stop | None, now: bool) -> None:
        """Somebody pushes."""
        self.walk.push(branch, broken=broken)
        self._then(stop, now=now)

    @rule(branch=BRANCHES, stop=STOPS, now=NOW)
    def delete_branch(self, branch: str, stop: Stop | None, now: bool) -> None:
        """Somebody deletes a branch."""
        self.walk.delete_branch(branch)
        self._then(stop, now=now)

    @rule(stop=STOPS)
    def work(self, stop: Stop | None) -> None:
        """The next run that waits is carried out."""
        self.walk.work(stop)

    @rule(branch=BRANCHES, assets=SELECTIONS, stop=STOPS)
    def materialize(self, branch: str, assets: list[str], stop: Stop | None) -> None:
        """Somebody clicks on Materialize."""
        self.walk.click(branch, assets, stop)

    @rule(branch=BRANCHES, stop=STOPS, now=NOW)
    def back_up(self, branch: str, stop: Stop | None, now: bool) -> None:
        """Somebody asks for a backup; users have worked since the last one, so that it has objects of its own."""
        self.walk.write()
        self.walk.back_up(branch)
        self._then(stop, now=now)

    @rule(which=SOME, branch=BRANCHES, stop=STOPS, now=NOW)
    def restore_or_clone(self, which: int, branch: str, stop: Stop | None, now: bool) -> None:
        """Somebody asks for a backup in an environment."""
        self.walk.restore(which, branch)
        self._then(stop, now=now)

    @rule(branch=BRANCHES, stop=STOPS, now=NOW)
    def undo(self, branch: str, stop: Stop | None, now: bool) -> None:
        """Somebody asks for the way back."""
        self.walk.undo(branch)
        self._then(stop, now=now)

    @rule(which=SOME, branch=st.sampled_from([PRODUCTION, STAGING]), stop=STOPS, now=NOW)
    def think_better_of_it(self, which: int, branch: str, stop: Stop | None, now: bool) -> None:
        """Somebody restores a backup, and asks for the way back as soon as it is done."""
        self.walk.restore(which, branch)
        self.walk.work(None)
        self.walk.truths.look()  # notes what the restore brought, before the way back replaces it
        self.walk.undo(branch)
        self._then(stop, now=now)

    @rule(which=SOME, stop=STOPS, now=NOW)
    def drill(self, which: int, stop: Stop | None, now: bool) -> None:
        """Somebody asks for a drill."""
        self.walk.drill(which)
        self._then(stop, now=now)

    @rule(branch=OTHERS, stop=STOPS, now=NOW)
    def destroy(self, branch: str, stop: Stop | None, now: bool) -> None:
        """Somebody destroys an environment."""
        self.walk.destroy(branch)
        self._then(stop, now=now)

    @rule(stop=STOPS, now=NOW)
    def expire(self, stop: Stop | None, now: bool) -> None:
        """The previews' time is over."""
        self.walk.expire()
        self._then(stop, now=now)

    @rule(which=SOME)
    def cancel(self, which: int) -> None:
        """Somebody cancels a run."""
        self.walk.cancel(which)

    @rule(stop=STOPS)
    def keep_house(self, stop: Stop | None) -> None:
        """The janitor goes round."""
        self.walk.keep_house(stop)

    @rule(stop=STOPS)
    def retain(self, stop: Stop | None) -> None:
        """Retention has its turn."""
        self.walk.retain(stop)

    @rule()
    def pass_a_day(self) -> None:
        """A day passes."""
        self.walk.pass_a_day()

    @rule()
    def reconcile(self) -> None:
        """The reconciler goes round."""
        self.walk.reconcile()

    @invariant()
    def nothing_is_lost(self) -> None:
        """Production's data and every verified backup are there."""
        self.walk.truths.look()


RULES = tuple(name for name, member in vars(Steps).items() if hasattr(member, "hypothesis_stateful_rule"))


def walk(begun: Beginning, *, walks: int, rules: Sequence[str] = RULES, same: bool = True) -> None:
    """Walk random walks, the same ones each time unless told otherwise; the shortest that fails is told.

    Raises:
        AssertionError: something was lost on one of them.
    """
    without = dict.fromkeys(set(RULES) - set(rules))
    steps = type("StepsFromHere", (Steps,), {"begin": staticmethod(begun.walk), **without})
    run_state_machine_as_test(
        steps,
        settings=settings(
            max_examples=walks,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=same,
            print_blob=True,
            phases=[Phase.generate] if without else [Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(600 * ROUNDS)
def test_production_and_its_backups_survive_every_walk(begun: Beginning) -> None:
    """Whatever is pushed, materialized, restored, cloned, destroyed, cancelled or killed, and in whatever order."""
    begun.tally.clear()
    walk(begun, walks=WALKS * ROUNDS, same=ROUNDS == 1)
    sys.stdout.write(f"{dict(begun.tally)}\n")  # shown by -s and -rP
    expected = ALWAYS if ROUNDS == 1 else (*ALWAYS, *IN_THE_LONG_RUN)
    missed = {what for what in expected if not begun.tally[what]}
    assert not missed, f"no walk went there: {missed} of {dict(begun.tally)}"


@pytest.mark.timeout(600 * ROUNDS)
@pytest.mark.parametrize("name", [name for name, mutant in MUTANTS.items() if ROUNDS > 1 or not mutant.is_rare])
def test_the_walks_notice_a_mistake(begun: Beginning, name: str) -> None:
    """Walks that no mistake can trip prove nothing."""
    mutant = MUTANTS[name]
    with mutant.at_work(begun), pytest.raises(AssertionError, match=mutant.loss):
        walk(begun, walks=mutant.walks, rules=mutant.rules)
