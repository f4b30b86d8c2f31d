"""Pushed code that a person types into a container is not its root: that account is the launcher's alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.model import Sandbox, Service
from odooops_dagster.tools.runtime.docker import DockerRuntime
from odooops_dagster.tools.runtime.swarm import SwarmRuntime

UID = 641_007


class OneService:
    """A runtime whose engine runs one service, which nobody has to start for its name to be told."""

    _is_podman = False

    def _get(self, name: str) -> Service:
        sandbox = Sandbox(writable=(Path("/home"),), home=Path("/home"), uid=UID)
        return Service(
            name=name, argv=("odoo", "server"), cwd=Path("/"), port=8069, log_path=Path("/log"), sandbox=sandbox
        )

    def _container_of(self, name: str) -> Any:  # noqa: ANN401 - the library's class wants an engine
        return SimpleNamespace(name=f"odooops-{name}")

    def _tasks_of(self, name: str) -> list[dict[str, str]]:
        return [{"NodeID": f"node-of-{name}"}]


class OneContainer(OneService, DockerRuntime):
    """Of the engine of this machine."""


class OneTask(OneService, SwarmRuntime):
    """Of a swarm."""


def hint_of(runtime: DockerRuntime) -> str:
    """Return what to type for a terminal."""
    with pytest.raises(Unavailable, match="the engine's to open") as refused:
        runtime.attach("env-1", lambda argv: (*argv, "shell"))
    return str(refused.value.hint)


def test_a_terminal_is_opened_as_the_account_of_the_sandbox(tmp_path: Path) -> None:
    """With its group: an account that the image does not know would have root's."""
    engine, image = "unix:///run/no.sock", "base:1"
    alone = hint_of(OneContainer(tmp_path, engine=engine, image=image))
    assert alone == f"docker exec --user {UID}:{UID} --interactive --tty odooops-env-1 odoo server shell"
    swarm = hint_of(OneTask(tmp_path, engine=engine, image=image))
    assert swarm.startswith(f"docker exec --user {UID}:{UID} on node node-of-env-1")
