"""A build has another image on another base; the one that the record has with the same layers is not pushed again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from odooops_dagster.model import Build, Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.debian import DebianPackages
from odooops_dagster.steps.build.oci import push_image
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.project_file.dockerfile import Dockerfile
from odooops_dagster.tools.registry.layer import Layer
from tests.dagster.world import World
from tests.working import next_run


@dataclass
class MemoryEngine:
    """An engine that names an image by all of its layers; `bases` are what its names of images are."""

    bases: dict[str, str]
    made: set[str] = field(default_factory=set)
    pushed: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Nothing is open."""

    def identity(self, image: str) -> str:
        """Return the digest of a base."""
        return self.bases[image]

    def own_folders(self) -> tuple[str, ...]:
        """Return none: no container is made."""
        return ()

    def has(self, layer: Layer) -> bool:
        """Return whether the layer was made."""
        return layer.name in self.made

    def stack(self, base: str, layers: tuple[Layer, ...]) -> str:
        """Make the layers, and return what they are together."""
        self.made |= {layer.name for layer in layers}
        return hashlib.sha256(repr((self.bases[base], [layer.name for layer in layers])).encode()).hexdigest()

    def push(self, image: str, repository: str, tags: tuple[str, ...]) -> str:
        """Note the push."""
        assert tags
        self.pushed.append(image)
        return f"{repository}@sha256:{image}"

    def push_again(self, layer: Layer, repository: str, tags: tuple[str, ...]) -> None:
        """Push under other tags, of which a preview has none."""
        assert self.has(layer)
        assert repository
        assert not tags


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> MemoryEngine:
    """Return the engine that the platform finds."""
    made = MemoryEngine(bases={"base:1": "sha256:" + "1" * 64})
    monkeypatch.setattr("odooops_dagster.tools.registry.images.Engine", lambda *_args, **_options: made)
    return made


@pytest.fixture
def ctx(world: World, database: str, tmp_path: Path) -> StepContext:
    """Return a run on a platform that makes images."""
    known = {"runtime": "docker", "docker_image": "base:1", "image_registry": "registry.example"}
    world.queue()
    settings: Settings = world.settings.model_copy(update=known)
    return next_run(world.control, settings, OdooDatabases(database, secrets=tmp_path))


def build_of(folder: Path) -> Build:
    """Return a build of a repository."""
    source = Source(path=folder, git_sha="a" * 40, tree_digest="t", addons_paths=(), modules=(), requirements=())
    return Build(
        digest="sha256:" + "b" * 64, series="19.0", odoo_revision="r", python=folder / "python", addons_paths=(),
        modules=(), closure=(), source=source,
    )  # fmt: skip


def test_the_image_of_another_base_is_not_taken(ctx: StepContext, engine: MemoryEngine, tmp_path: Path) -> None:
    """Back on the first base, the layers are there still, but the newest image of the build is the second's."""

    def pushed(known: str) -> str:
        return push_image(
            ctx, build_of(tmp_path), debian=DebianPackages(), dockerfile=Dockerfile(), known=known, bill={}
        )

    first = pushed("")
    assert pushed(first) == first
    assert len(engine.pushed) == 1, "the same layers are not pushed again"
    engine.bases["base:1"] = "sha256:" + "2" * 64
    second = pushed(first)
    assert second != first
    engine.bases["base:1"] = "sha256:" + "1" * 64
    assert pushed(second) == first


def test_an_image_of_another_registry_is_not_taken(ctx: StepContext, engine: MemoryEngine, tmp_path: Path) -> None:
    """A platform that moved to another one pushes there."""
    given = {"debian": DebianPackages(), "dockerfile": Dockerfile(), "bill": {}}
    first = push_image(ctx, build_of(tmp_path), known="", **given)  # type: ignore[arg-type]
    moved = replace(ctx, settings=ctx.settings.model_copy(update={"image_registry": "other.example"}))
    assert push_image(moved, build_of(tmp_path), known=first, **given).startswith("other.example/")  # type: ignore[arg-type]
    assert len(engine.pushed) == 2
