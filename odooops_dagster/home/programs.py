"""The places of the platform's own programs in the state folder."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.home.contents import StateEntry


def dagster_home(home: Path) -> Path:
    """Return the programs' DAGSTER_HOME."""
    return home / StateEntry.DAGSTER


def instance_file(home: Path) -> Path:
    """Return the settings of Dagster's instance."""
    return dagster_home(home) / "dagster.yaml"


def workspace_file(home: Path) -> Path:
    """Return the file that connects the webserver and the daemon to the code server."""
    return dagster_home(home) / "workspace.yaml"


def logs_folder(home: Path) -> Path:
    """Return the folder of the logs of the platform's programs."""
    return home / StateEntry.LOGS


def program_log(home: Path, program: str) -> Path:
    """Return the log of one of the platform's programs."""
    return logs_folder(home) / f"{program}.log"


def supervisor_errors(home: Path) -> Path:
    """Return the file in which the platform's supervisor says why it did not start."""
    return logs_folder(home) / "supervisord.err"


def supervisor_configuration(home: Path) -> Path:
    """Return the configuration of the platform's supervisor; launchers recognize their parent by it."""
    return home / StateEntry.RUN / "supervisord.conf"


def supervisor_pid_file(home: Path) -> Path:
    """Return the file with the process id of the platform's supervisor."""
    return home / StateEntry.RUN / "supervisord.pid"


def program_definition(home: Path, program: str) -> Path:
    """Return the program's definition for the launcher."""
    return home / StateEntry.RUN / f"{program}.json"


def program_home(home: Path, program: str) -> Path:
    """Return the folder in which a program in a sandbox may write."""
    return home / StateEntry.RUN / "homes" / program


def caught_folder(home: Path) -> Path:
    """Return the folder in which the catcher leaves what environments told and sent."""
    return program_home(home, "catcher") / "caught"


def catcher_mark(home: Path) -> Path:
    """Return the file whose time is the last look of the catcher at its outlets."""
    return program_home(home, "catcher") / "looked"


def let_out_folder(home: Path) -> Path:
    """Return the folder in which the proxy leaves what environments reached through it."""
    return program_home(home, "egress") / "let-out"


def egress_mark(home: Path) -> Path:
    """Return the file whose time is the last look of the proxy."""
    return program_home(home, "egress") / "looked"


def former_ports_file(home: Path) -> Path:
    """Return the file with the ports at which environments answered before they had host names, and their labels."""
    return home / StateEntry.RUN / "former-ports.json"


def stack_lock(home: Path) -> Path:
    """Return the file that the running stack locks, and which contains its process id."""
    return home / StateEntry.RUN / "stack.lock"


def runtime_file(home: Path) -> Path:
    """Return the file with the runtime that `ops up` was told."""
    return home / StateEntry.RUN / "runtime"


def stopping_mark(home: Path) -> Path:
    """Return the file that is there while the stack stops."""
    return home / StateEntry.RUN / "stopping"


def services_folder(home: Path) -> Path:
    """Return the folder of the environments' services."""
    return home / StateEntry.RUNTIME


def containers_folder(home: Path) -> Path:
    """Return the folder of the environments' services that are containers."""
    return services_folder(home) / "containers"
