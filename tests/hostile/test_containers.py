"""The containers of the docker runtime, attacked from the inside on a real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Job, Sandbox
from odooops_dagster.tools.runtime import containers
from odooops_dagster.tools.runtime import docker as runtime_of_containers
from odooops_dagster.tools.runtime.docker import DockerRuntime
from odooops_dagster.tools.runtime.sandbox import attack
from odooops_dagster.tools.runtime.sandbox.trial import Scene, scene
from tests.docker_engine import Engine, running
from tests.podman_engine import Podman

pytestmark = [pytest.mark.docker, pytest.mark.root]

ACCOUNT = 61004
PYTHON = Path("/usr/bin/python3")
Options = dict[str, Any]


@pytest.fixture(scope="module")
def podman() -> Iterator[Engine]:
    """Yield a Podman, whose own filter of system calls lets more through than Docker's."""
    with running(Podman) as engine:
        yield engine


@pytest.fixture
def built() -> Iterator[Scene]:
    """Yield a sandbox of an account that owns its neighbour's files, too: the hardest case."""
    with scene(uid=ACCOUNT, python=PYTHON) as built:
        built.targets["folders"].remove("/var/log")  # the image has one, too
        yield built


def on_the_machines_network(options: Options) -> Options:
    """Share the machine's network."""
    return options | {"network_mode": "host"}


def among_the_machines_processes(options: Options) -> Options:
    """Share the machine's processes; the launcher, which is not the first one then, is told whose child it is."""
    return options | {"pid_mode": "host", "command": ["-", "containerd-shim"]}


def with_the_neighbour(options: Options) -> Options:
    """Mount another environment's folder, too."""
    own = next(mount for mount in options["mounts"] if mount["Target"].endswith("/own"))
    other = own["Target"].removesuffix("own") + "other"
    return options | {"mounts": [*options["mounts"], own | {"Source": other, "Target": other}]}


def with_the_machines_memory(options: Options) -> Options:
    """Mount the machine's shared memory instead of an own."""
    shared = {"Type": "bind", "Source": "/dev/shm", "Target": "/dev/shm", "ReadOnly": False}  # noqa: S108 - the point
    tmpfs = {folder: how for folder, how in options["tmpfs"].items() if folder != "/dev/shm"}  # noqa: S108 - the same
    return options | {"mounts": [*options["mounts"], shared], "tmpfs": tmpfs}


def without_the_engine_s_filter(options: Options) -> Options:
    """Let every system call through that the launcher's own filter lets through."""
    return options | {"security_opt": [*options["security_opt"], "seccomp=unconfined"]}


def without(*names: str) -> Callable[[Options], Options]:
    """Leave options out."""

    def mutate(options: Options) -> Options:
        assert set(names) <= set(options)
        return {name: value for name, value in options.items() if name not in names}

    return mutate


# What each guard keeps out: without the guard, one of the attacks succeeds.
GUARDS: dict[str, tuple[Callable[[Options], Options], set[str]]] = {
    "own network": (on_the_machines_network, {"connects_to_ports", "connects_to_abstract_sockets"}),
    "own processes": (among_the_machines_processes, {"sees_processes", "kills"}),
    "own folders only": (with_the_neighbour, {"reads_files", "lists_folders", "writes_files", "connects_to_sockets"}),
    "own shared memory": (with_the_machines_memory, {"reads_shared_memory", "fills_memory"}),
    "limit of processes": (without("pids_limit"), {"forks_without_end"}),
    "limit of files": (without("ulimits"), {"fills_the_disk"}),
    "limit of memory files": (without("tmpfs"), {"fills_memory"}),
    "no new privileges": (without("security_opt"), {"has_capabilities"}),
}


def attacked(
    built: Scene,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[Options], Options] = dict,
    *,
    is_filtered: bool = True,
) -> dict[str, str]:
    """Return the attacks that succeed in a container of the sandbox, after a change of its options.

    `is_filtered`: whether the launcher sets its filter of system calls, which brings "no new privileges" with it.
    """
    made = containers.job_container

    def mutated(job: Job, **rest: Any) -> Options:  # noqa: ANN401 - as the function that it replaces
        return mutate(made(job, **rest))

    monkeypatch.setattr(runtime_of_containers, "job_container", mutated)
    if not is_filtered:
        told = containers.definition_inside
        monkeypatch.setattr(
            runtime_of_containers, "definition_inside", lambda job: told(job) | {"forbids_namespaces": False}
        )
    source = Path(attack.__file__).read_text()
    own = built.sandbox.home
    job = Job(
        name="attack",
        argv=(str(PYTHON), "-I", "-S", "-c", source, json.dumps(built.targets)),
        cwd=own,
        sandbox=built.sandbox,
        log_path=own.parent / "log",
        timeout_seconds=60,
    )
    result = DockerRuntime(own.parent / "runtime", engine=engine.url, image=engine.image).execute(job)
    assert result.exit_status == 0, result.log_path.read_text()
    return dict(json.loads(result.log_path.read_text().splitlines()[-1]))


def test_no_attack_succeeds(built: Scene, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither secrets nor neighbours, ports, processes, the kernel or the machine's memory can be reached."""
    assert attacked(built, engine, monkeypatch) == {}


def test_no_attack_succeeds_in_a_container_of_podman(
    built: Scene, podman: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It puts writable folders into a read-only root, and lets user namespaces through: both are refused by us."""
    assert attacked(built, podman, monkeypatch) == {}


@pytest.mark.parametrize("is_filtered", [True, False])
def test_user_namespaces_are_refused_whatever_the_engine_lets_through(
    built: Scene, engine: Engine, monkeypatch: pytest.MonkeyPatch, is_filtered: bool
) -> None:
    """The launcher's filter needs no other one, and without it they are open."""
    found = attacked(built, engine, monkeypatch, without_the_engine_s_filter, is_filtered=is_filtered)
    assert set(found) == (set() if is_filtered else {"makes_user_namespaces"})


@pytest.mark.parametrize("guard", GUARDS)
def test_each_guard_is_needed(built: Scene, engine: Engine, monkeypatch: pytest.MonkeyPatch, guard: str) -> None:
    """The attacks that it stops succeed when it is taken away."""
    mutate, expected = GUARDS[guard]
    found = attacked(built, engine, monkeypatch, mutate, is_filtered=guard != "no new privileges")
    assert expected <= set(found)


def test_the_program_cannot_reach_the_launcher(built: Scene, engine: Engine, tmp_path: Path) -> None:
    """It is root, and holds the definition: neither a signal, nor its memory, nor its files are open."""
    script = """
import os
for what in ("os.kill(1, 9)", "open('/proc/1/environ').read()", "open('/proc/1/mem')", "os.listdir('/proc/1/fd')"):
    try:
        eval(what)
        print("reached", what)
    except OSError as exc:
        print(type(exc).__name__)
"""
    job = Job(
        name="reach",
        argv=(str(PYTHON), "-I", "-S", "-c", script),
        cwd=built.sandbox.home,
        sandbox=built.sandbox,
        log_path=tmp_path / "log",
    )
    DockerRuntime(tmp_path / "runtime", engine=engine.url, image=engine.image).execute(job)
    assert (tmp_path / "log").read_text().split() == ["PermissionError"] * 4


@pytest.mark.parametrize("uid", [None, "no sandbox"])
def test_a_program_without_an_account_of_its_own_is_refused(engine: Engine, tmp_path: Path, uid: str | None) -> None:
    """A container would run it as root."""
    sandbox = None if uid else Sandbox(writable=(tmp_path,), home=tmp_path, uid=None)
    job = Job(name="job", argv=("true",), cwd=tmp_path, sandbox=sandbox, log_path=tmp_path / "log")
    with pytest.raises(BadInput, match=r"has no (sandbox|account)"):
        DockerRuntime(tmp_path / "runtime", engine=engine.url, image=engine.image).execute(job)
    assert not engine.client.containers.list(all=True)
