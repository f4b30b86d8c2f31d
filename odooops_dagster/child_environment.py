"""The environment of every program that the platform starts: variables by name, because all others may hold secrets.

This is the only module that hands on variables of our own process. A program gets the variables of EVERY_PROGRAM and
those of the groups that its kind needs; a secret that it needs is given to it by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

# A name that ends with * is a prefix.
Names = tuple[str, ...]

EVERY_PROGRAM: Names = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "USER", "LOGNAME", "TMPDIR")

# How this machine reaches others: proxies and certificates. The address of a proxy may hold its password.
NETWORK: Names = (
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"),
)

# Variables that could point git at another repository are missing here. Source: git(1), "Environment Variables".
GIT: Names = (
    *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_SSL_*", "GIT_PROXY*"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"),
    *("SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "KRB5CCNAME"),
)

APT: Names = ("APT_CONFIG",)

# Each option of pip has a variable: PIP_INDEX_URL is --index-url. Source: "Configuration" in pip's documentation.
PIP: Names = ("PIP_*", "NETRC", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")

# libpq's settings but for PGPASSWORD and the names of servers. Source: "Environment Variables" of libpq.
LIBPQ: Names = (
    *("PGOPTIONS", "PGTZ", "PGDATESTYLE", "PGCONNECT_TIMEOUT", "PGSYSCONFDIR", "PGSSL*", "PGGSS*", "PGKRBSRVNAME"),
    *("PGREQUIREPEER", "PGREQUIREAUTH", "PGCHANNELBINDING", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION"),
)

# Where psql and our own connections find passwords that the URLs leave out.
LIBPQ_PASSWORDS: Names = ("PGPASSFILE", "PGSERVICE", "PGSERVICEFILE")

# How a person's programs know their terminal and what they edit and read with.
TERMINAL: Names = ("TERM", "COLUMNS", "LINES", "PAGER", "EDITOR", "VISUAL", "PSQL_PAGER", "PSQL_EDITOR", "PSQL_HISTORY")

# The platform's own programs, which import its packages.
OURS: Names = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")


def clean_environment(*groups: Names, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of EVERY_PROGRAM and of the groups that are set, and `extra`, which wins."""
    return {name: os.environ[name] for name in selected(os.environ, *groups)} | dict(extra or {})


def selected(variables: Iterable[str], *groups: Names) -> list[str]:
    """Return those of the variables that EVERY_PROGRAM or one of the groups names."""
    names = [name for group in (EVERY_PROGRAM, *groups) for name in group]
    return [variable for variable in variables if any(_is_meant(variable, name) for name in names)]


def _is_meant(variable: str, name: str) -> bool:
    return variable.startswith(name[:-1]) if name.endswith("*") else variable == name
