"""The key of a template database: it changes with everything that the database and its tests are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from odooops_dagster.model import Build, Source
from odooops_dagster.steps.environment.templates import template_key

Change = Callable[[Build], Build]
MINE, OTHERS = UUID(int=1), UUID(int=2)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Return a build with one module of its own, `shop`, one that came as a package, and Odoo's `base`."""
    for place, name in (("odoo", "base"), ("own", "shop"), ("wheels", "report"), ("wheels", "bridge")):
        write(tmp_path / place / name, "{}" if name != "bridge" else "{'auto_install': True}")
    source = Source(
        path=tmp_path,
        git_sha="0" * 40,
        tree_digest="",
        addons_paths=(tmp_path / "own",),
        modules=("shop",),
        requirements=(),
    )
    return Build(
        digest="sha256:0",
        series="19.0",
        odoo_revision="19.0.1",
        python=tmp_path / "python",
        python_digest="sha256:1",
        addons_paths=(tmp_path / "own", tmp_path / "wheels", tmp_path / "odoo"),
        modules=("shop",),
        closure=("base", "report", "shop"),
        source=source,
    )


def write(addon: Path, manifest: str) -> None:
    """Write a module."""
    addon.mkdir(parents=True, exist_ok=True)
    (addon / "__init__.py").touch()
    (addon / "__manifest__.py").write_text(manifest)


def key(build: Build, *, demo: bool = False, tested: tuple[str, ...] = ("shop",), project: UUID = MINE) -> str:
    """Return the key of the database with all the build's modules."""
    return template_key(build, build.closure, project=project, visible=build.addons_paths, tested=tested, demo=demo)


def odoos_key(build: Build, *, project: UUID = MINE) -> str:
    """Return the key of the database with Odoo's own modules alone."""
    return template_key(build, ["base"], project=project, visible=build.addons_paths[2:], demo=False)


def with_file(path: str) -> Change:
    """Return the change of one file below the build's folder."""

    def change(build: Build) -> Build:
        (build.source.path / path).write_text("changed = True\n")
        return build

    return change


CHANGES: dict[str, Change] = {
    "the series": lambda build: replace(build, series="18.0"),
    "Odoo's revision": lambda build: replace(build, odoo_revision="19.0.2"),
    "a Python package": lambda build: replace(build, python_digest="sha256:2"),
    "a file of an own module": with_file("own/shop/models.py"),
    "a file of a module that came as a package": with_file("wheels/report/models.py"),
    "a file of a module that installs itself": with_file("wheels/bridge/models.py"),
    "a file beside the modules": lambda build: replace(build, source=replace(build.source, beside_digest="1")),
    "another module": lambda build: replace(build, closure=("base", "shop")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_input_changes_the_key(build: Build, change: Change) -> None:
    """One at a time, all else being equal."""
    before = key(build)
    assert before == key(build)
    assert key(change(build)) != before


def test_demo_data_and_the_tests_that_ran_change_the_key(build: Build) -> None:
    """A database in which the same modules were installed untested proves nothing of them."""
    assert len({key(build), key(build, demo=True), key(build, tested=())}) == 3


def test_what_the_repository_accepts_changes_the_key_but_not_that_of_shared_templates(build: Build) -> None:
    """A result that was accepted is no proof for a commit that accepts less; without a word the key is as before."""

    def accepting(judged: dict[str, str]) -> str:
        return template_key(
            build, build.closure, project=MINE, visible=build.addons_paths, tested=("shop",), demo=False, judged=judged
        )

    def shared(judged: dict[str, str]) -> str:
        return template_key(build, ["base"], project=MINE, visible=build.addons_paths[2:], demo=False, judged=judged)

    assert accepting({}) == key(build)
    assert len({accepting({}), accepting({"log_allow": "a"}), accepting({"log_allow": "b"})}) == 3
    assert shared({"log_allow": "a"}) == odoos_key(build)


def test_a_template_with_other_modules_belongs_to_its_project(build: Build) -> None:
    """Equal bytes may have been installed by another project's code."""
    assert key(build, project=OTHERS) != key(build)


def test_a_template_of_odoos_own_modules_is_shared_by_projects(build: Build) -> None:
    """What a project brings besides has no part in it."""
    before = odoos_key(build)
    assert odoos_key(build, project=OTHERS) == before
    for change in list(CHANGES.values())[2:6]:
        assert odoos_key(change(build)) == before
