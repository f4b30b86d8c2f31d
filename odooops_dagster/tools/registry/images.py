"""Makes images of folders by a Docker engine, and pushes them: one layer on another, each made once by its name.

A layer is made in a container that never starts: no line of a Dockerfile runs, and nothing of a project is executed.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from odooops_dagster.errors import BadInput, StepFailed, Unavailable
from odooops_dagster.tools.registry.layer import Layer

# Local names of layers: what is built once is found again.
LAYERS = "odooops/layer"
LABEL = "odooops.layer"  # by which they can be removed
_CALL_SECONDS = 600
_OWN_FOLDERS = ("/tmp", "/dev", "/proc", "/sys", "/run")  # noqa: S108 - a container's
_CONFLICT = 409  # a container is made of the image
_PIECE = 256 * 1024
# The last line of a push, of Docker and of Podman: the latter has no `aux`.
_PUSHED = re.compile(r": digest: (?P<digest>sha256:[0-9a-f]{64}) size: \d+$")


class Engine:
    """An engine that makes images and pushes them.

    Args:
        url: the URL of its API.
        login: the folder with the config.json that `docker login` wrote; None is that of the account.
    """

    def __init__(self, url: str, *, login: Path | None = None) -> None:
        self._client = docker.DockerClient(base_url=url, timeout=_CALL_SECONDS)
        if login is not None:
            self._client.api.reload_config(str(login / "config.json"))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def identity(self, image: str) -> str:
        """Return the digest of an image that the engine has.

        Raises:
            Unavailable: it has none of that name, or does not answer.
        """
        with _translated():
            return str(self._client.images.get(image).id)

    def own_folders(self) -> tuple[str, ...]:
        """Return the folders that every container has of its own, so that nothing of an image is seen there."""
        with _translated():
            return (*_OWN_FOLDERS, *(["/var/tmp"] if is_podman(self._client) else []))  # noqa: S108 - a container's

    def read(self, image: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of files of an image, by their absolute paths; of a folder, all files in it.

        A path that the image has not is left out, as is one that is a link.
        """
        with _translated():
            container = self._client.containers.create(image, command=["true"], network_mode="none")
            try:
                return {name: data for path in paths for name, data in _files_in(container, path)}
            finally:
                container.remove(force=True, v=True)

    def has(self, layer: Layer) -> bool:
        """Return whether the engine has the image that ends with this layer."""
        with _translated(), suppress(ImageNotFound):
            self._client.images.get(_name(layer))
            return True
        return False

    def stack(self, base: str, layers: tuple[Layer, ...]) -> str:
        """Return the local name of the image with these layers on the base; layers that are there are not made again.

        Raises:
            Unavailable: the engine has no base, or does not answer.
        """
        image = base
        with _translated():
            for layer in layers:
                image = self._layer(image, layer)
        return image

    def push(self, image: str, repository: str, tags: tuple[str, ...]) -> str:
        """Push the image under the tags, and return it as `repository@sha256:...`.

        Raises:
            StepFailed: the registry refused, or got the tags with different digests.
        """
        with _translated():
            found = self._client.images.get(image)
            digests = set()
            for tag in tags:
                found.tag(repository, tag)
                digests.add(self._push(repository, tag))
        if len(digests) != 1:
            raise StepFailed(f"the tags of {repository} have several digests: {', '.join(sorted(digests))}")
        return f"{repository}@{digests.pop()}"

    def push_again(self, layer: Layer, repository: str, tags: tuple[str, ...]) -> None:
        """Push the image that ends with a layer, which is there already, under other tags."""
        if tags:
            self.push(_name(layer), repository, tags)

    def remove(self, image: str, layers: Sequence[str]) -> list[str]:
        """Remove an image's names, then those of its layers; return the names that stay because something runs of them.

        Args:
            image: the image by its digest.
            layers: the names of layers that no other image has, the highest first.
        """
        repository = image.partition("@")[0]
        stay: list[str] = []
        with _translated():
            names = [f"{LAYERS}:{layer}" for layer in layers]
            with suppress(ImageNotFound):
                found = self._client.images.get(image)
                # by what it is: a tag such as the day's may be another image's now
                ours = [*found.tags, *found.attrs.get("RepoDigests", ())]
                names = [*(name for name in ours if name.startswith((f"{repository}:", f"{repository}@"))), *names]
            for name in names:
                try:
                    self._client.images.remove(name)
                except ImageNotFound:
                    continue
                except APIError as exc:
                    if exc.status_code != _CONFLICT:
                        raise
                    stay.append(name)
        return stay

    def layer_names(self) -> set[str]:
        """Return the names of all layers that the engine has, ours and those of other platforms."""
        with _translated():
            images = self._client.images.list(name=LAYERS)
        return {tag.partition(":")[2] for image in images for tag in image.tags if tag.startswith(f"{LAYERS}:")}

    def _layer(self, below: str, layer: Layer) -> str:
        if self.has(layer):
            return _name(layer)
        container = self._client.containers.create(below, command=["true"], network_mode="none")
        try:
            with _archive(layer) as pieces:
                container.put_archive("/", pieces)
            changes = [f'LABEL "{key}"="{value}"' for key, value in {LABEL: "1", **layer.labels}.items()]
            container.commit(repository=LAYERS, tag=layer.name, changes=changes)
        finally:
            container.remove(force=True, v=True)
        return _name(layer)

    def _push(self, repository: str, tag: str) -> str:
        digest = ""
        for line in self._client.api.push(repository, tag=tag, stream=True, decode=True):
            if "error" in line:
                raise StepFailed(
                    f"the registry refused {repository}:{tag}: {line['error']}", hint="docker login as who may push"
                )
            if found := _PUSHED.search(line.get("status", "")):
                digest = found["digest"]
        if not digest:
            raise StepFailed(f"the engine told no digest of {repository}:{tag}", hint="see the engine's log")
        return digest


def is_podman(client: docker.DockerClient) -> bool:
    """Return whether the engine is Podman, which answers the same API. Source: its "Version", `Components`."""
    return any(each["Name"] == "Podman Engine" for each in client.version().get("Components", ()))


def _files_in(container: Container, path: str) -> Iterator[tuple[str, bytes]]:
    try:
        pieces, _ = container.get_archive(path)
    except NotFound:
        return
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as tar:
        for member in tar:
            found = tar.extractfile(member) if member.isfile() else None
            if found is not None:
                yield str(Path(path).parent / member.name), found.read()


def _name(layer: Layer) -> str:
    return f"{LAYERS}:{layer.name}"


@contextmanager
def _archive(layer: Layer) -> Iterator[Iterator[bytes]]:
    """Yield the pieces of a tar of the layer's paths, all of root; a fault of reading is raised at the end.

    Raises:
        BadInput: a path stands at a place that a tar would not name as it is.
    """
    _refuse_strange(layer)
    reading, writing = os.pipe()
    faults: list[BaseException] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe, tarfile.open(mode="w|", fileobj=pipe) as tar:
                inside = [PurePosixPath("/") / path.relative_to(layer.root) for path in layer.paths]
                places = [*inside, *(place for _, place in layer.placed)]
                for folder in sorted({parent for place in places for parent in place.parents} - {PurePosixPath("/")}):
                    tar.addfile(_folder(folder))
                for path, place in zip(layer.paths, inside, strict=True):
                    tar.add(path, arcname=str(place), filter=_owned)
                for path, place in layer.placed:
                    tar.add(path, arcname=str(place), filter=_readable)
        except BaseException as exc:  # noqa: BLE001 - raised by the caller's thread
            faults.append(exc)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    with os.fdopen(reading, "rb") as pipe:
        yield iter(lambda: pipe.read(_PIECE), b"")
    writer.join()
    if faults:
        raise faults[0]


def _refuse_strange(layer: Layer) -> None:
    """Refuse a place that is not below the root as it is written; a tar ends a name at a NUL."""
    for _, place in layer.placed:
        text = str(place)
        is_below = place.is_absolute() and len(place.parts) > 1 and not text.startswith("//")
        if not is_below or ".." in place.parts or not text.isprintable():
            raise BadInput(f"{text!r} is no place in an image", hint="correct the COPY and push again")


def _folder(path: PurePosixPath) -> tarfile.TarInfo:
    """Return a folder on the way to one: anybody may pass, as every environment has its own account."""
    info = tarfile.TarInfo(str(path).lstrip("/"))
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info


def _owned(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _readable(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Return an entry that every account can read and none can write; neither a link nor what is git's own."""
    if info.issym() or ".git" in PurePosixPath(info.name).parts:
        return None
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    return _owned(info)


@contextmanager
def _translated() -> Iterator[None]:
    """Translate the errors of Docker's library."""
    try:
        yield
    except ImageNotFound as exc:
        raise Unavailable(f"the engine has no such image: {exc.explanation}", hint="docker pull it") from exc
    except APIError as exc:
        raise Unavailable(f"the Docker engine refused: {exc.explanation or exc}", hint="docker info") from exc
    except (DockerException, requests.RequestException) as exc:
        raise Unavailable("the Docker engine does not answer", hint="start it, or set ODOOOPS_DOCKER_ENGINE") from exc
