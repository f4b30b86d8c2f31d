"""What we export, Odoo's own `db load` takes; what Odoo's own `db dump` writes, we take."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from odooops_dagster.control import ControlPlane
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.steps.recovery.rows import brought, comparison_database
from odooops_dagster.tools.backup.create import create
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.restore import restore_database, restore_filestore
from odooops_dagster.tools.backup.verify import verify
from odooops_dagster.tools.backup.zip_export import export_zip
from odooops_dagster.tools.backup.zip_import import import_zip, inspect_zip
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.row_restore.apply import apply
from odooops_dagster.tools.row_restore.diff import Chosen, diff
from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench, clean
from tests.backups import repository_in
from tests.servers import PostgresServer

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

PROGRAMS = Programs(folder=wheel_bin_dir())
# What a person would put there, and what they would look at.
ENTER = """
env['ir.attachment'].create({'name': 'contract.txt', 'raw': 'signed by Zoë\\n'.encode() * 5000})
env['res.partner'].create({'name': "Zoë's \\\\ shop\\n\\twith odd signs"})
env.cr.commit()
"""
LOSE = """
env['ir.attachment'].search([('name', '=', 'contract.txt')]).unlink()
env['res.partner'].search([('name', 'like', 'odd signs')]).unlink()
env['res.users'].browse(2).write({'login': 'somebody else'})
env.cr.commit()
env['ir.attachment']._gc_file_store()
"""
LIST = """
import hashlib, json
files = {a.id: hashlib.sha256(a.raw or b'').hexdigest() for a in env['ir.attachment'].search([('id', '>', 0)])}
partners = {p.id: [p.name, p.email] for p in env['res.partner'].with_context(active_test=False).search([])}
users = {u.id: u.login for u in env['res.users'].with_context(active_test=False).search([])}
modules = {m.name: m.latest_version for m in env['ir.module.module'].search([('state', '=', 'installed')])}
print('LISTED ' + json.dumps([files, partners, users, modules], sort_keys=True))
"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """An Odoo with its base module, a person's attachment and a person's partner."""

    bench: Bench
    build: Build
    access: DatabaseAccess
    admin: DatabaseAccess

    def odoo(self, *words: str | Path, access: DatabaseAccess, script: str = "") -> str:
        """Run one of Odoo's own commands, and return what it printed."""
        config = self.bench.config(self.build, access)
        config.write_text(config.read_text() + f"pg_path = {wheel_bin_dir()}\n")
        command, *rest = map(str, words)
        argv = [str(self.build.python), str(commands.launcher()), command, "--config", str(config), *rest]
        done = subprocess.run(argv, env=clean(), input=script, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def listed(self, access: DatabaseAccess) -> Any:  # noqa: ANN401 - files, partners, users, modules
        """Return what Odoo itself finds in the database."""
        said = self.odoo("shell", "--no-http", access=access, script=LIST)
        return json.loads(next(line for line in said.splitlines() if line.startswith("LISTED "))[7:])

    def filestore(self, access: DatabaseAccess) -> Path:
        """Return where Odoo keeps the database's files."""
        return self.bench.filestore(access)


@pytest.fixture(scope="module")
def shop(bench: Bench, new_odoo: NewOdoo, postgres_server: PostgresServer) -> Shop:
    """Enter something into an Odoo."""
    build = bench.build()
    access = new_odoo("shop")
    parts = urlsplit(postgres_server.url(access.database))
    admin = replace(access, user=str(parts.username), password=unquote(str(parts.password)))
    made = Shop(bench=bench, build=build, access=access, admin=admin)
    made.odoo("shell", "--no-http", access=access, script=ENTER)
    return made


def test_odoo_loads_what_we_export(shop: Shop, tmp_path: Path) -> None:
    """Its Odoo finds the same attachments, partners, users and modules in the database that it made of our zip."""
    repository = repository_in(tmp_path / "store", key=bytes(32))
    created = create(
        repository, shop.access, backup_id="ours", filestore_path=shop.filestore(shop.access), programs=PROGRAMS
    )
    path = tmp_path / "ours.zip"
    exported = export_zip(repository, created.manifest, path, programs=PROGRAMS)
    assert exported.file_count == len(list(shop.filestore(shop.access).glob("??/*")))
    loaded = replace(shop.admin, database=f"{shop.bench.mark}_loaded")
    shop.odoo("db", "load", loaded.database, path, access=shop.admin)
    expected = shop.listed(shop.access)
    assert any("odd signs" in name for name, _ in expected[1].values())
    assert shop.listed(loaded) == expected
    assert inspect_zip(path).objections(series="19.0", modules=expected[3], postgres=18) == ()


def test_we_take_what_odoo_dumps(shop: Shop, tmp_path: Path) -> None:
    """An environment's own role loads it, and Odoo finds the same in it as in the one that was dumped."""
    path = tmp_path / "theirs.zip"
    shop.odoo("db", "dump", shop.access.database, path, access=shop.admin)
    report = inspect_zip(path)
    assert (report.odoo_version, report.database_name) == ("19.0", shop.access.database)
    assert report.missing == report.altered == report.ignored == report.commands == ()
    repository = repository_in(tmp_path / "store")
    created = import_zip(repository, path, backup_id="theirs", folder=tmp_path / "work")
    assert verify(repository, created.manifest, programs=PROGRAMS).defects == ()
    restored = shop.bench.database("restored")
    restore_database(repository, created.manifest, restored, programs=PROGRAMS)
    restore_filestore(repository, created.manifest, shop.filestore(restored))
    assert shop.listed(restored) == shop.listed(shop.access)


def test_single_records_come_back_into_a_running_database(shop: Shop, control: ControlPlane, tmp_path: Path) -> None:
    """A contract, a partner and a login that Odoo itself lost are there again, and nothing else has changed."""
    repository = repository_in(tmp_path / "store")
    filestore = shop.filestore(shop.access)
    created = create(repository, shop.access, backup_id="ours", filestore_path=filestore, programs=PROGRAMS)
    before = shop.listed(shop.access)
    shop.odoo("shell", "--no-http", access=shop.access, script=LOSE)
    now = datetime.now(UTC)
    with comparison_database(control, shop.bench.databases, now=now) as access:
        restore_database(repository, created.manifest, access, programs=PROGRAMS)
        chosen = [Chosen(table="res_partner"), Chosen(table="ir_attachment"), Chosen(table="res_users", ids=("2",))]
        found = diff(access, shop.access, chosen, backup_id="ours", taken_at=now, environment="shop/main", now=now)
    kinds = [
        (change.kind, change.table) for change in found.changes if "login" in change.values or change.kind == "insert"
    ]
    assert kinds == [("insert", "res_partner"), ("insert", "ir_attachment"), ("update", "res_users")]
    with brought(repository, created.manifest, filestore) as bring_back:
        done = apply(shop.access, found, bring_back=bring_back)
    assert len(done.files) == 1
    assert shop.listed(shop.access) == before
