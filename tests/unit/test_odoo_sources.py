"""Where Odoo's files come from; stand-ins, since no source of Odoo 16.0 to 18.0 can be had where these tests run."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, MissingDependency
from odooops_dagster.tools.odoo import debian, distribution, own_packages, sources
from tests.repositories import run_git
from tests.unit.test_odoo_install import make_tree


def make_download(folder: Path, *, series: str) -> Path:
    """Write what tells Odoo's own download: no odoo-bin, and every addon below odoo/addons."""
    (folder / "odoo" / "addons" / "base").mkdir(parents=True)
    (folder / "setup").mkdir()
    (folder / "setup" / "odoo").write_text("#!/usr/bin/env python3\n")
    (folder / "odoo" / "release.py").write_text(f"version_info = ({series.replace('.', ', ')}, 0, FINAL, 0, '')\n")
    return folder


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """Return a repository with a branch 17.0 that looks like Odoo's."""
    tree = make_tree(tmp_path / "origin", series="17.0")
    for name in ("addons/x", "odoo/addons/base/x"):
        (tree / name).touch()
    run_git(tree, "init", "--quiet", "--initial-branch=17.0")
    run_git(tree, "add", "--all")
    run_git(tree, "commit", "--quiet", "--message=Odoo")
    return tree


def install(home: Path, origin: Path, *, said: list[str]) -> distribution.Installation:
    """Install 17.0 on a machine on which Debian has none."""

    def refuse(*_: object, **__: object) -> None:
        raise MissingDependency("Debian's unstable has no odoo-17")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(debian, "unpack_odoo", refuse)
        patch.setattr(own_packages, "require_python", lambda _series: None)
        return distribution.install("17.0", home=home, git_url=f"file://{origin}", progress=said.append)


def test_a_folder_per_series_gives_each_its_own(tmp_path: Path) -> None:
    """A series that has no folder there comes from elsewhere."""
    make_tree(tmp_path / "17.0", series="17.0")
    make_download(tmp_path / "18.0", series="18.0")
    assert sources.folder_of("17.0", tmp_path) == tmp_path / "17.0"
    assert sources.folder_of("18.0", tmp_path) == tmp_path / "18.0"
    assert sources.folder_of("19.0", tmp_path) is None
    assert sources.folder_of("19.0", None) is None


def test_a_folder_of_one_series_is_that_series_only(tmp_path: Path) -> None:
    """It is named for every project, so the mistake is told."""
    tree = make_tree(tmp_path / "odoo", series="17.0")
    assert sources.folder_of("17.0", tree) == tree
    with pytest.raises(BadInput, match=r"holds Odoo 17\.0, not 19\.0"):
        sources.folder_of("19.0", tree)
    make_tree(tmp_path / "many" / "18.0", series="16.0")
    with pytest.raises(BadInput, match=r"holds Odoo 16\.0, not 18\.0"):
        sources.folder_of("18.0", tmp_path / "many")


def test_odoos_own_download_is_a_source(tmp_path: Path) -> None:
    """Its program is setup/odoo, and its addons are found."""
    tree = make_download(tmp_path / "odoo-17.0.post20261101", series="17.0")
    assert sources.layout(tree) == (tree / "setup" / "odoo", tree)


def test_a_clone_is_kept_when_a_later_step_fails(tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next try fetches what is new into it, and nothing is left beside the installation."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("the package index does not answer")

    monkeypatch.setattr(own_packages, "install_pins", fail)
    said: list[str] = []
    with pytest.raises(OSError, match="does not answer"):
        install(tmp_path, origin, said=said)
    (spare,) = (tmp_path / "odoo").glob(".*.clone")
    inode = (spare / "odoo-bin").stat().st_ino
    (origin / "addons" / "new").touch()
    run_git(origin, "add", "--all")
    run_git(origin, "commit", "--quiet", "--message=news")
    monkeypatch.setattr(own_packages, "install_pins", lambda *_, **__: None)
    found = install(tmp_path, origin, said=said)
    assert (found.origin, found.revision) == ("git", run_git(origin, "rev-parse", "--short=12", "HEAD"))
    assert found.script.stat().st_ino == inode
    assert (found.path / "addons" / "new").is_file()
    assert sum("cloning" in line for line in said) == 1
    assert not list((tmp_path / "odoo").glob(".*.clone"))


def test_a_clone_serves_while_the_repository_is_silent(
    tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is better than nothing."""
    monkeypatch.setattr(own_packages, "install_pins", lambda *_, **__: None)
    spare = tmp_path / "odoo" / ".17.0.clone"
    spare.parent.mkdir()
    run_git(tmp_path, "clone", "--quiet", str(origin), str(spare))
    said: list[str] = []
    found = install(tmp_path, tmp_path / "gone", said=said)
    assert found.script.is_file()
    assert any("used as it is" in line for line in said)


def test_a_series_that_debian_has_not_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`apt-cache show` of a name that others only mention succeeds and prints nothing."""
    monkeypatch.setattr(debian, "_require_tools", lambda: None)
    monkeypatch.setattr(debian, "run_program", lambda *_, **__: ())
    with pytest.raises(MissingDependency, match=r"^Debian's unstable has no odoo-17$"):
        debian.unpack_odoo("17.0", into=tmp_path / "root", work=tmp_path / "work", progress=lambda _line: None)


def test_an_odoo_that_does_not_run_on_this_python_is_refused_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after two gigabytes, by a package that cannot be built."""
    monkeypatch.setattr(platform, "python_version_tuple", lambda: ("3", "13", "1"))
    monkeypatch.setattr(debian, "unpack_odoo", pytest.fail)
    with pytest.raises(
        MissingDependency, match=r"^Odoo 16\.0 runs on Python 3\.11, and this platform on Python 3\.13$"
    ):
        distribution.install("16.0", home=tmp_path)
