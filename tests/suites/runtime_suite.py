"""What every runtime must do; a runtime's test file subclasses RuntimeSuite and says how to open it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Job, Sandbox, Service, ServiceStatus
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.runtime.ports import free_port
from tests.suites.processes import ANSWER, FAMILY, LIMITS, PYTHON, alive, command_lines, eventually, family, word_at

ROOT = Path(__file__).parents[2]

# Runs a job in a process of its own, so that it may be killed.
CALLER = """
import sys
from pathlib import Path
from odooops_dagster.model import Job
from odooops_dagster.tools.runtime.memory import MemoryRuntime
folder = Path(sys.argv[1])
job = Job(name="job", argv=tuple(sys.argv[2:]), cwd=folder, sandbox=None, log_path=folder / "job.log")
MemoryRuntime().execute(job)
"""


# Answers with a word at the socket that it inherits.
INHERITS = """
import os, socket, sys
assert os.environ["LISTEN_FDS"] == "1"
server = socket.socket(fileno=3)
while True:
    connection, _ = server.accept()
    connection.sendall(sys.argv[1].encode())
    connection.close()
"""


# Answers at two sockets, from two processes, each with the name of its own.
INHERITS_TWO = """
import os, socket
assert os.environ["LISTEN_FDS"] == "2"
descriptor, word = (3, b"pages") if os.fork() else (4, b"bus")
server = socket.socket(fileno=descriptor)
while True:
    connection, _ = server.accept()
    connection.sendall(word)
    connection.close()
"""


class PlatformRuntime(Runtime, Protocol):
    """A runtime that can be ended and brought back, as the platform does."""

    def resume(self) -> list[ServiceStatus]:
        """Bring back what ran."""

    def shut_down(self) -> None:
        """End what runs."""


class RuntimeSuite:
    """The truths that hold for every runtime."""

    # The interpreter of the programs, as a command line that takes a script.
    python: tuple[str, ...] = PYTHON

    def open(self, root: Path) -> PlatformRuntime:
        """Return a runtime that keeps what it must keep in `root`."""
        raise NotImplementedError

    def reopen(self, runtime: PlatformRuntime, root: Path) -> PlatformRuntime:
        """Return the runtime as it is after the platform was ended and started again."""
        raise NotImplementedError

    def start_under_keeper(self, root: Path, service: Service) -> int:
        """Start the service, and return the process id of what keeps it running."""
        raise NotImplementedError

    def sandbox(self, folder: Path) -> Sandbox | None:  # noqa: ARG002 - most need none
        """Return the sandbox of a program that works in the folder."""
        return None

    def place(self, folder: Path, name: str) -> Path | None:  # noqa: ARG002 - most listen on their port
        """Return the socket of a service that works in the folder; None if it listens on its port."""
        return None

    def family(self, notes: Path) -> list[int]:
        """Return the process ids of a family as this machine knows them, once there are three; the parent's last."""
        return family(notes)

    def call(self, folder: Path, argv: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Run the program as a job of another process, which may be killed."""
        return subprocess.Popen([sys.executable, "-c", CALLER, str(folder), *argv], cwd=ROOT)

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """The folder of one test's runtime."""
        return tmp_path / "runtime"

    @pytest.fixture
    def runtime(self, root: Path) -> Iterator[PlatformRuntime]:
        """A runtime that is ended with the test."""
        runtime = self.open(root)
        yield runtime
        runtime.shut_down()

    # Jobs

    def test_a_job_ends_with_its_exit_status(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """What the program returns is what we are told."""
        assert runtime.execute(self.job(tmp_path, "raise SystemExit(3)")).exit_status == 3
        assert runtime.execute(self.job(tmp_path, "pass")).exit_status == 0

    def test_a_job_ended_by_a_signal_says_which(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """A signal is a negative status, as in subprocess."""
        result = runtime.execute(self.job(tmp_path, "import os; os.kill(os.getpid(), 15)"))
        assert result.exit_status == -signal.SIGTERM
        assert not result.timed_out

    def test_a_job_whose_program_is_missing_says_so_in_its_log(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """The status is the shell's 127, and the log names the program."""
        result = runtime.execute(
            Job(
                name="job",
                argv=("no-such-program",),
                cwd=tmp_path,
                sandbox=self.sandbox(tmp_path),
                log_path=tmp_path / "log",
            )
        )
        assert result.exit_status == 127
        assert "no-such-program" in result.log_path.read_text()

    def test_lines_are_handed_over_while_the_job_works_and_kept_in_its_log(
        self, runtime: PlatformRuntime, tmp_path: Path
    ) -> None:
        """The job goes on only after its first line was heard; its last line needs no end."""
        script = (
            "import os, time; print('go on, größer', flush=True)\n"
            "while not os.path.exists('heard'): time.sleep(0.01)\n"
            "print('no end', end='')"
        )
        lines: list[str] = []

        def on_line(line: str) -> None:
            lines.append(line)
            (tmp_path / "heard").touch()

        result = runtime.execute(self.job(tmp_path, script, timeout_seconds=20), on_line=on_line)
        assert not result.timed_out
        assert lines == ["go on, größer", "no end"]
        assert result.log_path.read_text() == "go on, größer\nno end"

    def test_a_job_sees_its_own_environment_and_not_the_platforms(
        self, runtime: PlatformRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the platform knows of databases is not for the code of a branch."""
        monkeypatch.setenv("ODOOOPS_DATABASE_URL", "postgresql://secret")
        job = self.job(tmp_path, "import os; print(*sorted(os.environ))", env={"PGPASSWORD": "hush"})
        names = set(runtime.execute(job).log_path.read_text().split())
        assert {"PGPASSWORD", "PATH"} <= names
        assert "ODOOOPS_DATABASE_URL" not in names

    def test_a_jobs_secrets_stand_in_no_command_line(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Anyone on the machine may read the arguments of a process."""
        seen: list[str] = []
        script = "import os, time; print('now', flush=True)\nwhile not os.path.exists('seen'): time.sleep(0.01)"
        job = self.job(tmp_path, script, env={"PGPASSWORD": "very-secret-word"})

        def look(_line: str) -> None:
            seen.append(command_lines())
            (tmp_path / "seen").touch()

        runtime.execute(job, on_line=look)
        assert "very-secret-word" not in seen[0]
        assert "print('now', flush=True)" in seen[0]

    def test_the_time_limit_ends_a_job_and_all_its_descendants(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """A grandchild that left for a session of its own ends too."""
        for seconds in LIMITS:
            notes = tmp_path / f"notes {seconds}"
            result = runtime.execute(self.job(tmp_path, FAMILY, str(notes), timeout_seconds=seconds))
            assert result.timed_out
            assert result.exit_status == -signal.SIGKILL
            if "family" in result.log_path.read_text():
                break
        assert alive(self.family(notes)) == []

    def test_a_job_that_ends_takes_its_background_processes_with_it(
        self, runtime: PlatformRuntime, tmp_path: Path
    ) -> None:
        """A job is over when nothing of it runs."""
        notes = tmp_path / "notes"
        result = runtime.execute(self.job(tmp_path, FAMILY, str(notes), "0.3"))
        assert result.exit_status == 0
        assert alive(self.family(notes)) == []

    def test_an_interrupted_job_leaves_no_process_behind(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Cancelling raises an exception in the middle of the job."""
        notes = tmp_path / "notes"

        def interrupt(_line: str) -> None:
            self.family(notes)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            runtime.execute(self.job(tmp_path, FAMILY, str(notes)), on_line=interrupt)
        assert alive(self.family(notes)) == []

    def test_a_killed_caller_takes_the_whole_job_with_it(self, tmp_path: Path) -> None:
        """Kill -9 of a run's process leaves no time to clean up."""
        notes = tmp_path / "notes"
        with self.call(tmp_path, (*self.python, FAMILY, str(notes))) as caller:
            pids = self.family(notes)
            caller.kill()
        eventually(lambda: not alive(pids), what="the job is gone")

    def test_a_killed_launcher_takes_the_whole_job_with_it(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Kill -9 of what stands between caller and job is seen and cleaned up after."""
        notes = tmp_path / "notes"

        def kill_launcher(_line: str) -> None:
            status = Path(f"/proc/{self.family(notes)[-1]}/status").read_text()
            os.kill(int(status.split("PPid:")[1].split()[0]), signal.SIGKILL)

        result = runtime.execute(self.job(tmp_path, FAMILY, str(notes)), on_line=kill_launcher)
        assert result.exit_status == -signal.SIGKILL
        assert not result.timed_out
        eventually(lambda: not alive(self.family(notes)), what="the job is gone")

    def test_a_job_may_not_take_more_memory_than_its_limit(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """The same program runs where the limit allows it."""
        script = "x = b'x' * (400 * 1024 * 1024)"
        refused = runtime.execute(self.job(tmp_path, script, memory_mb=200))
        assert refused.exit_status == 1
        assert "MemoryError" in refused.log_path.read_text()
        assert runtime.execute(self.job(tmp_path, script, memory_mb=900)).exit_status == 0

    # Services

    def test_a_started_service_answers(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Starting returns at once; the service answers soon after."""
        service = self.service(tmp_path, "one")
        status = runtime.start(service)
        assert (status.name, status.state, status.port) == ("env-1", "running", service.port)
        _answers(service, "one")

    def test_a_service_started_twice_is_one_process(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Telling the same again changes nothing."""
        service = self.service(tmp_path, "one")
        first = runtime.start(service)
        _answers(service, "one")
        assert runtime.start(service).pid == first.pid

    def test_another_definition_replaces_the_service_on_its_port(
        self, runtime: PlatformRuntime, tmp_path: Path
    ) -> None:
        """The new program gets the port of the old one."""
        service = self.service(tmp_path, "old")
        first = runtime.start(service)
        _answers(service, "old")
        new = self.service(tmp_path, "new", port=service.port)
        assert runtime.start(new).pid != first.pid
        _answers(new, "new")
        assert [status.name for status in runtime.status()] == ["env-1"]

    def test_an_unknown_service_is_absent(self, runtime: PlatformRuntime) -> None:
        """Asking for it and stopping it is no error."""
        assert runtime.status("nobody") == [ServiceStatus(name="nobody", state="absent")]
        assert runtime.stop("nobody").state == "absent"
        assert runtime.stop("nobody", remove=True).state == "absent"
        assert runtime.logs("nobody") == []
        assert runtime.status() == []

    def test_a_name_that_leads_elsewhere_is_refused(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """A name becomes a file's name."""
        with pytest.raises(BadInput, match="cannot name a service"):
            runtime.start(self.service(tmp_path, "x", name="../../etc/passwd"))

    def test_a_stopped_service_is_kept_and_starts_again(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Stopping may be told twice, and frees the port."""
        service = self.service(tmp_path, "one")
        runtime.start(service)
        _answers(service, "one")
        stopped = runtime.stop("env-1")
        assert (stopped.state, stopped.pid, stopped.port) == ("stopped", None, service.port)
        assert word_at(_place(service)) is None
        assert runtime.stop("env-1").state == "stopped"
        assert runtime.start(service).state == "running"
        _answers(service, "one")

    def test_a_removed_service_is_absent(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Nothing is left of it."""
        service = self.service(tmp_path, "one")
        runtime.start(service)
        _answers(service, "one")
        assert runtime.stop("env-1", remove=True).state == "absent"
        assert runtime.status() == []
        assert word_at(_place(service)) is None

    def test_stopping_a_service_ends_all_its_descendants(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """All are gone when `stop` returns."""
        notes = tmp_path / "notes"
        runtime.start(self.family_service(tmp_path, notes))
        pids = self.family(notes)
        assert len(alive(pids)) == 3
        runtime.stop("env-1")
        assert alive(pids) == []

    def test_a_killed_service_comes_back(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Kill -9 of a preview is mended without anyone's doing."""
        service = self.service(tmp_path, "one")
        first = runtime.start(service)
        _answers(service, "one")
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        eventually(lambda: _is_new(runtime, first.pid), what="a new process")
        _answers(service, "one")

    def test_a_killed_service_leaves_none_of_its_descendants(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """What comes back finds its port free."""
        notes = tmp_path / "notes"
        first = runtime.start(self.family_service(tmp_path, notes))
        pids = self.family(notes)
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        eventually(lambda: not alive(pids), what="the old family is gone")

    def test_a_service_that_cannot_run_has_failed(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """The status says that it ended, the log says why."""
        runtime.start(self.service(tmp_path, "x", argv=("no-such-program",)))
        eventually(lambda: _failure(runtime), what="the failure is seen")
        assert "no-such-program" in runtime.logs("env-1")[-1]
        assert runtime.stop("env-1", remove=True).state == "absent"

    def test_the_last_lines_of_a_service_can_be_read(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Oldest first, two hundred unless told."""
        script = "import time\nfor n in range(500): print('line', n, flush=True)\ntime.sleep(600)"
        runtime.start(self.service(tmp_path, "x", argv=(*self.python, script)))
        eventually(lambda: runtime.logs("env-1", tail=1) == ["line 499"], what="the last line")
        assert runtime.logs("env-1", tail=3) == ["line 497", "line 498", "line 499"]
        assert len(runtime.logs("env-1")) == 200

    def test_a_service_sees_its_own_environment_and_not_the_platforms(
        self, runtime: PlatformRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its secrets stand in no command line either."""
        monkeypatch.setenv("ODOOOPS_DATABASE_URL", "postgresql://secret")
        script = "import os, time; print(*sorted(os.environ), flush=True); time.sleep(600)"
        runtime.start(self.service(tmp_path, "x", argv=(*self.python, script), env={"PGPASSWORD": "very-secret-word"}))
        eventually(lambda: runtime.logs("env-1"), what="the names")
        names = set(runtime.logs("env-1")[0].split())
        assert {"PGPASSWORD", "PATH"} <= names
        assert "ODOOOPS_DATABASE_URL" not in names
        assert "very-secret-word" not in command_lines()

    def test_a_service_may_not_take_more_memory_than_its_limit(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """The program is refused what it asks for beyond the limit."""
        script = "import time; x = b'x' * (400 * 1024 * 1024); time.sleep(600)"
        runtime.start(self.service(tmp_path, "x", argv=(*self.python, script), memory_mb=200))
        eventually(lambda: "MemoryError" in "".join(runtime.logs("env-1")), what="the memory is refused")

    def test_after_a_restart_running_services_come_back_and_stopped_ones_do_not(
        self, runtime: PlatformRuntime, root: Path, tmp_path: Path
    ) -> None:
        """A restart of the platform keeps everyone's intent."""
        runs, stopped = self.service(tmp_path, "runs"), self.service(tmp_path, "stopped", name="env-2")
        runtime.start(runs)
        runtime.start(stopped)
        _answers(runs, "runs")
        _answers(stopped, "stopped")  # what has just begun may not hear yet that it shall end
        runtime.stop("env-2")
        again = self.reopen(runtime, root)
        assert word_at(_place(runs)) is None
        again.resume()
        _answers(runs, "runs")
        assert {status.name: status.state for status in again.status()} == {"env-1": "running", "env-2": "stopped"}
        assert word_at(_place(stopped)) is None

    def test_a_service_inherits_the_socket_at_which_it_answers(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Only the platform's account may connect there; killed, the service comes back at the same place."""
        place = tmp_path / "s.sock"
        place.touch()  # what a killed launcher left is no hindrance
        runtime.start(self.service(tmp_path, "x", argv=(*self.python, INHERITS, "one"), socket=place))
        eventually(lambda: word_at(place) == "one", what="an answer")
        assert place.stat().st_mode & 0o777 == 0o600
        pid = runtime.status("env-1")[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: _is_new(runtime, pid) and word_at(place) == "one", what="an answer again")
        runtime.stop("env-1")
        assert word_at(place) is None
        runtime.stop("env-1", remove=True)
        assert not place.exists()

    def test_a_service_with_a_bus_answers_at_two_sockets(self, runtime: PlatformRuntime, tmp_path: Path) -> None:
        """Each process has its own; both are gone with the service, and one without a bus has one again."""
        pages, bus = tmp_path / "s.sock", tmp_path / "s.bus"
        made = self.service(tmp_path, "x", argv=(*self.python, INHERITS_TWO), socket=pages, bus=bus)
        runtime.start(made)
        eventually(lambda: (word_at(pages), word_at(bus)) == ("pages", "bus"), what="two answers")
        assert bus.stat().st_mode & 0o777 == 0o600
        runtime.start(made)
        assert runtime.status("env-1")[0].state == "running"
        runtime.stop("env-1", remove=True)
        assert not pages.exists()
        assert not bus.exists()

    def test_a_killed_keeper_leaves_no_process_behind(self, root: Path, tmp_path: Path) -> None:
        """Kill -9 of what keeps services ends them and all their descendants."""
        notes = tmp_path / "notes"
        keeper = self.start_under_keeper(root, self.family_service(tmp_path, notes))
        pids = self.family(notes)
        assert len(alive(pids)) == 3
        os.kill(keeper, signal.SIGKILL)
        eventually(lambda: not alive(pids), what="the service is gone")

    # What the tests run

    def job(self, folder: Path, script: str, *arguments: str, timeout_seconds: float = 60, **limits: object) -> Job:
        """Return a job that runs the script."""
        return Job(
            name="job",
            argv=(*self.python, script, *arguments),
            cwd=folder,
            sandbox=self.sandbox(folder),
            log_path=folder / f"job-{time.monotonic_ns()}.log",
            timeout_seconds=timeout_seconds,
            **limits,  # type: ignore[arg-type]
        )

    def service(
        self,
        folder: Path,
        word: str,
        *,
        name: str = "env-1",
        port: int | None = None,
        argv: tuple[str, ...] = (),
        socket: Path | None = None,
        **rest: object,
    ) -> Service:
        """Return a service that answers with the word, or another one."""
        port = port or free_port()
        return Service(
            name=name,
            argv=argv or (*self.python, ANSWER, str(port), word),
            cwd=folder,
            sandbox=self.sandbox(folder),
            port=port,
            log_path=folder / "logs" / f"{Path(name).name}.log",
            socket=socket or self.place(folder, name),
            **rest,  # type: ignore[arg-type]
        )

    def family_service(self, folder: Path, notes: Path) -> Service:
        """Return a service that is a family of three."""
        return self.service(folder, "family", argv=(*self.python, FAMILY, str(notes)))


def _answers(service: Service, word: str) -> None:
    eventually(lambda: word_at(_place(service)) == word, what=f"{word!r} at {_place(service)}")


def _is_new(runtime: PlatformRuntime, pid: int | None) -> bool:
    status = runtime.status("env-1")[0]
    return status.state == "running" and status.pid not in (None, pid)


def _failure(runtime: PlatformRuntime) -> str:
    status = runtime.status("env-1")[0]
    return status.detail if status.state == "failed" else ""


def _place(service: Service) -> int | Path:
    return service.socket or service.port
