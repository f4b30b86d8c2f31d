"""A real Odoo's data go to the store, are lost, and come back: rows, and files as Odoo itself hands them out."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.model import DatabaseAccess, Environment
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.image import keep_build
from odooops_dagster.steps.core.evidence import object_at
from odooops_dagster.steps.recovery.verify import verify_again
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.store import FolderStore
from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import CACHE
from tests.backups import Production
from tests.dagster.productions import IMAGE, Shop, deployed
from tests.dagster.recoveries import Recovery, clear

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

CONTENT = b"signed by both sides\n" * 4000


class Odoo:
    """A person who works in an Odoo through its own pages."""

    def __init__(self, home: Path, environment: Environment) -> None:
        socket = names.environment_socket(home, environment.host_label)
        transport = httpx.HTTPTransport(uds=str(socket))
        self._client = httpx.Client(base_url="http://main--shop.localhost", transport=transport, timeout=120)
        database = environment.database_name
        login = {"db": database, "login": "admin", "password": "admin"}
        assert self._call("/web/session/authenticate", login)["uid"] == 2

    def ask(self, model: str, method: str, *args: object, **named: object) -> Any:  # noqa: ANN401 - whatever it says
        """Call a method of a model."""
        asked = {"model": model, "method": method, "args": args, "kwargs": named}
        return self._call(f"/web/dataset/call_kw/{model}/{method}", asked)

    def file(self, attachment_id: int) -> bytes:
        """Download an attachment."""
        return self._client.get(f"/web/content/{attachment_id}").raise_for_status().content

    def _call(self, path: str, params: object) -> Any:  # noqa: ANN401 - the same
        answer = self._client.post(path, json={"jsonrpc": "2.0", "method": "call", "params": params}).json()
        assert "error" not in answer, answer["error"]["data"]["message"]
        return answer["result"]


@dataclass
class OdoosOwn(Production):
    """Data whose tables Odoo made."""

    def __post_init__(self) -> None:
        """Make nothing."""


@pytest.fixture
def production(bench: Bench, new_odoo: NewOdoo, control: ControlPlane) -> Iterator[Recovery]:
    """Yield a production whose Odoo is real and serves."""
    home = bench.folder
    keep_build(home, replace(bench.build(), digest=IMAGE))
    project = control.projects.create("shop", repo_url="https://forge.example/shop.git", odoo_version="19.0")
    environment = control.environments.ensure(project.id, branch="main", stage="production")
    database = installed(bench, new_odoo("shop"), names.role_name(environment), names.data_folder(home, environment))
    with dg.DagsterInstance.ephemeral() as instance:
        shop = Shop(
            control=control,
            settings=Settings(home=home, cache=CACHE),
            databases=bench.databases,
            store=FolderStore(home / "store"),
            instance=instance,
            project=project,
            environment=deployed(control, project, environment, database),
            server=bench.server,
            data=OdoosOwn("", home, Programs(folder=wheel_bin_dir())),
        )
        made = Recovery(shop=shop, runtime=MemoryRuntime())
        try:
            yield made
        finally:
            made.runtime.shut_down()
            clear(shop)
            bench.databases.drop(database)
            bench.databases.drop_role(names.role_name(environment))


def installed(bench: Bench, access: DatabaseAccess, role: str, data: Path) -> str:
    """Give an Odoo's database and its files to the environment's role; return the database's name."""
    bench.databases.ensure_role(role)
    bench.databases.hand_over(access.database, to=role)
    shutil.copytree(bench.filestore(access), data / "filestore" / access.database)
    return access.database


def visit(production: Recovery) -> Odoo:
    """Return a person who works in what serves now."""
    production.serve()
    return Odoo(production.shop.settings.home, production.environment)


def test_a_real_odoo_comes_back_and_a_changed_byte_is_found(production: Recovery) -> None:
    """Restored in place with the same rows and files, proven by a drill, and not provable once a byte was altered."""
    odoo = visit(production)
    partner = odoo.ask("res.partner", "create", {"name": "Zoë's shop", "email": "zoe@example.com"})
    values = {"name": "contract.txt", "datas": base64.b64encode(CONTENT).decode(), "res_model": "res.partner"}
    contract = odoo.ask("ir.attachment", "create", values | {"res_id": partner})
    rows = odoo.ask("res.partner", "search_read", [], ["name", "email", "write_date"], order="id")
    backup = production.shop.back_up()
    assert backup.status == "verified", backup.error_message

    odoo.ask("res.partner", "write", [partner], {"name": "Somebody else"})
    odoo.ask("ir.attachment", "unlink", [contract])
    shutil.rmtree(production.files)
    before = str(production.environment.database_name)
    done = production.restore(backup)
    assert (done.status, done.error_message, done.previous_database_name) == ("succeeded", None, before)
    odoo = visit(production)
    assert odoo.ask("res.partner", "search_read", [], ["name", "email", "write_date"], order="id") == rows
    assert odoo.file(contract) == CONTENT
    assert production.shop.databases.exists(before)
    assert production.collect() == []

    run = production.drill(backup)
    assert (run.status, run.error_message) == ("succeeded", None)
    [drill] = production.shop.control.drills.list()
    assert drill.passed
    assert drill.rto_seconds
    checks = {row["name"]: row["summary"] for row in production.shop.control.checks.list(run.id)}
    assert "bytes, as they were attached" in checks["attachment_readable"]
    [artifact] = production.shop.control.artifacts.list(run.id)
    assert production.shop.store.stat(str(object_at(artifact["s3_url"])))

    spoilt = production.shop.spoil(backup)
    checked = verify_again(
        production.shop.control, production.shop.repository, backup, programs=Programs(folder=wheel_bin_dir())
    )
    assert spoilt in str(checked.fault)
    _refuses_to_be_drilled(production, checked.backup.status)


def _refuses_to_be_drilled(production: Recovery, status: str) -> None:
    """A backup that is known to be spoilt is not even begun; one that nobody has read since fails in the drill."""
    assert status == "failed"
    fresh = production.shop.back_up()
    assert fresh.status == "verified", fresh.error_message
    spoilt = production.shop.spoil(fresh)
    run = production.drill(fresh)
    assert run.status == "failed"
    assert spoilt in str(run.error_message)
    assert production.shop.control.backups.get(fresh.id).status == "failed"
