"""Changed modules are parted for an upgrade preview where nothing needs two of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from odooops_dagster.model import Build, Source
from odooops_dagster.steps.environment.update import Changes
from odooops_dagster.steps.upgrade.groups import groups_of, in_order, subsets, unchanged
from odooops_dagster.steps.upgrade.kept import held_back
from odooops_dagster.tools.odoo import modules

NEEDS = {
    "base": (),
    "book": ("base",),
    "shelf": ("book",),
    "desk": ("base",),
    "lamp": ("base",),
    "room": ("desk", "lamp"),
}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Return a build with these modules."""
    return build_of(tmp_path / "addons")


def build_of(addons: Path, text: str = "") -> Build:
    """Write the modules and return a build that has them."""
    odoo = addons.parent / f"odoo-{addons.name}"
    for name, needed in NEEDS.items():
        folder = (odoo if name == "base" else addons) / name
        folder.mkdir(parents=True)
        (folder / "__manifest__.py").write_text(f"{{'depends': {list(needed)}}}  # {text}\n")
    source = Source(
        path=addons, git_sha="a" * 40, tree_digest="", addons_paths=(addons,), modules=tuple(NEEDS), requirements=()
    )
    return Build(
        digest="sha256:1",
        series="19.0",
        odoo_revision="1",
        python=Path("python"),
        addons_paths=(addons, odoo),
        modules=tuple(NEEDS),
        closure=tuple(NEEDS),
        source=source,
    )


def parted(build: Build, *changed: str, installed: tuple[str, ...] = tuple(NEEDS)) -> set[tuple[str, ...]]:
    """Return the groups of the changed modules."""
    return set(groups_of(Changes(new=(), changed=changed), build, build, installed))


def test_modules_are_parted_where_none_needs_both(build: Build) -> None:
    """A module that needs two joins them if it is installed, although it did not change itself."""
    assert parted(build, "book", "desk") == {("book",), ("desk",)}
    assert parted(build, "book", "shelf", "desk") == {("book", "shelf"), ("desk",)}
    assert parted(build, "desk", "lamp") == {("desk", "lamp")}
    assert parted(build, "desk", "lamp", installed=("base", "desk", "lamp")) == {("desk",), ("lamp",)}


def test_what_cannot_be_told_apart_is_one_group(build: Build, tmp_path: Path) -> None:
    """New modules, another Odoo, and modules that the former code lacks are updated with the rest."""
    changes = Changes(new=("lamp",), changed=("book", "desk"))
    assert groups_of(changes, build, build, tuple(NEEDS)) == (("book", "desk"),)
    changes = Changes(new=(), changed=("book", "desk"))
    other = replace(build, odoo_revision="2")
    assert groups_of(changes, other, build, tuple(NEEDS)) == (("book", "desk"),)
    bare = replace(build, addons_paths=(tmp_path / "nothing",))
    assert groups_of(changes, bare, build, tuple(NEEDS)) == (("book", "desk"),)


def test_many_groups_are_few(build: Build, tmp_path: Path) -> None:
    """Each costs a start of Odoo: what is above the limit is updated together."""
    for name in "klmnop":
        (tmp_path / "addons" / name).mkdir()
        (tmp_path / "addons" / name / "__manifest__.py").write_text("{}")
    found = groups_of(Changes(new=(), changed=tuple("klmnop")), build, build, tuple("klmnop"))
    assert found == (("k",), ("l",), ("m",), ("n", "o", "p"))


def test_what_people_work_at_comes_last_and_the_most_of_the_rest_is_looked_for_first() -> None:
    """So that what was done before it can be kept."""
    groups = (("a",), ("b",), ("c",))
    settled = unchanged(groups, {"a": "2", "b": "1", "c": "1"}, {"a": "1", "b": "1", "c": "1"})
    assert in_order(groups, settled) == (("b",), ("c",), ("a",))
    assert [len(found) for found in subsets(groups)] == [2, 2, 2, 1, 1, 1]


def test_a_module_that_waits_has_its_former_code(build: Build, tmp_path: Path) -> None:
    """The others have that of the target."""
    former = build_of(tmp_path / "former", "former")
    mixed = held_back(build, former, ["desk"], tmp_path / "held-back")
    text = {name: found.read_text() for name in NEEDS if (found := _manifest(name, mixed))}
    assert ["former" in text[name] for name in ("desk", "book")] == [True, False]
    assert held_back(build, former, [], tmp_path / "held-back") == build


def _manifest(name: str, build: Build) -> Path | None:
    found = modules.find(name, build.addons_paths)
    return found / "__manifest__.py" if found else None
