"""Stores services on disk: a definition that only our account can read, and an ini file while it should run."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import suppress
from pathlib import Path

from odooops_dagster.errors import BadInput, Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.model import Service
from odooops_dagster.tools.runtime.job import definition_of, ended_for, launch_argv
from odooops_dagster.tools.runtime.launch import GRACE_SECONDS
from odooops_dagster.tools.runtime.stored import service_of, to_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# A service that lives this long counts as started. A service that ends earlier is retried after a pause, so that its
# status is "failed" most of the time.
START_SECONDS = 10
# Each pause is one second longer than the last; ten of them cover the restart of a database server.
START_RETRIES = 10
# Five rotated logs of ten megabytes hold about a week of a busy preview.
_LOG_BYTES = 10 * 1024 * 1024
_LOG_BACKUPS = 5


class Definitions:
    """The folder of definitions; a service should run if its ini file exists.

    supervisord rejects its whole configuration if the log folder of one service is missing (supervisor/datatypes.py,
    existing_dirpath). The ini of such a service is therefore held back: renamed, so that supervisord ignores it.
    """

    def __init__(self, folder: Path, *, configuration: Path) -> None:
        self._folder = folder
        self._configuration = configuration

    def names(self) -> list[str]:
        """Return the names of all services."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def get(self, name: str) -> Service | None:
        """Return the definition, None if there is none."""
        try:
            stored = json.loads(self._json(name).read_bytes())
        except FileNotFoundError:
            return None
        return service_of(stored)

    def is_wanted(self, name: str) -> bool:
        """Return whether the service should run."""
        return self._ini(name).exists() or self._held(name).exists()

    def missing_folder(self, name: str) -> Path | None:
        """Return the missing log folder of a service that is held back; None for other services."""
        service = self.get(name) if self._held(name).exists() else None
        return service.log_path.parent if service is not None else None

    def want(self, service: Service) -> None:
        """Store the definition and make the service run.

        Raises:
            Unavailable: its log folder cannot be created.
        """
        path = self._json(service.name)
        stored = definition_of(service, mark=f"service:{path}") | to_json(service)
        folder = service.log_path.parent
        if reason := _cannot_make(folder):
            raise Unavailable(
                f"the log folder {folder} of {service.name} cannot be made: {reason}", hint=f"ls -ld {folder}"
            )
        write_whole(path, json.dumps(stored, indent=1).encode())
        self._write_ini(service)

    def unwant(self, name: str) -> None:
        """Keep the definition, and make the service not run."""
        self._ini(name).unlink(missing_ok=True)
        self._held(name).unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Delete the definition of the service."""
        self.unwant(name)
        service = self.get(name)
        for place in () if service is None else (service.socket, service.bus):
            if place is not None:
                place.unlink(missing_ok=True)
        if service is not None:
            with suppress(NotADirectoryError):
                ended_for(service).unlink(missing_ok=True)
        self._json(name).unlink(missing_ok=True)

    def refresh(self) -> None:
        """Rewrite every ini file, because the path of the interpreter may have changed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in self.names():
            service = self.get(name) if self.is_wanted(name) else None
            if service is not None:
                self._write_ini(service)
        self.hold_back()

    def hold_back(self) -> None:
        """Hold back services whose log folder is missing and cannot be created, and release the others."""
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
    """Create the folder; return the reason if this is impossible, else None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        return exc.strerror
    return None


def checked_name(name: str) -> str:
    """Return the name; raise BadInput if a file or a supervisor's program cannot have it."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} cannot name a service", hint="use letters, digits, dots, dashes and underscores")
    return name


def program_ini(service: Service, *, command: list[str]) -> str:
    """Return the supervisor's configuration section for the service."""
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
    """Return the value escaped for the supervisor's configuration; raise BadInput if it cannot be expressed."""
    if re.search(r"[\x00-\x1f]|\s[;#]|^\s|\s$", value):
        raise BadInput(
            f"{value!r} cannot stand in a supervisor's configuration", hint="choose a path without ' ;' or ' #'"
        )
    return value.replace("%", "%%")
