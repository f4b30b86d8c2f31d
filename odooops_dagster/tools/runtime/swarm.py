"""Runs services as Docker Swarm services, which the swarm keeps on any of its nodes; jobs stay containers of this one.

The swarm schedules: this file says what has to run, and reads what does. A service has a gate on this machine's node,
by which it reaches its database and the router reaches it, and a network of both alone (relay.py). Its keeper:

    python -m odooops_dagster.tools.runtime.swarm --root DIR --engine URL --image IMAGE
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any

from docker.errors import APIError, NotFound

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import locked, write_whole
from odooops_dagster.model import Service, ServiceStatus
from odooops_dagster.tools.runtime import Beside
from odooops_dagster.tools.runtime.containers import LABEL, sandbox_of
from odooops_dagster.tools.runtime.definitions import checked_name
from odooops_dagster.tools.runtime.docker import DockerRuntime, keep, keeper_options
from odooops_dagster.tools.runtime.launch import GRACE_SECONDS
from odooops_dagster.tools.runtime.swarm_services import (
    GATE_KEY,
    Files,
    Placement,
    digest_of,
    files_of,
    gate_name,
    gate_task,
    service_task,
)
from odooops_dagster.tools.runtime.swarm_tasks import state_of

_DIGEST = f"{LABEL}.digest"
# A task in one of these states does nothing any more. Source: "Swarm task states" of Docker's documentation.
_ENDED = frozenset({"complete", "shutdown", "failed", "rejected", "remove", "orphaned"})
_END_SECONDS = GRACE_SECONDS + 30
_LOOK_SECONDS = 0.2
_AT_ONCE = 8
_LONGEST_NAME = 63


class SwarmRuntime(DockerRuntime):
    """A runtime whose services are the swarm's.

    Args:
        root, engine, image, login, key: as of the runtime of containers; the engine is a manager of the swarm.
        placement: where services run, and what their nodes share.
        encrypted: whether what passes between nodes is encrypted.
    """

    def __init__(
        self,
        root: Path,
        *,
        engine: str,
        image: str,
        login: Path | None = None,
        key: Path | None = None,
        placement: Placement | None = None,
        encrypted: bool = True,
    ) -> None:
        super().__init__(root, engine=engine, image=image, login=login, key=key)
        self._placement = placement or Placement()
        self._encrypted = encrypted

    def resume(self) -> list[ServiceStatus]:
        """Scale every service to one that ran when the platform ended."""
        with self._translated():
            self._remove_stale_jobs()
            for each in self._services({}):
                self._scale(each, 1)
        return self.status()

    def shut_down(self) -> None:
        """Scale every service to none and wait for its end; `resume` starts those that ran."""
        with self._translated(), ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._end, self._services({"kind": "service"})))
            list(pool.map(self._end, self._services({"kind": "gate"})))

    def start(self, service: Service) -> ServiceStatus:
        """Run the service with exactly this definition; replace a service of the same name."""
        with self._locked(service.name), self._translated():
            found = self._service(service.name)
            if found is None or self._get(service.name) != service or not self._is_of(found, service):
                self._remove_container(service.name)
                self._run(service)
            else:
                for each in self._services({"name": service.name}):
                    self._scale(each, 1)
            return self._status(service.name)

    def attach(self, name: str, command: Beside) -> int:
        """Refuse: the engine of the node where it runs does it."""
        with self._translated():
            tasks = self._tasks_of(checked_name(name))
        node = str(tasks[0].get("NodeID", "")) if tasks else ""
        service = self._get(name)
        if service is None or not node:
            raise Unavailable(f"the swarm has no task of {name}", hint="ops env list")
        del command  # its arguments are for a container that only that node's engine knows
        account = sandbox_of(service).uid  # the container's own user is root, for its launcher
        hint = f"docker exec --user {account}:{account} on node {node}, in the container of service {LABEL}-{name}"
        raise Unavailable("a terminal in a container is the engine's to open", hint=hint)

    def logs(self, name: str, *, tail: int = 200) -> list[str]:
        """Return the last lines the service wrote, oldest first; an empty list for an unknown service."""
        with self._translated():
            found = self._service(checked_name(name))
            if found is None:
                return []
            chunks = self._api.service_logs(found["ID"], stdout=True, stderr=True, tail=tail)
            written = b"".join(chunks)
        return written.decode("utf-8", errors="replace").splitlines()[-tail:]

    def require_manager(self) -> None:
        """Raise Unavailable unless the engine is a manager of a swarm."""
        with self._translated():
            swarm = self._client.info()["Swarm"]
        if not swarm.get("ControlAvailable"):
            raise Unavailable(f"the engine {self._engine} manages no swarm", hint="docker swarm init")

    # Services

    def _run(self, service: Service) -> None:
        """Write the service's definition, and make its network, its files, its gate and itself, in this order."""
        sockets = self._prepare(service)
        files = files_of(service, self._definition(service.name))
        image = self._image_of(service)
        labels = self._labels(service.name) | {_DIGEST: self._digest(service, image, files)}
        networks = self._networks(service)
        told = [self._config(path, data) for path, data in files.configs.items()]
        secret = [self._secret(service, path, data) for path, data in files.secrets.items()]
        proves = self._secret(service, GATE_KEY, hmac.digest(own_key(self._root), service.name.encode(), "sha256"))
        node = str(self._client.info()["Swarm"]["NodeID"])
        gate = gate_task(
            service,
            image=self._image,
            sockets=sockets,
            node=node,
            files=[*_of_launcher(told), proves],
            network=networks[0],
        )
        self._create_service(gate_name(service.name), gate, labels | {f"{LABEL}.kind": "gate"})
        task = service_task(
            service, image=image, placement=self._placement, files=[*told, *secret, proves], networks=networks
        )
        self._create_service(_name(service.name), task, labels | {f"{LABEL}.kind": "service"})

    def _create_service(self, name: str, task: Mapping[str, Any], labels: Mapping[str, str]) -> None:
        self._api.create_service(
            dict(task),
            name=name,
            labels=dict(labels),
            mode={"Replicated": {"Replicas": 1}},
            # No virtual address: a name leads to the task itself, and needs nothing of the kernel's load balancer.
            endpoint_spec={"Mode": "dnsrr"},
        )

    def _is_of(self, found: Mapping[str, Any], service: Service) -> bool:
        """Return whether the swarm runs what this version of ours would run."""
        files = files_of(service, self._definition(service.name))
        image = self._name_of_image(service)
        return bool(found["Spec"]["Labels"].get(_DIGEST) == self._digest(service, image, files))

    def _digest(self, service: Service, image: str, files: Files) -> str:
        placement, key = self._placement, own_key(self._root)
        return digest_of(service, image=image, placement=placement, files=files, encrypted=self._encrypted, key=key)

    def _status(self, name: str) -> ServiceStatus:
        service, found = self._get(name), self._service(name)
        if service is None:
            return ServiceStatus(name=name, state="absent")
        if found is None:
            return ServiceStatus(name=name, state="stopped", port=service.port)
        if not _replicas(found):
            return ServiceStatus(name=name, state="stopped", port=service.port, detail="waits for the platform")
        state, detail = state_of(self._tasks_of(name))
        return ServiceStatus(name=name, state=state, port=service.port, detail=detail)

    def _remove_container(self, name: str) -> None:
        """End the service and its gate, and remove all that was made for them."""
        ours = self._services({"name": checked_name(name)})
        for each in sorted(ours, key=lambda one: one["Spec"]["Labels"][f"{LABEL}.kind"], reverse=True):
            self._end(each)  # the service first: it writes to its database until it has ended
            with suppress(NotFound):
                self._api.remove_service(each["ID"])
        for secret in self._api.secrets(filters=self._filter({"name": name})):
            self._removed(self._api.remove_secret, secret["ID"])
        for network in self._api.networks(filters=self._filter({"name": name})):
            self._removed(self._api.remove_network, network["Id"])

    def _removed(self, remove: Callable[[str], object], what: str) -> None:
        """Remove what a service uses that is just going."""
        until = time.monotonic() + _END_SECONDS
        while True:
            try:
                remove(what)
            except NotFound:
                return
            except APIError:
                if time.monotonic() > until:
                    raise
                time.sleep(_LOOK_SECONDS)
            else:
                return

    def _end(self, found: Mapping[str, Any]) -> None:
        """Scale to none, and wait until no node that answers has a task at work.

        A task on a node that is gone cannot be waited for. Its gate ends with it, and so does its way to the database.
        """
        self._scale(found, 0)
        until = time.monotonic() + _END_SECONDS
        while self._at_work(found["ID"]):
            if time.monotonic() > until:
                raise Unavailable(f"{found['Spec']['Name']} does not end", hint="docker service ps shows why")
            time.sleep(_LOOK_SECONDS)

    def _at_work(self, service: str) -> bool:
        tasks = self._api.tasks(filters={"service": service})
        busy = [each for each in tasks if each["Status"]["State"] not in _ENDED and each.get("NodeID")]
        if not busy:
            return False
        ready = {each["ID"] for each in self._api.nodes() if each["Status"]["State"] == "ready"}
        return any(each["NodeID"] in ready for each in busy)

    def _scale(self, found: Mapping[str, Any], replicas: int) -> None:
        """Set how many tasks the service has, by the specification that the swarm has now."""
        with suppress(NotFound):
            for _ in range(5):  # another program may have changed it between
                now = self._api.inspect_service(found["ID"])
                if _replicas(now) == replicas:
                    return
                spec = {**now["Spec"], "Mode": {"Replicated": {"Replicas": replicas}}}
                with suppress(APIError):
                    self._update(now["ID"], now["Version"]["Index"], spec)
                    return
            raise Unavailable(f"{found['Spec']['Name']} cannot be scaled", hint="docker service ps shows why")

    def _update(self, service: str, version: int, spec: Mapping[str, Any]) -> None:
        self._api.update_service(
            service,
            version,
            task_template=dict(spec["TaskTemplate"]),
            name=spec["Name"],
            labels=spec["Labels"],
            mode=spec["Mode"],
            endpoint_spec=spec["EndpointSpec"],
        )

    # What services are made of

    def _networks(self, service: Service) -> list[str]:
        """Make the network of the service and its gate, and for one that may reach others a second one."""
        box, networks = service.sandbox, []
        options = {"encrypted": ""} if self._encrypted else {}
        wanted = [(_name(service.name), True)]
        wanted += [(f"{_name(service.name)}-out", False)] if box is not None and box.shares_network else []
        for name, internal in wanted:
            made = self._api.create_network(
                name, driver="overlay", internal=internal, options=options, labels=self._labels(service.name)
            )
            networks.append(str(made["Id"]))
        return networks

    def _config(self, path: str, data: bytes) -> dict[str, Any]:
        """Return the reference to a file that services share; it is made once by its content."""
        name = f"{LABEL}-{hashlib.sha256(data).hexdigest()[:40]}"
        found = self._api.configs(filters={"name": [name]})
        ids = [each["ID"] for each in found if each["Spec"]["Name"] == name]
        if not ids:
            with suppress(APIError):  # another program made it just now
                self._api.create_config(name, data, labels={LABEL: "code"})
            ids = [each["ID"] for each in self._api.configs(filters={"name": [name]})]
        return {"ConfigID": ids[0], "ConfigName": name, "File": _file(path, mode=0o444)}

    def _secret(self, service: Service, path: str, data: bytes) -> dict[str, Any]:
        """Return the reference to a new secret, which nodes have in memory while they run the service."""
        name = f"{LABEL}-{service.name[:40]}-{token_hex(8)}"
        made = self._api.create_secret(name, data, labels=self._labels(service.name))
        owner = 0 if path.startswith("/run/odooops/") or service.sandbox is None else service.sandbox.uid or 0
        return {"SecretID": made["ID"], "SecretName": name, "File": _file(path, mode=0o400, uid=owner)}

    @property
    def _api(self) -> Any:  # noqa: ANN401 - the library's own types know no part of the swarm
        return self._client.api

    def _labels(self, name: str) -> dict[str, str]:
        return {f"{LABEL}.root": str(self._root), f"{LABEL}.name": name}

    def _filter(self, more: Mapping[str, str]) -> dict[str, list[str]]:
        asked = {f"{LABEL}.root": str(self._root)} | {f"{LABEL}.{key}": value for key, value in more.items()}
        return {"label": [f"{key}={value}" for key, value in asked.items()]}

    def _services(self, more: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return our services with these labels."""
        return list(self._api.services(filters=self._filter(more)))

    def _service(self, name: str) -> dict[str, Any] | None:
        found = self._services({"name": name, "kind": "service"})
        if not found:
            with suppress(NotFound):
                self._api.inspect_service(_name(name))
                raise Unavailable(f"the service {_name(name)} is another platform's", hint="docker service ls")
        return found[0] if found else None

    def _tasks_of(self, name: str) -> list[dict[str, Any]]:
        """Return the tasks of the service, the newest first."""
        found = self._service(name)
        tasks = [] if found is None else self._api.tasks(filters={"service": found["ID"]})
        return sorted(tasks, key=lambda task: str(task["CreatedAt"]), reverse=True)


def own_key(root: Path) -> bytes:
    """Return what the platform with this folder alone knows; without the file every service is made anew."""
    place = root / "swarm.key"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(place.with_suffix(".lock")):
        if not place.exists():
            write_whole(place, token_bytes(32))
        return place.read_bytes()


def _name(name: str) -> str:
    return f"{LABEL}-{name}"[:_LONGEST_NAME]


def _replicas(found: Mapping[str, Any]) -> int:
    return int(found["Spec"]["Mode"]["Replicated"].get("Replicas", 0))


def _file(path: str, *, mode: int, uid: int = 0) -> dict[str, Any]:
    return {"Name": path, "UID": str(uid), "GID": str(uid), "Mode": mode}


def _of_launcher(told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the files that the gate needs: the platform's, not those of Odoo's launcher."""
    return [each for each in told if each["File"]["Name"].startswith("/run/odooops/")]


def main() -> None:
    """Keep the services of --root running while we run."""
    options = keeper_options("odooops_dagster.tools.runtime.swarm").parse_args()
    keep(SwarmRuntime(options.root, engine=options.engine, image=options.image))


if __name__ == "__main__":
    main()
