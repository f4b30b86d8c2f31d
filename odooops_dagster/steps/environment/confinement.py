"""The sandbox of an environment's Odoo: what it sees of the machine, and which files are its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from odooops_dagster.home import accounts_file, outlet
from odooops_dagster.model import Build, DatabaseAccess, Environment, Sandbox
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.trust import image_of
from odooops_dagster.steps.core.code import odoo_folders, packages_folder
from odooops_dagster.tools import outlet_line
from odooops_dagster.tools.odoo.commands import launcher
from odooops_dagster.tools.postgres.databases import socket_named_by
from odooops_dagster.tools.runtime.sandbox.accounts import account_of, give, let_read
from odooops_dagster.tools.runtime.sandbox.interpreters import outermost

# Where the folder of the database server's socket is inside, the environment's outlet, and its way out.
_SOCKETS = Path("/run/postgresql")
_OUTLET = Path("/run/outlet")
_EXIT = Path("/run/exit")


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
    heard_at: Path | None = None,
    let_out_at: Path | None = None,
) -> Sandbox | None:
    """Return the sandbox of an Odoo on the database; None if `trust_pushers` is set.

    Args:
        settings: the platform's settings.
        build: the Odoo, packages and modules that run.
        config: Odoo's configuration file, which was written by us.
        data: Odoo's data_dir of the environment; it is ours, only the folders in it are the environment's.
        access: how the database is reached. Without a socket of its server, the Odoo gets the machine's network.
        needs_network: whether the Odoo works for people, with mails to send and services to ask.
        heard_at: the folder at which the catcher hears the environment; None for an Odoo that tells nothing.
        let_out_at: the folder at which the proxy lets it out; None for an Odoo that nothing lets out.
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
    image = image_of(settings, build)
    # What an image holds is not mounted over it; the launcher is the platform's, of its own version.
    code = (launcher().parent,) if image else code_folders(settings, build)
    return Sandbox(
        writable=own,
        readable=(*code, config),
        image=image,
        mounts={
            **({} if access.socket_folder is None else {str(_SOCKETS): access.socket_folder}),
            **({} if heard_at is None else {str(_OUTLET): heard_at}),
            **({} if let_out_at is None else {str(_EXIT): let_out_at}),
        },
        home=home,
        uid=uid,
        shares_network=needs_network or access.socket_folder is None,
    )


def reaches_out(settings: Settings, environment: Environment) -> bool:
    """Return whether the environment's Odoo has the machine's network while it works for people."""
    url = settings.odoo_database_url
    is_elsewhere = url is not None and socket_named_by(url.get_secret_value()) is None
    return settings.trust_pushers or environment.stage == "production" or is_elsewhere


def outlet_of(settings: Settings, environment: Environment) -> Path:
    """Return the folder at which the catcher hears the environment; make it if it is missing."""
    folder = outlet(settings.home, environment.id).absolute()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    outlet_line.tell(settings.home)  # a catcher that does not answer now is told by housekeeping
    return folder


def outlet_variables(settings: Settings, environment: Environment) -> dict[str, str]:
    """Return the variables that tell an Odoo its outlet and its way out, and that its mails are caught.

    Production has neither of the latter.
    """
    place = outlet_of(settings, environment) if settings.trust_pushers else _OUTLET
    caught = {} if environment.stage == "production" else {"ODOOOPS_CATCH_MAIL": "1"}
    way = {} if reaches_out(settings, environment) else {"ODOOOPS_EXIT": str(_EXIT)}
    return {"ODOOOPS_OUTLET": str(place), **caught, **way}


def code_folders(settings: Settings, build: Build) -> tuple[Path, ...]:
    """Return the folders outside /usr with the code of a build; a folder below another one comes with it."""
    venv = packages_folder(settings, build)
    named = {*odoo_folders(settings), build.source.path, *build.addons_paths, launcher().parent}
    return outermost(named if venv is None else {*named, venv})
