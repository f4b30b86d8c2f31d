"""The superuser of an embedded cluster without a password: reached while the platform starts, and at no other time.

The server is started for its superuser alone: it listens at no port, and its socket is in a folder that only the
platform and the server's account may enter. PostgreSQL asks the kernel who connects (peer authentication).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import (
    FORMER_SUPERUSER_SECRET,
    LONGEST_SOCKET_PATH,
    MAINTENANCE_DATABASE,
    SUPERUSER,
    cluster_set_up_file,
    secret_file,
    set_up_sockets,
)
from odooops_dagster.local.account import Account
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.tools.postgres.connections import Connection, administrator
from odooops_dagster.unreachable import first_line

# Raise it when `provision` or `set_up` does something new: what was set up before is then set up again.
_VERSION = 1
_START_SECONDS = 120.0
_STOP_SECONDS = 120.0
# Names the socket; the server has one of its own otherwise.
_PORT = "5432"
_SOCKET = f"/.s.PGSQL.{_PORT}.lock"
_MAP = "platform"


def set_up(server: EmbeddedPostgres, *, first: Callable[[Connection], None]) -> bool:
    """Make the platform's roles in a stopped cluster, unless that is done, and take the superuser's password away.

    Args:
        server: a server whose superuser cannot log in; it does not run.
        first: what else the superuser does, before the rest.
    """
    record, done = cluster_set_up_file(server.home, server.cluster.entry), _fingerprint(server)
    if record.exists() and record.read_text().strip() == done:
        return False
    with as_superuser(server) as url, administrator(url(MAINTENANCE_DATABASE)) as connection:
        first(connection)
        server.cluster.provision(connection, server.password)
        # Nobody can log in without a password, whatever the rules of pg_hba.conf ask for.
        connection.execute("alter role postgres password null")
    secret_file(server.home, FORMER_SUPERUSER_SECRET).unlink(missing_ok=True)
    write_whole(record, f"{done}\n".encode())
    return True


def forget_set_up(server: EmbeddedPostgres) -> None:
    """Have the next `set_up` do its work."""
    cluster_set_up_file(server.home, server.cluster.entry).unlink(missing_ok=True)


@contextmanager
def as_superuser(server: EmbeddedPostgres) -> Iterator[Callable[[str], str]]:
    """Run the stopped server for its superuser alone; yield a function from a database's name to its URL."""
    with _private_folder(server) as folder:
        _write_rules(folder, server.account)
        process = server.spawn(
            folder,
            listen_addresses="",
            unix_socket_directories=str(folder),
            port=_PORT,
            hba_file=str(folder / "hba.conf"),
            ident_file=str(folder / "ident.conf"),
        )
        try:
            _wait_ready(server, process, _url(folder, MAINTENANCE_DATABASE))
            yield lambda database: _url(folder, database)
        finally:
            _stop(server, process)


def _fingerprint(server: EmbeddedPostgres) -> str:
    """Return a fingerprint of the set-up: it changes with this version and these passwords."""
    words = [str(_VERSION), *(server.password(role) for role in server.cluster.logins)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


@contextmanager
def _private_folder(server: EmbeddedPostgres) -> Iterator[Path]:
    """Yield a folder that only the platform and the server's account may enter."""
    folder = set_up_sockets(server.home, server.cluster.entry)
    shutil.rmtree(folder, ignore_errors=True)
    if len(os.fsencode(folder)) > LONGEST_SOCKET_PATH - len(_SOCKET):
        folder = Path(tempfile.mkdtemp(prefix="odooops-set-up-"))
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        server.account.own(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_rules(folder: Path, account: Account) -> None:
    """Let in the superuser, over the socket, if the kernel says that it is the platform who connects."""
    me = pwd.getpwuid(os.geteuid()).pw_name
    rules = {
        "hba.conf": f"local all {SUPERUSER} peer map={_MAP}\n",
        "ident.conf": f'{_MAP} "{me}" {SUPERUSER}\n',
    }
    for name, text in rules.items():
        write_whole(folder / name, text.encode())
        account.own(folder / name)


def _url(folder: Path, database: str) -> str:
    return make_conninfo(host=str(folder), port=_PORT, user=SUPERUSER, dbname=database)


def _wait_ready(server: EmbeddedPostgres, process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as exc:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(
                    f"the PostgreSQL of {server.cluster.holds} cannot be set up: {first_line(exc)}",
                    hint=f"read {server.log}",
                ) from exc
            time.sleep(0.02)
        else:
            return


def _stop(server: EmbeddedPostgres, process: subprocess.Popen[bytes]) -> None:
    """Stop the server in order, so that all is on the disk."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.stop()
        process.wait()
