"""Checks before the stack starts; a failed check reports the problem and the command that fixes it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import psycopg

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import MissingDependency, OdooOpsError, Unavailable
from odooops_dagster.local import lock, ports
from odooops_dagster.local.binaries import version, wheel_bin_dir
from odooops_dagster.local.containers import containers, docker_runtime, uses_containers
from odooops_dagster.local.limits import limits
from odooops_dagster.local.postgres import embedded_servers
from odooops_dagster.local.sandboxes import sandbox
from odooops_dagster.local.state_folder import check_space, open_state_folder
from odooops_dagster.settings import Settings
from odooops_dagster.unreachable import first_line

# Dagster's four processes need 450 MB, PostgreSQL and one Odoo about the same.
ENOUGH_MEMORY_BYTES = 1500 * 1024**2
# The program that prints Odoo's reports, and where it is found inside of a sandbox.
_PRINTS, _INSIDE = "wkhtmltopdf", "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check; `blocking` is true if a failure prevents `ops up`."""

    name: str
    ok: bool
    detail: str
    hint: str | None = None
    blocking: bool = True


_SERVICES = {
    "ODOOOPS_GATEWAY_PORT": "gateway",
    "ODOOOPS_DAGSTER_PORT": "Dagster webserver",
    "ODOOOPS_ENVIRONMENTS_PORT": "environments",
}
# A check returns a short description of what it found, and raises if it found a problem.
Check = Callable[[Settings], str]


def refuse_if_broken(settings: Settings) -> None:
    """Run the required checks and raise the first failure."""
    for check in REQUIRED.values():
        check(settings)


def examine(settings: Settings, *, advised: dict[str, Check]) -> list[Finding]:
    """Run all checks, including `advised`, and return their results; a failure does not stop the others."""
    required = [_finding(name, check, settings, blocking=True) for name, check in REQUIRED.items()]
    return required + [
        _finding(name, check, settings, blocking=False) for name, check in {**ADVISED, **advised}.items()
    ]


def state_folder(settings: Settings) -> str:
    """Check that the state folder is ours and usable."""
    open_state_folder(settings.home)
    return str(settings.home)


def disk(settings: Settings) -> str:
    """Check that the state folder's disk has free space."""
    return f"{check_space(settings.home) // 1024**2} MB free"


def git(_settings: Settings) -> str:
    """Check that git is installed."""
    found = shutil.which("git")
    if found is None:
        raise MissingDependency("git is not installed", hint=install_command("git"))
    done = subprocess.run([found, "--version"], env=clean_environment(), capture_output=True, text=True, check=False)
    return done.stdout.strip().removeprefix("git version ")


def postgresql(settings: Settings) -> str:
    """Check that the embedded servers' programs and clusters match."""
    servers = embedded_servers(settings)
    if not servers:
        return "not embedded: every database has a URL"
    for server in servers:
        server.examine()
    return f"PostgreSQL {version(wheel_bin_dir())}"


def free_ports(settings: Settings) -> str:
    """Check that the stack's ports are free or held by the running stack."""
    if lock.holder(settings.home) is not None:
        return "in use by the running stack"
    wanted = {
        "ODOOOPS_GATEWAY_PORT": (settings.gateway_port, settings.host),
        "ODOOOPS_DAGSTER_PORT": (settings.dagster_port, settings.host),
        "ODOOOPS_ENVIRONMENTS_PORT": (settings.environments_port, "127.0.0.1"),
    }
    given: dict[int, str] = {}
    for variable, (port, host) in wanted.items():
        _refuse_taken(variable, port, host=host)
        if port in given:
            raise Unavailable(
                f"{_SERVICES[given[port]]} and {_SERVICES[variable]} are both given port {port}",
                hint=f"{variable}={ports.free_port(host)} ops up",
            )
        given[port] = variable
    return ", ".join(map(str, given))


def databases(settings: Settings) -> str:
    """Check that we can connect to the databases that have a URL."""
    given = {
        "ODOOOPS_DATABASE_URL": settings.database_url,
        "ODOOOPS_GATEWAY_DATABASE_URL": settings.gateway_database_url,
        "ODOOOPS_OPERATOR_DATABASE_URL": settings.operator_database_url,
        "ODOOOPS_DAGSTER_DATABASE_URL": settings.dagster_database_url,
        "ODOOOPS_ODOO_DATABASE_URL": settings.odoo_database_url,
    }
    urls = {variable: url.get_secret_value() for variable, url in given.items() if url is not None}
    for variable, url in urls.items():
        _refuse_closed(variable, url)
    return ", ".join(urls) or "embedded"


def memory(_settings: Settings) -> str:
    """Check that there is memory for the platform and one preview."""
    available = psutil.virtual_memory().available
    if available < ENOUGH_MEMORY_BYTES:
        raise Unavailable(f"{available // 1024**2} MB of memory are free, less than the platform and one preview take")
    return f"{available // 1024**2} MB free"


def printing(settings: Settings) -> str:
    """Check that Odoo can print reports, in the sandboxes or in the image of containers.

    Raises:
        MissingDependency: wkhtmltopdf is not installed.
    """
    if uses_containers(settings):
        if not docker_runtime(settings).probe(("sh", "-c", f"PATH={_INSIDE} command -v {_PRINTS} || true"))[1]:
            raise MissingDependency(
                f"no {_PRINTS} is in the image {settings.docker_image}: Odoo prints no reports",
                hint="add the packages wkhtmltopdf and fonts-dejavu-core to the image",
            )
        return f"{_PRINTS} is in the image"
    if (found := shutil.which(_PRINTS, path=_INSIDE)) is None:
        raise MissingDependency(
            f"{_PRINTS} is not installed: Odoo prints no reports",
            hint=install_command("--no-install-recommends wkhtmltopdf fonts-dejavu-core"),
        )
    return found


def install_command(package: str) -> str:
    """Return the command that installs a package on this machine."""
    managers = {"apt-get": "apt-get install -y", "dnf": "dnf install -y", "apk": "apk add", "brew": "brew install"}
    found = next((command for program, command in managers.items() if shutil.which(program)), None)
    return f"{found} {package}" if found else f"install {package}"


REQUIRED: dict[str, Check] = {
    "disk": disk,
    "state folder": state_folder,
    "git": git,
    "PostgreSQL": postgresql,
    "ports": free_ports,
    "databases": databases,
    "sandbox": sandbox,
    "containers": containers,
}
ADVISED: dict[str, Check] = {"memory": memory, "limits": limits, "printing": printing}


def _finding(name: str, check: Check, settings: Settings, *, blocking: bool) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=check(settings), blocking=blocking)
    except OdooOpsError as exc:
        return Finding(name=name, ok=False, detail=str(exc), hint=exc.hint, blocking=blocking)


def _refuse_taken(variable: str, port: int, *, host: str) -> None:
    if not ports.is_free(port, host=host):
        raise Unavailable(
            f"port {port} of the {_SERVICES[variable]} is taken by {ports.holder(port)}",
            hint=f"stop it, or take another: {variable}={ports.free_port(host)} ops up",
        )


def _refuse_closed(variable: str, url: str) -> None:
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.Error as exc:
        raise Unavailable(f"{variable} does not let us in: {first_line(exc)}", hint=f"correct {variable}") from exc
