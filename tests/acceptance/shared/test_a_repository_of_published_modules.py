"""Thirteen published modules as one repository: their tests pass, and no fault of Odoo itself counts against it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from odooops_dagster.demo.office import OdooSession
from odooops_dagster.model import Run
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import SERIES, Platform, wait_for
from tests.acceptance.repository import Repository

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(3600)]

SLUG = "published"
BRANCH = "feature/published"
# Wheels of OCA's addons, of versions whose tests are counted below.
WHEELS = {
    "auditlog": "2.0.1",
    "base_exception": "1.0.0.5",
    "base_location": "1.0.1.6",
    "base_tier_validation": "1.4.6",
    "base_user_role": "1.3.3",
    "base_view_inheritance_extension": "1.0.1.2",
    "date_range": "1.0.1",
    "partner_contact_birthdate": "1.0.0.3",
    "partner_contact_personal_information_page": "1.0.0.2",
    "partner_firstname": "1.0.3",
    "queue_job": "2.4.0.1",
    "report_xlsx": "1.0.2.2",
    "web_responsive": "1.1.1",
}
TESTS = 299
SETTINGS = """\
odoo:
  server_wide_modules: [queue_job]
  sections:
    queue_job:
      channels: root:2
"""


def unpack(repository: Repository, folder: Path) -> None:
    """Put the modules of the wheels into the repository, and what their packages demand into its requirements."""
    pins = [f"odoo-addon-{name}=={SERIES}.{version}" for name, version in WHEELS.items()]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, f"--dest={folder}", *pins], check=True)
    demands: set[str] = set()
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "unpacked")
            [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            demands |= set(message_from_bytes(archive.read(metadata)).get_all("Requires-Dist") or ())
    shutil.copytree(folder / "unpacked" / "odoo" / "addons", repository.clone, dirs_exist_ok=True)
    others = sorted(demand for demand in demands if not demand.startswith("odoo"))
    repository.write("requirements.txt", "".join(f"{demand}\n" for demand in others))
    repository.write("odooops.yaml", SETTINGS)


@pytest.fixture(scope="module")
def succeeded(running: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Yield the run of the first push, once it succeeded."""
    repository = Repository(tmp_path_factory.mktemp("published"))
    unpack(repository, tmp_path_factory.mktemp("wheels"))
    make_project(running, SLUG, repository)
    run = running.ended(running.run_of(SLUG, repository.push(BRANCH)), seconds=3000)
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    yield run
    running.ops("env", "destroy", SLUG, BRANCH, "--yes", "--wait")


@pytest.fixture(scope="module")
def session(running: Platform, succeeded: Run) -> OdooSession:
    """Return a user's session in the preview."""
    [row] = running.query("select url, database_name from ops.environments where id = %s", succeeded.environment_id)
    return OdooSession(row["url"], database=row["database_name"])


def test_each_module_is_tested(running: Platform, succeeded: Run) -> None:
    """Browser tests included; the log is clean but for what Odoo says of itself."""
    rows = running.query("select name, passed, summary, metadata from ops.run_checks where run_id = %s", succeeded.id)
    checks = {row["name"]: row for row in rows}
    assert all(row["passed"] for row in rows)
    assert checks["module_tests_passed"]["metadata"]["total"] == TESTS
    assert checks["module_tests_passed"]["metadata"]["failed_tests"] == []
    assert checks["log_clean"]["metadata"]["errors"] == 0


def test_the_preview_answers_with_all_of_them_installed(session: OdooSession) -> None:
    """A person can work in it."""
    found = session.look_up("ir.module.module", [["name", "in", list(WHEELS)], ["state", "=", "installed"]], "name")
    assert sorted(found) == sorted(WHEELS)


def test_a_job_that_is_put_off_is_done(session: OdooSession) -> None:
    """Its queue works because the repository asks for it."""
    partner = session.enter("res.partner", lastname="Lovelace")
    [model] = session.look_up("ir.model", [["model", "=", "res.partner"]], "id")
    code = f"env['res.partner'].browse({partner}).with_delay().write({{'function': 'greeted'}})"
    action = session.enter("ir.actions.server", name="Greet", model_id=model, state="code", code=code)
    session.call("ir.actions.server", "run", [action])
    greeted = [["id", "=", partner], ["function", "=", "greeted"]]
    wait_for(lambda: session.look_up("res.partner", greeted, "id") or None, seconds=300, what="job that is done")
