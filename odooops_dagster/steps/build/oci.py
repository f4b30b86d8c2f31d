"""Makes the image of a build for a registry: a layer each on the base, those that change seldom first.

They are Debian's packages of apt.txt, Odoo, the Python packages of the requirements, the files that the repository's
Dockerfile copies, and the repository. A push that changes code alone makes and sends the last layer. No line of that
Dockerfile runs: it would run on this machine's engine as root. The workflow of `ops repo init` builds it on GitHub's
machines.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from odooops_dagster.errors import BadInput
from odooops_dagster.local.containers import makes_images
from odooops_dagster.model import Build
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.debian import DebianPackages
from odooops_dagster.steps.build.dockerfile import CopiedFiles, copied_files
from odooops_dagster.steps.build.trust import images_locked, record, signed_by
from odooops_dagster.steps.core.code import odoo_folders, packages_folder
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.project_file.dockerfile import Dockerfile
from odooops_dagster.tools.registry.cosign import Signer, attest, sign
from odooops_dagster.tools.registry.layer import Layer
from odooops_dagster.tools.runtime.sandbox.interpreters import outermost

# A label of OCI's image specification, "annotations".
_REVISION = "org.opencontainers.image.revision"
_BUILD = "odooops.build"
_NONE = CopiedFiles()


def push_image(
    ctx: StepContext,
    build: Build,
    *,
    debian: DebianPackages,
    dockerfile: Dockerfile,
    known: str,
    bill: Mapping[str, object],
) -> str:
    """Make the build's image, push and sign it; return it by its digest, empty if no registry is set.

    Args:
        ctx: the run.
        build: the build, whose folders are on disk.
        debian: the Debian packages that the repository names.
        dockerfile: what counts of the repository's Dockerfile.
        known: the image that an earlier run made of the same build; empty for none.
        bill: the build's bill of materials, which is pushed as a signed statement.

    Raises:
        BadInput: the code is below a folder that every container has of its own.
        Unavailable: the engine does not answer, has no base, or there is no cosign.
        StepFailed: the registry or cosign refused.
    """
    from odooops_dagster.tools.registry.images import Engine  # noqa: PLC0415 - takes time, and few use it

    settings = ctx.settings
    if not makes_images(settings):
        return ""
    started = time.monotonic()
    repository = f"{settings.image_registry.rstrip('/')}/{ctx.project.slug}"
    engine = Engine(settings.docker_engine, login=settings.registry_login)
    # One at a time: two runs of one series would copy the same Odoo twice.
    waiting = partial(ctx.log, "info", "waiting for the image of another run")
    with closing(engine), images_locked(settings, on_wait=waiting):
        base = engine.identity(settings.docker_image)
        copied = copied_files(dockerfile)
        layers = layers_of(settings, build, debian=debian, base=base, copied=copied)
        refuse_hidden(layers, engine.own_folders())
        names = [layer.name for layer in layers]
        is_kept = known.startswith(f"{repository}@") and _is_made_of(ctx, known, layers=names)
        if is_kept and engine.has(layers[-1]) and _is_trusted(settings, known):
            engine.push_again(layers[-1], repository, _moving_tags(ctx))
            record(ctx, build, known, key=signed_by(settings, known), tags=_moving_tags(ctx), layers=names)
            return known
        tags = (*_lasting_tags(ctx, build), *_moving_tags(ctx))
        image = engine.push(engine.stack(settings.docker_image, layers), repository, tags)
        record(ctx, build, image, key=None, tags=tags, layers=names)
    _sign(ctx, image, bill=bill, provenance=_provenance(ctx, build, debian=debian, copied=copied, base=base))
    with images_locked(settings):
        record(ctx, build, image, key=signed_by(settings, image))
    ctx.log("info", f"pushed {image} as {', '.join(tags)} after {time.monotonic() - started:.1f} s")
    return image


def _lasting_tags(ctx: StepContext, build: Build) -> tuple[str, ...]:
    return (build.source.git_sha[:12], f"{ctx.run.created_at:%Y%m%d}")


def _moving_tags(ctx: StepContext) -> tuple[str, ...]:
    """Return the tags that the newest image of the default branch takes over, if policy images.latest asks for it."""
    rules = ctx.control.policies.get(ctx.project.id, policy_type="images")
    return ("latest",) if rules["latest"] and ctx.environment.stage == "production" else ()


def layers_of(
    settings: Settings, build: Build, *, debian: DebianPackages, base: str, copied: CopiedFiles = _NONE
) -> tuple[Layer, ...]:
    """Return the layers on the base, those that change seldom first; each is named by what it and those below hold.

    Args:
        settings: the platform's settings.
        build: the build.
        debian: the Debian packages below it.
        base: the digest of the base.
        copied: the files that the repository's Dockerfile copies.
    """
    source, packages = build.source.path.absolute(), packages_folder(settings, build)
    own = [path for path in (source, packages) if path is not None]
    others = [path for path in build.addons_paths if not any(path.is_relative_to(folder) for folder in own)]
    held = (
        ((build.series, build.odoo_revision), outermost({*odoo_folders(settings, series=build.series), *others}), ()),
        ((build.python_digest,), () if packages is None else (packages,), ()),
        ((copied.digest,), (), copied.placed),
        ((build.digest,), (source,), ()),
    )
    layers: list[Layer] = []
    below = base
    if debian.root is not None and debian.paths:
        # By what it is made of alone: where the folder stands is no part of the image.
        below = hashlib.sha256(json.dumps([below, debian.key]).encode()).hexdigest()
        layers.append(Layer(name=below, paths=debian.paths, root=debian.root))
    for parts, paths, placed in held:
        if not paths and not placed:
            continue
        below = hashlib.sha256(json.dumps([below, parts, list(map(str, paths))]).encode()).hexdigest()
        layers.append(Layer(name=below, paths=tuple(paths), placed=placed))
    labels = {_REVISION: build.source.git_sha, _BUILD: build.digest}
    return (*layers[:-1], replace(layers[-1], labels=labels))


def refuse_hidden(layers: tuple[Layer, ...], own_folders: tuple[str, ...]) -> None:
    """Refuse code below a folder that every container has of its own: nothing of the image would be seen there."""
    for path in (path for layer in layers if layer.root == Path("/") for path in layer.paths):
        for folder in own_folders:
            if path.is_relative_to(folder):
                raise BadInput(
                    f"{path} cannot be in an image: a container has a {folder} of its own",
                    hint="set ODOOOPS_HOME to a folder elsewhere, or ODOOOPS_IMAGE_REGISTRY to none",
                )


def _is_made_of(ctx: StepContext, image: str, *, layers: list[str]) -> bool:
    """Return whether the record says that the image has these layers: another base makes another of the same build."""
    rows = ctx.control.images.list(ctx.project.slug)
    return any(row["reference"] == image and row["layers"] == layers for row in rows)


def _is_trusted(settings: Settings, image: str) -> bool:
    """Return whether the image would run: one that was pushed before there was a key is made and signed again."""
    return settings.cosign_public_key is None or signed_by(settings, image) is not None


def _sign(ctx: StepContext, image: str, *, bill: Mapping[str, object], provenance: Mapping[str, object]) -> None:
    """Sign the image and what is stated about it, if a key is set."""
    settings = ctx.settings
    if settings.cosign_key is None:
        return
    if settings.cosign_password is None:
        raise BadInput("the key of cosign has no password", hint="set ODOOOPS_COSIGN_PASSWORD")
    signer = Signer(
        key=settings.cosign_key, password=settings.cosign_password.get_secret_value(), login=settings.registry_login
    )
    attest(image, bill, signer, kind="cyclonedx")
    attest(image, provenance, signer, kind="slsaprovenance1")
    sign(image, signer)  # last: a signed image has its statements


def _provenance(
    ctx: StepContext, build: Build, *, debian: DebianPackages, copied: CopiedFiles, base: str
) -> dict[str, Any]:
    """Return the build as SLSA provenance v1. Source: slsa.dev/spec/v1.1/provenance."""
    return {
        "buildDefinition": {
            "buildType": "urn:odooops:image:v1",
            "externalParameters": {"repository": ctx.project.repo_url, "ref": ctx.run.git_ref, "odoo": build.series},
            "resolvedDependencies": [
                {"name": ctx.project.slug, "digest": {"gitCommit": build.source.git_sha}},
                {"name": "base", "digest": {"sha256": base.removeprefix("sha256:")}},
                {"name": "build", "digest": {"sha256": build.digest.removeprefix("sha256:")}},
                {"name": "odoo", "annotations": {"revision": build.odoo_revision}},
                *({"name": f"debian {each}"} for each in debian.versions),
                *([{"name": "files of COPY", "digest": {"sha256": copied.digest}}] if copied.placed else []),
            ],
        },
        "runDetails": {
            "builder": {"id": "urn:odooops:builder:v1"},
            "metadata": {"invocationId": f"urn:uuid:{ctx.run.id}"},
        },
    }
