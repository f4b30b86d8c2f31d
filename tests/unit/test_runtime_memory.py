"""The memory runtime does what every runtime must do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from odooops_dagster.model import Service
from odooops_dagster.tools.runtime import memory
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from tests.suites.processes import eventually
from tests.suites.runtime_suite import ROOT, PlatformRuntime, RuntimeSuite

# Keeps one service in a process of its own, so that it may be killed.
KEEPER = """
import sys, time
from pathlib import Path
from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.memory import MemoryRuntime
name, cwd, port, log, *argv = sys.argv[1:]
runtime = MemoryRuntime()
runtime.start(Service(name=name, argv=tuple(argv), cwd=Path(cwd), sandbox=None, port=int(port), log_path=Path(log)))
time.sleep(600)
"""


class TestMemoryRuntime(RuntimeSuite):
    """Services of this process."""

    _keepers: list[subprocess.Popen[bytes]]

    @pytest.fixture(autouse=True)
    def keepers(self) -> Iterator[None]:
        """The processes that keep services for us, ended with the test."""
        self._keepers = []
        yield
        for keeper in self._keepers:
            keeper.kill()
            keeper.wait()

    def open(self, root: Path) -> MemoryRuntime:  # noqa: ARG002 - it keeps nothing on disk
        """Return a runtime of this process."""
        return MemoryRuntime()

    def reopen(self, runtime: PlatformRuntime, root: Path) -> PlatformRuntime:  # noqa: ARG002 - see open
        """End its services; it remembers them."""
        runtime.shut_down()
        return runtime

    def start_under_keeper(self, root: Path, service: Service) -> int:  # noqa: ARG002 - see open
        """Start the service in another process."""
        words = [service.name, str(service.cwd), str(service.port), str(service.log_path), *service.argv]
        self._keepers.append(subprocess.Popen([sys.executable, "-c", KEEPER, *words], cwd=ROOT))
        return self._keepers[-1].pid


def test_a_launcher_that_hangs_is_killed_with_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping a service always comes to an end, also when nobody carries out the request."""
    monkeypatch.setattr(memory, "END_SECONDS", 0.5)
    runtime = MemoryRuntime()
    service = Service(
        name="env-1", argv=("sleep", "600"), cwd=tmp_path, sandbox=None, port=1, log_path=tmp_path / "log"
    )
    pid = runtime.start(service).pid
    assert pid is not None
    launcher = psutil.Process(pid)
    eventually(lambda: [child.name() for child in launcher.children()] == ["sleep"], what="the program")
    [program] = launcher.children()
    launcher.suspend()
    assert runtime.stop("env-1").state == "stopped"
    eventually(lambda: not program.is_running() or program.status() == psutil.STATUS_ZOMBIE, what="its end")
