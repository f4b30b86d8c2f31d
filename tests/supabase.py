"""Supabase's own CLI on databases of the tests, and a server like Supabase's.

`python -m tests.supabase` writes supabase/types.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from odooops_dagster.control.export import export
from odooops_dagster.control.migrate import read_folder
from tests.node_tools import node_tool
from tests.servers import running_server

ROOT = Path(__file__).resolve().parents[1]
TYPES = ROOT / "supabase" / "types" / "database.ts"
TYPES_HEAD = "// The types of schema ops, for supabase-js. Written by `make export`.\n"


class Supabase:
    """Supabase's CLI in a project's folder that holds this version's migrations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = node_tool("supabase")
        (folder / "supabase").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "supabase" / "config.toml", folder / "supabase")
        export(self.migrations)

    @property
    def migrations(self) -> Path:
        """Return the folder that `db push` reads."""
        return self.folder / "supabase" / "migrations"

    def push(self, url: str, *flags: str) -> str:
        """Apply what the database has not, and return what was said."""
        done = self.run("db", "push", "--yes", f"--remote={_open(url)}", *flags)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def difference(self, one: str, other: str) -> str:
        """Return the statements that would make the one database the other."""
        done = self.run("db", "diff", "--strict-coverage", "--from", _open(one), "--to", _open(other))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def advisors(self, url: str) -> list[dict[str, Any]]:
        """Return what the advisors find, security and performance, down to mere information."""
        done = self.run("db", "advisors", "--type", "all", "--level", "info", f"--remote={_open(url)}")
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
        return found

    def types(self, url: str) -> str:
        """Return the TypeScript types of schema ops."""
        done = self.run("gen", "types", "typescript", "--schema", "ops", f"--remote={_open(url)}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the CLI, away from whatever the person at this machine is logged in to."""
        environment = {**os.environ, "HOME": str(self.folder), "DO_NOT_TRACK": "1"}
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def shim(url: str) -> None:
    """Bring to a bare server what Supabase brings: its roles, and schema auth."""
    with psycopg.connect(url) as connection:
        for _, text in read_folder("shim"):
            connection.execute(text.encode())


def written_types(url: str, supabase: Supabase) -> str:
    """Return the types as they are kept: formatted, and without partitions, which come and go with the months."""
    with psycopg.connect(url, autocommit=True) as connection:
        for (partition,) in connection.execute(PARTITIONS).fetchall():
            connection.execute(sql.SQL("drop table {}").format(sql.SQL(partition)))
    argv = [str(node_tool("prettier")), "--parser", "typescript", "--no-config"]
    done = subprocess.run(argv, input=supabase.types(url), capture_output=True, text=True, check=True)
    return TYPES_HEAD + re.sub(r"^\s+", "", done.stdout)


def main() -> None:
    """Write supabase/types anew."""
    with running_server("types") as server, server.fresh_database() as url, tempfile.TemporaryDirectory() as folder:
        TYPES.write_text(written_types(url, Supabase(Path(folder))), "utf-8")


def _open(url: str) -> str:
    """Return the URL for a server without TLS, on which the CLI insists otherwise."""
    return f"{url}?sslmode=disable"


PARTITIONS = """
select format('%I.%I', n.nspname, c.relname) from pg_inherits i
join pg_class c on c.oid = i.inhrelid and c.relispartition and c.relkind = 'r'
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'ops' order by 1
"""

if __name__ == "__main__":
    main()
