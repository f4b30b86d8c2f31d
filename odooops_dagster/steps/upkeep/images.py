"""Removes the images that nothing on the record needs: from the registry, from the engine, then on the record.

The record decides about each under the lock of images. What the engine has and the record does not know is reported.
After a kill the next round continues: each removal may be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.images import CondemnedImage, UnneededImage
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import build_manifest
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.trust import images_locked
from odooops_dagster.tools.registry.removal import remove_from_registry

if TYPE_CHECKING:
    from odooops_dagster.tools.registry.images import Engine

_SHOWN = 20


def remove_images(
    control: ControlPlane, settings: Settings, *, progress: Callable[[str], object] = lambda _: None
) -> int:
    """Remove the images that nothing needs, and return how many; one that the registry keeps does not stop the rest."""
    from odooops_dagster.tools.registry.images import Engine  # noqa: PLC0415 - takes time, and few use it

    unneeded, removed = control.images.to_remove(), 0
    with closing(Engine(settings.docker_engine, login=settings.registry_login)) as engine:
        for number, image in enumerate(unneeded, 1):
            try:
                with images_locked(settings):
                    removed += _remove(control, settings, engine, image)
                progress(f"{number} of {len(unneeded)}: {image.reference}")
            except OdooOpsError as exc:
                progress(f"{number} of {len(unneeded)}: {image.reference} stays: {exc}")
        _report_unknown(control, engine, progress)
    return removed


def _remove(control: ControlPlane, settings: Settings, engine: Engine, image: UnneededImage) -> bool:
    """Remove one image, if the record still condemns it."""
    condemned = control.images.condemn(image.id)
    if condemned is None:
        return False
    _forget_build(settings, condemned)
    engine.remove(condemned.reference, condemned.layers)
    remove_from_registry(condemned.reference, login=settings.registry_login)
    control.images.record_removed(image.id)
    return True


def _forget_build(settings: Settings, image: CondemnedImage) -> None:
    """Remove the manifest that names the image: who deploys the build later makes it, and its image, again."""
    manifest = build_manifest(settings.home, image.build_digest)
    if manifest.exists() and json.loads(manifest.read_bytes()).get("image") == image.reference:
        manifest.unlink()


def _report_unknown(control: ControlPlane, engine: Engine, progress: Callable[[str], object]) -> None:
    unknown = sorted(engine.layer_names() - control.images.known_layers())
    if unknown:
        shown = ", ".join(name[:12] for name in unknown[:_SHOWN])
        progress(f"{len(unknown)} layer(s) of the engine are not on the record and stay: {shown}")
