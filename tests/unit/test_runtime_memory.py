"""The memory runtime does what every runtime must do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from tests.suites.runtime_suite import ROOT, PlatformRuntime, RuntimeSuite

# Keeps one service in a process of its own, so that it may be killed.
KEEPER = """
import sys, time
from pathlib import Path
from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.memory import MemoryRuntime
name, cwd, port, log, *argv = sys.argv[1:]
runtime = MemoryRuntime()
runtime.start(Service(name=name, argv=tuple(argv), cwd=Path(cwd), port=int(port), log_path=Path(log)))
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
