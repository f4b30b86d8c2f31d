"""All programs of an environment together get their share of the memory, and no more.

The tests run where the kernel keeps the share (a cgroup that is delegated to us), and where launchers watch it: a
machine has one of both, and says which. As root the kernel does wherever cgroups of version 2 have the controllers;
`scripts/dev/in-a-vm.sh` boots a kernel that has them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import psutil
import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Job, JobResult, Sandbox, Service, Share
from odooops_dagster.tools.runtime import cgroups, shares
from odooops_dagster.tools.runtime.job import run_job
from odooops_dagster.tools.runtime.process import ProcessRuntime
from tests.suites.hostile import PYTHON
from tests.suites.processes import eventually

IS_ROOT = os.geteuid() == 0
UID = 61002 if IS_ROOT else None
ACCOUNTS = [
    pytest.param("root", marks=pytest.mark.root),
    pytest.param("an ordinary user", marks=pytest.mark.skipif(IS_ROOT, reason="needs an ordinary user")),
]
LIMIT_MB = 300
NEVER = "/never"

# Takes memory in as many processes as asked, none of which takes much; tells when it has it, and keeps it until a file
# is there.
BALLOON = """
import os, sys, time
processes, megabytes, until = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for _ in range(processes - 1):
    if os.fork() == 0:
        break
kept = bytearray(megabytes * 2**20)
for page in range(0, len(kept), 4096):
    kept[page] = 1
print("taken", flush=True)
for _ in range(600):
    if os.path.exists(until):
        break
    time.sleep(0.1)
"""
# Fills the sandbox's memory with files.
FILES = """
import sys, time
for number in range(int(sys.argv[1])):
    with open(f"/tmp/{number}", "wb") as file:
        file.write(b"x" * 2**20)
time.sleep(5)
"""
# As many threads as it gets, up to a number that does no harm.
THREADS = """
import threading, time
started = 0
try:
    for _ in range(400):
        threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
print("threads", started, flush=True)
"""


@pytest.fixture(scope="module", params=ACCOUNTS)
def kernel() -> Iterator[bool]:
    """Yield whether the kernel keeps shares here; nothing of the tests stays in the cgroup."""
    try:
        base = Path(cgroups.enter())
    except Unavailable as exc:
        print(f"no cgroup of version 2 is ours here, launchers watch the memory: {exc}")
        yield False
        return
    yield True
    assert [each.name for each in base.iterdir() if each.is_dir() and each.name.startswith("test-")] == []


@pytest.fixture
def share(tmp_path: Path, kernel: bool) -> Share:
    """Return a share of little memory."""
    assert kernel == (shares.delegated() is not None)
    return Share(name=f"test-{token_hex(4)}", owner="shop/main", folder=tmp_path / "programs", memory_mb=LIMIT_MB)


def job(folder: Path, share: Share | None, script: str, *words: object, name: str = "job") -> Job:
    """Return a job that runs the script within the share."""
    argv = (str(PYTHON), "-I", "-S", "-c", script, *map(str, words))
    log = folder / f"{name}-{time.monotonic_ns()}.log"
    return Job(name=name, argv=argv, cwd=folder, sandbox=None, log_path=log, timeout_seconds=60, share=share)


@contextmanager
def running(folder: Path, one: Job) -> Iterator[list[JobResult]]:
    """Run the job beside the block once it has its memory, and let it end with the block; yield where its result is."""
    results: list[JobResult] = []
    thread = threading.Thread(target=lambda: results.append(run_job(one)))
    thread.start()
    try:
        eventually(lambda: one.log_path.is_file() and "taken" in one.log_path.read_text(), what="it has its memory")
        yield results
    finally:
        (folder / "go").touch()
        thread.join()


def boxed(folder: Path, one: Job) -> Job:
    """Return the job in a sandbox."""
    home = folder / "home"
    home.mkdir()
    if UID is not None:
        os.chown(home, UID, UID)
        for parent in (folder, *folder.parents[:-2]):
            parent.chmod(0o755)
    python = PYTHON.resolve()
    readable = () if python.is_relative_to("/usr") else (python.parent.parent,)
    return replace(one, cwd=home, sandbox=Sandbox(writable=(home,), readable=readable, home=home, uid=UID))


def test_several_processes_together_do_not_get_more_than_the_share(tmp_path: Path, share: Share) -> None:
    """Each takes less than the limit; the sentence names the limit, and the setting that raises it."""
    one = job(tmp_path, share, BALLOON, 6, 80, NEVER)
    result = run_job(one)
    assert result.exit_status == -9
    assert "shop/main" in result.ended_for
    assert f"{LIMIT_MB} MB (ODOOOPS_ENVIRONMENT_MEMORY_MB," in result.ended_for
    assert f"launcher: ended: {result.ended_for}" in one.log_path.read_text()


def test_a_job_within_the_share_runs_to_its_end(tmp_path: Path, share: Share) -> None:
    """Its memory is no reason, and neither is the memory that several processes share."""
    (tmp_path / "go").touch()
    result = run_job(job(tmp_path, share, BALLOON, 2, 60, tmp_path / "go"))
    assert (result.exit_status, result.ended_for) == (0, "")
    assert not list((tmp_path / "programs").glob("*"))


def test_files_in_memory_count(tmp_path: Path, share: Share) -> None:
    """A sandbox's /tmp is memory: what fills it is ended as what takes memory itself."""
    result = run_job(boxed(tmp_path, job(tmp_path, share, FILES, 400)))
    assert "shop/main" in result.ended_for


def test_the_jobs_of_an_environment_share_the_limit(tmp_path: Path, share: Share) -> None:
    """Two jobs that fit alone do not fit together: the one that takes more is ended, the other goes on."""
    with running(tmp_path, job(tmp_path, share, BALLOON, 1, 100, tmp_path / "go", name="first")) as first:
        second = run_job(job(tmp_path, share, BALLOON, 1, 250, NEVER, name="second"))
    assert "shop/main" in second.ended_for
    assert [(result.exit_status, result.ended_for) for result in first] == [(0, "")]


def test_another_environment_has_a_limit_of_its_own(tmp_path: Path, share: Share) -> None:
    """What two environments take together is nobody's limit."""
    other = replace(share, name=f"{share.name}-b", folder=tmp_path / "others")
    with running(tmp_path, job(tmp_path, share, BALLOON, 1, 200, tmp_path / "go")) as first:
        log = job(tmp_path, other, BALLOON, 1, 200, tmp_path / "go", name="other")
        with running(tmp_path, log) as second:
            time.sleep(2)
    assert [result.exit_status for result in [*first, *second]] == [0, 0]


def test_a_job_is_ended_before_the_service(tmp_path: Path, share: Share) -> None:
    """People work on the service: it goes on, though it takes a little more memory than the job."""
    runtime = ProcessRuntime(tmp_path / "runtime")
    try:
        runtime.start(service(tmp_path, share, megabytes=180))
        eventually(lambda: "taken" in "".join(runtime.logs("env-1")), what="the service has its memory")
        before = runtime.status("env-1")[0].pid
        result = run_job(job(tmp_path, share, BALLOON, 1, 160, NEVER))
        assert "shop/main" in result.ended_for
        assert (runtime.status("env-1")[0].state, runtime.status("env-1")[0].pid) == ("running", before)
    finally:
        runtime.shut_down()


def test_a_service_above_its_share_starts_anew_and_says_why(tmp_path: Path, share: Share) -> None:
    """Its status names the limit."""
    runtime = ProcessRuntime(tmp_path / "runtime")
    try:
        runtime.start(service(tmp_path, share, megabytes=400))
        eventually(lambda: bool(runtime.status("env-1")[0].ended_for), what="the service was ended")
        assert "ODOOOPS_ENVIRONMENT_MEMORY_MB" in runtime.status("env-1")[0].ended_for
        eventually(lambda: "".join(runtime.logs("env-1")).count("launcher: ended") > 1, what="it was started again")
    finally:
        runtime.shut_down()


def test_what_is_killed_for_memory_leaves_no_process(tmp_path: Path, share: Share) -> None:
    """The program is ended as a whole."""
    mark = token_hex(8)
    run_job(job(tmp_path, share, BALLOON, 6, 80, NEVER, mark))
    assert not [each for each in psutil.process_iter(["cmdline"]) if mark in (each.info["cmdline"] or ())]


def test_a_killed_launcher_counts_no_longer(tmp_path: Path, share: Share) -> None:
    """What it wrote down is forgotten by the next one, also if its number belongs to another process now."""
    share.folder.mkdir(parents=True)
    for pid in ("999999999", "1"):
        (share.folder / pid).write_text('{"started": 17, "kind": "job", "sandboxed": false}')
    (tmp_path / "go").touch()
    assert run_job(job(tmp_path, share, BALLOON, 1, 10, tmp_path / "go")).exit_status == 0
    if shares.delegated() is None:
        assert not list(share.folder.iterdir())


def test_the_kernel_counts_processes(tmp_path: Path, share: Share, kernel: bool) -> None:
    """Threads are processes too."""
    if not kernel:
        pytest.skip("no cgroup of version 2 is ours here: only a sandbox's account has a limit of processes")
    one = job(tmp_path, replace(share, processes=50), THREADS)
    run_job(one)
    assert int(one.log_path.read_text().rpartition("threads ")[2].split()[0]) < 50


def service(folder: Path, share: Share, *, megabytes: int) -> Service:
    """Return a service that takes memory."""
    argv = (str(PYTHON), "-I", "-S", "-c", BALLOON, "1", str(megabytes), NEVER)
    return Service(
        name="env-1", argv=argv, cwd=folder, port=0, log_path=folder / "service.log", sandbox=None, share=share
    )
