"""A production on another server is adopted, backed up and forgotten, and nothing of it changes."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import BadInput, Conflict, OdooOpsError, StepFailed
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import DatabaseAccess
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.converge import converge_all
from odooops_dagster.steps.environment.destroy import destroy_environment
from odooops_dagster.steps.recovery.backup import back_up
from odooops_dagster.steps.recovery.backup_logs import log_sources
from odooops_dagster.steps.recovery.data_location import locate_data
from odooops_dagster.steps.recovery.load import build_of
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.tools.backup.create import create
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.verify import verify
from odooops_dagster.tools.postgres.adoption import AdoptedSource, access_from, inspect, recall, remember
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from tests.adoptions import PASSWORD, Theirs, theirs_on
from tests.backups import repository_in
from tests.conftest import postgres15
from tests.repositories import Repository
from tests.servers import PostgresServer
from tests.working import next_run

Spoil = Callable[[Theirs], AdoptedSource | None]


@pytest.fixture
def theirs(postgres15_server: PostgresServer, tmp_path: Path) -> Iterator[Theirs]:
    """Yield somebody's production on another server."""
    with theirs_on(postgres15_server, tmp_path / "theirs") as made:
        yield made


@pytest.fixture
def settings(operator_url: str, tmp_path: Path, control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the platform's settings, over a control plane that knows the project shop."""
    monkeypatch.setenv("ODOOOPS_DATABASE_URL", operator_url)
    monkeypatch.setenv("ODOOOPS_HOME", str(tmp_path / "home"))
    for name in ("ODOOOPS_ADOPT_DSN", "ODOOOPS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    control.projects.create("shop", repo_url="https://forge.example/shop.git", odoo_version="19.0")
    return Settings()


@pytest.fixture
def databases(settings: Settings, postgres_server: PostgresServer) -> OdooDatabases:
    """Return the platform's own server of databases."""
    return OdooDatabases(postgres_server.url("postgres"), secrets=settings.home / "secrets")


def ops(*arguments: str, answer: str = "", status: int = 0) -> str:
    """Run `ops env` as a person types it, and return all that was said."""
    result = CliRunner().invoke(build_app(("env",)), ["env", *arguments], input=answer)
    if isinstance(result.exception, OdooOpsError):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.output


def adopt(place: AdoptedSource, dsn: str) -> str:
    """Adopt a place as shop's production."""
    return ops("adopt", "shop", "main", "--dsn-file", "-", "--filestore", str(place.filestore), answer=dsn + "\n")


def test_an_adopted_production_is_shown_and_one_file_alone_knows_where_it_is(
    settings: Settings, theirs: Theirs, control: ControlPlane
) -> None:
    """Each question is answered in a line; said again, nothing changes."""
    said = adopt(theirs.place, theirs.dsn)
    for line in (
        "ok       server       PostgreSQL 15", "ok       odoo", "may read every table and sequence",
        "may write none of 3 tables", "its Odoo series is 19.0", "6 sampled attachments are in",
    ):  # fmt: skip
        assert line in said
    assert "warning" not in said
    assert PASSWORD not in said
    environment = control.environments.get("shop/main")
    assert (environment.is_adopted, environment.status, environment.stage) == (True, "adopted", "production")
    assert (environment.database_name, environment.url, environment.port) == (None, None, None)
    assert "adopted" in ops("list")
    [file] = (settings.home / "secrets" / "adopted").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    adopt(theirs.place, theirs.dsn)
    assert control.environments.get("shop/main") == environment
    assert recall(settings.home / "secrets", environment.id) == theirs.place


def test_from_adoption_to_the_end_nothing_of_theirs_changes(
    settings: Settings, theirs: Theirs, control: ControlPlane, databases: OdooDatabases, tmp_path: Path
) -> None:
    """A role that only reads makes a whole backup; rows, sequences, rights and files stay as they were."""
    before = theirs.fingerprint()
    adopt(theirs.place, theirs.dsn)
    environment = control.environments.get("shop/main")
    origin = locate_data(databases, settings, environment)
    assert (origin.access, origin.filestore, origin.is_adopted) == (theirs.place.access, theirs.data.folder, True)
    with psycopg.connect(conninfo(origin.access)) as reader, pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute("delete from sale_order")
    repository = repository_in(tmp_path / "store")
    made = create(
        repository,
        origin.access,
        backup_id="first",
        filestore_path=origin.filestore,
        programs=pg_programs(settings),
    )
    assert verify(repository, made.manifest, programs=pg_programs(settings)).is_good
    assert made.manifest.facts["rows"]["public.sale_order"] == 50
    assert (made.manifest.file_count, made.manifest.missing) == (6, ())
    runtime = MemoryRuntime()
    assert converge_all(control, runtime, databases, settings) == []
    assert collect(control, runtime, databases, settings) == []
    assert "its database and files stay as they are" in ops("destroy", "shop", "main", answer="y\n")
    ctx = next_run(control, settings, databases)
    for _time in range(2):
        destroy_environment(ctx)
    assert control.environments.by_id(environment.id).status == "destroyed"
    assert list((settings.home / "secrets" / "adopted").iterdir()) == []
    assert theirs.fingerprint() == before


def test_what_is_adopted_elsewhere_is_not_guessed_here(
    settings: Settings, control: ControlPlane, databases: OdooDatabases
) -> None:
    """Without its file there is nothing to back up, and the next thing to do is said."""
    project = control.projects.get("shop")
    environment = control.environments.adopt(project.id, branch="main")
    with pytest.raises(StepFailed, match="nobody here knows where it is") as caught:
        locate_data(databases, settings, environment)
    assert "ops env adopt shop main" in str(caught.value.hint)
    hosted = control.environments.ensure(project.id, branch="feature/a")
    with pytest.raises(StepFailed, match="never deployed"):
        locate_data(databases, settings, hosted)


def without_base(theirs: Theirs) -> None:
    """Let it be of another series."""
    theirs.change("update ir_module_module set latest_version = '17.0.1.3' where name = 'base'")


def without_odoo(theirs: Theirs) -> None:
    """Let it be no Odoo."""
    theirs.change("drop table ir_module_module")


def with_a_hidden_table(theirs: Theirs) -> None:
    """Let the reader read all tables but one."""
    theirs.change("revoke pg_read_all_data from {}", theirs.reader)
    theirs.change("grant select on all tables in schema public to {}", theirs.reader)
    theirs.change("grant select on all sequences in schema public to {}", theirs.reader)
    theirs.change('create table "Secret Plans" (n int)')


def with_a_hidden_sequence(theirs: Theirs) -> None:
    """Let the reader read every table, and no sequence."""
    theirs.change("revoke pg_read_all_data from {}", theirs.reader)
    theirs.change("grant select on all tables in schema public to {}", theirs.reader)


def with_hidden_rows(theirs: Theirs) -> None:
    """Let the reader see some rows only."""
    theirs.change("alter table sale_order enable row level security")


def with_a_data_dir(theirs: Theirs) -> AdoptedSource:
    """Name Odoo's data_dir in the filestore's place."""
    data_dir = theirs.data.folder.with_name("data")
    (data_dir / "filestore" / theirs.data.access.database).mkdir(parents=True)
    return AdoptedSource(access=theirs.place.access, filestore=data_dir)


def with_another_folder(theirs: Theirs) -> AdoptedSource:
    """Name an empty folder."""
    empty = theirs.data.folder.with_name("empty")
    empty.mkdir()
    return AdoptedSource(access=theirs.place.access, filestore=empty)


def without_a_folder(theirs: Theirs) -> AdoptedSource:
    """Name a folder that is not there."""
    return AdoptedSource(access=theirs.place.access, filestore=theirs.data.folder / "gone")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without_base, "its Odoo series is 17.0, the project's 19.0"),
        (without_odoo, "is no Odoo database: it has no table ir_module_module"),
        (with_a_hidden_table, r'cannot read 1 tables and sequences: public."Secret Plans"'),
        (with_a_hidden_sequence, r"cannot read 2 tables and sequences: public.ir_attachment_id_seq, public.sale"),
        (with_hidden_rows, r"cannot read 1 tables and sequences: public.sale_order"),
        (with_a_data_dir, "is Odoo's data_dir, not a filestore"),
        (with_another_folder, "6 of 6 sampled attachments are not in"),
        (without_a_folder, "there is no folder"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_backed_up_is_not_adopted(
    settings: Settings, theirs: Theirs, control: ControlPlane, spoil: Spoil, reason: str
) -> None:
    """The reason and the remedy are said, and nothing is on record."""
    place = spoil(theirs) or theirs.place
    with pytest.raises(Conflict, match=reason) as caught:
        adopt(place, theirs.dsn)
    assert caught.value.hint
    assert control.environments.list() == []
    assert not (settings.home / "secrets").exists()


def test_what_is_unusual_is_only_warned_of(settings: Settings, theirs: Theirs, control: ControlPlane) -> None:
    """A reader that may write, and a file that is lost, are the business of those whose they are."""
    theirs.change("grant update on sale_order to {}", theirs.reader)
    lost = next(path for path in sorted(theirs.data.folder.rglob("*")) if path.is_file())
    lost.unlink()
    said = adopt(theirs.place, theirs.dsn)
    assert "may also write 1 of 3 tables" in said
    assert f"1 of 6 sampled attachments are not in {theirs.data.folder}, {lost.parent.name}/{lost.name}" in said
    assert said.count("warning ") == 2
    assert control.environments.get("shop/main").is_adopted
    assert settings.home.is_dir()


def test_the_log_of_an_adopted_odoo_goes_into_its_backups_where_it_is_named(
    settings: Settings, theirs: Theirs, control: ControlPlane, databases: OdooDatabases
) -> None:
    """With what was rotated away from it; where nobody named it, adopting says so and backups hold none."""
    assert "backups hold no log of its Odoo (--log FILE names it)" in adopt(theirs.place, theirs.dsn)
    environment = control.environments.get("shop/main")
    assert locate_data(databases, settings, environment).log is None
    log = theirs.data.folder.parent / "odoo.log"
    where = ("adopt", "shop", "main", "--dsn-file", "-", "--filestore", str(theirs.data.folder), "--log", str(log))
    assert "is no file that can be read" in ops(*where, answer=theirs.dsn)
    log.write_text("today\n")
    log.with_name("odoo.log.1").write_text("yesterday\n")
    assert f"{log} and what is rotated away from it go into backups" in ops(*where, answer=theirs.dsn)
    assert recall(settings.home / "secrets", environment.id) == replace(theirs.place, log=log)
    control.backups.create(environment.project_id, env=environment.name)
    ctx = next_run(control, settings, databases)
    origin = locate_data(databases, settings, environment)
    assert [source.name for source in log_sources(ctx, origin)] == [
        "odoo/odoo.log",
        "odoo/odoo.log.1",
        f"runs/{ctx.run.run_number}-backup.log",
    ]


def in_a_bucket(theirs: Theirs, *, most: int) -> None:
    """Let the first attachments be in object stores."""
    theirs.change(
        "update ir_attachment set store_fname = case when id % 2 = 0 then 's3://bucket/' else 'odoofs://' end"
        f" || store_fname where id <= {most:d}"
    )


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("most", [1, 6])
def test_attachments_in_an_object_store_are_no_lost_files(theirs: Theirs, control: ControlPlane, most: int) -> None:
    """Whether one is or all are: they are counted, and policy decides whether such a production is adopted."""
    in_a_bucket(theirs, most=most)
    said = adopt(theirs.place, theirs.dsn)
    assert f"{6 - most} sampled attachments are in" in said
    assert f"{most} attachment(s) are in an object store and no part of the backup (odoofs: {(most + 1) // 2}" in said
    assert said.count("warning ") == 1
    project = control.projects.get("shop")
    control.policies.set(project.id, policy_type="backup", rules={"attachments_elsewhere_fatal": True})
    with pytest.raises(Conflict, match=f"{most} attachment\\(s\\) are in an object store") as caught:
        adopt(theirs.place, theirs.dsn)
    assert "attachments_elsewhere_fatal" in str(caught.value.hint)


def test_a_pg_dump_older_than_the_server_is_found_before_the_first_backup(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """It would fail every night."""
    old = Programs(folder=postgres15())
    with theirs_on(postgres_server, tmp_path / "theirs") as theirs:
        found = {
            answer.name: answer for answer in inspect(theirs.place, series="19.0", programs=old, home=tmp_path / "home")
        }
    assert not found["pg_dump"].passed
    assert "older than the server, 18" in found["pg_dump"].summary
    assert [name for name, answer in found.items() if not answer.passed] == ["pg_dump"]


def test_the_platforms_own_folders_are_not_adopted(theirs: Theirs) -> None:
    """Our own state folder would be backed up into itself, and a filestore above it too."""
    for home in (theirs.data.folder, theirs.data.folder / "home", theirs.data.folder.parent):
        answer = next(inspect(theirs.place, series="19.0", programs=Programs(), home=home))
        assert (answer.passed, answer.blocking) == (False, True)
        assert "is the platform's own" in answer.summary


def test_a_refused_password_is_said_without_the_password(
    settings: Settings, theirs: Theirs, control: ControlPlane
) -> None:
    """The server's own words are passed on."""
    wrong = theirs.dsn.replace(PASSWORD, "wrong-and-secret")
    with pytest.raises(Conflict, match="password authentication failed") as caught:
        adopt(theirs.place, wrong)
    assert "wrong-and-secret" not in f"{caught.value} {caught.value.hint}"
    assert control.environments.list() == []
    assert not (settings.home / "secrets").exists()


@pytest.mark.usefixtures("settings")
def test_the_connection_string_is_never_an_argument(
    theirs: Theirs, control: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes from a file, from a variable, or as it is typed, unseen."""
    where = ("adopt", "shop", "main", "--filestore", str(theirs.data.folder))
    (tmp_path / "dsn").write_text(theirs.dsn)
    ops(*where, "--dsn-file", str(tmp_path / "dsn"))
    assert PASSWORD not in ops(*where, answer=theirs.dsn + "\n")
    monkeypatch.setenv("ODOOOPS_ADOPT_DSN", theirs.dsn)
    ops(*where)
    with pytest.raises(BadInput, match="cannot be read"):
        ops(*where, "--dsn-file", str(tmp_path / "absent"))
    assert control.environments.get("shop/main").is_adopted


@pytest.mark.parametrize(
    ("dsn", "reason"),
    [
        ("postgresql://u:hush@h:port/d", "says more than can be kept|cannot be read"),
        ("hush is no connection string", "cannot be read"),
        ("postgresql://u:hush@/d", "names no host"),
        ("password=hush", "names no host and no user and no dbname"),
        ("postgresql://u:hush@h,g/d", "several servers"),
        ("postgresql://u:hush@h/d?options=-csearch_path%3Dx", "more than can be kept: options"),
        ("service=hush", "names no host"),
        ("", "names no host"),
    ],
)
def test_a_connection_string_that_cannot_be_kept_is_refused_unquoted(dsn: str, reason: str) -> None:
    """Half of what is typed wrong is a password in the wrong place."""
    with pytest.raises(BadInput, match=reason) as caught:
        access_from(dsn)
    assert "hush" not in f"{caught.value} {caught.value.hint}"


def test_what_a_connection_string_says_of_encryption_is_kept() -> None:
    """Whoever asks for a checked certificate does not get an unchecked one."""
    access = access_from("postgresql://u:p%40ss@db.example:5433/shop?sslmode=verify-full&sslrootcert=/ca.pem\n")
    assert access == DatabaseAccess(
        host="db.example",
        port=5433,
        user="u",
        password="p@ss",
        database="shop",
        options={"sslmode": "verify-full", "sslrootcert": "/ca.pem"},
    )
    assert "p@ss" not in repr(access)
    assert "sslmode=verify-full" in conninfo(access)


def test_a_drill_of_an_adopted_production_takes_the_branchs_newest_commit(
    settings: Settings, theirs: Theirs, control: ControlPlane, databases: OdooDatabases, tmp_path: Path
) -> None:
    """Which commit serves it nobody here knows; without a build no backup of it could prove itself."""
    shop = Repository(tmp_path)
    shop.commit({"a": "1"})
    newest = shop.commit({"a": "2"})
    project = control.projects.create("adopters", repo_url=shop.url, odoo_version="19.0")
    environment = control.environments.adopt(project.id, branch="main")
    remember(settings.home / "secrets", environment.id, theirs.place)
    asked = control.backups.create(project.id, env="main")
    ctx = next_run(control, settings.model_copy(update={"odoo_path": tmp_path / "no-odoo"}), databases)
    made = back_up(ctx)
    assert (made.backup.id, made.backup.status) == (asked.id, "verified")
    assert made.backup.git_sha is None
    with pytest.raises(OdooOpsError, match="no-odoo"):
        build_of(ctx, made.backup)
    assert [folder.name for folder in (settings.home / "sources").glob("*/*")] == [newest]
