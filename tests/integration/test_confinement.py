"""The accounts of sandboxes, and what the sandbox of an environment's Odoo holds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.home import StateEntry, installations_folder
from odooops_dagster.local.state_folder import open_state_folder
from odooops_dagster.model import Build, DatabaseAccess, Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.code import odoo_folders
from odooops_dagster.steps.environment.confinement import code_folders, confined, from_inside
from odooops_dagster.tools.odoo.python import site_packages
from odooops_dagster.tools.runtime.sandbox.accounts import account_of, give, give_like

FIRST = 2_000_000_000
IS_ROOT = os.geteuid() == 0
ACCESS = DatabaseAccess(host="127.0.0.1", port=5433, user="role", password="hush", database="db")


def build_in(home: Path) -> Build:
    """Return a build whose Odoo, packages and source are folders below `home`."""
    odoo = home / "odoo" / "19.0"
    library = odoo / "root" / "usr" / "lib" / "python3" / "dist-packages"
    venv = home / "venvs" / "key" / "venv"
    source = home / "sources" / "commit"
    for folder in (library / "odoo" / "addons", venv / "bin", source / "addons"):
        folder.mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/usr/bin/python3")
    source_value = Source(
        path=source, git_sha="a" * 40, tree_digest="t", addons_paths=(source / "addons",), modules=(), requirements=()
    )
    return Build(
        digest="sha256:1",
        series="19.0",
        odoo_revision="r",
        python=venv / "bin" / "python",
        addons_paths=(source / "addons", library / "odoo" / "addons"),
        modules=("base",),
        closure=("base",),
        source=source_value,
    )


def config_in(home: Path) -> Path:
    """Return a configuration file with a password, as the platform writes it."""
    config = home / "odoo.conf"
    config.write_text("db_password = hush\n")
    config.chmod(0o600)
    return config


def test_the_code_of_a_build_is_its_own_and_odoos(tmp_path: Path) -> None:
    """The one virtual environment and the one source; not those of other projects."""
    build = build_in(tmp_path)
    (tmp_path / "venvs" / "another" / "venv").mkdir(parents=True)
    folders = code_folders(Settings(home=tmp_path), build)
    within = [folder.relative_to(tmp_path) for folder in folders if folder.is_relative_to(tmp_path)]
    assert within == [Path("odoo/19.0"), Path("sources/commit"), Path("venvs/key/venv")]
    assert any(folder.name == "launcher" for folder in folders)


def test_a_package_cannot_have_a_folder_of_the_platform_shown_to_it(tmp_path: Path) -> None:
    """It can replace the interpreter of its environment by a link, and write path files."""
    build = build_in(tmp_path)
    before = code_folders(Settings(home=tmp_path), build)
    (tmp_path / "secrets" / "bin").mkdir(parents=True)
    (tmp_path / "secrets" / "bin" / "python").touch()
    build.python.unlink()
    build.python.symlink_to(tmp_path / "secrets" / "bin" / "python")
    packages = site_packages(build.python.parent.parent)
    packages.mkdir(parents=True)
    (packages / "evil.pth").write_text(f"{tmp_path / 'secrets'}\n")
    assert code_folders(Settings(home=tmp_path), build) == before


def test_an_odoo_may_write_its_own_files_and_nothing_else(tmp_path: Path) -> None:
    """Neither the folder of all its databases nor its configuration can be replaced by it."""
    data, config = tmp_path / "environments" / "1" / "data", config_in(tmp_path)
    sandbox = confined(Settings(home=tmp_path), build_in(tmp_path), config=config, data=data, access=ACCESS)
    assert sandbox is not None
    assert [path.relative_to(data) for path in sandbox.writable] == [
        Path("home"),
        Path("sessions"),
        Path("addons"),
        Path("filestore/db"),
    ]
    assert config in sandbox.readable
    assert sandbox.home == data / "home"
    assert (sandbox.uid is None) == (not IS_ROOT)


def test_an_odoo_reaches_its_database_by_the_socket_and_nothing_by_the_network(tmp_path: Path) -> None:
    """Production works for people, with mails to send: it gets the machine's network."""
    sockets = tmp_path / "run" / "postgres"
    local = replace(ACCESS, socket_folder=sockets)
    settings, build, config = Settings(home=tmp_path), build_in(tmp_path), config_in(tmp_path)
    alone = confined(settings, build, config=config, data=tmp_path / "data", access=local)
    served = confined(settings, build, config=config, data=tmp_path / "data", access=local, needs_network=True)
    remote = confined(settings, build, config=config, data=tmp_path / "data", access=ACCESS)
    assert alone is not None
    assert served is not None
    assert remote is not None
    assert [each.shares_network for each in (alone, served, remote)] == [False, True, True]
    assert dict(alone.mounts) == dict(served.mounts) == {from_inside(settings, local).host: sockets}
    assert from_inside(settings, ACCESS) == ACCESS
    assert from_inside(Settings(home=tmp_path, trust_pushers=True), local) == local


def test_what_is_shown_lies_below_the_closed_folders(tmp_path: Path) -> None:
    """A folder is mounted with its mode: one that only we may enter would be closed inside the sandbox too."""
    settings = Settings(home=tmp_path / "state")
    open_state_folder(settings.home)
    (installations_folder(settings.home) / "19.0").mkdir(parents=True)
    shown = odoo_folders(settings)
    assert installations_folder(settings.home) / "19.0" in shown
    assert not shown & {settings.home / name for name in StateEntry}


def test_whoever_trusts_the_pushers_gets_no_sandbox(tmp_path: Path) -> None:
    """It is asked for by name, and by nothing else."""
    settings = Settings(home=tmp_path, trust_pushers=True)
    data = tmp_path / "data"
    assert confined(settings, build_in(tmp_path), config=config_in(tmp_path), data=data, access=ACCESS) is None
    assert (data / "home").is_dir()


@pytest.mark.root
def test_the_files_of_an_environment_belong_to_its_account_and_their_folders_to_us(tmp_path: Path) -> None:
    """Root makes the folders of databases in a folder in which nobody else can make links."""
    data, config = tmp_path / "environments" / "1" / "data", config_in(tmp_path)
    (data / "filestore" / "db" / "ab").mkdir(parents=True)
    (data / "filestore" / "db" / "ab" / "abcd").write_text("attachment")
    sandbox = confined(Settings(home=tmp_path), build_in(tmp_path), config=config, data=data, access=ACCESS)
    assert sandbox is not None
    assert sandbox.uid == FIRST
    for path in (*sandbox.writable, data / "filestore" / "db" / "ab" / "abcd"):
        assert path.stat().st_uid == FIRST
    for path in (data, data / "filestore"):
        assert path.stat().st_uid == 0
    assert (config.stat().st_uid, config.stat().st_gid, config.stat().st_mode & 0o777) == (0, FIRST, 0o640)


@pytest.mark.root
def test_each_environment_has_an_account_of_its_own_and_keeps_it(tmp_path: Path) -> None:
    """Also after the environment with the highest account was destroyed."""
    ledger = tmp_path / "ledger"
    homes = [tmp_path / name / "data" / "home" for name in ("one", "two")]
    assert [account_of(home, ledger=ledger, first=FIRST) for home in homes] == [FIRST, FIRST + 1]
    assert [account_of(home, ledger=ledger, first=FIRST) for home in homes] == [FIRST, FIRST + 1]
    homes[1].rmdir()
    assert account_of(homes[1], ledger=ledger, first=FIRST) == FIRST + 2


@pytest.mark.root
def test_a_given_file_is_shared_with_nobody(tmp_path: Path) -> None:
    """Earlier versions gave several environments one file with several names."""
    own, template = tmp_path / "own", tmp_path / "template"
    for folder in (own, template):
        folder.mkdir()
    (template / "file").write_text("shared")
    os.link(template / "file", own / "file")
    give(own, FIRST)
    assert (own / "file").read_text() == "shared"
    assert ((own / "file").stat().st_uid, (template / "file").stat().st_uid) == (FIRST, 0)
    assert not (own / "file").samefile(template / "file")
    assert [path.name for path in own.iterdir()] == ["file"]


@pytest.mark.root
def test_giving_follows_no_link(tmp_path: Path) -> None:
    """A link in a filestore gives away nothing of ours."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "key").write_text("hush")
    own = tmp_path / "own"
    own.mkdir()
    (own / "file").symlink_to(tmp_path / "secrets" / "key")
    (own / "folder").symlink_to(tmp_path / "secrets")
    give(own, FIRST)
    assert {path.stat().st_uid for path in (tmp_path / "secrets", tmp_path / "secrets" / "key")} == {0}


@pytest.mark.root
def test_a_file_that_is_brought_back_later_belongs_to_its_environment(tmp_path: Path) -> None:
    """Single records come back into a filestore that serves."""
    give(tmp_path / "filestore", FIRST)
    (tmp_path / "filestore" / "file").write_text("brought back")
    give_like(tmp_path / "filestore" / "file", tmp_path / "filestore")
    assert (tmp_path / "filestore" / "file").stat().st_uid == FIRST


def test_nobody_elses_account_is_needed_without_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user cannot give files away, and has one account for all."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account_of(tmp_path / "home", ledger=tmp_path / "ledger", first=FIRST) is None
    assert not (tmp_path / "ledger").exists()
