"""What a commit may bring: how much, which links, and from which branch."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, StepFailed
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.repository import limits_of
from odooops_dagster.tools import git
from tests.git_servers import serving
from tests.repositories import Repository, run_git

MAIN = "refs/heads/main"


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A repository of one commit on main."""
    repository = Repository(tmp_path)
    repository.commit({"shop/__manifest__.py": "{}\n"})
    return repository


def checked_out(shop: Repository, sha: str, *, ref: str | None = MAIN, limits: git.Limits | None = None) -> Path:
    """Check out the commit beside the repository."""
    here = shop.bare.parent
    return git.checkout(shop.url, sha=sha, ref=ref, into=here / "tree", home=here / "home", limits=limits)


def link(shop: Repository, name: str, target: str) -> None:
    """Put a link into the next commit."""
    path = shop.work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def tree_of(shop: Repository, *entries: str) -> str:
    """Write a tree object of these entries, as `git ls-tree` shows them, and return its name."""
    text = "".join(f"{entry}\n" for entry in entries)
    made = subprocess.run(
        ["git", "mktree", "--missing"], cwd=shop.work, input=text, capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


def pushed_tree(shop: Repository, tree: str) -> str:
    """Push a commit of the tree to main and return it."""
    parent = run_git(shop.work, "rev-parse", "HEAD")
    sha = run_git(shop.work, "commit-tree", tree, "-p", parent, "-m", "bomb")
    run_git(shop.work, "push", "--quiet", "origin", f"{sha}:{MAIN}")
    return sha


# -- links


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("requirements.txt", "/etc/hostname"),
        ("requirements.txt", "../home/secrets/key"),
        ("l/secrets", "../../secrets"),
        ("x/y", "../../tree"),
        ("up", ".."),
        ("gone", "../nowhere"),
        ("root", "/"),
    ],
)
def test_a_link_that_leads_out_of_the_commit_is_refused(shop: Repository, name: str, target: str) -> None:
    """The platform itself would read another's file through it; nothing of the commit stays."""
    link(shop, name, target)
    sha = shop.commit({"a": "1"})
    with pytest.raises(StepFailed, match=f"^{name} is a link to {target}, which is not in the repository$"):
        checked_out(shop, sha)
    assert not (shop.bare.parent / "tree").exists()


def test_a_link_that_leads_out_through_another_one_is_refused(shop: Repository) -> None:
    """Each step stays inside by its letters."""
    link(shop, "deep/flat", "..")
    link(shop, "out", "deep/flat/../secrets")
    sha = shop.commit({"a": "1"})
    with pytest.raises(StepFailed, match=r"^out is a link to "):
        checked_out(shop, sha)


def test_a_link_of_a_submodule_may_not_lead_out_of_the_whole_checkout(shop: Repository, tmp_path: Path) -> None:
    """The outer repository's link meets the inner one's only in the checkout."""
    library = Repository(tmp_path, "library")
    link(library, "flat", ".")
    library.commit({"x": "1"})
    shop.add_submodule(library.url, "lib")
    link(shop, "out", "lib/flat/../..")
    sha = shop.push("main")
    rules = git.SubmoduleRules(folders=(tmp_path,))
    checked = {"ref": MAIN, "into": tmp_path / "tree", "home": tmp_path / "home", "rules": rules}
    git.checkout(shop.url, sha=sha, **checked)  # type: ignore[arg-type]
    run_git(shop.work, "add", "--all")
    sha = shop.push("main")
    with pytest.raises(StepFailed, match=r"^out is a link to lib/flat/../.., which is not in the repository$"):
        git.checkout(shop.url, sha=sha, **checked)  # type: ignore[arg-type]


def test_links_inside_of_the_commit_stay(shop: Repository) -> None:
    """OCA's packaging links to its modules; a link to nothing harms nobody; names may have any encoding."""
    link(shop, "setup/shop/odoo/addons/shop", "../../../../shop")
    link(shop, "gone", "nowhere/at/all")
    Path(os.fsdecode(os.fsencode(shop.work) + b"/pr\xe9")).symlink_to("shop")
    tree = checked_out(shop, shop.commit({"a": "1"}))
    assert (tree / "setup/shop/odoo/addons/shop/__manifest__.py").read_text() == "{}\n"
    assert (tree / "gone").is_symlink()


# -- sizes


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (git.Limits(entries=3), "more than 3 files and folders, up to deep/er/e$"),
        (git.Limits(depth=2), "nested more than 2 deep at deep/er/e$"),
        (git.Limits(file_mb=1), r"^big\.csv has 1\.5 MB, and one file may have 1\.0 MB$"),
        (git.Limits(total_mb=1), r"more than 1\.0 MB together, up to big\.csv$"),
    ],
)
def test_a_commit_above_a_limit_is_refused_before_it_is_written(
    shop: Repository, limits: git.Limits, message: str
) -> None:
    """The message names the path, and the hint the setting."""
    sha = shop.commit({"deep/er/e/f": "1", "big.csv": "x" * 1_500_000})
    with pytest.raises(git.TooLarge, match=message) as caught:
        checked_out(shop, sha, limits=limits)
    assert "ODOOOPS_REPOSITORY_" in str(caught.value.hint)
    assert not (shop.bare.parent / "tree").exists()


def test_submodules_count_in_the_same_limits(shop: Repository, tmp_path: Path) -> None:
    """The path in the message is that of the whole checkout."""
    library = Repository(tmp_path, "library")
    library.commit({f"m/{number}": "1" for number in range(5)})
    shop.add_submodule(library.url, "third party/lib")
    sha = shop.push("main")
    rules = git.SubmoduleRules(folders=(tmp_path,))
    into, home = tmp_path / "tree", tmp_path / "home"
    with pytest.raises(StepFailed, match=r"^submodule third party/lib: .* up to third party/lib/m/\d$"):
        git.checkout(shop.url, sha=sha, ref=MAIN, into=into, home=home, rules=rules, limits=git.Limits(entries=9))
    git.checkout(shop.url, sha=sha, ref=MAIN, into=into, home=home, rules=rules, limits=git.Limits(entries=11))


@pytest.mark.parametrize("holds_a_file", [True, False], ids=["of files", "of empty folders"])
def test_a_git_bomb_is_refused_after_as_many_entries_as_are_allowed(shop: Repository, holds_a_file: bool) -> None:
    """A few kB name 10**9 entries, and without a file there would be nothing that a listing of files shows."""
    blob = run_git(shop.work, "rev-parse", "HEAD:shop/__manifest__.py")
    tree = tree_of(shop, *([f"100644 blob {blob}\tf"] if holds_a_file else []))
    for _ in range(9):
        tree = tree_of(shop, *(f"040000 tree {tree}\td{number}" for number in range(10)))
    sha = pushed_tree(shop, tree)
    with pytest.raises(git.TooLarge, match="more than 5000 files and folders"):
        checked_out(shop, sha, limits=git.Limits(entries=5000))


def test_a_tree_that_is_very_deep_is_refused(shop: Repository) -> None:
    """Its names are no longer than its depth."""
    tree = tree_of(shop)
    for _ in range(3000):
        tree = hashed_tree(shop, b"40000 d\0" + bytes.fromhex(tree))
    sha = pushed_tree(shop, tree)
    with pytest.raises(git.TooLarge, match="nested more than 64 deep at d/d/d"):
        checked_out(shop, sha)


def hashed_tree(shop: Repository, data: bytes) -> str:
    """Write a tree object of these bytes as a loose object and return its name."""
    import zlib  # noqa: PLC0415

    whole = b"tree %d\0" % len(data) + data
    name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    path = shop.work / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(zlib.compress(whole))
    return name


def test_a_fetch_above_the_limit_ends_and_leaves_nothing(shop: Repository, tmp_path: Path) -> None:
    """The kernel ends it; the next push of the project is built as usual."""
    first = run_git(shop.work, "rev-parse", "HEAD")
    (shop.work / "noise").write_bytes(os.urandom(3_000_000))
    run_git(shop.work, "add", "--all")
    sha = shop.push("main")
    with pytest.raises(git.TooLarge, match=r"sends more than 1\.0 MB, which one fetch may bring$") as caught:
        checked_out(shop, sha, limits=git.Limits(fetch_mb=1))
    assert "ODOOOPS_REPOSITORY_FETCH_MB" in str(caught.value.hint)
    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.stat().st_size > 500_000]
    assert left == []
    run_git(shop.work, "push", "--quiet", "--force", "origin", f"{first}:{MAIN}")
    assert checked_out(shop, first, limits=git.Limits(fetch_mb=1)).is_dir()


def test_files_in_git_lfs_count_as_what_they_stand_for(shop: Repository, tmp_path: Path) -> None:
    """Their pointers stay, with the reason."""
    sha = shop.commit(
        {"film.mp4": f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 2000000\n"}
    )
    tree = checked_out(shop, sha)
    for limits, why in (
        (git.Limits(file_mb=1), "film.mp4 has 2.0 MB, and one file may have 1.0 MB"),
        (git.Limits(total_mb=1), "the commit's files have more than 1.0 MB together, up to film.mp4"),
        (git.Limits(), "the repository's store does not have film.mp4"),
    ):
        found = git.fetch_large_files(shop.url, sha=sha, root=tree, home=tmp_path / "home", limits=limits)
        assert found == why


def test_the_defaults_of_the_settings_are_those_of_the_code() -> None:
    """One of them alone would be changed."""
    assert limits_of(Settings()) == git.Limits()


# -- branches


def test_a_commit_of_a_pull_request_is_not_built(shop: Repository) -> None:
    """Forges keep everybody's commits in the same repository: who knows one names it."""
    sha = shop.commit({"evil": "1"}, branch="fork")
    run_git(shop.bare, "update-ref", "refs/pull/1/head", sha)
    run_git(shop.bare, "update-ref", "-d", "refs/heads/fork")
    with pytest.raises(StepFailed, match=f"^branch main of {shop.url} does not contain commit {sha[:10]}$"):
        checked_out(shop, sha)
    with pytest.raises(StepFailed, match=f"^{shop.url} has no branch fork$"):
        checked_out(shop, sha, ref="refs/heads/fork")
    with pytest.raises(BadInput, match=r"^refs/pull/1/head is no branch or tag$"):
        checked_out(shop, sha, ref="refs/pull/1/head")


def test_a_commit_of_another_branch_is_not_built_for_this_one(shop: Repository, tmp_path: Path) -> None:
    """That it was built there says nothing of this branch."""
    sha = shop.commit({"a": "1"}, branch="feature/x")
    checked_out(shop, sha, ref="refs/heads/feature/x")
    with pytest.raises(StepFailed, match=r"^branch main of .* does not contain commit"):
        checked_out(shop, sha)
    with pytest.raises(StepFailed, match=r"^branch main of .* does not contain commit"):
        git.require_on(shop.url, sha=sha, ref=MAIN, home=tmp_path / "home")
    git.require_on(shop.url, sha=sha, ref="refs/heads/feature/x", home=tmp_path / "home")


@pytest.mark.parametrize("is_served", [False, True])
def test_an_older_commit_of_the_branch_is_built(shop: Repository, is_served: bool) -> None:
    """Also if it was never seen before, and the branch has moved on."""
    first = shop.commit({"a": "1"})
    for number in range(3):
        shop.commit({"a": str(number)})
    if not is_served:
        assert (checked_out(shop, first) / "a").read_text() == "1"
        return
    with serving(shop.bare) as url:
        tree = git.checkout(url, sha=first, ref=MAIN, into=shop.bare.parent / "tree", home=shop.bare.parent / "home")
    assert (tree / "a").read_text() == "1"


def test_a_tag_names_a_commit_as_a_branch_does(shop: Repository) -> None:
    """An annotated one too."""
    sha = shop.commit({"a": "1"})
    run_git(shop.work, "tag", "--annotate", "--message=1", "v1")
    run_git(shop.work, "push", "--quiet", "origin", "v1")
    shop.commit({"a": "2"}, branch="main")
    assert (checked_out(shop, sha, ref="refs/tags/v1") / "a").read_text() == "1"


def test_a_commit_that_was_on_the_branch_needs_no_answer_of_its_repository(shop: Repository, tmp_path: Path) -> None:
    """It was asked when the commit was built first."""
    sha = shop.commit({"a": "1"})
    checked_out(shop, sha)
    shop.bare.rename(tmp_path / "away")
    git.require_on(shop.url, sha=sha, ref=MAIN, home=tmp_path / "home")
    assert (checked_out(shop, sha) / "a").read_text() == "1"
