"""The Odoo driver against a real Odoo: installed from Debian, with a real OCA module from PyPI, judged for real."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from odooops_dagster.errors import MissingDependency, StepFailed
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.tools.odoo import commands, debian, distribution, environment, modules
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.odoo.log import OdooLog
from odooops_dagster.tools.postgres.contents import module_states, read_rows
from tests.acceptance.conftest import Seed
from tests.acceptance.odoo_bench import Bench, clean, fetch
from tests.acceptance.platform import CACHE, SERIES, wait_for

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(1800)]

OCA_MODULE = "partner_firstname"
OCA_REQUIREMENT = f"odoo-addon-{OCA_MODULE}=={SERIES}.*\n"
# A program of its own, so that it can be killed.
INSTALL = """
import sys
from pathlib import Path
from odooops_dagster.tools.odoo.distribution import install
install(sys.argv[1], home=Path(sys.argv[2]), progress=lambda line: print(line, flush=True))
"""


@pytest.fixture(scope="module")
def base_template(seed: Seed) -> str:
    """Return a template database with `base` and `web` installed."""
    return seed.template


def test_odoo_is_installed_whole_or_not_at_all(tmp_path: Path) -> None:
    """A killed installation leaves nothing that is taken for Odoo, and the next one is whole."""
    with subprocess.Popen(
        [sys.executable, "-c", INSTALL, SERIES, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any("downloading" in line for line in process.stdout)
        process.send_signal(signal.SIGKILL)
    assert distribution.find(SERIES, tmp_path) is None
    assert list((tmp_path / "odoo").glob(".*.partial-*"))
    said: list[str] = []
    installed = distribution.install(SERIES, home=tmp_path, progress=said.append)
    assert any("%" in line for line in said)
    assert {path.name for path in (tmp_path / "odoo").iterdir()} == {
        *(f".{SERIES}.lock", SERIES),
        *(".debian-lists", ".debian-lists.lock"),
    }
    assert installed == distribution.install(SERIES, home=tmp_path, progress=pytest.fail)
    version = subprocess.run(
        [*installed.odoo_bin, "--version"], env=clean(), capture_output=True, text=True, check=True
    )
    assert version.stdout.strip() == f"Odoo Server {SERIES}"
    pip = installed.python.with_name("pip")
    assert subprocess.run([pip, "--version"], env=clean(), capture_output=True, check=False).returncode == 0


def test_a_package_that_debian_did_not_sign_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apt's signature check applies to the scoped configuration too."""
    other_keys = Path("/usr/share/keyrings/debian-archive-bookworm-security-automatic.gpg")
    monkeypatch.setattr(debian, "_KEYRING", other_keys)
    with pytest.raises(MissingDependency, match="gave no odoo-19"):
        debian.unpack_odoo(
            SERIES, into=tmp_path / "root", work=tmp_path / "apt", lists=tmp_path / "lists", progress=print
        )
    assert not (tmp_path / "root").exists()


def test_requirements_make_an_environment_of_their_own_quickly(installation: Installation, tmp_path: Path) -> None:
    """Odoo's packages are seen, not installed again; the addon's demand for Odoo is met by the installed one."""
    file = tmp_path / "requirements.txt"
    file.write_text(OCA_REQUIREMENT)
    said: list[str] = []
    made = environment.overlay(installation, requirements=[file], home=tmp_path, progress=said.append)
    assert modules.find(OCA_MODULE, made.addons_paths)
    assert "requirements: installing 1 package(s)" in said
    again = environment.overlay(installation, requirements=[file], home=tmp_path, progress=pytest.fail)
    assert again == made
    bare = environment.overlay(installation, requirements=[], home=tmp_path)
    assert bare.digest != made.digest


def test_a_project_may_ask_for_another_version_of_what_odoo_uses(installation: Installation, tmp_path: Path) -> None:
    """Its own comes first; Odoo's environment is not touched."""
    file = tmp_path / "requirements.txt"
    file.write_text("polib==1.1.1\n")
    made = environment.overlay(installation, requirements=[file], home=tmp_path)
    ask = ["-c", "import polib, odoo.release; print(polib.__version__, odoo.release.series)"]
    answers = [
        subprocess.run([python, *ask], env=clean(), capture_output=True, text=True, check=True).stdout.strip()
        for python in (made.python, installation.python)
    ]
    assert answers[0] == f"1.1.1 {SERIES}"
    assert answers[1] != answers[0]


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        (f"odoo-addon-no-such-module-of-ours=={SERIES}.*", "No matching distribution found for odoo-addon-no-such"),
        (f"odoo-addon-{OCA_MODULE}==18.0.*", "depends on odoo==18.0|depends on odoo<18.1"),
        ("this is no requirement", "Invalid requirement"),
    ],
)
def test_requirements_that_cannot_be_had_are_one_line(
    installation: Installation, tmp_path: Path, requirement: str, reason: str
) -> None:
    """The run's error is pip's reason, and nothing is left that a next run would take for an environment."""
    file = tmp_path / "requirements.txt"
    file.write_text(f"{requirement}\n")
    with pytest.raises(StepFailed, match=reason) as caught:
        environment.overlay(installation, requirements=[file], home=tmp_path)
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "venvs").glob("[!.]*"))
    assert not list((tmp_path / "venvs").glob(".*partial*"))


def test_a_real_module_is_installed_and_tested_on_a_copied_template(bench: Bench, base_template: str) -> None:
    """The OCA module's own tests run, and the second copy needs no Odoo at all."""
    build = bench.build(requirements=OCA_REQUIREMENT)
    assert modules.closure([OCA_MODULE], build.addons_paths) >= {"base", "web", OCA_MODULE}
    access = bench.database("oca", template=base_template)
    checks = bench.install(build, access, OCA_MODULE)
    assert all(check.passed for check in checks.values()), checks
    assert int(checks["module_tests_passed"].metadata["modules"][OCA_MODULE]) > 10
    bench.databases.keep_as_template(access.database, f"{bench.mark}_closure")
    twin = bench.database("twin", template=f"{bench.mark}_closure")
    assert module_states(twin)[OCA_MODULE] == "installed"


def test_a_module_that_odoo_ignores_is_a_failure_although_it_exits_zero(bench: Bench, base_template: str) -> None:
    """Exit status 0 proves nothing."""
    access = bench.database("ignored", template=base_template)
    checks = bench.install(bench.build(), access, "base", "no_such_module")
    assert checks["modules_installed"].metadata["exit_status"] == 0
    assert checks["modules_installed"].summary == "Odoo ignored modules: no_such_module"


BROKEN = {
    "broken_view": ("modules_installed", "cannot be located in parent view"),
    "broken_import": ("modules_installed", "cannot import name 'nothing_here'"),
    "broken_dependency": ("modules_installed", "External dependency|external dependency"),
    "broken_exit": ("modules_installed", "never said that its modules were loaded"),
    "broken_test": ("module_tests_passed", "FAIL: TestBroken.test_fails: AssertionError: 1 != 2"),
    "broken_setup": ("module_tests_passed", "ValueError: setup broke"),
    "broken_log": ("log_clean", "ERROR odoo.addons.broken_log: something is off"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_module_fails_its_check_with_the_line_that_says_why(
    bench: Bench, base_template: str, tmp_path: Path, name: str
) -> None:
    """Each way to be broken reaches the person in one line."""
    write_broken_modules(tmp_path)
    access = bench.database(name, template=base_template)
    checks = bench.install(bench.build(addons=tmp_path), access, name)
    check_name, reason = BROKEN[name]
    assert not checks[check_name].passed
    assert any(part in checks[check_name].summary for part in reason.split("|")), checks[check_name].summary
    assert "\n" not in checks[check_name].summary


def test_a_page_is_served_and_no_other_database_is_touched(bench: Bench, base_template: str) -> None:
    """Crons, message bus and health work inside the environment's own database; the role reaches no other."""
    build = bench.build()
    access = bench.database("served", template=base_template)
    command = commands.serve_command(build, bench.config(build, access, cron_threads=1))
    log_path = bench.folder / "served.log"
    with log_path.open("wb") as log, subprocess.Popen(command, env=clean(), stdout=log, stderr=log) as odoo:
        try:
            url = f"http://127.0.0.1:{bench.port}"
            wait_for(lambda: fetch(f"{url}/web/health?db_server_status=1"), seconds=60, what="answer")
            assert "login" in (fetch(f"{url}/web/login") or "")
            assert fetch(f"{url}/web/static/lib/jquery/jquery.js")
            listening = wait_for(lambda: _listens(access), seconds=20, what="cron that listens")
        finally:
            odoo.terminate()
    assert listening == [access.database]
    assert odoo.returncode == 0
    parsed = OdooLog.read(log_path)
    assert parsed.errors == ()


def _listens(access: DatabaseAccess) -> list[str] | None:
    """Return the databases to which the role is connected, once its cron thread is."""
    rows = read_rows(
        access,
        "select datname, query from pg_stat_activity where usename = %(role)s",
        {"role": access.user},
    )
    return sorted({row["datname"] for row in rows}) or None


def test_the_same_installation_serves_a_folder_that_the_user_names(installation: Installation, tmp_path: Path) -> None:
    """A folder is used where it is; only its Python environment is ours."""
    found = distribution.find(SERIES, CACHE)
    assert found == installation
    tree = tmp_path / "my-odoo"
    tree.mkdir()
    (tree / "odoo-bin").symlink_to(installation.script)
    (tree / "odoo").symlink_to(installation.library / "odoo")
    named = distribution.install(SERIES, home=tmp_path, odoo_path=tree, progress=print)
    assert (named.origin, named.path) == ("folder", tree)
    assert named.revision.startswith("folder-")
    done = subprocess.run([*named.odoo_bin, "--version"], env=clean(), capture_output=True, text=True, check=True)
    assert SERIES in done.stdout
    (tree / "change").touch()
    changed = distribution.install(SERIES, home=tmp_path, odoo_path=tree, progress=pytest.fail)
    assert replace(changed, revision=named.revision) == named
    assert changed.revision != named.revision


def test_a_role_that_odoo_uses_cannot_reach_the_servers_own_database(bench: Bench, base_template: str) -> None:
    """What the launcher spares Odoo, the server refuses to everyone."""
    access = bench.database("refused", template=base_template)
    for database in ("postgres", "template1", base_template):
        with pytest.raises(psycopg.OperationalError, match=r"permission denied|not currently accepting"):
            psycopg.connect(
                host=access.host, port=access.port, user=access.user, password=access.password, dbname=database
            )


def write_broken_modules(addons: Path) -> None:
    """Write one module for each way to be broken."""
    files = {
        "broken_view/view.xml": VIEW,
        "broken_import/__init__.py": "from . import nothing_here\n",
        "broken_exit/__init__.py": "import os\n\nos._exit(0)\n",
        "broken_log/__init__.py": "import logging\n\nlogging.getLogger(__name__).error('something is off')\n",
        "broken_test/tests/__init__.py": "from . import test_broken\n",
        "broken_test/tests/test_broken.py": TEST,
        "broken_setup/tests/__init__.py": "from . import test_broken\n",
        "broken_setup/tests/test_broken.py": SETUP,
    }
    extra = {
        "broken_view": "'data': ['view.xml'],",
        "broken_dependency": "'external_dependencies': {'python': ['no_such_package']},",
    }
    for name in BROKEN:
        (addons / name).mkdir()
        (addons / name / "__init__.py").touch()
        manifest = f"{{'name': '{name}', 'version': '{SERIES}.1.0.0', 'license': 'LGPL-3', 'depends': ['base'],"
        (addons / name / "__manifest__.py").write_text(f"{manifest} {extra.get(name, '')} }}\n")
    for path, text in files.items():
        (addons / path).parent.mkdir(exist_ok=True)
        (addons / path).write_text(text)


VIEW = """\
<odoo>
    <record id="v" model="ir.ui.view">
        <field name="name">v</field>
        <field name="model">res.partner</field>
        <field name="inherit_id" ref="base.view_partner_form"/>
        <field name="arch" type="xml">
            <field name="no_such_field" position="after"><field name="x"/></field>
        </field>
    </record>
</odoo>
"""
TEST = """\
from odoo.tests import HttpCase, TransactionCase, tagged


class TestBroken(TransactionCase):
    def test_fails(self):
        self.assertEqual(1, 2)


@tagged("post_install", "-at_install")
class TestPage(HttpCase):
    def test_page(self):
        self.assertEqual(self.url_open("/web/login").status_code, 200)
"""
SETUP = """\
from odoo.tests import TransactionCase


class TestBroken(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise ValueError("setup broke")

    def test_never_runs(self):
        pass
"""
