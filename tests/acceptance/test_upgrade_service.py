"""The engine `upgrade_service` with a service that speaks the exchange of Odoo's, on a real Odoo 19."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha1
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from pydantic import SecretStr

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Build, DatabaseAccess
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.update import Changes
from odooops_dagster.steps.upgrade.engines import engine_of
from odooops_dagster.steps.upgrade.plan import UpgradePlan
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.pipeline import offenders, sanitize
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import CACHE
from tests.acceptance.run_at_work import run_at_work
from tests.upgrade_services import CONTRACT, Service, upgrade_service

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1200)]

ENGINE = engine_of("upgrade_service")
OWN = "shelf"
MANIFEST = '{{"name": "Shelf", "version": "{}", "license": "LGPL-3", "author": "Tester", "depends": ["base"]}}\n'
# What the script of the module's new version leaves in the database.
MIGRATION = """
def migrate(cr, version):
    cr.execute("insert into ir_config_parameter (key, value) values ('shelf.came_from', %s)", [version])
"""
# No Odoo 18 is in any registry, so the database is one of 19.0 that says that it is one of 18.0, until it is upgraded.
OLD = "update ir_module_module set latest_version = '18.0.1.3' where name = 'base'"
UPGRADES = "update ir_module_module set latest_version = '19.0.1.3' where name = 'base'"
ATTACHED = b"the service made a file"


class Upgrader:
    """The work behind the service: loads the dump into a database of its own, changes it, and dumps it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.statement = UPGRADES
        self.log = ""
        self.finish: Callable[[bytes], bytes] = bytes

    def __call__(self, dump: bytes) -> bytes:
        """Return the upgraded dump, as plain SQL."""
        if self.log:
            raise ValueError(self.log)
        name = f"{self._bench.mark}_at_the_service_{token_hex(2)}"
        url = self._bench.server.url(name)
        programs = pg_programs(Settings())
        self._bench.databases.ensure_role(name)
        self._bench.databases.create(name, owner=name)
        restore = [programs.path("pg_restore"), "--no-owner", f"--dbname={url}"]
        subprocess.run(restore, input=dump, check=True, capture_output=True)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(self.statement.encode())
        done = subprocess.run([programs.path("pg_dump"), "--no-owner", url], check=True, capture_output=True)
        return self.finish(done.stdout)


@pytest.fixture(scope="module")
def upgrader(bench: Bench) -> Upgrader:
    """Return the work behind the service."""
    return Upgrader(bench)


@pytest.fixture
def service(upgrader: Upgrader) -> Iterator[Service]:
    """Yield a running service that upgrades well."""
    upgrader.statement, upgrader.log, upgrader.finish = UPGRADES, "", bytes
    with upgrade_service(upgrader) as running:
        yield running


@pytest.fixture
def ctx(control: ControlPlane, bench: Bench, service: Service, tmp_path: Path) -> StepContext:
    """Return a run at work, whose programs run in sandboxes, with the client and its contract."""
    settings = Settings(
        home=tmp_path / "home",
        cache=CACHE,
        upgrade_client=service.client(tmp_path / "client"),
        upgrade_contract=SecretStr(CONTRACT),
    )
    return run_at_work(control, settings, bench.databases, series="18.0")


@pytest.fixture(scope="module")
def template(bench: Bench) -> tuple[Build, str]:
    """Return a build with a module of the project's, and a harmless database that its former version serves."""
    bench.folder.chmod(0o755)  # as a checkout is: the accounts of sandboxes read it
    addons = bench.folder / "addons"
    (addons / OWN / "migrations" / "19.0.2.0.0").mkdir(parents=True)
    (addons / OWN / "__init__.py").touch()
    (addons / OWN / "__manifest__.py").write_text(MANIFEST.format("19.0.1.0.0"))
    build = bench.build(addons=addons)
    access = bench.database("before")
    checks = bench.install(build, access, "base", OWN)
    assert checks["modules_installed"].passed, checks["modules_installed"].summary
    scripts = neutralize.scripts(neutralize.installed(module_states(access)), build.addons_paths)
    sanitize(access, scripts=scripts, masks=(), progress=print)
    with psycopg.connect(_url(access), autocommit=True) as connection:
        connection.execute(OLD)
    (addons / OWN / "__manifest__.py").write_text(MANIFEST.format("19.0.2.0.0"))
    (addons / OWN / "migrations" / "19.0.2.0.0" / "post-note.py").write_text(MIGRATION)
    source = replace(build.source, modules=(OWN,))
    return replace(build, modules=("base", OWN), closure=("base", OWN), source=source), access.database


@pytest.fixture
def plan(bench: Bench, template: tuple[Build, str]) -> UpgradePlan:
    """Return the upgrade of a copy from 18.0 to 19.0."""
    build, name = template
    access = bench.database(f"copy_{token_hex(2)}", template=name)
    return UpgradePlan(
        database=access.database,
        folder=bench.folder,
        source=replace(build, series="18.0"),
        target=build,
        changes=Changes(new=(), changed=(OWN,)),
        budget_seconds=600,
    )


def test_a_dump_goes_out_and_an_upgraded_one_comes_in(ctx: StepContext, plan: UpgradePlan, service: Service) -> None:
    """Then the target's code updates the project's own modules, and the contract is in no log."""
    assert ENGINE.why_not(ctx, plan) is None
    said: list[str] = []
    stages = list(ENGINE.stages(replace(ctx, log=lambda _level, line: said.append(line)), plan))
    assert [stage.name for stage in stages] == ["service", "load", "own modules"]
    assert [check.summary for stage in stages for check in stage.checks if check.blocking and not check.passed] == []
    assert _parameter(plan, ctx, "shelf.came_from") == "19.0.1.0.0"
    assert service.asked[:3] == ["create", "upload", "process"]
    assert service.asked[-1] == "download"
    assert "asking for contract ***" in said
    assert stages[0].log_path is not None
    log = stages[0].log_path.read_text()
    assert (CONTRACT in log, "upgraded to 19.0" in log) == (False, True)


def test_files_that_come_with_the_dump_are_beside_the_copy(
    ctx: StepContext, plan: UpgradePlan, upgrader: Upgrader
) -> None:
    """As in a zip of Odoo's database manager; what is there already stays."""
    name = sha1(ATTACHED, usedforsecurity=False).hexdigest()
    upgrader.finish = lambda dump: _zip({"dump.sql": dump, f"filestore/{name[:2]}/{name}": ATTACHED})
    stages = list(ENGINE.stages(ctx, plan))
    assert all(check.passed for stage in stages for check in stage.checks if check.blocking)
    assert (plan.data / "filestore" / plan.database / name[:2] / name).read_bytes() == ATTACHED


def test_a_service_that_cannot_upgrade_the_data_makes_it_red(
    ctx: StepContext, plan: UpgradePlan, upgrader: Upgrader
) -> None:
    """With the last line of its log, and nothing else is tried."""
    upgrader.log = "module sale: the view is broken\nthe upgrade failed in module sale"
    [stage] = ENGINE.stages(ctx, plan)
    [check] = stage.checks
    assert (check.passed, check.summary) == (False, "the service refuses: the upgrade failed in module sale")
    assert stage.log_path is not None
    assert "module sale: the view is broken" in stage.log_path.read_text()


def test_a_database_that_comes_back_as_it_was_makes_it_red(
    ctx: StepContext, plan: UpgradePlan, upgrader: Upgrader
) -> None:
    """Its base says of which series it is."""
    upgrader.statement = "select 1"
    *_, stage = ENGINE.stages(ctx, plan)
    assert [check.summary for check in stage.checks] == ["the database came back with base 18.0.1.3"]
    assert not stage.checks[0].passed


def test_a_contract_that_is_refused_is_no_verdict(ctx: StepContext, plan: UpgradePlan) -> None:
    """Nothing was learned about the upgrade: the run fails, with what the service said."""
    stranger = _with(ctx, upgrade_contract=SecretStr("M0"))
    with pytest.raises(StepFailed, match="upgrade-client ended with 77: the contract is not valid"):
        list(ENGINE.stages(stranger, plan))


def test_a_service_that_does_not_answer_in_time_is_no_verdict(
    ctx: StepContext, plan: UpgradePlan, service: Service
) -> None:
    """The message names the setting."""
    service.never_ends = True
    with pytest.raises(StepFailed, match=r"did not end within 0\.05 minutes: request 1") as failed:
        list(ENGINE.stages(_with(ctx, upgrade_client_minutes=0.05), plan))
    assert "ODOOOPS_UPGRADE_CLIENT_MINUTES" in (failed.value.hint or "")


@pytest.mark.parametrize("kind", ["half of it", "no dump", "half a zip"])
def test_a_damaged_dump_is_no_verdict(ctx: StepContext, plan: UpgradePlan, upgrader: Upgrader, kind: str) -> None:
    """It is named before Odoo starts."""
    damages: dict[str, Callable[[bytes], bytes]] = {
        "half of it": lambda dump: dump[: len(dump) // 2],
        "no dump": lambda _dump: b"<html>try again later</html>",
        "half a zip": lambda dump: (packed := _zip({"dump.sql": dump}))[: len(packed) // 2],
    }
    upgrader.finish = damages[kind]
    with pytest.raises(StepFailed, match="what the upgrade service returned cannot be loaded"):
        list(ENGINE.stages(ctx, plan))


def test_what_the_service_switches_on_is_off_before_odoo_starts(
    ctx: StepContext, plan: UpgradePlan, upgrader: Upgrader
) -> None:
    """It may bring back a way to send mails."""
    upgrader.statement = (
        f"{UPGRADES}; insert into ir_mail_server (name, smtp_host, smtp_port, smtp_authentication, smtp_encryption,"
        " active) values ('theirs', 'smtp.example.com', 25, 'login', 'none', true)"
    )
    assert all(check.passed for stage in ENGINE.stages(ctx, plan) for check in stage.checks if check.blocking)
    with psycopg.connect(_url(plan.access(ctx))) as connection:
        found = connection.execute("select active from ir_mail_server where name = 'theirs'").fetchall()
    assert (found, offenders(plan.access(ctx))) == ([(False,)], {})


def test_an_engine_without_a_client_says_what_to_set(ctx: StepContext, plan: UpgradePlan, tmp_path: Path) -> None:
    """It names the setting, and why the program that it names cannot be run."""
    assert ENGINE.why_not(_with(ctx, upgrade_client=None), plan) == (
        "no client of an upgrade service is named: set ODOOOPS_UPGRADE_CLIENT to its program"
    )
    text = tmp_path / "client.txt"
    text.touch(mode=0o644)
    for path in (text, tmp_path / "nothing", Path("client")):
        why = ENGINE.why_not(_with(ctx, upgrade_client=path), plan)
        assert why is not None
        assert why.startswith(f"{path} is no program that can be run")
    same = ENGINE.why_not(ctx, replace(plan, source=plan.target))
    assert same == "an upgrade service leads to newer series, and 19.0 to 19.0 is none: choose --engine same_series"


def _with(ctx: StepContext, **settings: object) -> StepContext:
    return replace(ctx, settings=ctx.settings.model_copy(update=settings))


def _parameter(plan: UpgradePlan, ctx: StepContext, key: str) -> str:
    with psycopg.connect(_url(plan.access(ctx))) as connection:
        [(value,)] = connection.execute("select value from ir_config_parameter where key = %s", [key]).fetchall()
    return str(value)


def _zip(entries: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _url(access: DatabaseAccess) -> str:
    return f"postgresql://{access.user}:{access.password}@{access.host}:{access.port}/{access.database}"
