"""A module that Odoo has to load server-wide works, because the repository says so: OCA's queue of jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from odooops_dagster.demo.office import OdooSession
from tests.acceptance.conftest import make_project
from tests.acceptance.platform import Platform, wait_for
from tests.acceptance.repository import Repository

pytestmark = [pytest.mark.odoo, pytest.mark.stack, pytest.mark.timeout(1800)]

SLUG = "jobs"
BRANCH = "feature/jobs"
FILES = {
    "requirements.txt": "odoo-addon-queue-job==19.0.*\n",
    "odooops.yaml": """\
odoo:
  server_wide_modules: [queue_job]
  sections:
    queue_job:
      channels: root:2
""",
    "greetings/__manifest__.py": "{'name': 'Greetings', 'version': '19.0.1.0.0', 'license': 'LGPL-3',"
    " 'depends': ['queue_job']}\n",
    "greetings/__init__.py": "from . import models\n",
    "greetings/models.py": """\
from odoo import models


class Partner(models.Model):
    _inherit = "res.partner"

    def greet_later(self):
        self.with_delay().greet()
        return True

    def greet(self):
        self.function = "greeted"
""",
}


@pytest.fixture(scope="module")
def session(running: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OdooSession]:
    """Yield a user's session in the preview."""
    repository = Repository(tmp_path_factory.mktemp("jobs"))
    for name, text in FILES.items():
        repository.write(name, text)
    make_project(running, SLUG, repository)
    sha = repository.push(BRANCH)
    run = running.ended(running.run_of(SLUG, sha))
    assert run.status == "succeeded", f"{run.error_message}\n{running.said(run)}"
    [row] = running.query("select url, database_name from ops.environments where id = %s", run.environment_id)
    yield OdooSession(row["url"], database=row["database_name"])
    running.ops("env", "destroy", SLUG, BRANCH, "--yes", "--wait")


def test_a_job_that_is_put_off_is_done(session: OdooSession) -> None:
    """Without the setting it stays pending for ever, and nothing says so."""
    partner = session.enter("res.partner", name="Ada")
    session.call("res.partner", "greet_later", [partner])
    greeted = [["id", "=", partner], ["function", "=", "greeted"]]
    wait_for(lambda: session.look_up("res.partner", greeted, "id") or None, seconds=300, what="job that is done")
    assert session.look_up("queue.job", [["method_name", "=", "greet"]], "state") == ["done"]
