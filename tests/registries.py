"""A real registry of images (distribution), which asks for a name and a password."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.conftest import missing
from tests.debian_programs import debian13

USER, PASSWORD = "ada", "analytical engine"
# As `htpasswd -nB` writes them.
_HTPASSWD = "ada:$2y$05$uHBKVHVUKWnbkd0R9AiP0.tszABi683.COkDHEwO/3UflWvjbhQdG\n"
_LISTENS = re.compile(r"listening on (127\.0\.0\.1:\d+)")
_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry that runs: its host is an address and a port of this machine."""

    host: str

    def tags(self, repository: str) -> list[str]:
        """Return the tags of a repository, sorted."""
        return sorted(self._get(f"{repository}/tags/list")["tags"] or [])

    def manifest(self, repository: str, reference: str) -> dict[str, Any]:
        """Return a manifest or an index by its tag or digest."""
        return self._get(f"{repository}/manifests/{reference}")

    def index(self, repository: str, digest: str) -> list[str]:
        """Return the digests of what an index names: the image first, then its attestations."""
        return [each["digest"] for each in self.manifest(repository, digest)["manifests"]]

    def blob(self, repository: str, digest: str) -> bytes:
        """Return a layer or an attestation."""
        return self._ask(f"{repository}/blobs/{digest}").content

    def _get(self, path: str) -> dict[str, Any]:
        return dict(self._ask(path).json())

    def _ask(self, path: str) -> requests.Response:
        # Without the engine's own kind a registry answers with a manifest of the oldest one, made up from it.
        kinds = ("oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.v2")
        accept = ", ".join(f"application/vnd.{kind}+json" for kind in kinds)
        answer = requests.get(
            f"http://{self.host}/v2/{path}", auth=(USER, PASSWORD), headers={"Accept": accept}, timeout=30
        )
        answer.raise_for_status()
        return answer


@contextmanager
def running_registry(folder: Path) -> Iterator[Registry]:
    """Run a registry that keeps its images in the folder."""
    (folder / "htpasswd").write_text(_HTPASSWD)
    settings = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(folder / "images")}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0"},
        "auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}},
    }
    (folder / "registry.yml").write_text(json.dumps(settings))  # JSON is YAML
    program = debian13("docker-registry") / "usr/bin/docker-registry"
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen([program, "serve", folder / "registry.yml"], stdout=log, stderr=log)
    try:
        yield Registry(host=_host(folder / "registry.log", process))
    finally:
        process.terminate()
        process.wait(30)


def _host(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + _SECONDS
    while not (found := _LISTENS.search(log.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            missing(f"no registry starts on this machine: {log.read_text()[-300:]}")
        time.sleep(0.05)
    return found[1]
