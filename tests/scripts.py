"""The scripts of scripts/odooops as a person runs them, with nothing but sh and psql on the PATH."""

from __future__ import annotations

import subprocess
from pathlib import Path

from odooops_dagster.local.binaries import wheel_bin_dir

FOLDER = Path(__file__).resolve().parents[1] / "scripts" / "odooops"

# It notes what every user of the machine could see, and becomes the real one.
PSQL = """#!/bin/sh
printf '%s\\n' "$*" >>'{log}'
exec '{psql}' "$@"
"""


class Scripts:
    """Runs scripts against one database; `arguments` is what psql was started with."""

    def __init__(self, folder: Path, url: str) -> None:
        self.environment = {"PATH": str(folder / "bin"), "SUPABASE_DB_URL": url, "HOME": str(folder)}
        self._log = folder / "arguments"
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / "sh").symlink_to("/bin/sh")
        psql = folder / "bin" / "psql"
        psql.write_text(PSQL.format(log=self._log, psql=wheel_bin_dir() / "psql"))
        psql.chmod(0o755)

    def run(self, name: str, *arguments: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end; it must end with this status."""
        done = self.start(name, *arguments, **environment)
        out, err = done.communicate(timeout=300)
        assert done.returncode == status, out + err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    def start(self, name: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a script and return at once."""
        return subprocess.Popen(
            [str(FOLDER / name), *arguments],
            env=self.environment | environment,
            cwd=FOLDER.parents[1],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def value(self, name: str, *arguments: str) -> str:
        """Return what a script prints."""
        return self.run(name, *arguments).stdout.strip()

    def psql(self, statement: str) -> str:
        """Return what psql answers."""
        argv = [
            str(Path(self.environment["PATH"]) / "psql"),
            "-At",
            self.environment["SUPABASE_DB_URL"],
            "-c",
            statement,
        ]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=True).stdout.strip()

    @property
    def arguments(self) -> str:
        """Return the arguments of every psql that a script started."""
        return self._log.read_text()
