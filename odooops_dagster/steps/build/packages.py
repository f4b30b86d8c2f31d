"""The sandbox in which pip installs what a commit asks for: packages run code of their own while they are built."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from odooops_dagster.home import accounts_file
from odooops_dagster.model import Sandbox, Source
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.code import odoo_folders
from odooops_dagster.tools.odoo.environment import CONSTRAINT, HOME, REQUIREMENTS, VENV, Confine
from odooops_dagster.tools.odoo.python import pip_environment
from odooops_dagster.tools.runtime.sandbox.accounts import account_of, give, give_like
from odooops_dagster.tools.runtime.sandbox.interpreters import outermost

# Where pip looks for its configuration. Source: "Configuration" in pip's documentation.
_MACHINES = (Path("/etc/pip.conf"), Path("/etc/xdg/pip"))
_USERS = (Path(".config/pip/pip.conf"), Path(".pip/pip.conf"))
# Variables whose values are paths that pip reads; --find-links takes several.
_PATHS = ("PIP_FIND_LINKS", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_CONFIG_FILE", "PIP_CONSTRAINT")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def package_sandbox(settings: Settings, source: Source) -> Confine | None:
    """Return how pip is confined while it installs the source's requirements; None if `trust_pushers` is set."""
    if settings.trust_pushers:
        return None

    def confine(folder: Path) -> Sandbox:
        # A build writes into the folder of its package: what a commit brings is a copy here.
        home, venv, packages = folder / HOME, folder / VENV, folder / REQUIREMENTS
        uid = account_of(home, ledger=accounts_file(settings.home), first=settings.sandbox_first_uid)
        for own in (venv, packages):
            give(own, uid)
        temporary = home / "tmp"
        temporary.mkdir()
        give_like(temporary, home)
        _bring_configuration(home)
        code = outermost(
            {*odoo_folders(settings), source.path, folder / CONSTRAINT, *_MACHINES, *_named(pip_environment())}
        )
        return Sandbox(
            writable=(venv, home, packages), readable=code, home=home, temporary=temporary, uid=uid, shares_network=True
        )

    return confine


def _bring_configuration(home: Path) -> None:
    """Copy the platform account's configuration of pip, which names the package index."""
    for name in _USERS:
        found = Path.home() / name
        if found.is_file():
            target = home / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, target)
            for path in (target, *target.relative_to(home).parents):
                give_like(home / path, home)


def _named(environment: Mapping[str, str]) -> set[Path]:
    """Return the files and folders of the machine that pip's variables name."""
    words = [word for name in (*_PATHS, *_CERTIFICATES) for word in environment.get(name, "").split()]
    return {Path(word) for word in words if Path(word).is_absolute() and Path(word) != Path("/")}
