"""An ordinary user's Podman does what every runtime must do, with folders that belong to its containers' accounts.

Who gives the folders to these accounts is the test: the platform itself does not yet, so that `ops doctor` asks for
root (docs/howto/run-environments-in-containers.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from odooops_dagster.model import Sandbox
from tests.docker_engine import running
from tests.integration import test_runtime_docker
from tests.podman_engine import RootlessPodman

pytestmark = pytest.mark.docker

# One of the 65,536 that a user has.
ACCOUNT = test_runtime_docker.ACCOUNT


@pytest.fixture(scope="module")
def engine() -> Iterator[RootlessPodman]:
    """Yield the engine; limits of memory and CPU it has with cgroups of version 2 alone."""
    with running(RootlessPodman) as engine:
        yield engine


class TestRootlessPodman(test_runtime_docker.TestDockerRuntime):
    """Services and jobs are containers in a user namespace."""

    _engine: RootlessPodman

    def sandbox(self, folder: Path) -> Sandbox:
        """Return a sandbox with an account of the user's own."""
        self._engine.give(folder, ACCOUNT)
        return Sandbox(writable=(folder,), home=folder, uid=ACCOUNT)
