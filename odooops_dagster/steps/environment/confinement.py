"""The sandbox of an environment's Odoo: what it sees of the machine, and which files are its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from odooops_dagster.home import accounts_file, python_environments
from odooops_dagster.model import Build, DatabaseAccess, Sandbox
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.code import odoo_folders, outermost
from odooops_dagster.tools.odoo.commands import launcher
from odooops_dagster.tools.runtime.sandbox.accounts import account_of, give, let_read

# Where the folder of the database server's socket is inside.
_SOCKETS = Path("/run/postgresql")


def home_of(data: Path) -> Path:
    """Return the folder in which an environment's programs start, and that is their HOME."""
    return data / "home"


def from_inside(settings: Settings, access: DatabaseAccess) -> DatabaseAccess:
    """Return how an Odoo in its sandbox reaches the database: by the server's socket, if it has one on this machine."""
    if settings.trust_pushers or access.socket_folder is None:
        return access
    return replace(access, host=str(_SOCKETS))


def confined(
    settings: Settings,
    build: Build,
    *,
    config: Path,
    data: Path,
    access: DatabaseAccess,
    needs_network: bool = False,
) -> Sandbox | None:
    """Return the sandbox of an Odoo on the database; None if `trust_pushers` is set.

    Args:
        settings: the platform's settings.
        build: the Odoo, packages and modules that run.
        config: Odoo's configuration file, which was written by us.
        data: Odoo's data_dir of the environment; it is ours, only the folders in it are the environment's.
        access: how the database is reached. Without a socket of its server, the Odoo gets the machine's network.
        needs_network: whether the Odoo works for people, with mails to send and services to ask.
    """
    home = home_of(data)
    if settings.trust_pushers:
        home.mkdir(parents=True, exist_ok=True)
        return None
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    uid = account_of(home, ledger=accounts_file(settings.home), first=settings.sandbox_first_uid)
    (data / "filestore").mkdir(mode=0o711, exist_ok=True)
    own = (home, data / "sessions", data / "addons", data / "filestore" / access.database)
    for folder in own:
        give(folder, uid)
    let_read(config, uid)
    return Sandbox(
        writable=own,
        readable=(*code_folders(settings, build), config),
        mounts={} if access.socket_folder is None else {str(_SOCKETS): access.socket_folder},
        home=home,
        uid=uid,
        shares_network=needs_network or access.socket_folder is None,
    )


def code_folders(settings: Settings, build: Build) -> tuple[Path, ...]:
    """Return the folders outside /usr with the code of a build; a folder below another one comes with it."""
    named = {*odoo_folders(settings), build.source.path, launcher().parent}
    venv = build.python.absolute().parent.parent
    if venv.is_relative_to(python_environments(settings.cache_home.absolute())):
        named.add(venv)
    return outermost(named)
