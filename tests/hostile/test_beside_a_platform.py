"""Pushed code beside a platform that runs, in the sandbox of an Odoo: what it tries, and with parts taken away.

The platform runs as whoever runs the tests: root, and an ordinary user besides (`.ci/run`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path

import pytest

from odooops_dagster.home import StateEntry
from odooops_dagster.model import Job, Sandbox
from odooops_dagster.tools.runtime.job import run_job
from odooops_dagster.tools.runtime.sandbox import attack, bubblewrap, trial
from tests.conftest import missing
from tests.hostile.surroundings import OTHER, OWN, Surroundings, surroundings
from tests.integration.test_confinement import build_in
from tests.ops import Ops
from tests.servers import state_folder
from tests.suites.hostile import PYTHON, without, without_account

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

IS_ROOT = os.geteuid() == 0
ACCOUNTS = [
    pytest.param("root", marks=pytest.mark.root),
    pytest.param("an ordinary user", marks=pytest.mark.skipif(IS_ROOT, reason="needs an ordinary user")),
]
# What the account cannot do anywhere: an ordinary user becomes no root, and does not write the kernel's settings.
NEVER = frozenset() if IS_ROOT else frozenset({"is_root", "changes_the_kernel"})
# Lists names: those above what the sandbox was given are there, and hold nothing else.
LISTS = "import json, os, sys; print(json.dumps({path: sorted(os.listdir(path)) for path in sys.argv[1:]}))"
Mutation = Callable[[list[str], Surroundings], list[str]]


@pytest.fixture(scope="module", params=ACCOUNTS)
def beside() -> Iterator[Surroundings]:
    """Yield an environment on a platform that runs."""
    if shutil.which("bwrap") is None:
        missing("bubblewrap is not installed: scripts/dev/system-packages.sh")
    # A sandbox has a /tmp of its own: what it writes there below the name of a state folder would be nobody's.
    with state_folder("hostile", parent=Path("/var/tmp")) as home:  # noqa: S108 - a private folder is made in it
        ops = Ops(home)
        try:
            started = ops.run("up", "--detach")
            assert started.returncode == 0, started.stderr
            build = build_in(home)
            (home / StateEntry.VENVS / "another" / "venv").mkdir(parents=True)
            with surroundings(ops, build) as made:
                yield made
        finally:
            ops.run("down")


@pytest.fixture(scope="module")
def succeeded(beside: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the attacks of one job, started as the platform starts every job, that succeeded."""
    source = Path(attack.__file__).read_text()
    argv = (str(PYTHON), "-I", "-S", "-c", source, json.dumps(beside.targets))
    return dict(json.loads(_output(_limited(beside.sandbox), argv, tmp_path_factory.mktemp("job") / "log")))


@pytest.mark.parametrize("name", attack.ATTACKS)
def test_pushed_code_gets_nothing_from_the_platform_beside_it(succeeded: dict[str, str], name: str) -> None:
    """Neither its secrets, programs, ports and sockets, nor its neighbour's, nor the machine's."""
    assert succeeded.get(name) is None


def test_no_cache_can_be_written(beside: Surroundings, succeeded: dict[str, str]) -> None:
    """Of Odoo, environments, sources, mirrors and templates, not even those that it runs are changed."""
    assert "writes_files" not in succeeded
    assert {StateEntry.VENVS, StateEntry.SOURCES, StateEntry.ODOO, StateEntry.REPOS, StateEntry.TEMPLATES} <= {
        Path(place).relative_to(beside.home).parts[0]
        for place in beside.targets["places"]
        if Path(place).is_relative_to(beside.home) and Path(place) != beside.home
    }
    assert [path for path in beside.home.rglob("attacked") if path.exists()] == []


def test_of_others_it_sees_not_even_the_names(beside: Surroundings, tmp_path: Path) -> None:
    """The folders above its own hold what it was given, and nothing else."""
    above = [beside.home / name for name in (StateEntry.ENVIRONMENTS, StateEntry.VENVS, StateEntry.SOURCES)]
    argv = (str(PYTHON), "-I", "-S", "-c", LISTS, *map(str, (*above, beside.home)))
    seen = json.loads(_output(beside.sandbox, argv, tmp_path / "log"))
    assert seen[str(above[0])] == [OWN]
    assert "another" in os.listdir(above[1])  # noqa: PTH208 - as it was asked inside
    assert seen[str(above[1])] == ["key"]
    assert OTHER not in json.dumps(seen)
    assert set(seen[str(beside.home)]) == {"environments", "odoo", "sources", "venvs"}


def test_an_environments_sandbox_has_every_limit(beside: Surroundings) -> None:
    """The attacks on limits meet smaller ones, so that they end soon; none of them is left out."""
    limits = beside.sandbox.limits
    unlimited = {each.name for each in fields(limits) if not getattr(limits, each.name)}
    assert unlimited == {"address_space_mb"}  # the job's own, which counts from its start


def test_without_a_sandbox_every_attack_succeeds(beside: Surroundings) -> None:
    """An attack that fails everywhere would prove nothing: all that stops them is the sandbox."""
    assert set(_attacked(beside, lambda _argv, _beside: [])) == set(attack.ATTACKS) - NEVER


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the sandbox: how it is taken away, and which attacks succeed then, of root's and of a user's."""

    mutate: Mutation
    root: frozenset[str]
    user: frozenset[str]


def _with_the_state_folder(argv: list[str], beside: Surroundings) -> list[str]:
    at = len(argv) - 1 - argv[::-1].index("--remount-ro")
    return [*argv[:at], "--bind", str(beside.home), str(beside.home), *argv[at:]]


def _with_code_to_write(argv: list[str], beside: Surroundings) -> list[str]:
    code = {str(path) for path in beside.sandbox.readable}
    return ["--bind" if word == "--ro-bind" and after in code else word for word, after in pairwise([*argv, ""])]


_NETWORK = frozenset({"connects_to_ports", "connects_to_abstract_sockets"})
# As root, an account that owns nothing keeps others out of files and processes that the sandbox would show.
PARTS = {
    "its own network": Part(mutate=without("--unshare-net"), root=_NETWORK, user=_NETWORK),
    "its own processes": Part(
        mutate=without("--unshare-pid"),
        root=frozenset({"sees_processes"}),
        user=frozenset({"sees_processes", "kills"}),
    ),
    "its own folders": Part(
        mutate=_with_the_state_folder,
        root=frozenset(),
        user=frozenset({"reads_files", "lists_folders", "writes_files", "connects_to_sockets"}),
    ),
    "code that is read only": Part(mutate=_with_code_to_write, root=frozenset(), user=frozenset({"writes_files"})),
    "an account of its own": Part(
        mutate=lambda argv, beside: without_account(argv, beside) if IS_ROOT else argv,
        root=frozenset({"is_root", "has_capabilities"}),
        user=frozenset(),
    ),
}


@pytest.mark.parametrize("name", [name for name, part in PARTS.items() if (part.root if IS_ROOT else part.user)])
def test_each_part_of_the_sandbox_is_needed(beside: Surroundings, name: str) -> None:
    """Taken away, the attacks that it stops succeed on the same platform."""
    part = PARTS[name]
    assert (part.root if IS_ROOT else part.user) <= set(_attacked(beside, part.mutate))


def _attacked(beside: Surroundings, mutate: Mutation) -> dict[str, str]:
    """Return the attacks that succeed after a change of the sandbox's command line; empty for none."""

    def wrap(sandbox: Sandbox, argv: Sequence[str]) -> list[str]:
        command = bubblewrap.command(sandbox, argv, cwd=sandbox.home)
        return mutate(command, beside) or list(argv)

    scene = trial.Scene(sandbox=_limited(beside.sandbox), targets=beside.targets, python=PYTHON)
    found = trial.attacked(scene, wrap=wrap)
    for left in beside.home.rglob("attacked"):
        left.unlink()
    return found


def _limited(sandbox: Sandbox) -> Sandbox:
    """Return the sandbox with limits that an attack reaches within a second."""
    return replace(sandbox, limits=trial.LIMITS)


def _output(sandbox: Sandbox, argv: tuple[str, ...], log: Path) -> str:
    result = run_job(Job(name="hostile", argv=argv, cwd=sandbox.home, log_path=log, sandbox=sandbox))
    assert result.exit_status == 0, log.read_text()
    return log.read_text()
