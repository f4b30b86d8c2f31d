"""What a container of a program is made of: the options that hold pushed code in it, and no secret among them.

Its first process is the platform's launcher, as root with four capabilities, which no code of the environment can
reach: it listens at the environment's socket, and becomes the environment's account before it runs the program, which
has no capability, can gain none, and sees what its sandbox names. Secrets come to the launcher by its standard input
(jobs) or in a file that root alone can read (services). Sources: "docker run" of Docker's documentation; the API's
reference, version 1.41, "ContainerCreate".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Job, Limits, Sandbox, Service, Share
from odooops_dagster.tools.runtime import launch, namespaces, shares

# The platform's folder in a container: the launcher, a service's definition, and the folder of its socket.
INSIDE = "/run/odooops"
LAUNCHER = tuple(Path(str(each.__file__)).resolve() for each in (launch, shares, namespaces))
DEFINITION = f"{INSIDE}/definition.json"
LISTEN = f"{INSIDE}/listen"
# The names of a service's sockets in their folder.
SOCKET, BUS = "s", "b"
# Change the account (SETUID, SETGID), give up capabilities for good (SETPCAP), end another account's processes (KILL).
LAUNCHER_MAY = ("SETUID", "SETGID", "SETPCAP", "KILL")
# Five files of ten megabytes hold about a week of a busy preview.
LOG_OPTIONS = {"max-size": "10m", "max-file": "5"}
# As a new login has them. Source: login.defs(5), ENV_PATH.
_PATH = "/usr/local/bin:/usr/bin:/bin"
# Labels: ours begin so, and the folder of a runtime tells its containers from another platform's on the same engine.
LABEL = "odooops"
# Asks Odoo as a person's browser would, through the socket. No shell and no curl need be in the image.
_HEALTHY = f"""
import socket
with socket.socket(socket.AF_UNIX) as client:
    client.settimeout(8)
    client.connect({f"{LISTEN}/{SOCKET}"!r})
    client.sendall(b"GET /web/health HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n")
    assert b" 200 " in client.recv(64)
"""
NANOSECONDS = 1_000_000_000
HEALTH: dict[str, Any] = {
    "test": ["CMD", "python3", "-I", "-S", "-c", _HEALTHY],
    "interval": 60 * NANOSECONDS,
    "timeout": 10 * NANOSECONDS,
    "start_period": 120 * NANOSECONDS,
    "retries": 3,
}


def job_container(job: Job, *, image: str, root: Path, network: str) -> dict[str, Any]:
    """Return the options of a container that runs the job: arguments of docker's `containers.create`.

    Args:
        job: the job.
        image: the image with the programs that are not the sandbox's.
        root: the folder of the runtime.
        network: the container's network: "none", or the name of one.

    Raises:
        BadInput: the job has no sandbox, or one without an account of its own.
    """
    return _container(job, image=image, root=root, network=network, source="-", kind="job") | {"stdin_open": True}


def service_container(
    service: Service, *, image: str, root: Path, network: str, definition: Path, sockets: Path
) -> dict[str, Any]:
    """Return the options of a container that keeps the service running: arguments of docker's `containers.create`.

    Args:
        service: the service.
        image: as of a job's.
        root: as of a job's.
        network: as of a job's.
        definition: the file with the launcher's definition, which root alone can read.
        sockets: the folder of its socket, which root alone can enter.

    Raises:
        BadInput: as for a job.
    """
    options = _container(service, image=image, root=root, network=network, source=DEFINITION, kind="service")
    options["mounts"] += [_mount(definition, DEFINITION), _mount(sockets, LISTEN, writable=True)]
    return options | {
        "name": f"{LABEL}-{service.name}",
        "labels": {**service.labels, **options["labels"]},
        "restart_policy": {"Name": "unless-stopped"},
        "log_config": {"Type": "json-file", "Config": LOG_OPTIONS},
        "healthcheck": HEALTH,
    }


def definition_inside(program: Job | Service) -> dict[str, Any]:
    """Return the launcher's definition of a program in a container; it holds the program's secrets."""
    sandbox = sandbox_of(program)
    limits = [limit for limit in (program.memory_mb, sandbox.limits.address_space_mb) if limit]
    env = {"PATH": _PATH, "LANG": "C.UTF-8", "HOME": str(sandbox.home), "TMPDIR": str(sandbox.temporary or "/tmp")}  # noqa: S108
    listens = [] if isinstance(program, Job) else [SOCKET, *([BUS] if program.bus is not None else [])]
    return {
        "mark": f"container:{program.name}",
        "argv": list(program.argv),
        "sandboxed": False,
        "cwd": str(program.cwd),
        "env": {**env, **({"LISTEN_FDS": str(len(listens))} if listens else {}), **program.env},
        "listen": [f"{LISTEN}/{name}" for name in listens],
        "memory_mb": min(limits, default=0),
        "account": sandbox.uid,
        "leashed": not listens,
        "forbids_namespaces": True,
    }


def _container(
    program: Job | Service, *, image: str, root: Path, network: str, source: str, kind: str
) -> dict[str, Any]:
    sandbox = sandbox_of(program)
    return {
        "image": image,
        "entrypoint": ["python3", "-I", "-S", f"{INSIDE}/launch.py"],
        "command": [source, "0"],
        "environment": {},
        "hostname": "sandbox",
        "user": "0:0",
        "working_dir": "/",
        "network_mode": network,
        "labels": {f"{LABEL}.root": str(root), f"{LABEL}.kind": kind, f"{LABEL}.name": program.name},
        "mounts": _mounts(sandbox),
        **_confinement(sandbox.limits),
        **limits_of(sandbox.limits, program.share),
    }


def _confinement(limits: Limits) -> dict[str, Any]:
    """Return what keeps the program in: the engine's own filter of system calls (seccomp) is in force besides."""
    size = f"size={limits.memory_files_mb}m," if limits.memory_files_mb else ""
    return {
        "read_only": True,
        "cap_drop": ["ALL"],
        "cap_add": list(LAUNCHER_MAY),
        "security_opt": ["no-new-privileges"],
        "ipc_mode": "private",
        "privileged": False,
        "tmpfs": dict.fromkeys(("/tmp", "/dev/shm"), f"{size}mode=1777,nosuid,nodev"),  # noqa: S108 - its own
    }


def as_podman_needs(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options for a Podman, which puts a writable /var/tmp without a limit into a read-only root.

    It also copies what an image has in such a folder into memory, for each container anew, unless told not to.
    Source: podman-run(1), "--tmpfs".
    """
    closed = {"/var/tmp": "ro,size=4k,mode=755,nosuid,nodev"}  # noqa: S108 - its own
    tmpfs = {**options["tmpfs"], **closed}
    return {**options, "tmpfs": {folder: f"{how},notmpcopyup" for folder, how in tmpfs.items()}}


def limits_of(limits: Limits, share: Share | None) -> dict[str, Any]:
    """Return the limits that the kernel keeps: of the sandbox, and of its environment's share of the machine."""
    processes = [each for each in (limits.processes, share.processes if share else 0) if each]
    ulimits = {"nofile": limits.open_files, "fsize": limits.file_mb * 1024**2}
    found: dict[str, Any] = {
        "ulimits": [
            {"Name": "core", "Soft": 0, "Hard": 0},
            *({"Name": name, "Soft": value, "Hard": value} for name, value in ulimits.items() if value),
        ],
    }
    if processes:
        found["pids_limit"] = min(processes) + 1  # the launcher
    if share is not None:
        found["cpu_shares"] = max(2, share.cpu_weight * 1024 // 100)
        if share.cpu_percent:
            found["nano_cpus"] = share.cpu_percent * NANOSECONDS // 100
        if share.memory_mb:
            # Without swap: a program that swaps is slow for everybody.
            found |= {"mem_limit": f"{share.memory_mb}m", "memswap_limit": f"{share.memory_mb}m"}
    return found


def _mounts(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the folders that the program sees, an inner one after the one around it, and the launcher's files."""
    mounts = [_mount(path, str(path)) for path in sandbox.readable]
    mounts += [_mount(path, inside) for inside, path in sandbox.mounts.items()]
    mounts += [_mount(path, str(path), writable=True) for path in sandbox.writable]
    mounts.sort(key=lambda mount: len(Path(mount["Target"]).parts))
    return [*mounts, *(_mount(file, f"{INSIDE}/{file.name}") for file in LAUNCHER)]


def _mount(path: Path, inside: str, *, writable: bool = False) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(path), "Target": inside, "ReadOnly": not writable}


def sandbox_of(program: Job | Service) -> Sandbox:
    """Return the sandbox of the program, which says what its container shows and as whom it runs."""
    if program.sandbox is None:
        raise BadInput(
            f"{program.name} has no sandbox, and a container shows nothing else", hint="ops up without --trust-pushers"
        )
    if not program.sandbox.uid:
        raise BadInput(f"{program.name} has no account of its own", hint="start the platform as root")
    return program.sandbox


def memory_reason(program: Job | Service) -> str:
    """Return the sentence for a program that the kernel ended for its container's limit of memory."""
    share = program.share
    told = {"owner": share.owner if share else program.name, "memory_mb": share.memory_mb if share else 0}
    return shares.sentence(told)
