"""The programs of the stack in their start order, and the supervisor's configuration."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from odooops_dagster.child_environment import EVERY_PROGRAM, OURS
from odooops_dagster.errors import BadInput
from odooops_dagster.home import (
    CONSOLE_HOST,
    UI_HOST,
    code_socket,
    containers_folder,
    dagster_home,
    fork_socket,
    logs_folder,
    program_definition,
    program_log,
    services_folder,
    supervisor_configuration,
    supervisor_pid_file,
    supervisor_socket,
    url_of_label,
    workspace_file,
)
from odooops_dagster.local import tether
from odooops_dagster.local.containers import uses_containers
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.stack_environment import names_of, variables_of
from odooops_dagster.model import Sandbox
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime import launch
from odooops_dagster.tools.runtime.sandbox import bubblewrap

DEFINITIONS_MODULE, DEFINITIONS = "odooops_dagster.definitions", "definitions"
LOCATION = "odooops"
# After this stage, the control plane's schema can be migrated.
DATABASE_STAGE = 1
# The programs of this stage need those of the earlier ones, but not each other.
FRONT_STAGE = 3
_FRONT = "front"
# Ten rotated logs of ten megabytes hold more than a week.
LOG_BYTES, LOG_BACKUPS = 10 * 1024**2, 10


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program of the stack; the programs of a stage start together, after all of the previous stage answer."""

    name: str
    argv: tuple[str, ...]
    stage: int
    # The address for people; empty if there is none.
    address: str = ""
    stop_signal: str = "TERM"
    # Seconds to stop before the program is killed.
    stop_seconds: int = 15
    # Whether a launcher runs the program and ends all of its child processes with it.
    contained: bool = True
    # Whether the platform works without it.
    optional: bool = False


def programs(settings: Settings, servers: Sequence[EmbeddedPostgres]) -> list[Program]:
    """Return the programs of this machine's stack in their start order.

    They stop in reverse: the front ones together, then one after the other, because an interrupted run still needs the
    environments' services, and both need the database.
    """
    # Elsewhere a process cannot prove that it is safe to fork, and Dagster's own launcher starts the runs.
    forking = [_runs(settings)] if sys.platform == "linux" else []
    return [
        *map(_postgres, servers),
        _environments(settings),
        _code(settings),
        *forking,
        _webserver(settings),
        _daemon(settings),
        _gateway(settings),
        _router(settings),
        _catcher(settings),
        _egress(settings),
    ]


def workspace(settings: Settings) -> str:
    """Return the workspace file that connects the webserver and the daemon to the code server."""
    location = {"grpc_server": {"socket": str(code_socket(settings.home)), "location_name": LOCATION}}
    return json.dumps({"load_from": [location]}, indent=1) + "\n"


def definition(program: Program, *, home: Path, environment: Mapping[str, str], sandbox: Sandbox | None = None) -> str:
    """Return the program's definition for the launcher; the program inherits some variables of the launcher's."""
    argv = list(program.argv)
    fields = {
        "mark": f"stack:{home}:{program.name}",
        "argv": argv if sandbox is None else bubblewrap.command(sandbox, argv, cwd=sandbox.home),
        "sandboxed": sandbox is not None,
        "cwd": str(dagster_home(home)),
        "env": None,
        "inherits": variables_of(program.name, environment),
        "memory_mb": 0,
    }
    return json.dumps(fields, indent=1)


def supervisor_ini(chosen: Sequence[Program], *, home: Path) -> str:
    """Return the supervisor's configuration for these programs."""
    head = {
        "supervisord": {
            **({"user": "root"} if os.geteuid() == 0 else {}),
            "directory": str(dagster_home(home)),
            "logfile": str(program_log(home, "supervisord")),
            "logfile_maxbytes": str(LOG_BYTES),
            "logfile_backups": "2",
            "pidfile": str(supervisor_pid_file(home)),
            "childlogdir": str(logs_folder(home)),
            "identifier": "odooops",
            "nocleanup": "true",
            "silent": "true",
        },
        "unix_http_server": {"file": str(supervisor_socket(home)), "chmod": "0600"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }
    sections = head | {
        f"program:{program.name}": _section(program, home=home, priority=priority)
        for priority, program in enumerate(chosen, start=1)
    }
    return "\n".join(_ini_section(name, values) for name, values in (sections | _front(chosen)).items())


def namespec(program: Program) -> str:
    """Return the supervisor's name of the program."""
    return f"{_FRONT}:{program.name}" if program.stage == FRONT_STAGE else program.name


def _front(chosen: Sequence[Program]) -> dict[str, dict[str, str]]:
    """Return the group of the front programs: the supervisor stops its groups one by one, and a group at once."""
    front = {program.name: priority for priority, program in enumerate(chosen, start=1) if program.stage == FRONT_STAGE}
    if not front:
        return {}
    return {f"group:{_FRONT}": {"programs": ",".join(front), "priority": str(min(front.values()))}}


def _section(program: Program, *, home: Path, priority: int) -> dict[str, str]:
    return {
        "command": shlex.join(_command(program, home=home)),
        "priority": str(priority),
        # `python -m` imports from the folder in which it starts: not from the one in which `ops up` was typed.
        "directory": "/",
        "autostart": "false",
        "autorestart": "true",
        # If we are root, environments' accounts read the code that runs write, whatever the umask of who started us.
        "umask": "022",
        "startsecs": "1",
        # Each pause is one second longer than the last: after about an hour the supervisor gives up.
        "startretries": "80",
        "stopsignal": program.stop_signal,
        "stopwaitsecs": str(program.stop_seconds),
        "redirect_stderr": "true",
        "stdout_logfile": str(program_log(home, program.name)),
        "stdout_logfile_maxbytes": str(LOG_BYTES),
        "stdout_logfile_backups": str(LOG_BACKUPS),
    }


def _command(program: Program, *, home: Path) -> list[str]:
    if not program.contained:
        return list(program.argv)
    launcher = [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve())]
    return [*launcher, str(program_definition(home, program.name)), str(supervisor_configuration(home))]


def _ini_section(name: str, values: Mapping[str, str]) -> str:
    lines = [f"{key}={_ini_value(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _ini_value(value: str) -> str:
    if "\n" in value or " ;" in value or " #" in value:
        raise BadInput(f"{value!r} cannot stand in a configuration", hint="name a state folder without ';' or '#'")
    return value.replace("%", "%%")


def _postgres(server: EmbeddedPostgres) -> Program:
    return Program(
        name=server.cluster.entry.value,
        argv=tuple(server.argv()),
        stage=DATABASE_STAGE,
        address=f"127.0.0.1:{server.port}",
        stop_signal="INT",
        stop_seconds=40,
        contained=False,
    )


def _environments(settings: Settings) -> Program:
    argv = [sys.executable, "-m", *_keeper_of_services(settings)]
    command = tether.command(argv, death_signal=signal.SIGTERM, inherits=(*EVERY_PROGRAM, *OURS))
    return Program(name="environments", argv=tuple(command), stage=2, stop_seconds=120, contained=False)


def _keeper_of_services(settings: Settings) -> list[str]:
    if uses_containers(settings):
        root = str(containers_folder(settings.home))
        engine = ["--engine", settings.docker_engine, "--image", settings.docker_image]
        kind = "swarm" if settings.docker_swarm else "docker"
        return [f"odooops_dagster.tools.runtime.{kind}", "--root", root, *engine]
    return ["odooops_dagster.tools.runtime.process", "--root", str(services_folder(settings.home)), "--foreground"]


def _code(settings: Settings) -> Program:
    argv = [sys.executable, "-m", "dagster", "api", "grpc", "--module-name", DEFINITIONS_MODULE]
    argv += ["--socket", str(code_socket(settings.home)), "--location-name", LOCATION, "--max-workers", "16"]
    argv += ["--inject-env-vars-from-instance", "--use-python-environment-entry-point", "--log-level", "warning"]
    return Program(name="code", argv=tuple(argv), stage=2)


def _runs(settings: Settings) -> Program:
    argv = [sys.executable, "-m", "odooops_dagster.engine.fork_server", str(fork_socket(settings.home))]
    argv += [DEFINITIONS_MODULE, DEFINITIONS, str(program_log(settings.home, "runs"))]
    command = tether.command(argv, death_signal=signal.SIGTERM, inherits=names_of("runs"))
    # No launcher: the runs outlive a restart of the program, which itself ends them when the stack stops.
    return Program(name="runs", argv=tuple(command), stage=2, contained=False, optional=True)


def _webserver(settings: Settings) -> Program:
    argv = _uvicorn("odooops_dagster.doors.ui.app:create_app", settings.host, settings.dagster_port)
    return Program(name="webserver", argv=argv, stage=FRONT_STAGE, address=ui_url(settings))


def _daemon(settings: Settings) -> Program:
    # The module behind the command `dagster-daemon`: run like this, it needs no path and uses this Python.
    argv = (sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(workspace_file(settings.home)))
    return Program(name="daemon", argv=argv, stage=FRONT_STAGE)


def _gateway(settings: Settings) -> Program:
    argv = _uvicorn("odooops_dagster.doors.http.app:create_app", settings.host, settings.gateway_port)
    argv = (*argv, "--ws", "none")  # it has none: their library takes memory
    return Program(name="gateway", argv=argv, stage=FRONT_STAGE, address=url(settings.host, settings.gateway_port))


def _router(settings: Settings) -> Program:
    argv = (sys.executable, "-m", "odooops_dagster.doors.router")
    return Program(name="router", argv=argv, stage=FRONT_STAGE, address=url_of_label(settings, "*").rstrip("/"))


def _catcher(settings: Settings) -> Program:
    argv = (sys.executable, "-m", "odooops_dagster.doors.catcher", str(settings.home))
    return Program(name="catcher", argv=argv, stage=FRONT_STAGE)


def _egress(settings: Settings) -> Program:
    argv = (sys.executable, "-m", "odooops_dagster.doors.egress", str(settings.home))
    return Program(name="egress", argv=argv, stage=FRONT_STAGE)


def _uvicorn(factory: str, host: str, port: int) -> tuple[str, ...]:
    argv = [sys.executable, "-m", "uvicorn", factory, "--factory", "--host", host, "--port", str(port)]
    return (*argv, "--timeout-graceful-shutdown", "5", "--no-server-header", "--log-level", "info")


def ui_url(settings: Settings) -> str:
    """Return the URL of the Dagster UI for a browser on this machine."""
    return f"http://{UI_HOST}:{settings.dagster_port}"


def console_url(settings: Settings) -> str:
    """Return the URL of the console for a browser: of the name that a proxy shows, else on this machine."""
    if settings.console_host is not None:
        return f"https://{settings.console_host}"
    return f"http://{CONSOLE_HOST}:{settings.gateway_port}"


def artifact_url(base: str, run_id: UUID, name: str) -> str:
    """Return the URL below the Dagster UI's at which an artifact of a run is read."""
    return f"{base}/artifacts/{run_id}/{quote(name)}"


def url(host: str, port: int) -> str:
    """Return the URL for a browser on this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 -- compared, not bound
    return f"http://{reachable}:{port}"
