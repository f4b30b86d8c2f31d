"""Where submodules may come from: a pushed commit names them, and the platform's account fetches them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools import git
from odooops_dagster.tools.git import Remote, SubmoduleRules
from odooops_dagster.tools.git.command import git as run
from tests.repositories import Repository, run_git

GITHUB = "https://github.com/acme/shop.git"
RULES = SubmoduleRules(hosts=frozenset({"github.com"}))


def asked(project: str, submodule: str, rules: SubmoduleRules = RULES) -> None:
    """Ask whether the project may take the submodule."""
    rules.require(Remote.parse(submodule), project=Remote.parse(project), home=Path("/var/lib/odooops"))


@pytest.mark.parametrize(
    ("project", "submodule"),
    [
        (GITHUB, "https://github.com/OCA/web"),
        (GITHUB, "git@github.com:OCA/web.git"),
        ("git@git.acme.example:shop.git", "https://git.acme.example/library"),
        ("git@git.acme.example:shop.git", "ssh://git@git.acme.example:2222/library"),
        ("http://git.acme.example:3000/shop", "http://git.acme.example:3000/library"),
        ("/srv/shop.git", "https://GitHub.com/OCA/web"),
    ],
)
def test_submodules_come_from_the_project_s_host_and_from_those_that_are_allowed(project: str, submodule: str) -> None:
    """Over ssh and https, or as the project's own repository is reached."""
    asked(project, submodule)


@pytest.mark.parametrize(
    ("project", "submodule"),
    [
        (GITHUB, "https://elsewhere.example/x"),
        (GITHUB, "git@elsewhere.example:x"),
        (GITHUB, "http://github.com/OCA/web"),
        (GITHUB, "git://github.com/OCA/web"),
        (GITHUB, "https://github.com:8443/OCA/web"),
        (GITHUB, "https://127.0.0.1:3000/graphql"),
        (GITHUB, "https://github.com.evil.example/x"),
        ("http://git.acme.example:3000/shop", "http://git.acme.example:9200/x"),
        ("/srv/shop.git", "http://127.0.0.1:3000/x"),
    ],
)
def test_submodules_come_from_nowhere_else(project: str, submodule: str) -> None:
    """The platform's machine reaches what those who push do not."""
    with pytest.raises(StepFailed, match="from which projects may take no submodules") as caught:
        asked(project, submodule)
    assert "ODOOOPS_SUBMODULE_HOSTS" in str(caught.value.hint)


@pytest.mark.parametrize(
    "submodule",
    ["https://github.com/acme/victim", "https://github.com//acme/./victim.git/", "https://github.com/acme/%76ictim"],
)
def test_another_project_s_repository_is_none_for_this_one(submodule: str) -> None:
    """However it is written."""
    seen: list[str] = []

    def owner(url: str) -> str:
        seen.append(url.removesuffix(".git"))
        return "victim"

    with pytest.raises(StepFailed, match=r"is the repository of project victim$"):
        asked(GITHUB, submodule, SubmoduleRules(hosts=frozenset({"github.com"}), owner_of=owner))
    assert seen == ["https://github.com/acme/victim"]


@pytest.mark.parametrize("form", ["{}/victim.git", "file://{}/victim.git", "../victim.git", "{}/link.git"])
def test_a_local_repository_is_taken_from_named_folders_only(tmp_path: Path, form: str) -> None:
    """Another project's lies beside it."""
    shop, victim = Repository(tmp_path), Repository(tmp_path, "victim")
    victim.commit({"source": "secret"})
    (tmp_path / "link.git").symlink_to(victim.bare)
    url = form.format(tmp_path)
    (shop.work / ".gitmodules").write_text(f'[submodule "v"]\n\tpath = v\n\turl = {url}\n')
    head = run_git(victim.work, "rev-parse", "HEAD")
    run_git(shop.work, "add", ".gitmodules")
    run_git(shop.work, "update-index", "--add", "--cacheinfo", f"160000,{head},v")
    sha = shop.push("main")
    options = {"sha": sha, "ref": "refs/heads/main", "into": tmp_path / "tree", "home": tmp_path / "home"}
    with pytest.raises(StepFailed, match="is in no folder from which projects may take submodules") as caught:
        git.checkout(shop.url, **options)  # type: ignore[arg-type]
    assert "ODOOOPS_SUBMODULE_FOLDERS" in str(caught.value.hint)
    allowed = SubmoduleRules(folders=(tmp_path,))
    tree = git.checkout(shop.url, **options, rules=allowed)  # type: ignore[arg-type]
    assert (tree / "v/source").read_text() == "secret"


def test_another_project_s_mirror_is_no_submodule(tmp_path: Path) -> None:
    """The state folder is closed even if a folder above it is named."""
    home = tmp_path / "state"
    shop, victim = Repository(tmp_path), Repository(tmp_path, "victim")
    victim.commit({"source": "secret"})
    mirror = git.mirror(victim.url, home)
    rules = SubmoduleRules(folders=(tmp_path,))
    with pytest.raises(StepFailed, match=r"is a folder of the platform$"):
        rules.require(Remote.parse(str(mirror)), project=Remote.parse(shop.url), home=home)


@pytest.mark.parametrize("has_key", [True, False])
def test_a_project_with_a_key_of_its_own_uses_nothing_of_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_key: bool
) -> None:
    """Neither another key, nor an agent, nor a configuration: seen in what git starts for ssh."""
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" "agent=$SSH_AUTH_SOCK" > {tmp_path}/seen\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    key = tmp_path / "a key" if has_key else None
    remote = Remote.parse("git@git.acme.example:library.git").as_submodule_of(
        Remote.parse("git@git.acme.example:shop.git", key=key)
    )
    with pytest.raises(StepFailed):
        run("ls-remote", "--", remote.url, remote=remote, timeout=30)
    seen = (tmp_path / "seen").read_text().splitlines()
    options = ["-i", str(key), "-F", "none", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
    assert (seen[: len(options)] == options, "agent=" in seen) == (has_key, has_key)
