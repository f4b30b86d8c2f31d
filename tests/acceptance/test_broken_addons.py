"""Each way to break an addon ends in one sentence with file and line of the repository, on the real Odoo."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.model import Build, CheckResult, DatabaseAccess, Job
from odooops_dagster.steps.build.source import read_source
from odooops_dagster.tools.odoo import commands, demands
from odooops_dagster.tools.odoo.failure import Repository
from odooops_dagster.tools.odoo.judge import judge
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.runtime.job import run_job
from tests.acceptance.conftest import NewOdoo
from tests.acceptance.odoo_bench import Bench
from tests.acceptance.platform import SERIES

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

TABLE = tomllib.loads(Path(__file__).with_name("broken_addons.toml").read_text())
CASES: Mapping[str, Mapping[str, Any]] = TABLE["cases"]
READ = [name for name, case in CASES.items() if case.get("way") == "read"]
RUN = [name for name in CASES if name not in READ]
SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A repository, its build, and databases to copy: one with `web`, one with the addon as it was."""

    bench: Bench
    root: Path
    build: Build
    web: DatabaseAccess
    installed: DatabaseAccess

    def judge(self, case: Mapping[str, Any], name: str) -> list[CheckResult]:
        """Write the case's files, run Odoo on a copy of a database, and return the checks."""
        write(self.root, TABLE["base"] | case["files"])
        is_update = case.get("way") == "update"
        access = self.bench.database(name, template=(self.installed if is_update else self.web).database)
        config = self.bench.config(self.build, access)
        command = (
            commands.update_command(self.build, config, names=["loan"], tests=["loan"])
            if is_update
            else commands.install_command(
                self.build, config, names=["loan"], tests=["loan"], languages=case.get("languages", ())
            )
        )
        result = run_job(
            Job(
                name=name,
                argv=command,
                cwd=self.bench.folder,
                log_path=self.bench.folder / f"{name}.log",
                sandbox=None,
                timeout_seconds=case.get("seconds", SECONDS),
                memory_mb=case.get("memory_mb", 0),
            )
        )
        states = module_states(access)
        self.bench.databases.drop(access.database)
        return judge(
            result,
            OdooLog.read(result.log_path),
            states,
            wanted=["loan"],
            tested=["loan"],
            repository=Repository(root=self.root, addons_paths=self.build.addons_paths),
        )


@pytest.fixture(scope="module")
def shop(bench: Bench, new_odoo: NewOdoo) -> Shop:
    """Return a repository whose addon installs and passes."""
    root = bench.folder / "repository"
    write(root, TABLE["base"])
    build = bench.build(addons=root / "shop")
    web = new_odoo("web")
    installed = bench.database("installed", template=web.database)
    checks = bench.install(build, installed, "loan")
    assert {name: check.summary for name, check in checks.items() if not check.passed} == {}
    return Shop(bench=bench, root=root, build=build, web=web, installed=installed)


def write(root: Path, files: Mapping[str, str]) -> None:
    """Make the tree have exactly these files."""
    for old in root.rglob("*"):
        if old.is_file():
            old.unlink()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.removeprefix("\n"))


@pytest.mark.parametrize("name", RUN)
def test_a_broken_addon_is_told_in_one_sentence(shop: Shop, name: str) -> None:
    """The first failed check names the place and the reason; what follows from it was not asked."""
    case = CASES[name]
    failed = [check for check in shop.judge(case, name) if not check.passed]
    assert failed[0].summary == case["sentence"]
    assert "\n" not in failed[0].summary
    assert str(shop.bench.folder) not in failed[0].summary
    assert [check.name for check in failed[1:] if check.is_asked] == []
    if "/" in case["sentence"]:
        row = failed[0].to_metadata()["failure"]
        assert case["sentence"].startswith(f"{row['file']}:{row['line']}: ")
        assert row["test"] == case.get("test", "")


@pytest.mark.parametrize("name", READ)
def test_what_the_files_alone_tell_needs_no_odoo(shop: Shop, name: str) -> None:
    """Manifests are read before a database is made."""
    write(shop.root, TABLE["base"] | CASES[name]["files"])
    with pytest.raises(StepFailed) as refused:
        read_all(shop)
    assert str(refused.value).replace(f"{shop.root}/", "") == CASES[name]["sentence"]


def read_all(shop: Shop) -> None:
    """Read the tree as the steps `source` and `image` do."""
    found = read_source(shop.root, "0" * 40)
    addons_paths = (*found.addons_paths, *shop.build.addons_paths)
    demands.met(found.modules, addons_paths, series=SERIES, python=shop.build.python)
