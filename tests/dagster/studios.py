"""A project whose production was backed up, and the code of a staging that is to be cloned from it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.conninfo import make_conninfo

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Backup, Build, CloneResult, Fence, Run, RunKind, Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.image import keep_build
from odooops_dagster.steps.clone.clone import clone_production
from odooops_dagster.steps.core.context import Log, StepContext
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.sanitize.pipeline import offenders
from odooops_dagster.tools.store import ObjectStore
from tests.dagster.productions import IMAGE, SHA, Shop, shop
from tests.servers import PostgresServer

BRANCH = "release/1.0"
PASSWORD = "correct-horse-battery"
# What of Odoo's tables the scripts, the scrub and the questions speak of.
TABLES = f"""
create table ir_config_parameter
(id serial primary key, key text unique, value text, create_date timestamp, write_date timestamp);
create table ir_mail_server (id serial primary key, smtp_host text, smtp_user text, smtp_pass text, active boolean);
create table res_partner (id serial primary key, name text, email text);
insert into ir_config_parameter (key, value)
values ('database.uuid', 'u-1'), ('web.base.url', 'https://shop.example'), ('web.base.url.freeze', 'True');
insert into ir_mail_server (smtp_host, smtp_user, smtp_pass, active)
values ('smtp.example.com', 'shop', '{PASSWORD}', true);
insert into res_partner (name, email) values ('Ada', 'ada@example.com'), ('Grace', 'grace@example.com');
insert into ir_module_module values ('shop', 'installed', '19.0.1.0'), ('mail', 'installed', '19.0.1.0');
"""
NEUTRALIZE = {
    "base": """
insert into ir_config_parameter (key, value) values ('database.is_neutralized', 'true')
on conflict (key) do update set value = 'true';
update ir_mail_server set active = false;
insert into ir_mail_server (smtp_host, active) values ('invalid', true);
""",
    "shop": "-- nothing to switch off\n",
}

# Does to a database what an update may do: the module's own data switch things on again.
UPDATE = f"""#!{sys.executable}
import configparser, sys
import psycopg
parser = configparser.RawConfigParser()
parser.read(next(word for word in sys.argv if word.startswith("--config=")).removeprefix("--config="))
odoo = parser["options"]
with psycopg.connect(
    host=odoo["db_host"], port=odoo["db_port"], user=odoo["db_user"], password=odoo["db_password"],
    dbname=odoo["db_name"],
) as connection:
    connection.execute("update ir_mail_server set active = true, smtp_pass = 'again'")
    connection.execute("insert into res_partner (name, email) values (%s, 'updated')", [" ".join(sys.argv[2:])])
    connection.execute("create table if not exists delivery_carrier (sandbox boolean)")
    connection.execute("insert into delivery_carrier values (false)")
    connection.execute("update ir_module_module set state = 'installed' where name = 'shop'")
for logger, said in (("odoo.modules.loading", "Modules loaded."), ("odoo.service.server", "Initiating shutdown")):
    print(f"2026-02-13 10:00:00,000 1 INFO db {{logger}}: {{said}}")
"""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a run's process works with; a test may sit down at it in a process of its own."""

    control: ControlPlane
    databases: OdooDatabases
    settings: Settings
    store: ObjectStore
    log: Log

    def take_up(self, run: Run) -> StepContext:
        """Return the context of a claimed run, started."""
        fence = Fence(run_id=run.id, attempt=run.attempt, worker_id=str(run.claimed_by))
        return StepContext(
            run=self.control.runs.start(fence),
            environment=self.control.environments.of_run(run),
            project=self.control.projects.get(run.project_slug),
            fence=fence,
            control=self.control,
            runtime=MemoryRuntime(),
            store=self.store,
            databases=self.databases.made_by(run.id),
            settings=self.settings,
            log=self.log,
        )


@dataclass
class Studio:
    """The shop, the code that is pushed to its staging, and who clones."""

    shop: Shop
    folder: Path
    before: frozenset[str]
    said: list[str] = field(default_factory=list)
    rules: dict[str, Any] = field(default_factory=dict)

    @property
    def build(self) -> Build:
        """Return the build of what lies in the repository now."""
        return build_of(self.folder)

    @property
    def program(self) -> Path:
        """Return the program that updates, where the interpreter of a real build is, so that its sandbox shows it."""
        return self.shop.settings.home / "venvs" / "update" / "venv" / "bin" / "python"

    @property
    def updating_build(self) -> Build:
        """Return the build whose Odoo is the program that updates."""
        return replace(self.build, python=self.program)

    def let_update(self) -> None:
        """Write the program that updates."""
        self.program.parent.mkdir(parents=True)
        self.program.write_text(UPDATE)
        self.program.chmod(0o755)

    @property
    def desk(self) -> Desk:
        """Return what the test's own process works with."""
        return Desk(
            control=self.shop.control,
            databases=self.shop.databases,
            settings=self.shop.settings,
            store=self.shop.store,
            log=lambda level, message: self.said.append(f"{level}: {message}"),
        )

    def write(self, name: str, text: str) -> None:
        """Write a file of the repository."""
        path = self.folder / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def serve(self, name: str, text: str) -> None:
        """Change a file of the code that served production when it was backed up."""
        path = self.folder / "served" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def mask(self, **scripts: str) -> None:
        """Let the project mask its clones with these files, in this order."""
        for name, text in scripts.items():
            self.write(f"masks/{name}.sql", text)
        self.rule(masking_hooks=[f"masks/{name}.sql" for name in scripts])

    def rule(self, **rules: Any) -> None:  # noqa: ANN401 -- whatever a rule may say
        """Set rules of the project for its clones; one backup serves them all unless a test says otherwise."""
        self.rules = {"source": "newest_verified"} | self.rules | rules
        self.shop.control.policies.set(self.shop.project.id, policy_type="clone", rules=self.rules)

    def claim(self, *, branch: str = BRANCH, kind: RunKind = "deploy", **config: str) -> Run:
        """Queue a run for the branch and claim it."""
        control, project = self.shop.control, self.shop.project
        control.environments.ensure(project.id, branch=branch)
        control.runs.queue(project.id, env=branch, git_sha=SHA, ref=f"refs/heads/{branch}", kind=kind, config=config)
        return self.shop.claim()

    def step(self, *, branch: str = BRANCH, kind: RunKind = "deploy", **config: str) -> StepContext:
        """Return the context of a run at work on the branch."""
        return self.desk.take_up(self.claim(branch=branch, kind=kind, **config))

    def reset(self, backup: Backup, owner_url: str) -> None:
        """Make everything as it was when the studio was opened."""
        control = self.shop.control
        for run in control.runs.active():
            control.runs.complete(
                Fence(run_id=run.id, attempt=run.attempt, worker_id=str(run.claimed_by)), exit_code=1, error_message="x"
            )
        for row in control.templates.list():
            control.templates.forget(row["database_name"])
        self.sweep()
        shutil.rmtree(self.folder)
        write_code(self.folder)
        keep_build(self.shop.settings.home, served_build(self.folder))
        self.said.clear()
        self.rules.clear()
        self.rule()
        with psycopg.connect(owner_url) as owner:
            owner.execute("set local session_replication_role = replica")
            owner.execute("delete from ops.restores")
            owner.execute("delete from ops.backups where id <> %s", [backup.id])
            owner.execute(
                "update ops.backups set status = 'verified', taken_at = %s, dropped_at = null, drop_reason = null,"
                " error_message = null, image_digest = %s, git_sha = %s where id = %s",
                [backup.taken_at, backup.image_digest, backup.git_sha, backup.id],
            )

    def end(self, step: StepContext) -> None:
        """End the run, as one that failed."""
        self.shop.control.runs.complete(step.fence, exit_code=1, error_message="the test is over")

    def sweep(self) -> list[str]:
        """Let the janitor go round once."""
        return collect(self.shop.control, MemoryRuntime(), self.shop.databases, self.shop.settings)

    def rows(self, name: str, statement: LiteralString) -> list[Any]:
        """Return what a query of one column finds in a database."""
        return [row[0] for row in self.shop.server.rows(name, statement)]

    def left(self) -> list[str]:
        """Return what there is of clones: databases, scratch roles, folders, by name."""
        home = self.shop.settings.home
        return [
            *self.databases(),
            *self.shop.databases.roles(names.CLONE_STAGING_PREFIX),
            *(str(path) for path in (home / "templates").glob("*")),
            *(str(path) for path in (home / "runs").glob("*/clone-template-*")),
            *(str(path) for path in (home / "environments").glob("*/data/filestore/*_r*")),
        ]

    def databases(self) -> list[str]:
        """Return the databases that were made since the studio was opened."""
        return sorted(set(databases_of(self.shop.databases)) - self.before)

    def leaks(self, step: StepContext) -> list[str]:
        """Return the databases that the environment's Odoo can open though they are not harmless."""
        role = names.role_name(step.environment)
        opened = [name for name in self.databases() if self._opens(name, role)]
        return [name for name in opened if offenders(self.shop.databases.access(name, role=role))]

    def _opens(self, name: str, role: str) -> bool:
        try:
            access = self.shop.databases.access(name, role=role)
            url = make_conninfo(
                host=access.host, port=access.port, user=role, password=access.password, dbname=access.database
            )
            with psycopg.connect(url) as connection:
                return connection.execute("select from res_partner").rowcount > 0
        except (psycopg.Error, NotFound):
            return False


def build_of(folder: Path) -> Build:
    """Return the build of the code below the folder."""
    return _build(folder / "repository", folder / "odoo" / "addons", "sha256:0")


def served_build(folder: Path) -> Build:
    """Return the build that served production when it was backed up."""
    return _build(folder / "served", folder / "odoo" / "addons", IMAGE)


def _build(own: Path, odoo: Path, digest: str) -> Build:
    source = Source(path=own, git_sha=SHA, tree_digest="t", addons_paths=(own,), modules=("shop",), requirements=())
    return Build(
        digest=digest,
        series="19.0",
        odoo_revision="r1",
        python=Path(sys.executable),
        addons_paths=(own, odoo),
        modules=("shop",),
        closure=("base", "mail", "shop"),
        source=source,
    )


@contextmanager
def studio(control: ControlPlane, server: PostgresServer, home: Path) -> Iterator[tuple[Studio, Backup]]:
    """Yield a studio and the verified backup of its production; leave the server as it was."""
    with shop(control, server, home) as made:
        made.data.execute(TABLES)
        backup = made.back_up()
        assert backup.status == "verified"
        write_code(home / "code")
        keep_build(home, served_build(home / "code"))
        roles = set(made.databases.roles(names.DATABASE_PREFIX))
        opened = Studio(shop=made, folder=home / "code", before=frozenset(databases_of(made.databases)))
        opened.rule()
        try:
            yield opened, backup
        finally:
            for name in opened.databases():
                made.databases.drop(name)
            for role in set(made.databases.roles(names.DATABASE_PREFIX)) - roles - {"ops_templates"}:
                made.databases.drop_role(role)


def write_code(folder: Path) -> None:
    """Write an Odoo with two modules, and a third as it is in the repository and as it served."""
    places = ("odoo/addons/base", "odoo/addons/mail", "repository/shop", "served/shop")
    for path in (folder / place for place in places):
        (path / "data").mkdir(parents=True)
        (path / "__manifest__.py").write_text("{'name': 'x', 'depends': []}")
        if path.name in NEUTRALIZE:
            (path / "data" / "neutralize.sql").write_text(NEUTRALIZE[path.name])


def databases_of(databases: OdooDatabases) -> list[str]:
    """Return the platform's databases on the server."""
    return [*databases.list(names.DATABASE_PREFIX), *databases.list(names.TEMPLATE_PREFIX)]


def cloned(opened: Studio, **asked: str) -> CloneResult:
    """Return the clone of a run that ends well."""
    step = opened.step(**asked)  # type: ignore[arg-type]
    result = clone_production(step, opened.build)
    opened.shop.control.runs.complete(step.fence, exit_code=0)
    assert result is not None
    return result
