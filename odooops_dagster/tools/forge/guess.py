"""Which forge a repository's address names, and where its API begins."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from odooops_dagster.errors import BadInput
from odooops_dagster.model.messages import ForgeName

_HOSTS: dict[str, tuple[ForgeName, str]] = {
    "github.com": ("github", "https://api.github.com"),
    "gitlab.com": ("gitlab", "https://gitlab.com/api/v4"),
    "codeberg.org": ("gitea", "https://codeberg.org/api/v1"),
    "bitbucket.org": ("bitbucket", "https://api.bitbucket.org/2.0"),
}
_APIS: dict[ForgeName, str] = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1", "bitbucket": "/2.0"}
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[^/:@]+):(?P<path>[^/].*)")


def guess_forge(repo_url: str, forge: ForgeName | None = None) -> tuple[ForgeName, str, str]:
    """Return the forge of a repository's address, where its API begins, and the repository's name there.

    Args:
        repo_url: as git takes it, https or ssh.
        forge: which forge it is, for a host that is not known.

    Raises:
        BadInput: the host is not known, and no forge is named; or the address names no repository of a forge.
    """
    host, path = _parts(repo_url)
    if not host or "/" not in path:
        raise BadInput(f"{repo_url} is no repository of a forge", hint="name it: --api-url URL --repository OWNER/NAME")
    known = _HOSTS.get(host)
    if known is not None and forge in (None, known[0]):
        return (*known, path)
    if forge is None:
        raise BadInput(f"{host} is a forge of unknown kind", hint="say which: --forge github, gitlab, gitea, bitbucket")
    return forge, f"https://{host}{_APIS[forge]}", path


def _parts(repo_url: str) -> tuple[str, str]:
    """Return the host and the repository's name."""
    found = None if "://" in repo_url else _SCP.fullmatch(repo_url)
    parts = urlsplit(repo_url)
    host, path = (found["host"], found["path"]) if found else (parts.hostname or "", parts.path)
    return host.lower(), path.strip("/").removesuffix(".git")
