"""Translate the user's configuration of pip into uv's settings, because uv does not read it.

Run as a program by the interpreter of an environment that has pip, before anything else is installed in it, this prints
the settings as assignments for a shell. Only the standard library may be imported here.
"""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping

# pip's options and what has the same meaning for uv; a list is separated by what the third column says.
# Sources: "pip install" in pip's documentation, "Environment variables" in uv's.
_COUNTERPARTS = {
    "index-url": ("UV_DEFAULT_INDEX", ""),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", ""),
    "client-cert": ("SSL_CLIENT_CERT", ""),
    "proxy": ("ALL_PROXY", ""),
    "timeout": ("UV_HTTP_TIMEOUT", ""),
    "default-timeout": ("UV_HTTP_TIMEOUT", ""),
    "retries": ("UV_HTTP_RETRIES", ""),
}
# Settings that do not change which packages are installed.
_WITHOUT_MEANING = frozenset(
    {
        *("disable-pip-version-check", "no-input", "progress-bar", "root-user-action", "quiet", "verbose", "no-color"),
        *("cache-dir", "require-virtualenv", "break-system-packages", "no-warn-script-location", "no-warn-conflicts"),
        *("no-python-version-warning", "prefer-binary", "log", "exists-action", "config-file"),
    }
)
# uv takes a version from the first index that has the package, pip the best one of all.
_ALWAYS = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
# Where uv looks for certificates, and where requests does, with which pip asks.
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def listing(python: str, environment: Mapping[str, str] | None) -> list[str]:
    """Return what `pip config list` of this interpreter prints, one setting a line; values may hold passwords.

    Args:
        python: the interpreter; pip is installed for it.
        environment: pip's variables; None leaves it those of whoever started us.
    """
    argv = [python, "-m", "pip", "config", "list"]
    return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment).stdout.splitlines()


def uv_settings(lines: Iterable[str], environment: Mapping[str, str]) -> dict[str, str] | None:
    """Return the variables that tell uv what the lines of `pip config list` tell pip.

    Returns None where one of them has no counterpart: only pip can do what its user asks for.
    """
    told = dict(_ALWAYS)
    if certificates := next(filter(None, map(environment.get, _CERTIFICATES)), ""):
        told["SSL_CERT_FILE"] = certificates
    for name, value in _effective(lines).items():
        if name in _WITHOUT_MEANING or not value:
            continue
        if name not in _COUNTERPARTS:
            return None
        variable, separator = _COUNTERPARTS[name]
        told[variable] = separator.join(value.split()) if separator else value
    return told


def _effective(lines: Iterable[str]) -> dict[str, str]:
    """Return each option's value: a variable wins over section [install], which wins over [global]."""
    rank = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in lines:
        key, _, value = line.partition("=")
        section, _, name = key.partition(".")
        if section in rank and rank[section] >= found.get(name, (0, ""))[0]:
            found[name] = rank[section], str(ast.literal_eval(value))
    return {name: value for name, (_, value) in found.items()}


def main() -> None:
    """Print the settings as assignments, or end with status 1 if only pip can do what its user asks for."""
    told = uv_settings(listing(sys.executable, None), os.environ)
    if told is None:
        raise SystemExit(1)
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in told.items()))


if __name__ == "__main__":
    main()
