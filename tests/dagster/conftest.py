"""Fixtures of the Dagster side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from tests.dagster.world import World, use_stand_ins


@pytest.fixture
def world(control: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Yield a project with one environment, an in-memory Dagster instance, and steps that answer at once."""
    use_stand_ins(monkeypatch)
    project = control.projects.create("shop", repo_url="https://forge.example/shop.git", odoo_version="19.0")
    environment = control.environments.ensure(project.id, branch="feature/cart")
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(
            control=control,
            settings=Settings(home=tmp_path, heartbeat_seconds=1),
            project=project,
            environment=environment,
            instance=instance,
        )
