"""Services as they stand on disk: a definition that only we may read, and an ini while the service shall run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.job import definition_of, launch_argv
from odooops_dagster.tools.runtime.launch import GRACE_SECONDS

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
    """The folder of definitions; a service shall run when its ini exists.

    supervisord reads no configuration at all while the log folder of one service is missing (supervisor/datatypes.py,
    existing_dirpath): the ini of such a service is held back.
    """

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
        return self._ini(name).exists() or self._held(name).exists()

    def missing_folder(self, name: str) -> Path | None:
        """Return the log folder for want of which the service is held back; None where it is not."""
        service = self.get(name) if self._held(name).exists() else None
        return service.log_path.parent if service is not None else None

    def want(self, service: Service) -> None:
        """Keep the definition and say that it shall run.

        Raises:
            Unavailable: its log folder cannot be made.
        """
        path = self._json(service.name)
        stored = definition_of(service, mark=f"service:{path}") | {
            "name": service.name,
            "port": service.port,
            "log_path": str(service.log_path),
            "service_env": dict(service.env),
        }
        folder = service.log_path.parent
        if reason := _cannot_make(folder):
            raise Unavailable(
                f"the log folder {folder} of {service.name} cannot be made: {reason}", hint=f"ls -ld {folder}"
            )
        write_whole(path, json.dumps(stored, indent=1).encode())
        self._write_ini(service)

    def unwant(self, name: str) -> None:
        """Keep the definition and say that it shall not run."""
        self._ini(name).unlink(missing_ok=True)
        self._held(name).unlink(missing_ok=True)

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
        self.hold_back()

    def hold_back(self) -> None:
        """Hold back the services whose log folders are missing and cannot be made, and let the mended ones go."""
        for name in self.names():
            service = self.get(name) if self.is_wanted(name) else None
            if service is not None and _cannot_make(service.log_path.parent):
                self._move(self._ini(name), self._held(name))
            elif service is not None:
                self._move(self._held(name), self._ini(name))

    def _move(self, here: Path, there: Path) -> None:
        if here.exists():
            here.replace(there)

    def _write_ini(self, service: Service) -> None:
        command = launch_argv(str(self._json(service.name)), parent=str(self._configuration))
        write_whole(self._ini(service.name), program_ini(service, command=command).encode())
        self._held(service.name).unlink(missing_ok=True)

    def _json(self, name: str) -> Path:
        return self._folder / f"{checked_name(name)}.json"

    def _ini(self, name: str) -> Path:
        return self._folder / f"{checked_name(name)}.ini"

    def _held(self, name: str) -> Path:
        return self._folder / f"{checked_name(name)}.held"


def _cannot_make(folder: Path) -> str | None:
    """Make the folder, and return why that is impossible; None where it is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        return exc.strerror
    return None


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
