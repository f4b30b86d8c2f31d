"""The embedded PostgreSQL server in the state folder, and the URLs of its databases."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psutil
import psycopg
from pydantic import SecretStr

from odooops_dagster.child_environment import EVERY_PROGRAM, clean_environment
from odooops_dagster.errors import Unavailable
from odooops_dagster.files import locked, write_whole
from odooops_dagster.home import (
    ADMINISTRATOR,
    CONTROL_DATABASE,
    DAGSTER_DATABASE,
    GATEWAY,
    MAINTENANCE_DATABASE,
    OPERATOR,
    SUPERUSER,
    WORKER,
    cluster_folder,
    cluster_lock,
    cluster_port_file,
    cluster_sockets,
    password_secret,
    program_log,
)
from odooops_dagster.local import ports, tether
from odooops_dagster.local.account import Account, server_account
from odooops_dagster.local.binaries import reachable_bin_dir, version, wheel_bin_dir
from odooops_dagster.local.provision import LOGINS, provision
from odooops_dagster.local.secrets import read_or_create_secret, read_secret
from odooops_dagster.settings import Settings
from odooops_dagster.unreachable import first_line

# What a program does at the control plane, and the login that may do it and no more.
Job = Literal["gateway", "worker", "operator"]
JOBS: dict[Job, str] = {"gateway": GATEWAY, "worker": WORKER, "operator": OPERATOR}
# The first version with reserved connections for roles that are no superusers.
_RESERVING = 16


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """The URLs of the schema's owner, of each job's login, of Dagster's storage and of the environments' server."""

    owner: str
    gateway: str
    worker: str
    operator: str
    dagster: str
    odoo: str


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return the URL of each role from the settings, or else of the embedded server."""
    given: dict[str, SecretStr | None] = {
        **{str(job): url_given_to(settings, job) for job in JOBS},
        "owner": settings.migrate_url or settings.database_url,
        "dagster": settings.dagster_database_url,
        "odoo": settings.odoo_database_url,
    }
    urls = {name: value.get_secret_value() for name, value in given.items() if value is not None}
    if len(urls) < len(given):
        urls = {**embedded_urls(EmbeddedPostgres(settings.home)), **urls}
    return DatabaseUrls(**urls)


def variable_of(settings: Settings, job: Job) -> str:
    """Return the setting with the job's URL of the control plane; a job without one of its own uses the worker's."""
    own = {"gateway": settings.gateway_database_url, "operator": settings.operator_database_url}
    return f"ODOOOPS_{job.upper()}_DATABASE_URL" if own.get(job) is not None else "ODOOOPS_DATABASE_URL"


def url_given_to(settings: Settings, job: Job) -> SecretStr | None:
    """Return the job's URL of the control plane in the settings, if there is one."""
    given: SecretStr | None = getattr(settings, variable_of(settings, job).removeprefix("ODOOOPS_").lower())
    return given


def control_url(settings: Settings, job: Job) -> str:
    """Return the job's URL of the control plane; no other database has to be configured."""
    given = url_given_to(settings, job)
    if given is not None:
        return given.get_secret_value()
    return embedded_urls(EmbeddedPostgres(settings.home))[job]


def owner_url(settings: Settings) -> str:
    """Return the owner's URL of the control plane; no other database has to be configured."""
    url = settings.migrate_url or settings.database_url
    return url.get_secret_value() if url is not None else database_urls(settings).owner


def embedded_urls(server: EmbeddedPostgres) -> dict[str, str]:
    """Return the embedded server's URL for each role."""
    return {
        "owner": server.url(CONTROL_DATABASE),
        **{job: server.url(CONTROL_DATABASE, user=login) for job, login in JOBS.items()},
        "dagster": server.url(DAGSTER_DATABASE, user=DAGSTER_DATABASE),
        "odoo": server.url(MAINTENANCE_DATABASE, user=ADMINISTRATOR),
    }


def needs_embedded(settings: Settings) -> bool:
    """Return whether any of the platform's databases is on the embedded server."""
    return not (settings.database_url and settings.dagster_database_url and settings.odoo_database_url)


class EmbeddedPostgres:
    """Our own PostgreSQL server; all its files are in `home`, and every method is idempotent."""

    def __init__(self, home: Path, *, bin_dir: Path | None = None, port: int = 0, durable: bool = True) -> None:
        self.home = home
        self.data = cluster_folder(home)
        self._bin_dir = bin_dir
        self._wanted_port = port
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout: float = 60) -> None:
        """Start the server unless it runs, and wait until it answers; initialize it and clean up after a crash."""
        self.prepare()
        if not self.running():
            self.clear_leftovers()
            self.refuse_taken_port()
            self._spawn()
        self.wait_ready(timeout=timeout)
        self.provision()

    def stop(self, *, timeout: float = 30) -> None:
        """Stop the server without waiting for its clients; use stronger signals if it takes too long."""
        server = self._server()
        if server is not None:
            _stop(server, timeout=timeout)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def running(self) -> bool:
        """Return whether a server runs on this cluster."""
        return self._server() is not None

    def url(self, dbname: str, user: str = SUPERUSER) -> str:
        """Return the URL of a database for one of the roles that `provision` creates."""
        port = self.port  # first, because it raises if the server was never started
        password = quote(read_secret(self.home, password_secret(user)), safe="")
        return f"postgresql://{user}:{password}@127.0.0.1:{port}/{quote(dbname, safe='')}"

    @property
    def port(self) -> int:
        """Return the server's port."""
        try:
            return int(self._port_file.read_text())
        except (FileNotFoundError, ValueError) as exc:
            raise Unavailable(f"the embedded PostgreSQL of {self.home} was never started", hint="ops up") from exc

    @property
    def bin_dir(self) -> Path:
        """Return a folder of the server's programs that the server's account can run."""
        source = self._bin_dir or wheel_bin_dir()
        return reachable_bin_dir(source, account=server_account(self.data), home=self.home)

    def argv(self) -> list[str]:
        """Return the command that runs the server in the foreground and ends it with its parent."""
        account = server_account(self.data)
        command = [str(self.bin_dir / "postgres"), "-D", str(self.data)]
        return tether.command(command, death_signal=signal.SIGINT, user=account.user, inherits=EVERY_PROGRAM)

    def prepare(self) -> Account:
        """Create the folders, the cluster and its configuration; raise Unavailable for an unusable cluster."""
        account = server_account(self.data)
        self._make_folders(account)
        for role in (SUPERUSER, *LOGINS):
            read_or_create_secret(self.home, password_secret(role))
        with locked(cluster_lock(self.home)):
            if not self.data.exists():
                self._initialise(account)
            self._check_cluster()
            self._remember_port()
            self._configure(account)
        return account

    def examine(self) -> None:
        """Raise an error for anything that would prevent the server's start; change nothing."""
        account = server_account(self.data)
        if account.switch:
            _refuse_closed_folders(self.home, account)
        if self.data.exists():
            self._check_cluster()

    def refuse_taken_port(self) -> None:
        """Raise Unavailable if another program listens on the server's port."""
        if not ports.is_free(self.port):
            raise Unavailable(
                f"port {self.port} of the embedded PostgreSQL is taken by {ports.holder(self.port)}",
                hint=f"stop it, or take another port: rm {self._port_file}",
            )

    def clear_leftovers(self) -> None:
        """Remove the leftovers of a killed server: sessions that hold its shared memory, and lock files."""
        orphans = [process for process in psutil.process_iter() if self._is_ours(process)]
        for orphan in orphans:
            orphan.send_signal(signal.SIGQUIT)
        for stubborn in psutil.wait_procs(orphans, timeout=5)[1]:
            stubborn.kill()
        psutil.wait_procs(orphans, timeout=5)
        # These files contain a process id, which may belong to another program now; PostgreSQL would refuse to start.
        for file in (self.data / "postmaster.pid", *self._socket_folder.glob(".s.PGSQL.*")):
            file.unlink(missing_ok=True)

    def wait_ready(self, *, timeout: float = 60) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError as exc:
                self._refuse_to_wait(exc, expired=time.monotonic() > deadline)
                time.sleep(0.05)
            else:
                return

    def provision(self) -> None:
        """Create the platform's roles and databases, and set the roles' passwords and rights."""
        with psycopg.connect(self.url(MAINTENANCE_DATABASE), autocommit=True) as connection:
            provision(connection, password=lambda role: read_secret(self.home, password_secret(role)))

    # -- private helpers

    @property
    def _port_file(self) -> Path:
        return cluster_port_file(self.home)

    @property
    def _socket_folder(self) -> Path:
        return cluster_sockets(self.home)

    @property
    def _log(self) -> Path:
        return program_log(self.home, "postgres")

    def _make_folders(self, account: Account) -> None:
        for folder in (self.home, self.data.parent, self._socket_folder.parent, self._log.parent, self._socket_folder):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        account.own(self._socket_folder)
        if account.switch:
            self.home.chmod(self.home.stat().st_mode | 0o011)
            _refuse_closed_folders(self.home, account)

    def _initialise(self, account: Account) -> None:
        """Create the cluster in a temporary folder and rename it when it is complete."""
        draft = self.data.with_name("data.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        account.own(draft)
        password = self._socket_folder / "superuser"
        write_whole(password, read_secret(self.home, password_secret(SUPERUSER)).encode())
        account.own(password)
        bin_dir = reachable_bin_dir(self._bin_dir or wheel_bin_dir(), account=account, home=self.home)
        try:
            done = account.run(_initdb(bin_dir, draft, password=password, durable=self._durable))
        finally:
            password.unlink()
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[0]
            raise Unavailable(f"cannot initialise PostgreSQL in {draft}: {reason}", hint="ops doctor")
        with (draft / "postgresql.conf").open("a") as file:
            file.write("\ninclude = 'odooops.conf'  # written at every start\n")
        draft.rename(self.data)

    def _check_cluster(self) -> None:
        parts = [self.data / "PG_VERSION", self.data / "global" / "pg_control", self.data / "postgresql.conf"]
        missing = [str(part.relative_to(self.data)) for part in parts if not part.exists()]
        if missing:
            raise Unavailable(
                f"{self.data} is not a whole PostgreSQL cluster: it has no {missing[0]}",
                hint=f"put its files back, or move it away to begin anew: mv {self.data} {self.data}.broken",
            )
        found = (self.data / "PG_VERSION").read_text().strip()
        expected = version(self._bin_dir or wheel_bin_dir()).split(".")[0]
        if found != expected:
            raise Unavailable(
                f"{self.data} was made by PostgreSQL {found}, the programs here are PostgreSQL {expected}",
                hint=f"go back to the odooops that made it, or begin anew: mv {self.data} {self.data}.{found}",
            )

    def _remember_port(self) -> None:
        if self._wanted_port:
            self._port_file.write_text(f"{self._wanted_port}\n")
        elif not self._port_file.exists():
            self._port_file.write_text(f"{ports.free_port()}\n")

    def _configure(self, account: Account) -> None:
        # Relative to the folder in which the server works: the kernel limits the length of a socket's path.
        sockets = os.path.relpath(self._socket_folder.resolve(), self.data.resolve())
        major = int((self.data / "PG_VERSION").read_text())
        text = configuration(port=self.port, socket_folder=sockets, durable=self._durable, major=major)
        draft = self.data / "odooops.conf.new"
        draft.write_text(text)
        account.own(draft)
        draft.rename(self.data / "odooops.conf")

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.argv(),
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )

    def _refuse_to_wait(self, reason: Exception, *, expired: bool) -> None:
        if self._process is not None and self._process.poll() is not None:
            last = self._log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Unavailable(f"PostgreSQL did not start: {' '.join(last)}", hint=f"read {self._log}") from reason
        if expired:
            line = first_line(reason)
            raise Unavailable(f"PostgreSQL does not answer: {line}", hint=f"read {self._log}") from reason

    def _server(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        except (FileNotFoundError, PermissionError, ValueError, IndexError, psutil.NoSuchProcess):
            return None
        return process if self._is_ours(process) else None

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.name() not in {"postgres", "postmaster"} or process.status() == psutil.STATUS_ZOMBIE:
                return False
            return Path(process.cwd()) == self.data.resolve()
        except psutil.Error:
            return False


def configuration(*, port: int, socket_folder: str, durable: bool, major: int) -> str:
    """Return a configuration file with the settings that differ from PostgreSQL's defaults."""
    on = "on" if durable else "off"
    values = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": socket_folder,
        "password_encryption": "scram-sha-256",
        # Each Odoo has its own connection pool, and Dagster opens a connection for each statement.
        "max_connections": "300",
        # For the platform's own logins, however many connections the environments hold.
        **({"reserved_connections": "60"} if major >= _RESERVING else {}),
        "max_locks_per_transaction": "128",
        "shared_buffers": "256MB" if durable else "64MB",
        "effective_cache_size": "1GB",
        "work_mem": "8MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        # The queries are short; JIT compilation costs more than it saves.
        "jit": "off",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "autovacuum_naptime": "15s",
        "fsync": on,
        "full_page_writes": on,
        "synchronous_commit": on,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %u@%d ",
    }
    lines = ["# Written by odooops at every start; put changes of your own into postgresql.conf, below the include."]
    return "\n".join([*lines, *(f"{name} = '{value}'" for name, value in values.items())]) + "\n"


def _initdb(bin_dir: Path, data: Path, *, password: Path, durable: bool) -> list[str]:
    argv = [str(bin_dir / "initdb"), f"--pgdata={data}", f"--username={SUPERUSER}", f"--pwfile={password}"]
    argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
    # The same sort order on every machine, independent of its locales.
    builtin = int(version(bin_dir).split(".")[0]) >= 17
    argv += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if builtin else ["--locale=C.UTF-8"]
    return argv if durable else [*argv, "--no-sync"]


def _refuse_closed_folders(home: Path, account: Account) -> None:
    for folder in reversed(home.resolve().parents):
        if not _may_enter(folder, account):
            raise Unavailable(
                f"{account.name}, as whom PostgreSQL runs, cannot enter {folder}",
                hint=f"chmod o+x {folder}, or name another state folder in ODOOOPS_HOME",
            )


def _may_enter(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == account.gid else 0o001))


def _stop(server: psutil.Process, *, timeout: float) -> None:
    family = [server, *server.children(recursive=True)]
    for number, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        for process in family if number == signal.SIGKILL else [server]:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        family = psutil.wait_procs(family, timeout=patience)[1]
        if not family:
            return
