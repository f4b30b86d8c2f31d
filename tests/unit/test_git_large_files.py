"""The files of a checkout that are in Git LFS."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from odooops_dagster.tools import git
from tests.git_servers import serving
from tests.repositories import Repository

FILM = b"a film\n" * 300


def pointer_to(content: bytes) -> str:
    """Return the text that git-lfs commits in the place of the content."""
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


def keep(bare: Path, content: bytes, *, as_if: bytes | None = None) -> Path:
    """Put the content into the store of a repository, as git-lfs lays it out."""
    oid = hashlib.sha256(content if as_if is None else as_if).hexdigest()
    file = bare / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A repository."""
    return Repository(tmp_path)


def checked_out(url: str, sha: str, tmp_path: Path) -> Path:
    """Check out the commit."""
    return git.checkout(
        url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=tmp_path / "home", rules=beside(tmp_path)
    )


def beside(folder: Path) -> git.SubmoduleRules:
    """Allow submodules from the repositories in the folder."""
    return git.SubmoduleRules(folders=(folder,))


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_files_come_from_the_store_beside_a_local_repository(shop: Repository, tmp_path: Path, form: str) -> None:
    """Without git-lfs; the file's mode stays."""
    keep(shop.bare, FILM)
    (shop.work / "play").write_text(pointer_to(FILM))
    (shop.work / "play").chmod(0o755)
    sha = shop.commit({"m/static/film.mp4": pointer_to(FILM)})
    url = form.format(shop.bare)
    tree = checked_out(url, sha, tmp_path)
    assert git.fetch_large_files(url, sha=sha, root=tree, home=tmp_path / "home") == ""
    assert (tree / "m/static/film.mp4").read_bytes() == (tree / "play").read_bytes() == FILM
    assert os.access(tree / "play", os.X_OK)
    assert git.pointers(tree) == ()


def test_files_of_a_submodule_come_from_its_own_store(shop: Repository, tmp_path: Path) -> None:
    """The outer repository's store knows nothing of them."""
    library = Repository(tmp_path, "library")
    library.commit({"film.mp4": pointer_to(FILM)})
    keep(library.bare, FILM)
    shop.add_submodule(library.url, "library")
    sha = shop.push("main")
    tree = checked_out(shop.url, sha, tmp_path)
    assert git.fetch_large_files(shop.url, sha=sha, root=tree, home=tmp_path / "home", rules=beside(tmp_path)) == ""
    assert (tree / "library/film.mp4").read_bytes() == FILM


def test_what_the_store_lacks_stays_a_pointer_until_it_has_it(shop: Repository, tmp_path: Path) -> None:
    """The others are there at once, and a later call completes the same checkout."""
    keep(shop.bare, FILM)
    sha = shop.commit({"film.mp4": pointer_to(FILM), "song.mp3": pointer_to(b"la")})
    tree = checked_out(shop.url, sha, tmp_path)
    why = git.fetch_large_files(shop.url, sha=sha, root=tree, home=tmp_path / "home")
    assert why == "the repository's store does not have song.mp3"
    assert [(left.path, left.size) for left in git.pointers(tree)] == [("song.mp3", 2)]
    keep(shop.bare, b"la")
    assert git.fetch_large_files(shop.url, sha=sha, root=tree, home=tmp_path / "home") == ""
    assert (tree / "song.mp3").read_bytes() == b"la"


def test_a_file_that_is_not_the_one_named_is_refused(shop: Repository, tmp_path: Path) -> None:
    """The name of an object is the digest of its bytes."""
    keep(shop.bare, b"cut off", as_if=FILM)
    sha = shop.commit({"film.mp4": pointer_to(FILM)})
    tree = checked_out(shop.url, sha, tmp_path)
    why = git.fetch_large_files(shop.url, sha=sha, root=tree, home=tmp_path / "home")
    assert why == "the store's film.mp4 is damaged"
    assert (tree / "film.mp4").read_text() == pointer_to(FILM)
    assert [path.name for path in tree.iterdir()] == ["film.mp4"]


def test_without_git_lfs_the_files_of_a_server_stay_pointers(
    shop: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is what is missing."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    sha = shop.commit({"film.mp4": pointer_to(FILM)})
    with serving(shop.bare) as url:
        tree = checked_out(url, sha, tmp_path)
        why = git.fetch_large_files(url, sha=sha, root=tree, home=tmp_path / "home")
    assert why == "the program git-lfs is not on the platform's machine"
    assert len(git.pointers(tree)) == 1


def test_git_lfs_fetches_the_files_of_a_server_with_its_password(shop: Repository, tmp_path: Path) -> None:
    """They come from the repository's own server, whatever the commit's .lfsconfig names."""
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not on this machine")
    keep(shop.bare, FILM)
    elsewhere = '[lfs]\n\turl = "http://127.0.0.1:9/elsewhere"\n'
    sha = shop.commit({"film.mp4": pointer_to(FILM), ".lfsconfig": elsewhere})
    with serving(shop.bare, password="ada:s3cret") as url:
        secret = url.replace("http://", "http://ada:s3cret@")
        tree = checked_out(secret, sha, tmp_path)
        assert git.fetch_large_files(secret, sha=sha, root=tree, home=tmp_path / "home") == ""
    assert (tree / "film.mp4").read_bytes() == FILM
