"""The embedded PostgreSQL servers in the state folder, and the URLs of their databases."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psycopg
from pydantic import SecretStr

from odooops_dagster.child_environment import EVERY_PROGRAM, clean_environment
from odooops_dagster.errors import Unavailable
from odooops_dagster.files import locked, write_whole
from odooops_dagster.home import (
    ADMINISTRATOR,
    CALLERS,
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
    cluster_running_lock,
    cluster_sockets,
    password_secret,
    program_log,
)
from odooops_dagster.local import ports, sandboxed_server, server_process, tether
from odooops_dagster.local.account import Account, server_account
from odooops_dagster.local.binaries import reachable_bin_dir, version, wheel_bin_dir
from odooops_dagster.local.clusters import CONTROL, ENVIRONMENTS, Cluster, configuration
from odooops_dagster.local.secrets import read_or_create_secret, read_secret
from odooops_dagster.local.server_sandbox import confines_servers, server_sandbox
from odooops_dagster.local.state_folder import unusable
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.sandbox import bubblewrap
from odooops_dagster.unreachable import first_line

# What a program does at the control plane, and the login that may do it and no more.
Job = Literal["gateway", "worker", "operator"]
JOBS: dict[Job, str] = {"gateway": GATEWAY, "worker": WORKER, "operator": OPERATOR}


@dataclass(frozen=True, kw_only=True)
class DatabaseUrls:
    """The URLs of the schema's owner, of each job's login, of Dagster's storage and of the environments' server."""

    owner: str
    gateway: str
    worker: str
    operator: str
    dagster: str
    odoo: str
    callers: str = ""  # empty: the API is not open


def database_urls(settings: Settings) -> DatabaseUrls:
    """Return the URL of each role from the settings, or else of its embedded server."""
    given: dict[str, SecretStr | None] = {
        **{str(job): url_given_to(settings, job) for job in JOBS},
        "owner": settings.migrate_url or settings.database_url,
        "dagster": settings.dagster_database_url,
        "odoo": settings.odoo_database_url,
    }
    return DatabaseUrls(
        **{
            name: embedded_url(settings.home, name) if value is None else value.get_secret_value()
            for name, value in given.items()
        },
        callers=callers_url(settings) or "",
    )


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
    return embedded_url(settings.home, job)


def callers_url(settings: Settings) -> str | None:
    """Return the URL of the control plane for the API's callers; None where it is elsewhere and nobody named one."""
    if settings.api_database_url is not None:
        return settings.api_database_url.get_secret_value()
    return embedded_url(settings.home, "callers") if url_given_to(settings, "gateway") is None else None


def owner_url(settings: Settings) -> str:
    """Return the owner's URL of the control plane; no other database has to be configured."""
    url = settings.migrate_url or settings.database_url
    return url.get_secret_value() if url is not None else embedded_url(settings.home, "owner")


def embedded_url(home: Path, name: str) -> str:
    """Return the URL on the embedded server of a field of DatabaseUrls."""
    cluster, database, role = _EMBEDDED[name]
    return EmbeddedPostgres(home, cluster).url(database, role)


_EMBEDDED: Mapping[str, tuple[Cluster, str, str]] = {
    "owner": (CONTROL, CONTROL_DATABASE, SUPERUSER),
    **{job: (CONTROL, CONTROL_DATABASE, login) for job, login in JOBS.items()},
    "callers": (CONTROL, CONTROL_DATABASE, CALLERS),
    "dagster": (CONTROL, DAGSTER_DATABASE, DAGSTER_DATABASE),
    "odoo": (ENVIRONMENTS, MAINTENANCE_DATABASE, ADMINISTRATOR),
}


def embedded_servers(settings: Settings) -> list[EmbeddedPostgres]:
    """Return the embedded servers that the settings need: the control plane's, and the environments'."""
    needed, confined = [], confines_servers(settings)
    if not (settings.database_url and settings.dagster_database_url):
        needed.append(EmbeddedPostgres(settings.home, CONTROL, port=settings.control_port, confined=confined))
    if not settings.odoo_database_url:
        needed.append(EmbeddedPostgres(settings.home, ENVIRONMENTS, port=settings.postgres_port, confined=confined))
    return needed


class EmbeddedPostgres:
    """Our own PostgreSQL server; all its files are in `home`, and every method is idempotent.

    Args:
        home: the state folder.
        cluster: which of the clusters in it.
        data: the cluster's folder, if it is not yet in its place.
        bin_dir: the folder of PostgreSQL's programs; by default the wheel's.
        port: the port; 0 keeps the one it has, or takes a free one.
        durable: whether what was committed survives a power failure; tests need not.
        confined: whether we start it in a sandbox; one that runs already is found in either case.
    """

    def __init__(
        self,
        home: Path,
        cluster: Cluster,
        *,
        data: Path | None = None,
        bin_dir: Path | None = None,
        port: int = 0,
        durable: bool = True,
        confined: bool = False,
    ) -> None:
        self.home = home
        self.cluster = cluster
        self.data = data or cluster_folder(home, cluster.entry)
        self._bin_dir = bin_dir
        self._wanted_port = port
        self._durable = durable
        self._confined = confined
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout: float = 60) -> None:
        """Start the server unless it runs, and wait until it answers; initialize it and clean up after a crash."""
        self.prepare()
        if not self.running():
            self.clear_leftovers()
            self.refuse_taken_port()
            self._process = self.spawn()
        self.wait_ready(timeout=timeout)
        self.provision()

    def stop(self, *, timeout: float = 30) -> None:
        """Stop the server without waiting for its clients; use stronger signals if it takes too long."""
        server = server_process.find(self.data)
        if server is not None:
            server_process.stop(server, timeout=timeout)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def running(self) -> bool:
        """Return whether a server runs on this cluster."""
        return server_process.find(self.data) is not None

    def url(self, dbname: str, user: str = SUPERUSER) -> str:
        """Return the URL of a database for one of the cluster's logins.

        Raises:
            Unavailable: the server was never started, or nobody can log in as its superuser.
        """
        port = self.port  # first, because it raises if the server was never started
        secret = self.cluster.secret_of(user)
        if secret is None:
            raise Unavailable(f"the superuser of {self.cluster.holds} has no password", hint="read docs/why.md")
        password = quote(read_secret(self.home, secret), safe="")
        return f"postgresql://{user}:{password}@127.0.0.1:{port}/{quote(dbname, safe='')}"

    @property
    def port(self) -> int:
        """Return the server's port."""
        try:
            return int(self._port_file.read_text())
        except (FileNotFoundError, ValueError) as exc:
            raise Unavailable(f"The platform has never been started here ({self.home})", hint="ops up") from exc
        except OSError as exc:
            raise unusable(self.home, exc) from exc

    @property
    def bin_dir(self) -> Path:
        """Return a folder of the server's programs that the server's account can run."""
        source = self._bin_dir or wheel_bin_dir()
        return reachable_bin_dir(source, account=self.account, home=self.home)

    @property
    def account(self) -> Account:
        """Return the account that the server runs as."""
        return server_account(self.data, self.cluster.accounts)

    @property
    def log(self) -> Path:
        """Return the server's log."""
        return program_log(self.home, self.cluster.entry)

    def argv(self, *sockets: Path, **settings: str) -> list[str]:
        """Return the command that runs the server in the foreground and ends it with its parent.

        Args:
            sockets: the folders of its sockets; by default the one in its configuration.
            settings: they apply to this run instead of those of its files.
        """
        bin_dir, data = self.bin_dir, self.data.resolve()
        command = [str(bin_dir / "postgres"), "-D", str(data)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        if self._confined:
            folders = [folder.resolve() for folder in sockets or (self._socket_folder,)]
            sandbox = server_sandbox(data, sockets=folders, bin_dir=bin_dir)
            lock = cluster_running_lock(self.home, self.cluster.entry)
            command = sandboxed_server.command(bubblewrap.command(sandbox, command, cwd=data), lock=str(lock))
        return tether.command(command, death_signal=signal.SIGINT, user=self.account.user, inherits=EVERY_PROGRAM)

    def prepare(self) -> Account:
        """Create the folders, the cluster and its configuration; raise Unavailable for an unusable cluster."""
        account = self.account
        self._make_folders(account)
        for role in (SUPERUSER, *self.cluster.logins):
            if secret := self.cluster.secret_of(role):
                read_or_create_secret(self.home, secret)
        with locked(cluster_lock(self.home, self.cluster.entry)):
            if not self.data.exists():
                self._initialise(account)
            self._check_cluster()
            self._remember_port()
            self._configure(account)
        return account

    def examine(self) -> None:
        """Raise an error for anything that would prevent the server's start; change nothing."""
        account = self.account
        if account.switch:
            _refuse_closed_folders(self.home, account)
        if self.data.exists():
            self._check_cluster()

    def refuse_taken_port(self) -> None:
        """Raise Unavailable if another program listens on the server's port."""
        if not ports.is_free(self.port):
            holder = ports.holder(self.port)
            raise Unavailable(
                f"port {self.port} of the embedded PostgreSQL of {self.cluster.holds} is taken by {holder}",
                hint=f"stop it, or take another port: rm {self._port_file}",
            )

    def clear_leftovers(self) -> None:
        """Remove the leftovers of a killed server: sessions that hold its shared memory, and lock files."""
        server_process.end_orphans(self.data)
        # These files contain a process id, which may belong to another program now; PostgreSQL would refuse to start.
        for file in (self.data / "postmaster.pid", *self._socket_folder.glob(".s.PGSQL.*")):
            file.unlink(missing_ok=True)

    def wait_ready(self, *, timeout: float = 60) -> None:
        """Wait until the server answers."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                psycopg.connect(self.url(MAINTENANCE_DATABASE, self.cluster.keeper), connect_timeout=5).close()
            except psycopg.OperationalError as exc:
                self._refuse_to_wait(exc, expired=time.monotonic() > deadline)
                time.sleep(0.05)
            else:
                return

    def provision(self) -> None:
        """Create the platform's roles and databases, if the superuser can log in; the rest is done by `set_up`."""
        if self.cluster.superuser_secret is not None:
            with psycopg.connect(self.url(MAINTENANCE_DATABASE), autocommit=True) as connection:
                self.cluster.provision(connection, self.password)

    def password(self, role: str) -> str:
        """Return the password of one of the cluster's logins."""
        return read_or_create_secret(self.home, password_secret(role))

    def spawn(self, *sockets: Path, **settings: str) -> subprocess.Popen[bytes]:
        """Start the server and return its process, or its launcher's; the arguments are those of `argv`."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.argv(*sockets, **settings),
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )

    # -- private helpers

    @property
    def _port_file(self) -> Path:
        return cluster_port_file(self.home, self.cluster.entry)

    @property
    def _socket_folder(self) -> Path:
        return cluster_sockets(self.home, self.cluster.entry)

    def _make_folders(self, account: Account) -> None:
        for folder in (self.home, self.data.parent, self._socket_folder.parent, self.log.parent, self._socket_folder):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        account.own(self._socket_folder)
        if account.switch:
            self.home.chmod(self.home.stat().st_mode | 0o011)
            _refuse_closed_folders(self.home, account)

    def _initialise(self, account: Account) -> None:
        """Create the cluster in a temporary folder and rename it when it is complete."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        account.own(draft)
        password = self._socket_folder / "superuser"
        write_whole(password, self._first_password().encode())
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

    def _first_password(self) -> str:
        """Return the superuser's password; one that nobody keeps if it is not to log in, which `set_up` takes away."""
        secret = self.cluster.superuser_secret
        return read_secret(self.home, secret) if secret else secrets.token_urlsafe(32)

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
        text = configuration(self.cluster, port=self.port, socket_folder=sockets, durable=self._durable, major=major)
        draft = self.data / "odooops.conf.new"
        draft.write_text(text)
        account.own(draft)
        draft.rename(self.data / "odooops.conf")

    def _refuse_to_wait(self, reason: Exception, *, expired: bool) -> None:
        if self._process is not None and self._process.poll() is not None:
            last = self.log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Unavailable(f"PostgreSQL did not start: {' '.join(last)}", hint=f"read {self.log}") from reason
        if expired:
            line = first_line(reason)
            raise Unavailable(f"PostgreSQL does not answer: {line}", hint=f"read {self.log}") from reason


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
