"""An engine and a registry of the tests' own, and the settings of a platform that deploys signed images of commits."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.debian_programs import cosign
from tests.docker_engine import Engine, running_engine
from tests.registries import PASSWORD, USER, running_registry

_PASSWORD = "difference engine"


@contextmanager
def signing_settings(repository: str) -> Iterator[Mapping[str, str]]:
    """Run both, and yield a platform's settings: its images go below `repository`. Root starts the engine."""
    with running_engine() as engine, settings_on(engine, repository) as settings:
        yield settings


@contextmanager
def settings_on(engine: Engine, repository: str) -> Iterator[Mapping[str, str]]:
    """Run a registry, and yield the settings of a platform on the engine.

    What is made in temporary folders until the end lies below /var/tmp: a container has a /tmp of its own, and no code
    below it can be in an image.
    """
    before, tempfile.tempdir = tempfile.tempdir, "/var/tmp"  # noqa: S108 - its files are made by tempfile
    try:
        with tempfile.TemporaryDirectory() as folder, running_registry(Path(folder)) as registry:
            auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            (Path(folder) / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
            yield {
                "PATH": f"{cosign().parent}:{os.environ['PATH']}",
                "ODOOOPS_DOCKER_ENGINE": engine.url,
                "ODOOOPS_DOCKER_IMAGE": engine.image,
                "ODOOOPS_IMAGE_REGISTRY": f"{registry.host}/{repository}",
                "ODOOOPS_REGISTRY_LOGIN": folder,
                **_keys(folder),
            }
    finally:
        tempfile.tempdir = before


def _keys(folder: str) -> dict[str, str]:
    """Make a pair of keys in the folder, and return the settings that name them."""
    env = {"PATH": os.environ["PATH"], "HOME": folder, "COSIGN_PASSWORD": _PASSWORD}
    subprocess.run([cosign(), "generate-key-pair"], cwd=folder, env=env, check=True, capture_output=True)
    return {
        "ODOOOPS_COSIGN_KEY": f"{folder}/cosign.key",
        "ODOOOPS_COSIGN_PASSWORD": _PASSWORD,
        "ODOOOPS_COSIGN_PUBLIC_KEY": f"{folder}/cosign.pub",
    }
