"""Repositories that a commit declares in its odooops.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.steps.build import source
from odooops_dagster.steps.build.repositories import declared_in
from odooops_dagster.steps.build.source import read_source
from odooops_dagster.tools import git
from odooops_dagster.tools.project_file import on_top_of, read_project_file, read_text, read_values
from tests.repositories import Repository
from tests.unit.test_git_large_files import FILM, keep, pointer_to

MANIFEST = "{'name': 'A module', 'version': '19.0.1.0.0', 'license': 'LGPL-3'}"


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """Return the project's repository."""
    return Repository(tmp_path)


@pytest.fixture
def library(tmp_path: Path) -> Repository:
    """Return a repository with a module."""
    made = Repository(tmp_path, "library")
    made.commit({"mail_tools/__manifest__.py": MANIFEST, "mail_tools/__init__.py": "", "requirements.txt": "six\n"})
    return made


def declared(folder: str, url: str, commit: str, **more: str) -> str:
    """Return an odooops.yaml that declares one repository."""
    lines = {"url": url, "commit": commit, **more}
    return f"repositories:\n  {folder}:\n" + "".join(f"    {key}: '{value}'\n" for key, value in lines.items())


def checked_out(shop: Repository, sha: str, tmp_path: Path, **more: Any) -> Path:  # noqa: ANN401 - of any kind
    """Check out the commit; repositories beside it may be taken."""
    into, home, rules = tmp_path / "tree", tmp_path / "home", git.SubmoduleRules(folders=(tmp_path,))
    options = {"ref": "refs/heads/main", "into": into, "home": home, "rules": rules, "declared": declared_in}
    return git.checkout(shop.url, sha=sha, **{**options, **more})


def head(repository: Repository) -> str:
    """Return the newest commit of the repository."""
    return git.head_of(repository.url, "main")


def test_a_declared_repository_is_there_at_its_commit(shop: Repository, library: Repository, tmp_path: Path) -> None:
    """Its modules may be depended on, are not the project's own, and do not move when it does."""
    pinned = head(library)
    library.commit({"mail_tools/__init__.py": "# newer"})
    sha = shop.commit({"odooops.yaml": declared("oca/library", library.url, pinned), "shop/__manifest__.py": MANIFEST})
    tree = checked_out(shop, sha, tmp_path)
    assert (tree / "oca/library/mail_tools/__init__.py").read_text() == ""
    read = read_source(tree, sha, read_project_file(tree).settings)
    assert read.modules == ("shop",)
    assert tree / "oca/library" in read.addons_paths
    assert [file.relative_to(tree) for file in read.requirements] == [Path("oca/library/requirements.txt")]


def test_a_relative_address_is_that_of_a_neighbour(shop: Repository, library: Repository, tmp_path: Path) -> None:
    """As in .gitmodules."""
    sha = shop.commit({"odooops.yaml": declared("lib", f"../{library.bare.name}", head(library))})
    assert (checked_out(shop, sha, tmp_path) / "lib/mail_tools").is_dir()


def test_the_branch_that_is_named_has_to_contain_the_commit(
    shop: Repository, library: Repository, tmp_path: Path
) -> None:
    """A forge gives commits of everybody's pull requests by the same address."""
    main = head(library)
    aside = library.commit({"mail_tools/stranger.py": ""}, branch="pull/1")
    sha = shop.commit({"odooops.yaml": declared("lib", library.url, main, branch="main")})
    assert (checked_out(shop, sha, tmp_path) / "lib/mail_tools").is_dir()
    sha = shop.commit({"odooops.yaml": declared("lib", library.url, aside, branch="main")})
    with pytest.raises(StepFailed, match=f"repository lib: branch main of .* does not contain commit {aside[:10]}"):
        checked_out(shop, sha, tmp_path)


def test_it_comes_from_where_submodules_may_come_from(shop: Repository, library: Repository, tmp_path: Path) -> None:
    """The same rule in the same place."""
    sha = shop.commit({"odooops.yaml": declared("lib", library.url, head(library))})
    with pytest.raises(StepFailed, match=r"repository lib: .* is in no folder from which projects may take"):
        checked_out(shop, sha, tmp_path, rules=git.SubmoduleRules())


@pytest.mark.parametrize(("folder", "taken"), [("shop", "shop"), ("shop/static", "shop/static"), ("note/lib", "note")])
def test_a_folder_that_the_commit_has_is_not_overwritten(
    shop: Repository, library: Repository, tmp_path: Path, folder: str, taken: str
) -> None:
    """Neither a folder, nor what lies below a file; links lead nowhere."""
    files = {"shop/static/logo.svg": "<svg/>", "note": "a file"}
    sha = shop.commit({**files, "odooops.yaml": declared(folder, library.url, head(library))})
    with pytest.raises(StepFailed, match=f"the commit has {taken} already") as caught:
        checked_out(shop, sha, tmp_path)
    assert caught.value.hint == "name another folder in odooops.yaml"


def test_what_a_declared_repository_declares_is_not_heard(
    shop: Repository, library: Repository, tmp_path: Path
) -> None:
    """One file says what a commit is made of: its own."""
    inner = library.commit({"odooops.yaml": declared("more", library.url, head(library))})
    sha = shop.commit({"odooops.yaml": declared("lib", library.url, inner)})
    tree = checked_out(shop, sha, tmp_path)
    assert not (tree / "lib/more").exists()


def test_a_checkout_of_a_version_that_did_not_know_the_key_is_completed(
    shop: Repository, library: Repository, tmp_path: Path
) -> None:
    """What Odoos that run have of it stays where it is."""
    sha = shop.commit({"odooops.yaml": declared("oca/library", library.url, head(library)), "shop/a.py": ""})
    former = checked_out(shop, sha, tmp_path, declared=git.nothing_declared, into=tmp_path / "former")
    kept = (former / "shop/a.py").stat().st_ino
    source._publish(checked_out(shop, sha, tmp_path), former)  # noqa: SLF001 - the step's own end
    assert (former / "oca/library/mail_tools/__init__.py").is_file()
    assert (former / "shop/a.py").stat().st_ino == kept


def test_its_files_in_git_lfs_are_fetched(shop: Repository, library: Repository, tmp_path: Path) -> None:
    """From its own store."""
    keep(library.bare, FILM)
    pinned = library.commit({"mail_tools/film.mp4": pointer_to(FILM)})
    sha = shop.commit({"odooops.yaml": declared("lib", library.url, pinned)})
    tree = checked_out(shop, sha, tmp_path)
    rules = git.SubmoduleRules(folders=(tmp_path,))
    why = git.fetch_large_files(shop.url, sha=sha, root=tree, home=tmp_path / "home", rules=rules, declared=declared_in)
    assert (why, (tree / "lib/mail_tools/film.mp4").read_bytes()) == ("", FILM)


@pytest.mark.parametrize(
    ("folder", "commit", "told"),
    [
        ("../lib", "a" * 40, "is not possible here"),
        (".git", "a" * 40, "is not possible here"),
        ("a/b/c/d", "a" * 40, "is not possible here"),
        ("/lib", "a" * 40, "is not possible here"),
        ("lib", "main", "is not possible here"),
        ("lib", "A" * 40, "is not possible here"),
    ],
)
def test_folders_and_commits_that_cannot_be_are_told_with_their_line(folder: str, commit: str, told: str) -> None:
    """A branch's name is no commit: what it means changes without a push."""
    [fault] = read_text(declared(folder, "https://git.example/lib.git", commit).encode()).faults
    assert told in fault.message
    assert fault.line in (2, 4)


def test_one_repository_inside_another_is_told() -> None:
    """The outer one would be there already."""
    text = declared("lib", "../a.git", "a" * 40) + declared("lib/inner", "../b.git", "b" * 40).partition("\n")[2]
    [fault] = read_text(text.encode()).faults
    assert "folder lib/inner is inside lib" in fault.message


def test_no_setting_of_the_project_adds_a_repository_to_a_commit() -> None:
    """A checkout is kept by its commit."""
    below = read_values({"repositories": {"lib": {"url": "../lib.git", "commit": "a" * 40}}}).settings
    assert below.repositories
    assert not on_top_of(below, read_text(b"version: 1\n").settings).repositories
