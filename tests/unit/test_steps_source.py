"""What a checked-out tree is read for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.steps.build.source import read_source
from odooops_dagster.steps.build.tree import digest_beside_modules, tree_digest
from odooops_dagster.tools.odoo import modules

SHA = "0" * 40


def make_addon(folder: Path, name: str, *, installable: bool = True) -> Path:
    """Write an addon that depends on nothing."""
    addon = folder / name
    addon.mkdir(parents=True)
    (addon / "__init__.py").write_text("")
    (addon / "__manifest__.py").write_text(repr({"name": name, "installable": installable}))
    return addon


def test_addons_are_found_at_the_root_and_in_folders(tmp_path: Path) -> None:
    """Both layouts that people use count, the root first."""
    make_addon(tmp_path, "at_root")
    make_addon(tmp_path / "addons", "in_folder")
    source = read_source(tmp_path, SHA)
    assert source.modules == ("at_root", "in_folder")
    assert source.addons_paths == (tmp_path, tmp_path / "addons")


def test_modules_of_a_submodule_are_at_hand_but_not_installed(tmp_path: Path) -> None:
    """A submodule brings dependencies and requirements; only the repository's own modules are built and tested."""
    (tmp_path / ".gitmodules").write_text('[submodule "oca/web"]\n\tpath = oca/web\n\turl = ../web.git\n')
    make_addon(tmp_path, "own")
    make_addon(tmp_path / "oca" / "web", "theirs")
    (tmp_path / "requirements.txt").write_text("phonenumbers\n")
    (tmp_path / "oca" / "web" / "requirements.txt").write_text("xlrd\n")
    source = read_source(tmp_path, SHA)
    assert source.modules == ("own",)
    assert tmp_path / "oca" / "web" in source.addons_paths
    assert source.requirements == (tmp_path / "requirements.txt", tmp_path / "oca" / "web" / "requirements.txt")


@pytest.mark.parametrize(
    "text",
    [
        '[submodule "web"]\n\tpath = "oca/web"\n',
        '[submodule "web"] path = oca/web # of OCA\n',
        '[Submodule "web"]\n\tPATH = oca/\\\nweb\n',
        '; ours\n[submodule "web"]\n\tshallow\n\tpath = oca/web\n[submodule "other"]\n\turl = x\n',
    ],
)
def test_gitmodules_means_what_git_reads_in_it(tmp_path: Path, text: str) -> None:
    """Quotes, comments, letters of either case, continued lines and keys without a value are git's syntax."""
    (tmp_path / ".gitmodules").write_text(text)
    make_addon(tmp_path, "own")
    make_addon(tmp_path / "oca" / "web", "theirs")
    assert read_source(tmp_path, SHA).modules == ("own",)


@pytest.mark.parametrize("place", ["../outside", "/{root}/outside"])
def test_a_submodule_outside_of_the_checkout_is_none(tmp_path: Path, place: str) -> None:
    """Its requirements are files of the machine and not of the repository."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    make_addon(root, "own")
    make_addon(outside, "theirs")
    (outside / "requirements.txt").write_text("secret\n")
    (root / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = {place.format(root=tmp_path)}\n')
    assert read_source(root, SHA).requirements == ()


def test_a_gitmodules_that_git_cannot_read_names_no_submodule(tmp_path: Path) -> None:
    """Nor does one that is a link, which git does not follow."""
    make_addon(tmp_path, "own")
    (tmp_path / ".gitmodules").write_text("path = own\n[")
    assert read_source(tmp_path, SHA).modules == ("own",)
    (tmp_path / ".gitmodules").rename(tmp_path / "modules")
    (tmp_path / "modules").write_text('[submodule "own"]\n\tpath = own\n')
    (tmp_path / ".gitmodules").symlink_to("modules")
    assert read_source(tmp_path, SHA).modules == ("own",)


def test_a_module_marked_not_installable_is_left_out(tmp_path: Path) -> None:
    """Odoo would ignore it, and so do we."""
    make_addon(tmp_path, "sleeping", installable=False)
    assert read_source(tmp_path, SHA).modules == ()


def test_an_addon_inside_an_addon_is_not_an_addons_path(tmp_path: Path) -> None:
    """What lies in a module's own folder belongs to that module."""
    outer = make_addon(tmp_path, "outer")
    make_addon(outer / "static", "fixture")
    assert read_source(tmp_path, SHA).modules == ("outer",)


def test_the_digest_follows_names_bytes_and_links_but_not_places(tmp_path: Path) -> None:
    """Equal trees in two folders have one digest; any change gives another."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        make_addon(folder, "own")
    assert tree_digest(one) == tree_digest(other)
    before = tree_digest(other)
    (other / "own" / "link").symlink_to("__init__.py")
    with_link = tree_digest(other)
    (other / "own" / "link").unlink()
    (other / "own" / "link").write_text("__init__.py")
    assert len({before, with_link, tree_digest(other)}) == 3


@pytest.mark.parametrize(
    ("file", "matters"),
    [
        ("data/rates.csv", True),
        ("conftest.py", True),
        ("shared/link", True),
        ("own/models.py", False),
        ("README.md", False),
        ("docs/usage.rst", False),
        (".github/workflows/ci.yml", False),
        ("requirements.txt", False),
        ("odooops.yaml", False),
    ],
)
def test_files_in_no_module_have_a_digest_of_their_own(tmp_path: Path, file: str, matters: bool) -> None:
    """Tests may read them; what is for people, or is known otherwise, makes no test run again."""
    make_addon(tmp_path, "own")
    assert digest_beside_modules(tmp_path) == ""
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("one")
    before = digest_beside_modules(tmp_path)
    (tmp_path / file).write_text("two")
    assert (digest_beside_modules(tmp_path) != before) == matters


def test_a_file_whose_name_is_no_utf8_is_hashed_by_its_bytes(tmp_path: Path) -> None:
    """Git takes any name, and old add-ons have some of another encoding."""
    addon = make_addon(tmp_path, "own")
    name = os.fsencode(addon) + b"/pr\xe9sentation.txt"
    before = tree_digest(tmp_path), modules.checksum(addon)
    with open(name, "wb") as file:  # noqa: PTH123 - a path of bytes
        file.write(b"x")
    after = tree_digest(tmp_path), modules.checksum(addon)
    assert all(new != old for new, old in zip(after, before, strict=True))
    assert read_source(tmp_path, SHA).modules == ("own",)


@pytest.mark.parametrize("folder", ["own.bak", "own v2", "2nd_own", "own-copy"])
def test_a_folder_that_odoo_cannot_import_is_passed_over(tmp_path: Path, folder: str) -> None:
    """A module's name is a Python name; a copy beside it is none, and is said to be passed over."""
    make_addon(tmp_path, "own")
    make_addon(tmp_path, folder)
    source = read_source(tmp_path, SHA)
    assert source.modules == ("own",)
    assert [path for path, _ in source.passed_over] == [folder]
    assert "no Python name" in source.passed_over[0][1]


def test_a_skeleton_for_new_modules_is_passed_over(tmp_path: Path) -> None:
    """Its manifest is a template and no Python yet."""
    make_addon(tmp_path, "own")
    skeleton = make_addon(tmp_path / "docs", "skeleton")
    (skeleton / "__manifest__.py").write_text('{"name": "{{ name }}", {% if x %} "a": 1 {% endif %}}')
    source = read_source(tmp_path, SHA)
    assert source.modules == ("own",)
    assert [path for path, _ in source.passed_over] == ["docs/skeleton"]
    assert "template" in source.passed_over[0][1]


def test_a_module_with_a_broken_manifest_is_not_passed_over(tmp_path: Path) -> None:
    """Its author means it to be installed, and is told."""
    make_addon(tmp_path, "own")
    (make_addon(tmp_path, "broken") / "__manifest__.py").write_text("{'name': ")
    with pytest.raises(StepFailed, match=r"broken/__manifest__\.py:1: SyntaxError"):
        read_source(tmp_path, SHA)
