"""Services as they stand on disk: a definition that only we may read, and an ini while the service shall run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from odooops_dagster.errors import BadInput
from odooops_dagster.files import write_whole
from odooops_dagster.model import Service
from odooops_dagster.runtime.job import definition_of, launch_argv
from odooops_dagster.runtime.launch import GRACE_SECONDS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# A service that lives this long has started; one that ends sooner is tried again after a pause, so that a service which
# cannot start is seen to be down most of the time.
START_SECONDS = 10
# Pauses grow by one second each: ten of them cover a database server that restarts.
START_RETRIES = 10
# Five old logs of ten megabytes: about a week of a busy preview.
_LOG_BYTES = 10 * 1024 * 1024
_LOG_BACKUPS = 5


class Definitions:
    """The folder of definitions; a service shall run when its ini exists."""

    def __init__(self, folder: Path, *, configuration: Path) -> None:
        self._folder = folder
        self._configuration = configuration

    def names(self) -> list[str]:
        """Return the names of all services."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def get(self, name: str) -> Service | None:
        """Return the definition, or None where there is none."""
        try:
            stored = json.loads(self._json(name).read_bytes())
        except FileNotFoundError:
            return None
        return Service(
            name=stored["name"],
            argv=tuple(stored["argv"]),
            cwd=Path(stored["cwd"]),
            port=stored["port"],
            log_path=Path(stored["log_path"]),
            env=stored["service_env"],
            memory_mb=stored["memory_mb"],
        )

    def is_wanted(self, name: str) -> bool:
        """Return whether the service shall run."""
        return self._ini(name).exists()

    def want(self, service: Service) -> None:
        """Keep the definition and say that it shall run."""
        path = self._json(service.name)
        stored = definition_of(service, mark=f"service:{path}") | {
            "name": service.name,
            "port": service.port,
            "log_path": str(service.log_path),
            "service_env": dict(service.env),
        }
        service.log_path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(stored, indent=1).encode())
        self._write_ini(service)

    def unwant(self, name: str) -> None:
        """Keep the definition and say that it shall not run."""
        self._ini(name).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Forget the service."""
        self.unwant(name)
        self._json(name).unlink(missing_ok=True)

    def refresh(self) -> None:
        """Write every ini anew, as the interpreter may have moved since."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in self.names():
            service = self.get(name) if self.is_wanted(name) else None
            if service is not None:
                self._write_ini(service)

    def _write_ini(self, service: Service) -> None:
        command = launch_argv(str(self._json(service.name)), parent=str(self._configuration))
        write_whole(self._ini(service.name), program_ini(service, command=command).encode())

    def _json(self, name: str) -> Path:
        return self._folder / f"{checked_name(name)}.json"

    def _ini(self, name: str) -> Path:
        return self._folder / f"{checked_name(name)}.ini"


def checked_name(name: str) -> str:
    """Return the name if a file and a supervisor's program may bear it."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} cannot name a service", hint="use letters, digits, dots, dashes and underscores")
    return name


def program_ini(service: Service, *, command: list[str]) -> str:
    """Return the supervisor's section for the service."""
    return f"""[program:{service.name}]
command={ini_value(shlex.join(command))}
autostart=true
autorestart=true
startsecs={START_SECONDS}
startretries={START_RETRIES}
stopsignal=TERM
stopwaitsecs={GRACE_SECONDS + 5:.0f}
redirect_stderr=true
stdout_logfile={ini_value(str(service.log_path))}
stdout_logfile_maxbytes={_LOG_BYTES}
stdout_logfile_backups={_LOG_BACKUPS}
"""


def ini_value(value: str) -> str:
    """Return the text so that the supervisor reads back the same; refuse what it cannot express."""
    if re.search(r"[\x00-\x1f]|\s[;#]|^\s|\s$", value):
        raise BadInput(
            f"{value!r} cannot stand in a supervisor's configuration", hint="choose a path without ' ;' or ' #'"
        )
    return value.replace("%", "%%")
