"""What no sandbox may allow; the test file of each way to run one subclasses HostileSuite and says how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Sandbox
from odooops_dagster.tools.runtime.sandbox import bubblewrap
from odooops_dagster.tools.runtime.sandbox.attack import ATTACKS
from odooops_dagster.tools.runtime.sandbox.trial import Scene, attacked

# An interpreter that every account can run.
PYTHON = Path("/usr/bin/python3")
Mutation = Callable[[list[str], Any], list[str]]


def without(*words: str) -> Mutation:
    """Return a mutation that leaves these words out, one after the other where they stand together."""

    def mutate(argv: list[str], _scene: object) -> list[str]:
        size = len(words)
        places = [at for at in range(len(argv)) if tuple(argv[at : at + size]) == words]
        assert places, f"{words} is not in {argv}"
        gone = {at + offset for at in places for offset in range(size)}
        return [word for at, word in enumerate(argv) if at not in gone]

    return mutate


def without_prefix(prefix: str) -> Mutation:
    """Return a mutation that leaves out the words that begin so."""

    def mutate(argv: list[str], _scene: object) -> list[str]:
        assert any(word.startswith(prefix) for word in argv)
        return [word for word in argv if not word.startswith(prefix)]

    return mutate


def with_the_neighbour(argv: list[str], scene: Scene) -> list[str]:
    """Mount another environment's folder, too."""
    other = str(scene.sandbox.home.with_name("other"))
    at = argv.index("--remount-ro")
    return [*argv[:at], "--bind", other, other, *argv[at:]]


def with_the_machines_memory_files(argv: list[str], _scene: Scene) -> list[str]:
    """Mount the machine's shared memory instead of an own."""
    at = argv.index("--remount-ro")
    return [*argv[:at], "--bind", "/dev/shm", "/dev/shm", *argv[at:]]  # noqa: S108 - the mutation's point


def without_account(argv: list[str], _scene: object) -> list[str]:
    """Stay root: leave out the change of the account, and the bwrap that the account would have run."""
    first = next(at for at, word in enumerate(argv) if word.endswith("/setpriv"))
    return without_inner_bwrap(argv[:first] + argv[argv.index("--", first) + 1 :])


def without_inner_bwrap(argv: list[str]) -> list[str]:
    """Leave out the inner bwrap, whose namespace has capabilities of its own to give up."""
    first = len(argv) - 1 - argv[::-1].index("--unshare-user") - 1
    return argv[:first] + argv[argv.index("--", first) + 1 :]


# What each guard keeps out: without the guard, one of the attacks succeeds.
GUARDS: dict[str, tuple[Mutation, set[str]]] = {
    "own network": (without("--unshare-net"), {"connects_to_ports", "connects_to_abstract_sockets"}),
    "own processes": (without("--unshare-pid"), {"sees_processes", "kills"}),
    "no user namespaces": (without("--disable-userns"), {"makes_user_namespaces"}),
    "own folders only": (with_the_neighbour, {"reads_files", "lists_folders", "writes_files", "connects_to_sockets"}),
    "own shared memory": (with_the_machines_memory_files, {"reads_shared_memory", "fills_memory"}),
    "limit of processes": (without_prefix("--nproc="), {"forks_without_end"}),
    "limit of files": (without_prefix("--fsize="), {"fills_the_disk"}),
    "limit of memory files": (without("--size", str(16 * 1024**2)), {"fills_memory"}),
}


class HostileSuite:
    """The truths that hold for every sandbox."""

    # The attacks that succeed without a sandbox: all but those that the account cannot do anywhere.
    succeed_without: frozenset[str] = frozenset(ATTACKS)
    prefix: tuple[str, ...] = ()

    @pytest.fixture
    def built(self) -> Scene:
        """Return a sandbox and its surroundings."""
        raise NotImplementedError

    def attack(self, built: Scene, mutate: Mutation = lambda argv, _scene: argv) -> dict[str, str]:
        """Return the attacks that succeed in the sandbox, after a change of its command line."""

        def wrap(sandbox: Sandbox, argv: object) -> list[str]:
            return mutate(bubblewrap.command(sandbox, list(argv), cwd=sandbox.home), built)  # type: ignore[call-overload]

        return attacked(built, wrap=wrap, prefix=self.prefix)

    def test_no_attack_succeeds(self, built: Scene) -> None:
        """Neither secrets nor neighbours, ports, processes, the kernel or the machine's memory can be reached."""
        assert self.attack(built) == {}

    def test_every_attack_succeeds_without_a_sandbox(self, built: Scene) -> None:
        """An attack that fails everywhere would prove nothing."""
        found = attacked(built, wrap=lambda _sandbox, argv: list(argv), prefix=self.prefix)
        assert set(found) == set(self.succeed_without)

    @pytest.mark.parametrize("guard", GUARDS)
    def test_each_guard_is_needed(self, built: Scene, guard: str) -> None:
        """The attacks that it stops succeed when it is taken away."""
        mutate, expected = GUARDS[guard]
        assert expected <= set(self.attack(built, mutate))

    def test_a_sandbox_that_cannot_start_says_what_to_do(self, built: Scene) -> None:
        """The person reads the reason and the next action."""
        with pytest.raises(Unavailable, match="the sandbox does not start") as caught:
            self.attack(built, lambda argv, _scene: [argv[0], "--no-such-option", *argv[1:]])
        assert caught.value.hint
