"""The process runtime does what every runtime must do, and keeps its supervisor in order."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.ports import free_port
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.runtime.supervisor import ServiceSupervisor
from tests.suites.processes import ANSWER, PYTHON, alive, eventually, word_at
from tests.suites.runtime_suite import ROOT, PlatformRuntime, RuntimeSuite

FOREGROUND = (sys.executable, "-m", "odooops_dagster.tools.runtime.process", "--foreground", "--root")


def supervisor_pid(root: Path) -> int:
    """Return the process id of the supervisor in `root`."""
    path = root / "supervisord.pid"
    eventually(path.exists, what="the supervisor's process id")
    return int(path.read_text())


def service(folder: Path, *, name: str = "env-1") -> Service:
    """Return a service that answers with its name."""
    port = free_port()
    argv = (*PYTHON, ANSWER, str(port), name)
    return Service(
        name=name, argv=argv, cwd=folder, sandbox=None, port=port, log_path=folder / f"{name}.log", env={"PW": "hush"}
    )


def _in_its_folder(tmp_path: Path, name: str) -> Service:
    """Return a service with a folder and a log folder of its own, as an environment has."""
    folder = tmp_path / name
    folder.mkdir()
    made = service(folder, name=name)
    return replace(made, log_path=folder / "logs" / f"{name}.log")


def _block(folder: Path) -> None:
    """Take the folder away so that it cannot be made again."""
    shutil.rmtree(folder)
    folder.write_text("no folder")


class TestProcessRuntime(RuntimeSuite):
    """Services under a supervisord of their own."""

    def open(self, root: Path) -> ProcessRuntime:
        """Return a runtime that starts its own supervisor."""
        return ProcessRuntime(root)

    def reopen(self, runtime: PlatformRuntime, root: Path) -> PlatformRuntime:
        """End the supervisor, and look at its folder anew."""
        runtime.shut_down()
        return ProcessRuntime(root)

    def start_under_keeper(self, root: Path, service: Service) -> int:
        """Start the service; its keeper is the supervisor."""
        ProcessRuntime(root).start(service)
        return supervisor_pid(root)

    def test_services_come_back_on_their_ports_after_the_supervisor_was_killed(
        self, runtime: ProcessRuntime, root: Path, tmp_path: Path
    ) -> None:
        """The next supervisor starts what shall run, and finds the ports free."""
        kept = service(tmp_path)
        first = runtime.start(kept)
        eventually(lambda: word_at(kept.port), what="the service answers")
        os.kill(supervisor_pid(root), signal.SIGKILL)
        assert first.pid is not None
        again = ProcessRuntime(root).resume()
        assert [status.name for status in again] == ["env-1"]
        eventually(lambda: word_at(kept.port), what="the service answers again")
        assert alive([first.pid]) == []

    def test_a_service_can_be_started_just_after_the_supervisor_was_killed(
        self, runtime: ProcessRuntime, root: Path, tmp_path: Path
    ) -> None:
        """The caller does not notice."""
        runtime.ensure_supervisor()
        os.kill(supervisor_pid(root), signal.SIGKILL)
        assert runtime.start(service(tmp_path)).state == "running"

    def test_a_service_stopped_while_the_supervisor_is_down_stays_stopped(
        self, runtime: ProcessRuntime, tmp_path: Path
    ) -> None:
        """The intent is on disk."""
        kept = service(tmp_path)
        runtime.start(kept)
        runtime.shut_down()
        assert runtime.status("env-1")[0].detail == "waits for the supervisor"
        assert runtime.stop("env-1").state == "stopped"
        assert [status.state for status in runtime.resume()] == ["stopped"]
        assert word_at(kept.port) is None

    def test_only_we_may_reach_the_socket_and_read_the_definitions(
        self, runtime: ProcessRuntime, root: Path, tmp_path: Path
    ) -> None:
        """Secrets are in one file, which only its owner may read."""
        runtime.start(service(tmp_path))
        for path in (ServiceSupervisor(root).socket, root / "services" / "env-1.json", root / "services" / "env-1.ini"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "hush" not in (root / "services" / "env-1.ini").read_text()

    def test_a_supervisor_that_is_ending_is_one_that_does_not_answer(
        self, runtime: ProcessRuntime, root: Path, tmp_path: Path
    ) -> None:
        """Who asks meanwhile is told so, in our own words."""
        program = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True);"
            " time.sleep(60)"
        )
        stubborn = replace(service(tmp_path), argv=(*PYTHON, program))
        runtime.start(stubborn)
        eventually(lambda: "deaf" in "".join(runtime.logs("env-1")), what="it ignores the signal")
        ServiceSupervisor(root).call("shutdown")
        with pytest.raises(Unavailable, match="the supervisor of services is ending"):
            ServiceSupervisor(root).call("getAllProcessInfo")
        assert [(status.state, status.detail) for status in runtime.status()] == [
            ("stopped", "waits for the supervisor")
        ]
        runtime.shut_down()

    def test_a_log_folder_that_is_gone_takes_down_its_own_service_alone(
        self, runtime: ProcessRuntime, root: Path, tmp_path: Path
    ) -> None:
        """One environment's folder cannot be made again; the others come back with the next supervisor."""
        one, two = (_in_its_folder(tmp_path, name) for name in ("env-1", "env-2"))
        for each in (one, two):
            runtime.start(each)
        runtime.shut_down()
        _block(one.cwd)
        found = {status.name: status for status in ProcessRuntime(root).resume()}
        eventually(lambda: word_at(two.port), what="the other service answers")
        assert found["env-1"].state == "failed"
        assert str(one.log_path.parent) in found["env-1"].detail
        with pytest.raises(Unavailable, match=r"log folder .* of env-1 cannot be made: Not a directory"):
            runtime.start(one)
        one.cwd.unlink()
        one.cwd.mkdir()
        assert runtime.start(one).state == "running"

    def test_a_log_folder_that_goes_while_services_run_stops_no_other_from_starting(
        self, runtime: ProcessRuntime, tmp_path: Path
    ) -> None:
        """The supervisor reads every service's configuration when one is added."""
        one, two = (_in_its_folder(tmp_path, name) for name in ("env-1", "env-2"))
        runtime.start(one)
        _block(one.cwd)
        assert runtime.start(two).state == "running"
        eventually(lambda: word_at(two.port), what="the new service answers")

    def test_a_log_folder_that_was_deleted_is_made_again(
        self, runtime: ProcessRuntime, root: Path, tmp_path: Path
    ) -> None:
        """Logs are nobody's data."""
        kept = _in_its_folder(tmp_path, "env-1")
        runtime.start(kept)
        runtime.shut_down()
        shutil.rmtree(kept.log_path.parent)
        assert [status.state for status in ProcessRuntime(root).resume()] == ["running"]
        eventually(kept.log_path.exists, what="the log")

    def test_many_callers_start_one_supervisor(self, runtime: ProcessRuntime, root: Path) -> None:
        """The lock lets one of them through."""
        failures: list[BaseException] = []

        def ensure() -> None:
            try:
                ProcessRuntime(root).ensure_supervisor()
            except BaseException as exc:  # noqa: BLE001 - told to the main thread
                failures.append(exc)

        threads = [threading.Thread(target=ensure) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert (root / "supervisord.log").read_text().count("supervisord started with pid") == 1
        assert runtime.status() == []

    def test_a_supervisor_in_the_foreground_takes_over_and_ends_with_its_parent(
        self, runtime: ProcessRuntime, root: Path, tmp_path: Path
    ) -> None:
        """This is how the stack runs it: a kill of the stack ends everything."""
        kept = service(tmp_path)
        runtime.start(kept)
        detached = supervisor_pid(root)
        shell = ["sh", "-c", '"$@" & wait', "sh", *FOREGROUND, str(root)]
        parent = subprocess.Popen(shell, cwd=ROOT)
        try:
            eventually(lambda: not alive([detached]), what="the detached one is gone")
            eventually(lambda: word_at(kept.port), what="the service answers again")
            foreground = supervisor_pid(root)
            assert foreground != detached
        finally:
            parent.kill()
            parent.wait()
        eventually(lambda: not alive([foreground]), what="the supervisor ended with its parent")
        assert word_at(kept.port) is None

    def test_where_the_stack_keeps_the_supervisor_none_is_started(self, root: Path, tmp_path: Path) -> None:
        """A supervisor of our own would outlive the stack."""
        runtime = ProcessRuntime(root, may_start_supervisor=False, patience_seconds=0.2)
        with pytest.raises(Unavailable, match="does not answer"):
            runtime.start(service(tmp_path))
        assert not (root / "supervisord.log").exists()

    def test_a_root_with_a_long_path_works(self, tmp_path: Path) -> None:
        """The kernel allows a socket's path 107 bytes, an ini some characters only."""
        runtime = ProcessRuntime(tmp_path / ("long" * 20) / ("path with spaces " * 3).strip() / "100%")
        try:
            kept = service(tmp_path)
            assert runtime.start(kept).state == "running"
            eventually(lambda: word_at(kept.port), what="the service answers")
        finally:
            runtime.shut_down()

    def test_a_rotated_log_is_read_on_from_the_older_file(self, runtime: ProcessRuntime, tmp_path: Path) -> None:
        """A log just rotated is short."""
        kept = service(tmp_path)
        runtime.start(kept)
        eventually(lambda: runtime.logs("env-1"), what="a first line")
        kept.log_path.with_name("env-1.log.1").write_text("older 1\nolder 2\n")
        assert runtime.logs("env-1", tail=2) == ["older 2", "answers env-1"]

    def test_the_program_is_told_nothing_by_the_supervisor(self, runtime: ProcessRuntime, tmp_path: Path) -> None:
        """The supervisor's own variables stop at the launcher."""
        script = "import os, time; print(*sorted(os.environ), flush=True); time.sleep(600)"
        port = free_port()
        runtime.start(
            Service(
                name="env-1", argv=(*PYTHON, script), cwd=tmp_path, sandbox=None, port=port, log_path=tmp_path / "log"
            )
        )
        eventually(lambda: runtime.logs("env-1"), what="the names")
        assert "SUPERVISOR" not in runtime.logs("env-1")[0]
