"""Images that nothing needs leave a real registry and a real engine; everything else stays, also after a kill."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest
import requests

from odooops_dagster.home import build_manifest
from odooops_dagster.model import Fence
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep import images as step
from odooops_dagster.tools.registry.cosign import sign, verify
from odooops_dagster.tools.registry.images import LAYERS
from odooops_dagster.tools.registry.layer import Layer
from schedules.image_removal import image_removal
from tests.dagster.maintenance import carry_out, said
from tests.dagster.world import World, fence_of
from tests.docker_engine import Engine
from tests.image_shop import Commit, Shop, commit, login, new_key, programs, shop

__all__ = ["commit", "login", "programs", "shop"]

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(600)]

DEPLOYED, UNNEEDED = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """Two images of a project: one is deployed, and nothing needs the other."""

    needed: str
    unneeded: str
    key: Path
    commit: Commit


@pytest.fixture
def settings(world: World, engine: Engine, shop: Shop) -> Settings:
    """Return the settings of a platform with the engine and the registry."""
    known = {"docker_engine": engine.url, "image_registry": shop.registry.host, "registry_login": shop.login}
    return world.settings.model_copy(update=known)


@pytest.fixture
def pushed(world: World, database: str, shop: Shop, commit: Commit, tmp_path: Path) -> Pushed:
    """Push and sign two images that share a layer and the tag of the day, a month ago; deploy the second."""
    world.queue()
    fence = fence_of(world.claim())
    world.control.runs.start(fence)
    key = new_key(tmp_path / "key")
    unneeded, needed = (made(world, fence, shop, commit.layers(build), build) for build in (UNNEEDED, DEPLOYED))
    for image in (unneeded, needed):
        sign(image, shop.signer(key))
    world.control.environments.record_deployment(
        fence, url="http://x", port=None, database_name="live", image_digest=DEPLOYED, git_sha="a" * 40,
        expires_at=None,
    )  # fmt: skip
    world.control.runs.complete(fence, exit_code=0)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update ops.images set used_at = now() - interval '30 days'")
    return Pushed(needed=needed, unneeded=unneeded, key=key.with_name("cosign.pub"), commit=commit)


def made(world: World, fence: Fence, shop: Shop, layers: tuple[Layer, ...], build: str) -> str:
    """Push and record an image of the build, and keep the build's manifest."""
    image = shop.push(layers, "kept", build[-12:], "20261129")
    world.control.images.record(
        fence, build_digest=build, reference=image, signed_by=None,
        tags=(build[-12:], "20261129"), layers=[layer.name for layer in layers],
    )  # fmt: skip
    manifest = build_manifest(world.settings.home, build)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"image": image}))
    return image


def has_manifest(shop: Shop, reference: str) -> bool:
    """Return whether the registry still has it, by a digest or a tag."""
    try:
        return bool(shop.registry.manifest("kept", reference))
    except requests.HTTPError as exc:
        if exc.response.status_code != requests.codes.not_found:
            raise
        return False


def written(image: str) -> str:
    """Return the tag of the image's signature."""
    return image.partition("@")[2].replace(":", "-") + ".sig"


def test_only_what_nothing_needs_is_removed(
    world: World, settings: Settings, engine: Engine, shop: Shop, pushed: Pushed
) -> None:
    """Killed before the registry is asked, told twice: the deployed image stays, with its signature and its layers."""
    commit = pushed.commit
    stranger = commit.layers("of another platform")
    shop.images.stack(engine.image, stranger)
    with dg.DagsterInstance.local_temp() as instance:
        world = replace(world, instance=instance)
        asked = image_removal(dg.build_schedule_context(instance=instance), control=world.control)
        assert isinstance(asked, dg.RunRequest)
        with pytest.MonkeyPatch.context() as killed:
            killed.setattr(step, "remove_from_registry", interrupted)
            with pytest.raises(KeyboardInterrupt):
                step.remove_images(world.control, settings)
        assert has_manifest(shop, pushed.unneeded.partition("@")[2])
        done = carry_out(instance, "image_removal", control=world.control, settings=settings)
        lines = said(instance, done)
        assert done.success
        assert f"1 of 1: {pushed.unneeded}" in lines
        assert lines[-1] == "1 image(s) removed"
        assert any("not on the record and stay" in line and stranger[-1].name[:12] in line for line in lines)
        again = carry_out(instance, "image_removal", control=world.control, settings=settings)
        assert said(instance, again)[-1] == "0 image(s) removed"
    assert not has_manifest(shop, pushed.unneeded.partition("@")[2])
    assert not has_manifest(shop, written(pushed.unneeded))
    assert not build_manifest(world.settings.home, UNNEEDED).exists()
    verify(pushed.needed, key=pushed.key, login=shop.login)
    assert build_manifest(world.settings.home, DEPLOYED).exists()
    names = {tag for image in engine.client.images.list() for tag in image.tags}
    kept, unneeded = (commit.layers(build) for build in (DEPLOYED, UNNEEDED))
    assert {f"{LAYERS}:{layer.name}" for layer in (*kept, *stranger)} <= names
    assert f"{LAYERS}:{unneeded[-1].name}" not in names
    assert f"{shop.registry.host}/kept:20261129" in names, "the tag of the day is the newer image's"
    assert not world.control.clocks.image_removal_is_due(datetime.now(UTC), last_at=datetime.now(UTC))


def interrupted(*_: object, **__: object) -> None:
    """Be killed."""
    raise KeyboardInterrupt


def test_what_the_registry_keeps_is_said_and_asked_again(
    world: World, settings: Settings, shop: Shop, pushed: Pushed, tmp_path: Path
) -> None:
    """A login that may remove nothing: the image stays condemned, and the job goes on."""
    (tmp_path / "config.json").write_text("{}")
    lines: list[str] = []
    nobody = settings.model_copy(update={"registry_login": tmp_path})
    assert step.remove_images(world.control, nobody, progress=lines.append) == 0
    assert f"1 of 1: {pushed.unneeded} stays: the registry {shop.registry.host} removes no image" in lines[0]
    assert [image.reference for image in world.control.images.to_remove()] == [pushed.unneeded]
    assert step.remove_images(world.control, settings) == 1
