"""What a Docker Swarm service of an environment is made of: the same confinement as containers.py, on any node.

Nothing of the platform's machine is mounted: files go as secrets and configs, the environment's folders as volumes that
every node has, and sockets are led across a network of the environment's own by relay.py. What a service cannot have
is not left out where it holds pushed code in: it is done by the first process, or the environment is refused. Sources:
the API's reference, version 1.41, "ServiceCreate"; "Manage sensitive data with Docker secrets" of its documentation.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Sandbox, Service
from odooops_dagster.tools.runtime import containers, launch, relay

_HTTP, _BUS_HTTP = 8069, 8072
# A folder that every container gets as files: the launcher of Odoo has some ten small ones. Source: "configs", 1000 kB.
_MOST_FILES, _MOST_BYTES = 64, 500_000
_HOSTS = "/etc/hosts"
# What the environment's own name server answers for others: nobody listens there. An engine before 23.0.11 asks the
# node's name servers for any name otherwise, which is a way out (CVE-2024-29018).
# Programs give up soon.
_NO_RESOLVER = {"Nameservers": ["127.0.0.1"], "Options": ["timeout:1", "attempts:1"]}
_GATE_MB = 128
# What proves to the gate when a container was started: a secret for root, as the definition is.
GATE_KEY = f"{containers.INSIDE}/gate.key"


@dataclass(frozen=True, kw_only=True)
class Files:
    """Files of a service by the path inside: what may be known to who may ask the engine, and what may not."""

    configs: Mapping[str, bytes] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where services run and what their nodes share; `volume` has options of a driver with {path} in them."""

    constraints: tuple[str, ...] = ()
    driver: str = "local"
    volume: str = ""


def files_of(service: Service, definition: Path) -> Files:
    """Return the files that the service's container gets; `definition` is the launcher's, which has its secrets.

    Raises:
        BadInput: its code is in folders of this machine, which another node has not.
    """
    box = containers.sandbox_of(service)
    code = [*containers.LAUNCHER, Path(relay.__file__).resolve()]
    configs = {f"{containers.INSIDE}/{each.name}": each.read_bytes() for each in code}
    secrets = {containers.DEFINITION: definition.read_bytes()}
    for place in box.readable:
        if place.is_dir():
            configs |= _small(place)
        else:
            secrets[str(place)] = place.read_bytes()
    return Files(configs=configs, secrets=secrets)


def _small(folder: Path) -> dict[str, bytes]:
    found = [each for each in sorted(folder.rglob("*")) if each.is_file() and "__pycache__" not in each.parts]
    if len(found) > _MOST_FILES or sum(each.stat().st_size for each in found) > _MOST_BYTES:
        raise BadInput(
            f"{folder} is on this machine alone, and a service may run on another one",
            hint="set ODOOOPS_IMAGE_REGISTRY, so that the code is in an image",
        )
    return {str(each): each.read_bytes() for each in found}


def service_task(
    service: Service, *, image: str, placement: Placement, files: Sequence[Mapping[str, Any]], networks: Sequence[str]
) -> dict[str, Any]:
    """Return the task template of the environment's service.

    Args:
        service: the service.
        image: the image by its digest.
        placement: where it may run.
        files: references to its secrets and configs, as `references` returns them.
        networks: its networks; the first one is that of the gate.

    Raises:
        BadInput: it has no sandbox, or its folders are on no volume.
    """
    box = containers.sandbox_of(service)
    outside = _folders(box)
    definition = {"key": GATE_KEY, "gate": gate_name(service.name), "folders": list(outside), "listen": _ports(service)}
    launcher = ["python3", "-I", "-S", f"{containers.INSIDE}/{Path(launch.__file__).name}", containers.DEFINITION]
    relayed = f"{containers.INSIDE}/{Path(relay.__file__).name}"
    container = _container(image, kind="service", name=service.name) | {
        "Command": ["python3", "-I", "-S", relayed, "inside", json.dumps(definition)],
        "Args": launcher,
        "CapabilityAdd": [f"CAP_{each}" for each in containers.LAUNCHER_MAY],
        "Hosts": _hosts(box),
        "Mounts": [*_volumes(service.name, box, placement), *_in_memory(box, outside)],
        "Healthcheck": {
            "Test": containers.HEALTH["test"],
            "Interval": containers.HEALTH["interval"],
            "Timeout": containers.HEALTH["timeout"],
            "StartPeriod": containers.HEALTH["start_period"],
            "Retries": containers.HEALTH["retries"],
        },
        **_split(files),
    }
    limits = containers.limits_of(box.limits, service.share)
    container["Ulimits"] = limits["ulimits"]
    if not box.shares_network:
        container["DNSConfig"] = _NO_RESOLVER
    bounds = {
        "Pids": limits.get("pids_limit", 0) + 2 if limits.get("pids_limit") else 0,  # the relay and its watcher
        "NanoCPUs": limits.get("nano_cpus", 0),
        "MemoryBytes": (service.share.memory_mb if service.share else 0) * 1024**2,
    }
    return _task(container, bounds, constraints=placement.constraints, networks=networks)


def gate_task(
    service: Service, *, image: str, sockets: Path, node: str, files: Sequence[Mapping[str, Any]], network: str
) -> dict[str, Any]:
    """Return the task template of the environment's gate, on this machine's node.

    Args:
        service: the environment's service.
        image: an image with Python, which this node has.
        sockets: the folder of the service's sockets, where the router asks.
        node: the id of this machine's node.
        files: as of the service.
        network: the environment's network.
    """
    outside = _folders(containers.sandbox_of(service))
    # The server of databases has a folder of its own account's, which the gate enters and cannot read.
    known = [sorted(each.name for each in path.iterdir() if each.is_socket()) for path in outside.values()]
    definition = {"key": GATE_KEY, "folders": list(outside), "known": known, "listen": _ports(service)}
    mounts = [_bind(path, inside, writable=False) for inside, path in outside.items()]
    container = _container(image, kind="gate", name=service.name) | {
        "Command": ["python3", "-I", "-S", f"{containers.INSIDE}/{Path(relay.__file__).name}"],
        "Args": ["gate", json.dumps(definition)],
        "Mounts": [*mounts, _bind(sockets, containers.LISTEN, writable=True)],
        "DNSConfig": _NO_RESOLVER,
        **_split(files),
    }
    bounds = {"Pids": 64, "MemoryBytes": _GATE_MB * 1024**2, "NanoCPUs": 0}
    return _task(container, bounds, constraints=(f"node.id=={node}",), networks=(network,))


def gate_name(name: str) -> str:
    """Return the name of the gate of a service."""
    return f"{containers.LABEL}-{name}-gate"


def digest_of(service: Service, *, image: str, placement: Placement, files: Files, encrypted: bool, key: bytes) -> str:
    """Return what tells the task of a service from that of another definition, placement, secret or version of ours.

    Whoever may ask the engine reads it: with a key that nobody else has, it tells nothing of the secrets.
    """
    task = service_task(service, image=image, placement=placement, files=(), networks=())
    code = {path: hashlib.sha256(data).hexdigest() for path, data in files.configs.items()}
    secrets = {path: hashlib.sha256(data).hexdigest() for path, data in files.secrets.items()}
    told = json.dumps([task, code, secrets, encrypted], sort_keys=True)
    return hmac.new(key, told.encode(), "sha256").hexdigest()


def _container(image: str, *, kind: str, name: str) -> dict[str, Any]:
    return {
        "Image": image,
        "Hostname": "sandbox",
        "User": "0:0",
        "Dir": "/",
        "ReadOnly": True,
        "CapabilityDrop": ["ALL"],
        "Labels": {f"{containers.LABEL}.kind": kind, f"{containers.LABEL}.name": name},
        "StopGracePeriod": int(launch.GRACE_SECONDS + 5) * containers.NANOSECONDS,
    }


def _task(
    container: dict[str, Any], bounds: Mapping[str, int], *, constraints: Sequence[str], networks: Sequence[str]
) -> dict[str, Any]:
    return {
        "ContainerSpec": container,
        "Resources": {"Limits": {key: value for key, value in bounds.items() if value}},
        "RestartPolicy": {"Condition": "any", "Delay": containers.NANOSECONDS},
        "Placement": {"Constraints": list(constraints)},
        "LogDriver": {"Name": "json-file", "Options": containers.LOG_OPTIONS},
        "Networks": [{"Target": each} for each in networks],
    }


def _split(files: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    return {
        "Secrets": [each for each in files if "SecretID" in each],
        "Configs": [each for each in files if "ConfigID" in each],
    }


def _folders(box: Sandbox) -> dict[str, Path]:
    """Return the folders of sockets on the platform's machine, by the path inside."""
    return {inside: path for inside, path in box.mounts.items() if inside != _HOSTS}


def _hosts(box: Sandbox) -> list[str]:
    """Return the lines of the file of names, without comments."""
    if _HOSTS not in box.mounts:
        return []
    lines = [line.partition("#")[0].split() for line in box.mounts[_HOSTS].read_text().splitlines()]
    return [" ".join(words) for words in lines if len(words) > 1 and words[1:] != ["localhost"]]


def _ports(service: Service) -> dict[str, int]:
    bus = {} if service.bus is None else {f"{containers.LISTEN}/{containers.BUS}": _BUS_HTTP}
    return {f"{containers.LISTEN}/{containers.SOCKET}": _HTTP, **bus}


def _volumes(name: str, box: Sandbox, placement: Placement) -> list[dict[str, Any]]:
    """Return the environment's folders as volumes, which each node makes of the same options."""
    if not placement.volume:
        raise BadInput(
            f"{name} keeps files, and no volume is named that every node has",
            hint="set ODOOOPS_SWARM_VOLUME, such as type=nfs,o=addr=10.0.0.5,device=:{path}",
        )
    mounts = []
    for folder in box.writable:
        options = dict(word.split("=", 1) for word in _words(placement.volume.replace("{path}", str(folder))))
        made = hashlib.sha256(json.dumps([placement.driver, options]).encode()).hexdigest()[:16]
        driver = {"Name": placement.driver, "Options": options}
        volume = {"NoCopy": True, "DriverConfig": driver, "Labels": {f"{containers.LABEL}.name": name}}
        source = f"{containers.LABEL}-{name}-{made}"
        mounts.append({"Type": "volume", "Source": source, "Target": str(folder), "VolumeOptions": volume})
    return mounts


def _words(options: str) -> list[str]:
    """Split options at semicolons if there are any, else at commas: `o=addr=…,rw` has some of its own."""
    words = [word.strip() for word in options.split(";" if ";" in options else ",")]
    if not all("=" in word for word in words):
        raise BadInput(f"{options!r} names no options of a volume", hint="write NAME=VALUE;NAME=VALUE")
    return words


def _in_memory(box: Sandbox, outside: Mapping[str, Path]) -> list[dict[str, Any]]:
    size = box.limits.memory_files_mb * 1024**2
    own = [_tmpfs(path, size=size, mode=0o1777) for path in ("/tmp", "/dev/shm")]  # noqa: S108 - its own
    sockets = [_tmpfs(inside, size=1024**2, mode=0o755) for inside in outside]
    return [*own, *sockets, _tmpfs(containers.LISTEN, size=1024**2, mode=0o700)]


def _tmpfs(path: str, *, size: int, mode: int) -> dict[str, Any]:
    return {"Type": "tmpfs", "Target": path, "TmpfsOptions": {"Mode": mode, **({"SizeBytes": size} if size else {})}}


def _bind(path: Path, inside: str, *, writable: bool) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(path), "Target": inside, "ReadOnly": not writable}
