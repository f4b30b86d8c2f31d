"""Reading real repositories: branches, commits, submodules, and everything that may be wrong with them."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, MissingDependency, NotFound, OdooOpsError, StepFailed, Unavailable
from odooops_dagster.tools import git
from odooops_dagster.tools.runtime.ports import free_port
from tests.conftest import missing
from tests.repositories import Repository, run_git

GONE = "1234567890" * 4


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A repository of one commit on main."""
    repository = Repository(tmp_path)
    repository.commit({"shop/__manifest__.py": "{}\n"})
    return repository


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder."""
    return tmp_path / "home"


def beside(folder: Path) -> git.SubmoduleRules:
    """Allow submodules from the repositories in the folder."""
    return git.SubmoduleRules(folders=(folder,))


def test_ls_remote_lists_every_branch_with_slashes_and_no_tags(shop: Repository) -> None:
    """Branch names with slashes come whole; tags are not branches."""
    sha = shop.commit({"a": "1"}, branch="feature/web/cart-%20|x")
    run_git(shop.work, "tag", "v1")
    run_git(shop.work, "push", "--quiet", "origin", "v1")
    heads = git.ls_remote(shop.url)
    assert heads["feature/web/cart-%20|x"] == sha
    assert set(heads) == {"main", "feature/web/cart-%20|x"}


def test_file_urls_and_paths_name_the_same_repository(shop: Repository) -> None:
    """file:///x and /x answer alike."""
    assert git.ls_remote(f"file://{shop.bare}") == git.ls_remote(shop.url)


def test_ls_remote_of_a_new_repository_is_empty(tmp_path: Path) -> None:
    """A repository without a push has no branches, which is no error."""
    assert git.ls_remote(Repository(tmp_path, "new").url) == {}


def test_a_repository_of_another_object_format_is_refused(tmp_path: Path) -> None:
    """Its commits would be overlooked, and it would pass for a new one."""
    run_git(tmp_path, "init", "--quiet", "--object-format=sha256", "other")
    run_git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "--message=first")
    with pytest.raises(BadInput, match="is in git's SHA-256 format, which is not supported"):
        git.ls_remote(str(tmp_path / "other"))


def test_files_of_which_there_is_only_a_pointer_are_found(tmp_path: Path) -> None:
    """What looks like one and is longer, or is a link, is none."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"
    (tmp_path / "shop" / "static").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for name in ("shop/static/icon.png", "shop/film.mp4", ".git/x"):
        (tmp_path / name).write_text(pointer)
    (tmp_path / "shop" / "long.txt").write_text(pointer + "x" * 1024)
    (tmp_path / "shop" / "spec.txt").write_text(f"# {pointer}")
    (tmp_path / "shop" / "link").symlink_to("film.mp4")
    (tmp_path / "shop" / "gone").symlink_to("nowhere")
    assert [(found.path, found.size) for found in git.pointers(tmp_path)] == [
        ("shop/film.mp4", 5),
        ("shop/static/icon.png", 5),
    ]


def test_head_of_an_unknown_branch_names_the_known_ones(shop: Repository) -> None:
    """The hint lists what could have been meant."""
    with pytest.raises(NotFound, match="has no branch feature/x") as caught:
        git.head_of(shop.url, "feature/x")
    assert caught.value.hint == "its branches: main"


def test_the_default_branch_is_what_the_repository_says(tmp_path: Path) -> None:
    """HEAD of the repository decides, not a habit."""
    repository = Repository(tmp_path)
    repository.commit({"a": "1"}, branch="trunk")
    run_git(repository.bare, "symbolic-ref", "HEAD", "refs/heads/trunk")
    assert git.default_branch(repository.url) == "trunk"


def test_checkout_writes_a_plain_tree(shop: Repository, home: Path, tmp_path: Path) -> None:
    """Files, links and modes come; .git does not."""
    (shop.work / "run").write_text("#!/bin/sh\n")
    (shop.work / "run").chmod(0o755)
    (shop.work / "link").symlink_to("run")
    sha = shop.commit({"a b/ünï.txt": "text"})
    tree = git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)
    assert sorted(p.name for p in tree.iterdir()) == ["a b", "link", "run", "shop"]
    assert (tree / "a b/ünï.txt").read_text() == "text"
    assert os.access(tree / "run", os.X_OK)
    assert (tree / "link").readlink() == Path("run")


def test_checkout_replaces_what_a_killed_attempt_left(shop: Repository, home: Path, tmp_path: Path) -> None:
    """Neither old files nor a half written tree survive."""
    sha = shop.commit({"a": "1"})
    for left in (tmp_path / "tree", tmp_path / ".tree.partial"):
        left.mkdir()
        (left / "stale").touch()
    tree = git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)
    assert not (tree / "stale").exists()
    assert not (tmp_path / ".tree.partial").exists()


def test_checkout_of_an_older_commit_after_a_forced_push(shop: Repository, home: Path, tmp_path: Path) -> None:
    """A commit that was built once can be built again after history was rewritten."""
    first = shop.commit({"a": "first"}, branch="feature/x")
    git.checkout(shop.url, sha=first, ref="refs/heads/feature/x", into=tmp_path / "tree", home=home)
    run_git(shop.work, "checkout", "--quiet", "main")
    second = shop.commit({"a": "second"}, branch="feature/x", force=True)
    run_git(shop.bare, "gc", "--quiet", "--prune=now")
    git.checkout(shop.url, sha=second, ref="refs/heads/feature/x", into=tmp_path / "tree", home=home)
    assert (tmp_path / "tree/a").read_text() == "second"
    git.checkout(shop.url, sha=first, ref="refs/heads/feature/x", into=tmp_path / "tree", home=home)
    assert (tmp_path / "tree/a").read_text() == "first"


def test_a_repository_that_lacks_an_object_is_not_taken_for_a_silent_server(
    shop: Repository, home: Path, tmp_path: Path
) -> None:
    """The network is not at fault, and trying again does not help."""
    sha = shop.commit({"shop/data.bin": "lost\n"})
    blob = run_git(shop.work, "rev-parse", f"{sha}:shop/data.bin")
    (shop.bare / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(StepFailed, match="lacks a part of this commit: ") as caught:
        git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)
    assert "git fsck" in str(caught.value.hint)
    assert "\n" not in str(caught.value)


def test_checkout_of_a_gone_commit_says_so_in_one_line(shop: Repository, home: Path, tmp_path: Path) -> None:
    """The reason names the commit and the repository, and no folder is left."""
    with pytest.raises(StepFailed, match=f"^branch main of {shop.url} does not contain commit {GONE[:10]}$") as caught:
        git.checkout(shop.url, sha=GONE, ref="refs/heads/main", into=tmp_path / "tree", home=home)
    assert caught.value.hint is not None
    assert "push main again" in caught.value.hint
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("sha", ["HEAD", "main", "abc", "--upload-pack=x", GONE.upper().replace("1", "A")])
def test_checkout_takes_commits_only(shop: Repository, home: Path, tmp_path: Path, sha: str) -> None:
    """Anything but forty hexadecimal digits is refused before git sees it."""
    with pytest.raises(BadInput, match="is not a commit"):
        git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)


@pytest.mark.parametrize("form", ["absolute", "file", "relative"])
def test_checkout_brings_submodules(shop: Repository, home: Path, tmp_path: Path, form: str) -> None:
    """Submodules come by absolute and by relative URL, at the commit named, not at their branch's head."""
    library = Repository(tmp_path, "library")
    library.commit({"module/__manifest__.py": "{'version': '1'}"})
    url = {"absolute": library.url, "file": f"file://{library.bare}", "relative": "../library.git"}[form]
    shop.add_submodule(url, "third party/library")
    sha = shop.push("main")
    library.commit({"module/__manifest__.py": "{'version': '2'}"})
    tree = git.checkout(
        shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home, rules=beside(tmp_path)
    )
    assert (tree / "third party/library/module/__manifest__.py").read_text() == "{'version': '1'}"
    assert not (tree / "third party/library/.git").exists()


def test_a_commit_tells_its_author_and_its_submodules(shop: Repository, home: Path, tmp_path: Path) -> None:
    """Also once its server is gone: the mirror has it. A tag's object leads to its commit."""
    library = Repository(tmp_path, "library")
    at = library.commit({"module/__manifest__.py": "{}"})
    shop.add_submodule("../library.git", "third party/library")
    sha = shop.push("main")
    library.commit({"module/__manifest__.py": "{'version': '2'}"})
    run_git(shop.work, "tag", "--annotate", "--message=one", "v1")
    run_git(shop.work, "push", "--quiet", "origin", "v1")
    author = run_git(shop.work, "show", "--no-patch", "--format=%ae")
    found = git.read_commit(shop.url, sha, home=home)
    assert found == git.Commit(author=author, submodules={"third party/library": at})
    assert git.read_commit(shop.url, run_git(shop.work, "rev-parse", "v1"), home=home) == found
    shutil.rmtree(shop.bare)
    assert git.read_commit(shop.url, sha, home=home) == found


def test_checkout_brings_submodules_of_submodules(shop: Repository, home: Path, tmp_path: Path) -> None:
    """The inner relative URL is read from the inner repository's address."""
    (tmp_path / "vendor").mkdir()
    inner, outer = Repository(tmp_path / "vendor", "inner"), Repository(tmp_path / "vendor", "outer")
    inner.commit({"deep": "yes"})
    outer.commit({"shallow": "yes"})
    outer.add_submodule("../inner.git", "inner")
    outer.push("main")
    shop.add_submodule("../vendor/outer.git", "outer")
    sha = shop.push("main")
    tree = git.checkout(
        shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home, rules=beside(tmp_path)
    )
    assert (tree / "outer/inner/deep").read_text() == "yes"


def test_a_submodule_whose_commit_is_gone_is_named(shop: Repository, home: Path, tmp_path: Path) -> None:
    """The person learns which submodule to push."""
    library = Repository(tmp_path, "library")
    library.commit({"a": "1"})
    shop.add_submodule(library.url, "library")
    run_git(shop.work, "update-index", "--cacheinfo", f"160000,{GONE},library")
    sha = shop.push("main")
    with pytest.raises(StepFailed, match=f"^submodule library: commit {GONE[:10]} is no longer in {library.url}$"):
        git.checkout(
            shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home, rules=beside(tmp_path)
        )


def test_a_submodule_without_url_is_named(shop: Repository, home: Path, tmp_path: Path) -> None:
    """A link that .gitmodules does not explain is an error of the repository, said plainly."""
    run_git(shop.work, "update-index", "--add", "--cacheinfo", f"160000,{GONE},library")
    sha = shop.push("main")
    with pytest.raises(StepFailed, match=r"^submodule library has no URL in \.gitmodules$"):
        git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)


def test_a_repository_inside_itself_ends(shop: Repository, home: Path, tmp_path: Path) -> None:
    """Nesting has a limit."""
    sha = run_git(shop.work, "rev-parse", "HEAD")
    for _ in range(10):
        (shop.work / ".gitmodules").write_text(f'[submodule "again"]\n\tpath = again\n\turl = {shop.url}\n')
        run_git(shop.work, "add", "--force", ".gitmodules")
        run_git(shop.work, "update-index", "--add", "--cacheinfo", f"160000,{sha},again")
        sha = shop.push("main")
    with pytest.raises(StepFailed, match="nested more than 8 deep"):
        git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)


def test_only_a_local_repository_may_name_folders_as_submodules() -> None:
    """A hosted repository cannot make the server read its own disk."""
    parent = git.Remote.parse("https://github.com/acme/shop.git")
    with pytest.raises(BadInput, match="is a folder of the server"):
        git.Remote.parse("file:///etc").as_submodule_of(parent)


@pytest.mark.parametrize(
    ("parent", "url", "result"),
    [
        ("https://github.com/acme/shop.git", "../library.git", "https://github.com/acme/library.git"),
        ("https://github.com/acme/shop.git/", "../../oca/web", "https://github.com/oca/web"),
        ("git@github.com:acme/shop.git", "../library.git", "git@github.com:acme/library.git"),
        ("git@github.com:acme/shop.git", "../../oca/web.git", "git@github.com:oca/web.git"),
        ("ssh://git@host:2222/acme/shop", "./inner", "ssh://git@host:2222/acme/shop/inner"),
        ("/srv/git/shop.git", "../library.git", "/srv/git/library.git"),
        ("https://github.com/acme/shop.git", "https://gitlab.com/x/y", "https://gitlab.com/x/y"),
    ],
)
def test_submodule_urls_are_read_as_git_reads_them(parent: str, url: str, result: str) -> None:
    """Relative URLs start at the parent's own."""
    assert git.submodule_url(parent, url) == result


def test_a_relative_submodule_url_cannot_leave_the_host() -> None:
    """Too many steps up are an error, not another host."""
    with pytest.raises(BadInput, match="leads above"):
        git.submodule_url("https://github.com/acme/shop.git", "../../../evil.example/x")


def test_hooks_and_configured_programs_are_not_run(
    shop: Repository, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the user's hooks nor a stray GIT_DIR reach our git."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "post-index-change", "reference-transaction", "post-update"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    sha = git.head_of(shop.url, "main")
    git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)
    assert not (tmp_path / "ran").exists()


@pytest.mark.root
def test_a_local_repository_of_another_user_can_be_read(shop: Repository, home: Path, tmp_path: Path) -> None:
    """The operator named the repository; its owner does not matter."""
    for path in [shop.bare, *shop.bare.rglob("*")]:
        os.chown(path, 65534, 65534)
    sha = git.head_of(shop.url, "main")
    tree = git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)
    assert (tree / "shop").is_dir()


@pytest.mark.parametrize(
    "url", ["", "-oProxyCommand=x", "ext::sh -c id", "shop.git", "ftp://x/y", "https:///x", "a\nb"]
)
def test_strange_addresses_are_refused(url: str) -> None:
    """Addresses that git could read as options or programs never reach it."""
    with pytest.raises(BadInput):
        git.ls_remote(url)


def test_a_repository_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    """The message names the address."""
    with pytest.raises(StepFailed, match=f"^there is no repository at {tmp_path}/none.git$"):
        git.ls_remote(f"{tmp_path}/none.git")


def test_a_host_that_does_not_answer_is_unavailable_without_the_password() -> None:
    """An outage is told apart from an empty repository, and the password stays out of the message."""
    port = free_port()
    with pytest.raises(Unavailable, match=f"^http://127.0.0.1:{port}/shop.git does not answer: ") as caught:
        git.ls_remote(f"http://ada:s3cret@127.0.0.1:{port}/shop.git")
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_host_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit ends git and its children."""
    monkeypatch.setattr(git, "LIST_TIMEOUT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Unavailable, match="did not answer within 1 s"):
            git.ls_remote(f"git://127.0.0.1:{port}/shop.git")


def test_a_password_in_the_address_goes_by_the_credential_protocol() -> None:
    """The server gets it as basic authorisation; no argument list holds it."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_ask_for_password, args=(server, seen))
        thread.start()
        with pytest.raises(OdooOpsError):
            git.ls_remote(f"http://ada:s%40cret@127.0.0.1:{server.getsockname()[1]}/shop.git")
        thread.join()
    assert b"Authorization: Basic YWRhOnNAY3JldA==" in seen[1]


def _ask_for_password(server: socket.socket, seen: list[bytes]) -> None:
    answers = [b'401 Unauthorized\r\nWWW-Authenticate: Basic realm="git"', b"404 Not Found"]
    for answer in answers:
        connection, _ = server.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_a_missing_git_says_how_to_get_it(shop: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hint is the command that mends it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="git is missing") as caught:
        git.ls_remote(shop.url)
    assert caught.value.hint == "apt-get install git"


def test_a_mirror_with_the_locks_of_a_killed_git_still_works(shop: Repository, home: Path) -> None:
    """A kill -9 in the middle of a fetch does not block the next run."""
    path = git.mirror(shop.url, home)
    (path / "shallow.lock").touch()
    (path / "refs/heads/main.lock").touch()
    sha = shop.commit({"a": "1"})
    git.mirror(shop.url, home)
    assert run_git(path, "rev-parse", "refs/heads/main") == sha


def test_a_damaged_mirror_is_fetched_anew(shop: Repository, home: Path, tmp_path: Path) -> None:
    """The mirror is a cache: losing objects of it costs a fetch, not a run."""
    sha = git.head_of(shop.url, "main")
    path = git.mirror(shop.url, home)
    for pack in (path / "objects" / "pack").iterdir():
        pack.unlink()
    tree = git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=tmp_path / "tree", home=home)
    assert (tree / "shop/__manifest__.py").exists()


def test_a_mirror_follows_forced_pushes_and_deletions(shop: Repository, home: Path) -> None:
    """Branches of the mirror are those of the repository, also when a name becomes a folder."""
    shop.commit({"a": "1"}, branch="feature")
    git.mirror(shop.url, home)
    run_git(shop.work, "push", "--quiet", "origin", "--delete", "feature")
    shop.commit({"b": "1"}, branch="feature-x")
    run_git(shop.work, "branch", "-D", "feature")
    shop.commit({"b": "2"}, branch="feature/x")
    path = git.mirror(shop.url, home)
    names = run_git(path, "for-each-ref", "--format=%(refname)", "refs/heads").splitlines()
    assert names == ["refs/heads/feature-x", "refs/heads/feature/x", "refs/heads/main"]


def test_many_checkouts_at_once_all_succeed(shop: Repository, home: Path, tmp_path: Path) -> None:
    """Processes that share a mirror wait for each other."""
    shas = [shop.commit({"a": str(number)}) for number in range(4)]
    jobs = [(shop.url, sha, tmp_path / f"tree{number}", home) for number, sha in enumerate(shas)]
    # Workers of a Pool are ended by SIGTERM, which the processes of pytest-xdist ignore, and theirs too.
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        for job in [pool.submit(_checkout, *job) for job in jobs]:
            job.result()
    assert [(tmp_path / f"tree{number}/a").read_text() for number in range(4)] == ["0", "1", "2", "3"]


def _checkout(url: str, sha: str, into: Path, home: Path) -> None:
    git.checkout(url, sha=sha, ref="refs/heads/main", into=into, home=home)


@pytest.mark.root
def test_a_full_disk_is_said_in_one_line(shop: Repository, home: Path, tmp_path: Path) -> None:
    """No half tree is left on the disk that filled."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        missing("this machine lets nobody mount a disk")
    try:
        sha = shop.commit({"big": os.urandom(100_000).hex()})
        with pytest.raises(StepFailed, match=r"disk.* full"):
            git.checkout(shop.url, sha=sha, ref="refs/heads/main", into=small / "tree", home=home)
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize(
    "ref", ["refs/heads/feature/x", "refs/heads/a%b|c", "refs/tags/v1.0", "refs/notes/commits", "refs/heads/ünï"]
)
def test_names_that_git_accepts(ref: str) -> None:
    """Slashes and most signs are fine."""
    assert git.is_ref(ref)


@pytest.mark.parametrize(
    "ref",
    [
        "main",
        "refs/heads",
        "refs/heads/",
        "refs/heads/a b",
        "refs/heads/a..b",
        "refs/heads/../x",
        "refs/heads/-x",
        "refs/heads/a\0b",
        "refs/heads/a\nb",
        "refs/heads/x.lock",
        "refs/heads/a//b",
        "refs/heads/x/",
        "refs/heads/\ud800",
    ],
)
def test_names_that_git_refuses(ref: str) -> None:
    """What could not have come from git is not let in."""
    assert not git.is_ref(ref)
