"""Keeps the passwords of the environments' roles in files that only the platform's account can read."""

from __future__ import annotations

import secrets as random
from pathlib import Path
from urllib.parse import quote, unquote

from odooops_dagster.errors import NotFound
from odooops_dagster.files import write_whole


class RolePasswords:
    """One file for each role, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, role: str) -> str:
        """Return the role's password.

        Raises:
            NotFound: there is none.
        """
        if not self.holds(role):
            message = f"database role {role} has no password in {self._folder}"
            raise NotFound(message, hint="deploy the environment again")
        return self._file(role).read_text()

    def ensure(self, role: str) -> tuple[str, bool]:
        """Return the role's password, and whether it is new."""
        is_new = not self.holds(role)
        if is_new:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._file(role), random.token_urlsafe(24).encode())
        return self._file(role).read_text(), is_new

    def holds(self, role: str) -> bool:
        """Return whether there is a password of the role."""
        return self._file(role).is_file()

    def forget(self, role: str) -> None:
        """Delete the role's password, if there is one."""
        self._file(role).unlink(missing_ok=True)

    def roles(self, prefix: str) -> set[str]:
        """Return the roles with a password whose names start with the prefix."""
        return {unquote(file.name) for file in self._folder.glob(f"{quote(prefix, safe='')}*")}

    def _file(self, role: str) -> Path:
        return self._folder / quote(role, safe="")
