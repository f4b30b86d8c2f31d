"""The host name and the URL of an environment, and the way from a host name back to the environment's label.

Cookies know no port (RFC 6265, section 8.5): a name for each environment keeps the session of one from all others.
Browsers take every name below localhost for this machine, and for a site of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from odooops_dagster.model import Environment
    from odooops_dagster.settings import Settings

_LOCAL = "localhost"
# An environment's label has two dashes between branch and project: no other program's name has them.
_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


def environment_host(settings: Settings, environment: Environment) -> str:
    """Return the host name under which the environment answers, and no other environment or program does."""
    return f"{environment.host_label}.{settings.environments_domain or _LOCAL}"


def own_host(environment: Environment) -> str:
    """Return the name by which the environment's Odoo asks itself: the router knows it whatever the domain is."""
    return f"{environment.host_label}.{_LOCAL}"


def environment_url(settings: Settings, environment: Environment) -> str:
    """Return the URL of the environment: on this machine, or where the proxy of the domain shows it."""
    return url_of_label(settings, environment.host_label)


def url_of_label(settings: Settings, label: str) -> str:
    """Return the URL of the environment with this label."""
    if settings.environments_domain is not None:
        return f"https://{label}.{settings.environments_domain}/"
    return f"http://{label}.{_LOCAL}:{settings.environments_port}/"


def label_of_host(settings: Settings, host: str) -> str | None:
    """Return the label of the environment that has the host name; None for every other name."""
    label, _, domain = host.lower().removesuffix(".").partition(".")
    if domain not in {_LOCAL, settings.environments_domain or _LOCAL} or not _LABEL.fullmatch(label):
        return None
    return label if "--" in label else None
