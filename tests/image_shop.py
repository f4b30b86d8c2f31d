"""What tests of images share: a registry with its login, keys of cosign, and a commit whose folders become an image."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from odooops_dagster.tools.registry.cosign import Signer
from odooops_dagster.tools.registry.images import Engine as Images
from odooops_dagster.tools.registry.layer import Layer
from odooops_dagster.tools.runtime.docker import DockerRuntime
from tests.debian_programs import cosign
from tests.docker_engine import IMAGE, Engine
from tests.registries import PASSWORD, USER, Registry

SECRET = "difference engine"


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    """Return the folder that `docker login` would have written."""
    folder = tmp_path_factory.mktemp("login")
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
    return folder


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the platform find cosign."""
    monkeypatch.setenv("PATH", f"{cosign().parent}:{os.environ['PATH']}")


def new_key(folder: Path) -> Path:
    """Make a pair of keys, and return the private one; the public one stands beside it."""
    folder.mkdir()
    env = {"PATH": os.defpath, "HOME": str(folder), "COSIGN_PASSWORD": SECRET}
    argv = [str(cosign()), "generate-key-pair"]
    subprocess.run(argv, cwd=folder, env=env, check=True, capture_output=True)
    return folder / "cosign.key"


@dataclass(frozen=True, kw_only=True)
class Commit:
    """Folders that become an image: packages seldom change, the source does."""

    packages: Path
    source: Path

    def layers(self, version: str) -> tuple[Layer, ...]:
        """Write that version of the source, and return the layers."""
        self.source.joinpath("code").write_text(version)
        return (
            Layer(name=digest_of(self.packages), paths=(self.packages,)),
            Layer(name=digest_of(self.source, version), paths=(self.source,), labels={"version": version}),
        )


def digest_of(*parts: object) -> str:
    """Return the name of a layer that no other test has."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@pytest.fixture
def commit() -> Iterator[Commit]:
    """Yield a commit whose folders lie below one that only root may enter; a container has a /tmp of its own."""
    with TemporaryDirectory(dir="/var/tmp") as closed:
        made = Commit(packages=Path(closed) / "packages", source=Path(closed) / "source")
        for folder in (made.packages, made.source):
            folder.mkdir()
        (made.packages / "name").write_text("packages of")
        yield made


# Returns the runtime, which asks for this key's signature.
Open = Callable[[Path | None], DockerRuntime]


@pytest.fixture
def opened(engine: Engine, login: Path, tmp_path: Path) -> Open:
    """Return what opens a runtime on the engine."""
    return lambda key: DockerRuntime(tmp_path / "runtime", engine=engine.url, image=IMAGE, login=login, key=key)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The platform's side of an engine and of a registry, which it is logged in to."""

    images: Images
    registry: Registry
    login: Path

    def push(self, layers: tuple[Layer, ...], name: str, *tags: str) -> str:
        """Make and push an image, and return it by its digest."""
        return self.images.push(self.images.stack(IMAGE, layers), f"{self.registry.host}/{name}", tags)

    def signer(self, key: Path) -> Signer:
        """Return who signs with the key."""
        return Signer(key=key, password=SECRET, login=self.login)


@pytest.fixture
def shop(engine: Engine, registry: Registry, login: Path) -> Iterator[Shop]:
    """Yield it."""
    images = Images(engine.url, login=login)
    yield Shop(images=images, registry=registry, login=login)
    images.close()
