"""A gateway, GitHub in front of it, and a project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.http.app import create_app
from odooops_dagster.local.webhook_secrets import write_webhook_secret
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from tests.deliveries import SECRET, GitHub, make_project


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a webhook secret."""
    return Settings(home=tmp_path, github_webhook_secret=SECRET)  # type: ignore[arg-type]


@pytest.fixture
def github(settings: Settings, control: ControlPlane) -> Iterator[GitHub]:
    """GitHub, pointed at a gateway."""
    with TestClient(create_app(settings, control)) as client:
        yield GitHub(client)


@pytest.fixture
def project(control: ControlPlane) -> Project:
    """The project of the recorded deliveries' repository."""
    return make_project(control)


@pytest.fixture
def own_secret(control: ControlPlane, project: Project, settings: Settings, database: str) -> str:
    """Return the secret of the project's own webhook."""
    secret = write_webhook_secret(settings.home, project.id)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("select ops.record_webhook_secret(%s)", [project.id])
    assert control.projects.get(project.slug).own_webhook_at is not None
    return secret
