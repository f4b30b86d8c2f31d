"""Runs services and jobs as containers of a Docker engine on this machine: one per program, built by containers.py.

The engine keeps a service running, also after its own restart. The stack runs a keeper that starts the services which
ran when the platform ended, and stops them when it ends:

    python -m odooops_dagster.tools.runtime.docker --root DIR --engine URL --image IMAGE

DIR contains services/<name>.json: a service's definition, which root alone can read. A service that should run has a
container; one that was stopped has none.
"""

from __future__ import annotations

import argparse
import calendar
import json
import shlex
import shutil
import signal
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from odooops_dagster.errors import BadInput, StepFailed, Unavailable
from odooops_dagster.files import locked, write_whole
from odooops_dagster.model import Job, JobResult, Service, ServiceStatus
from odooops_dagster.tools.registry.cosign import verify
from odooops_dagster.tools.registry.images import is_podman
from odooops_dagster.tools.runtime import Beside, EndIf, OnLine
from odooops_dagster.tools.runtime.containers import (
    BUS,
    LABEL,
    SOCKET,
    as_podman_needs,
    definition_inside,
    job_container,
    memory_reason,
    sandbox_of,
    service_container,
)
from odooops_dagster.tools.runtime.definitions import checked_name
from odooops_dagster.tools.runtime.frames import Frames
from odooops_dagster.tools.runtime.launch import GRACE_SECONDS
from odooops_dagster.tools.runtime.output import Asked, Lines, Output
from odooops_dagster.tools.runtime.removal import remove
from odooops_dagster.tools.runtime.stored import service_of, share_to_json, to_json

_STOP_SECONDS = int(GRACE_SECONDS) + 5
# How long the engine may take for one answer; a stop waits for the service's end.
_CALL_SECONDS = 60
_END_SECONDS = 35.0
# A job's container that is older and does not run was left by a caller that was killed.
_STALE_SECONDS = 600
_AT_ONCE = 8  # how many services are stopped together
_LOCKS = 16  # as of the process runtime
_ALIVE = frozenset({"running", "paused"})


class DockerRuntime:
    """A runtime of containers; the engine keeps them, `root` their definitions.

    Args:
        root: the folder of the definitions, which root alone may enter; it also tells our containers from others'.
        engine: the URL of the engine's API: a Unix socket of this machine, because containers mount its folders.
        image: the image that programs run in: Python, the libraries and the programs that Odoo needs.
        login: the folder with the config.json that `docker login` wrote; None is that of the account.
        key: the public key that signed every image; None runs images that nobody signed.
    """

    def __init__(
        self, root: Path, *, engine: str, image: str, login: Path | None = None, key: Path | None = None
    ) -> None:
        self._root = root.absolute()
        self._engine = engine
        self._image = image
        self._login = login
        self._key = key
        self._trusted: set[str] = set()
        self._opened: docker.DockerClient | None = None

    def resume(self) -> list[ServiceStatus]:
        """Start every service that ran when the platform ended, and remove what killed callers left."""
        with self._translated():
            self._remove_stale_jobs()
            for container in self._containers("service"):
                if container.status not in ("running", "restarting"):
                    container.start()
        return self.status()

    def shut_down(self) -> None:
        """Stop every service; `resume` starts those that ran."""
        with self._translated(), ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda each: each.stop(timeout=_STOP_SECONDS), self._containers("service")))

    def answers(self) -> bool:
        """Return whether the engine answers and has the image."""
        with suppress(Unavailable, BadInput), self._translated():
            self._client.images.get(self._image)
            return True
        return False

    def probe(self, argv: Sequence[str]) -> tuple[str, str]:
        """Return the digest of the image, and what a program of it writes, without its last newline."""
        with self._translated():
            image = self._client.images.get(self._image)
            written = self._client.containers.run(
                image, list(argv), entrypoint="", network_mode="none", read_only=True, cap_drop=["ALL"], remove=True
            )
        return str(image.id), written.decode(errors="replace").strip()

    def execute(self, job: Job, *, on_line: OnLine | None = None, end_if: EndIf | None = None) -> JobResult:
        """Run the job to its end; leave no container, even if we are killed."""
        job.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._translated(), job.log_path.open("ab") as log, self._network_of(job, job.name) as network:
            options = job_container(job, image=self._image_of(job), root=self._root, network=network)
            with self._attached(options) as (container, connection):
                asked = Asked(end_if)
                source = Frames(connection)
                output = Output(source, log=log, lines=Lines(on_line), most_bytes=job.output_mb * 1024**2, asked=asked)
                container.start()
                started = time.monotonic()  # making the container is not the job's time
                _tell(connection, definition_inside(job), name=job.name)
                timed_out = not output.copy(until=started + job.timeout_seconds)
                if timed_out or output.overflowed or asked.reason:
                    _kill(container)
                    output.copy(until=time.monotonic() + _END_SECONDS)
                output.close()
                code = int(container.wait(timeout=_CALL_SECONDS)["StatusCode"])
                container.reload()
                was_full = bool(container.attrs["State"]["OOMKilled"])
        return JobResult(
            exit_status=_exit_status(code),
            timed_out=timed_out,
            seconds=time.monotonic() - started,
            log_path=job.log_path,
            overflowed=output.overflowed,
            ended_for=asked.reason or (memory_reason(job) if was_full and code else ""),
        )

    def start(self, service: Service) -> ServiceStatus:
        """Run the service with exactly this definition; replace a service of the same name."""
        with self._locked(service.name), self._translated():
            container = self._container_of(service.name)
            same = self._get(service.name) == service and self._is_of_image(container, service)
            if container is None or not same or container.status not in ("running", "restarting"):
                self._remove_container(service.name)
                self._run(service)
            return self._status(service.name)

    def stop(self, name: str, *, remove: bool = False) -> ServiceStatus:
        """Stop the service, and delete its definition if `remove`."""
        with self._locked(name), self._translated():
            self._remove_container(name)
            if remove:
                self._forget(name)
            return self._status(name)

    def status(self, name: str | None = None) -> list[ServiceStatus]:
        """Return the state of one service ('absent' when unknown) or of all."""
        names = sorted(path.stem for path in self._definitions.glob("*.json")) if name is None else [checked_name(name)]
        with self._translated():
            return [self._status(each) for each in names]

    def attach(self, name: str, command: Beside) -> int:
        """Refuse: the engine's own command does it."""
        with self._translated():
            service, container = self._get(name), self._container_of(name)
            program = "podman" if self._is_podman else "docker"
        if service is None or container is None:
            raise Unavailable(f"the engine has no container of {name}", hint="ops env list")
        typed = shlex.join(command(service.argv))
        # The container's own user is root, for its launcher; a group that is not named is root's.
        account = sandbox_of(service).uid
        hint = f"{program} exec --user {account}:{account} --interactive --tty {container.name} {typed}"
        raise Unavailable("a terminal in a container is the engine's to open", hint=hint)

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Return the last lines the service wrote, oldest first; an empty list for an unknown service."""
        with self._translated():
            container = self._container_of(checked_name(name))
            written = b"" if container is None else container.logs(tail=tail)
        return written.decode("utf-8", errors="replace").splitlines()[-tail:]

    # Services

    def _run(self, service: Service) -> None:
        """Write the service's definition and run its container."""
        options = service_container(
            service,
            image=self._image_of(service),
            root=self._root,
            network=self._network(service, service.name),
            sockets=self._prepare(service),
            definition=self._definition(service.name),
        )
        self._create(options).start()

    def _prepare(self, service: Service) -> Path:
        """Write the service's definition and lead the router to its sockets; return the folder of these."""
        if service.socket is None:
            raise BadInput(f"{service.name} has no socket", hint="a container is reached by nothing else")
        known = {**to_json(service), "share": share_to_json(service.share)}
        stored = {**definition_inside(service), "service": known}
        self._definitions.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._definition(service.name), json.dumps(stored, indent=1).encode())
        sockets = _sockets_of(service.socket)
        sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Relative: the router sees the folder around both at another place.
        for place, name in ((service.socket, SOCKET), (service.bus, BUS)):
            if place is not None:
                place.unlink(missing_ok=True)
                place.symlink_to(Path(sockets.name) / name)
        return sockets

    def _status(self, name: str) -> ServiceStatus:
        service = self._get(name)
        if service is None:
            return ServiceStatus(name=name, state="absent")
        container = self._container_of(name)
        if container is None:
            return ServiceStatus(name=name, state="stopped", port=service.port)
        state = container.attrs["State"]
        ended_for = memory_reason(service) if state["OOMKilled"] else ""
        if state["Status"] in _ALIVE:
            detail = str(state.get("Health", {}).get("Status", ""))
            return ServiceStatus(
                name=name, state="running", pid=state["Pid"], port=service.port, detail=detail, ended_for=ended_for
            )
        if state["Status"] == "exited" and self._is_ended_by_us(state):
            return ServiceStatus(name=name, state="stopped", port=service.port, detail="waits for the platform")
        detail = state["Error"] or ended_for or f"exit status {state['ExitCode']}"
        return ServiceStatus(name=name, state="failed", port=service.port, detail=detail, ended_for=ended_for)

    @staticmethod
    def _is_ended_by_us(state: dict[str, Any]) -> bool:
        """Return whether the container was stopped; the engine would have started it again otherwise."""
        return not state["Restarting"] and not state["Error"]

    def _remove_container(self, name: str) -> None:
        container = self._container_of(name)
        if container is not None:
            with suppress(NotFound):
                container.stop(timeout=_STOP_SECONDS)
            remove(container)
        self._remove_network(name)

    def _forget(self, name: str) -> None:
        service = self._get(name)
        if service is not None and service.socket is not None:
            for place in (service.socket, service.bus):
                if place is not None:
                    place.unlink(missing_ok=True)
            shutil.rmtree(_sockets_of(service.socket), ignore_errors=True)
        self._definition(name).unlink(missing_ok=True)

    def _get(self, name: str) -> Service | None:
        try:
            stored = json.loads(self._definition(name).read_bytes())
        except FileNotFoundError:
            return None
        return service_of(stored | stored["service"])

    @property
    def _definitions(self) -> Path:
        return self._root / "services"

    def _definition(self, name: str) -> Path:
        return self._definitions / f"{checked_name(name)}.json"

    # Networks: one of its own for a program that may reach others, none for all that may not

    def _network(self, program: Job | Service, name: str) -> str:
        if program.sandbox is None or not program.sandbox.shares_network:
            return "none"
        own = f"{LABEL}-{name}"
        if not self._client.networks.list(names=[f"^{own}$"]):
            self._client.networks.create(own, driver="bridge", labels={f"{LABEL}.root": str(self._root)})
        return own

    @contextmanager
    def _network_of(self, job: Job, name: str) -> Iterator[str]:
        network = self._network(job, name)
        try:
            yield network
        finally:
            if network != "none":
                self._remove_network(name)

    def _remove_network(self, name: str) -> None:
        for network in self._client.networks.list(names=[f"^{LABEL}-{name}$"]):
            with suppress(NotFound):
                network.remove()

    # Containers

    @contextmanager
    def _attached(self, options: dict[str, Any]) -> Iterator[tuple[Container, socket.socket]]:
        """Create the container and connect to its input and output; remove it at the end, running or not."""
        container = self._create(options)
        try:
            raw = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
            try:
                # The library hands out no other way to write to it.
                yield container, raw._sock  # type: ignore[union-attr]  # noqa: SLF001
            finally:
                raw.close()
        finally:
            remove(container)

    def _create(self, options: dict[str, Any]) -> Container:
        return self._client.containers.create(**(as_podman_needs(options) if self._is_podman else options))

    @cached_property
    def _is_podman(self) -> bool:
        return is_podman(self._client)

    def _containers(self, kind: str) -> list[Container]:
        ours: dict[str, str | list[str] | bool] = {"label": [f"{LABEL}.root={self._root}", f"{LABEL}.kind={kind}"]}
        return list(self._client.containers.list(all=True, filters=ours, ignore_removed=True))

    def _container_of(self, name: str) -> Container | None:
        try:
            container = self._client.containers.get(f"{LABEL}-{checked_name(name)}")
        except NotFound:
            return None
        if container.labels.get(f"{LABEL}.root") != str(self._root):
            raise Unavailable(
                f"the container {container.name} is another platform's", hint=f"docker rm {container.name}"
            )
        return container

    # Images

    def _image_of(self, program: Job | Service) -> str:
        """Return the image that the program runs in, once the engine has it and the key's owner has signed it.

        Raises:
            Forbidden: nobody signed it, or another key did.
            BadInput: a key is set, and the image is named by a tag.
        """
        image = self._name_of_image(program)
        if self._key is not None and image not in self._trusted:
            verify(image, key=self._key, login=self._login)
            self._trusted.add(image)
        if "@" in image:  # a tag is what the engine has: pulling it could bring another one
            with suppress(ImageNotFound):
                self._client.images.get(image)
                return image
            self._client.images.pull(image)
        return image

    def _name_of_image(self, program: Job | Service) -> str:
        return (program.sandbox.image if program.sandbox else "") or self._image

    def _is_of_image(self, container: Container | None, service: Service) -> bool:
        if container is None:
            return False
        with suppress(ImageNotFound):
            return bool(container.attrs["Image"] == self._client.images.get(self._name_of_image(service)).id)
        return False

    def _remove_stale_jobs(self) -> None:
        for container in self._containers("job"):
            created = container.attrs["Created"][:19]
            age = time.time() - calendar.timegm(time.strptime(created, "%Y-%m-%dT%H:%M:%S"))
            if container.status != "running" and age > _STALE_SECONDS:
                remove(container)

    @property
    def _client(self) -> docker.DockerClient:
        if self._opened is None:
            if not self._engine.startswith("unix://"):
                raise BadInput(
                    f"the engine {self._engine} is not on this machine", hint="write unix:///run/docker.sock"
                )
            self._opened = docker.DockerClient(base_url=self._engine, timeout=_CALL_SECONDS)
            if self._login is not None:
                self._opened.api.reload_config(str(self._login / "config.json"))
        return self._opened

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate the errors of Docker's library."""
        try:
            yield
        except ImageNotFound as exc:
            raise Unavailable(
                f"the engine has no image {self._image}", hint=f"docker pull {self._image}, or set ODOOOPS_DOCKER_IMAGE"
            ) from exc
        except APIError as exc:
            raise Unavailable(f"the Docker engine refused: {exc.explanation or exc}", hint="docker info") from exc
        except (DockerException, requests.RequestException) as exc:
            raise Unavailable(
                f"the Docker engine at {self._engine} does not answer", hint="start it, or set ODOOOPS_DOCKER_ENGINE"
            ) from exc

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Hold the service's lock, across processes."""
        folder = self._root / "locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder / str(zlib.crc32(checked_name(name).encode()) % _LOCKS)):
            yield


def _tell(connection: socket.socket, definition: dict[str, Any], *, name: str) -> None:
    """Send the definition to the launcher, and leave the connection open: its end would end the job."""
    try:
        connection.sendall(json.dumps(definition).encode() + b"\n")
    except OSError as exc:
        raise StepFailed(f"the launcher of {name} did not start", hint="see its log") from exc


def _kill(container: Container) -> None:
    with suppress(APIError):  # it has just ended
        container.kill()


def _exit_status(code: int) -> int:
    """Return the status as subprocess has it: the launcher tells a signal as a shell does."""
    return -(code - 128) if 128 < code < 128 + signal.NSIG else code


def _sockets_of(place: Path) -> Path:
    """Return the folder of a service's socket, beside the place where the router looks for it."""
    return place.with_suffix(".d")


def main() -> None:
    """Keep the services of --root running while we run."""
    options = keeper_options("odooops_dagster.tools.runtime.docker").parse_args()
    keep(DockerRuntime(options.root, engine=options.engine, image=options.image))


def keeper_options(program: str) -> argparse.ArgumentParser:
    """Return the options of a program that keeps services running."""
    parser = argparse.ArgumentParser(prog=program, description=main.__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder that keeps the services")
    parser.add_argument("--engine", required=True, help="URL of the engine's API")
    parser.add_argument("--image", required=True, help="image that programs run in")
    return parser


def keep(runtime: DockerRuntime) -> None:
    """Start what ran, wait for a signal, and stop everything."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    runtime.resume()
    ended.wait()
    runtime.shut_down()


if __name__ == "__main__":
    main()
