"""The image of a build on the record: whose key signed it, and whether policy lets the run deploy it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from odooops_dagster.errors import Forbidden
from odooops_dagster.files import locked
from odooops_dagster.home import containers_folder
from odooops_dagster.local.containers import makes_images
from odooops_dagster.model import Build
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.registry.cosign import fingerprint, verify


def image_of(settings: Settings, build: Build) -> str:
    """Return the image that containers of the build run in; empty where its code is mounted."""
    return build.image if makes_images(settings) else ""


@contextmanager
def images_locked(settings: Settings, *, on_wait: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold the lock of images: what is pushed or about to be deployed is not removed meanwhile."""
    lock = containers_folder(settings.home) / "locks" / "images"
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(lock, on_wait=on_wait):
        yield


def signed_by(settings: Settings, image: str) -> str | None:
    """Return the fingerprint of the platform's public key if it verifies the image's signature, else None.

    Raises:
        Unavailable: the signature cannot be looked up.
    """
    key = settings.cosign_public_key
    if key is None:
        return None
    with suppress(Forbidden):
        verify(image, key=key, login=settings.registry_login)
        return fingerprint(key)
    return None


def require_image(ctx: StepContext, build: Build) -> None:
    """Record the build's image as what the run deploys, with its signature of now, and refuse it where policy does.

    Raises:
        Conflict: policy images asks for a signature in this stage, and the image has none or another key's.
        Unavailable: the signature cannot be looked up.
    """
    image = image_of(ctx.settings, build)
    if image:
        with images_locked(ctx.settings):
            record(ctx, build, image, key=signed_by(ctx.settings, image))
    ctx.control.images.require(ctx.fence, build_digest=build.digest)


def record(
    ctx: StepContext,
    build: Build,
    image: str,
    *,
    key: str | None,
    tags: Sequence[str] = (),
    layers: Sequence[str] = (),
) -> None:
    """Record an image that the run made or deploys; the caller holds the lock of images."""
    ctx.control.images.record(
        ctx.fence, build_digest=build.digest, reference=image, signed_by=key, tags=tags, layers=layers
    )
