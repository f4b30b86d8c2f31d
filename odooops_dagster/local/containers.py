"""The runtime of containers: which one the settings describe, and whether its engine and image serve this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import Unavailable
from odooops_dagster.home import containers_folder, runtime_file
from odooops_dagster.settings import Settings

if TYPE_CHECKING:
    from odooops_dagster.tools.runtime.docker import DockerRuntime
    from odooops_dagster.tools.runtime.swarm import SwarmRuntime

_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
# The interpreter of the distribution, from which virtual environments of builds are made.
_PYTHON = "/usr/bin/python3"


def uses_containers(settings: Settings) -> bool:
    """Return whether environments run in containers: as set, or else as `ops up` was told."""
    if "runtime" in settings.model_fields_set:
        return settings.runtime == "docker"
    try:
        return runtime_file(settings.home).read_text().strip() == "docker"
    except OSError:
        return False


def makes_images(settings: Settings) -> bool:
    """Return whether each commit becomes an image in a registry."""
    return bool(settings.image_registry) and uses_containers(settings)


def docker_runtime(settings: Settings) -> DockerRuntime:
    """Return the runtime of containers that the settings describe."""
    from odooops_dagster.tools.runtime.docker import DockerRuntime  # noqa: PLC0415 - takes time, and few use it

    return _swarm_runtime(settings) if settings.docker_swarm else DockerRuntime(**_engine(settings))


def _swarm_runtime(settings: Settings) -> SwarmRuntime:
    from odooops_dagster.tools.runtime.swarm import SwarmRuntime  # noqa: PLC0415 - as above
    from odooops_dagster.tools.runtime.swarm_services import Placement  # noqa: PLC0415 - as above

    placement = Placement(
        constraints=tuple(settings.swarm_constraints.split()),
        driver=settings.swarm_volume_driver,
        volume=settings.swarm_volume,
    )
    return SwarmRuntime(**_engine(settings), placement=placement, encrypted=settings.swarm_encrypted)


def _engine(settings: Settings) -> dict[str, Any]:
    """Return the arguments of both runtimes of containers."""
    return {
        "root": containers_folder(settings.home),
        "engine": settings.docker_engine,
        "image": settings.docker_image,
        "login": settings.registry_login,
        "key": settings.cosign_public_key,
    }


def containers(settings: Settings) -> str:
    """Check that the engine answers, has the image, and that the image has the Python of builds.

    Raises:
        Unavailable: it does not, or we are not root.
        BadInput: the engine is on another machine.
    """
    if not uses_containers(settings):
        return "not used: environments are processes"
    if os.geteuid() != 0:
        raise Unavailable("the docker runtime needs root, to give each environment an account of its own")
    if not settings.docker_image:
        raise Unavailable("no image is set for the docker runtime", hint="ODOOOPS_DOCKER_IMAGE=odoo:19 ops up")
    if settings.docker_swarm:
        _require_swarm(settings)
    identity, inside = docker_runtime(settings).probe(("python3", "-c", _VERSION))
    here = _python_here()
    if inside != here:
        raise Unavailable(
            f"the image {settings.docker_image} has Python {inside or 'of no version'}, and builds use {here}",
            hint="set ODOOOPS_DOCKER_IMAGE to an image of this machine's release",
        )
    return f"{settings.docker_image} ({identity[:19]}) with Python {inside}"


def _require_swarm(settings: Settings) -> None:
    """Check that environments can run on any node: from an image, with files that all nodes have.

    Raises:
        Unavailable: they cannot.
    """
    if not settings.image_registry:
        raise Unavailable("a swarm's nodes have no code", hint="set ODOOOPS_IMAGE_REGISTRY to where images are pushed")
    if not settings.swarm_volume:
        raise Unavailable(
            "a swarm's nodes have no files of environments",
            hint="set ODOOOPS_SWARM_VOLUME, such as type=nfs;o=addr=10.0.0.5,rw;device=:{path}",
        )
    _swarm_runtime(settings).require_manager()


def _python_here() -> str:
    python = _PYTHON if os.access(_PYTHON, os.X_OK) else sys.executable
    argv = [python, "-c", _VERSION]
    return subprocess.run(argv, env=clean_environment(), capture_output=True, text=True, check=False).stdout.strip()
