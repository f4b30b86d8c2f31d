"""What a repository's Dockerfile comes to in a run: nothing unless the platform reads them, and then below all else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Run
from odooops_dagster.steps.upkeep.poll import poll_project
from tests.dagster.estate import Estate, estate, use_stand_in_odoo
from tests.servers import PostgresServer

BRANCH = "feature/a"
DOCKERFILE = """\
FROM odoo:19
ENV ACME_IMAGE=image ACME_PROJECT=image ACME_FILE=image
RUN pip install 'phonenumbers<9'
USER odoo
"""
FILES = {
    "shop/__manifest__.py": "{'name': 'Shop', 'depends': ['base']}",
    "odooops.yaml": "variables: {every: {ACME_FILE: file}}\n",
    "Dockerfile": DOCKERFILE,
}


@pytest.fixture
def shop(
    control: ControlPlane, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """Yield a project that has no environment yet, and a variable of its own."""
    use_stand_in_odoo(monkeypatch, tmp_path)
    with estate(control, postgres_server, tmp_path) as made:
        made.control.settings.set("shop", "variables.every", {"ACME_PROJECT": "project"}, changed_by="ada")
        yield made


def pushed(shop: Estate, **files: str) -> Run:
    """Push a commit with the Dockerfile, and return its run as it ended."""
    shop.repository.commit(FILES | files, branch=BRANCH)
    poll_project(shop.control, shop.project)
    [run] = shop.work_off()
    return run


def source_of(shop: Estate) -> dict[str, Any]:
    """Return the source of the only build."""
    [manifest] = shop.settings.home.glob("builds/**/*.json")
    return dict(json.loads(manifest.read_bytes())["source"])


def test_it_counts_below_the_settings_of_project_and_commit(shop: Estate, capfd: pytest.CaptureFixture[str]) -> None:
    """As variables of an image do below those of a container; the log names what does not count."""
    run = pushed(replace(shop, settings=shop.settings.model_copy(update={"dockerfile": True})))
    assert run.status == "succeeded", run.error_message
    source = source_of(shop)
    found = source["settings"]["variables"]["every"]
    assert found == {"ACME_IMAGE": "image", "ACME_PROJECT": "project", "ACME_FILE": "file"}
    assert source["python_packages"] == ["phonenumbers<9"]
    assert "Dockerfile:4: USER odoo: not done here: each environment has an account" in capfd.readouterr().err


def test_it_is_not_read_unless_the_platform_says_so(shop: Estate, capfd: pytest.CaptureFixture[str]) -> None:
    """A repository may have it for another builder."""
    run = pushed(shop, Dockerfile="FROM odoo:19\nENV ACME_IMAGE=image\nCOPY nothing /usr/share/fonts/\n")
    assert run.status == "succeeded", run.error_message
    assert source_of(shop)["settings"]["variables"]["every"] == {"ACME_PROJECT": "project", "ACME_FILE": "file"}
    assert "Dockerfile is not used here" in capfd.readouterr().err


def test_a_copy_of_a_file_that_is_nowhere_fails_the_run(shop: Estate) -> None:
    """With the line, before anything is installed."""
    reading = replace(shop, settings=shop.settings.model_copy(update={"dockerfile": True}))
    run = pushed(reading, Dockerfile="FROM odoo:19\n\nCOPY nothing /usr/share/fonts/\n")
    assert run.status == "failed"
    assert "Dockerfile:3: COPY names nothing, which the repository does not have" in str(run.error_message)
