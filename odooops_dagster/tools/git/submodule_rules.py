"""Where a project's submodules may come from: a pushed commit names them, and the platform's account fetches them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.git.remote import Remote


@dataclass(frozen=True, kw_only=True)
class SubmoduleRules:
    """Where submodules may come from, besides the host of the project's own repository.

    `hosts` are asked over https and ssh only. `folders` hold repositories on this machine that any project may take.
    `owner_of` returns the slug of another project whose repository has the address.
    """

    hosts: frozenset[str] = frozenset()
    folders: tuple[Path, ...] = ()
    owner_of: Callable[[str], str | None] = lambda _url: None

    def require(self, submodule: Remote, *, project: Remote, home: Path) -> None:
        """Refuse an address from which the project may take no submodule.

        Raises:
            StepFailed: the message names the address, the hint the setting that allows it.
        """
        if submodule.url == project.url:
            return  # what it may read already
        if submodule.is_local:
            self._require_folder(submodule, project, home)
        else:
            self._require_host(submodule, project)
        owner = self.owner_of(_plain(submodule))
        if owner is not None:
            raise StepFailed(
                f"{submodule.url} is the repository of project {owner}",
                hint="put what several projects need into a repository of its own",
            )

    def _require_folder(self, submodule: Remote, project: Remote, home: Path) -> None:
        place = submodule.folder
        if place == project.folder:
            return
        if place.is_relative_to(home.resolve()):
            raise StepFailed(f"{submodule.url} is a folder of the platform", hint="name a repository of your own")
        if not any(place.is_relative_to(folder.resolve()) for folder in self.folders):
            raise StepFailed(
                f"{submodule.url} is in no folder from which projects may take submodules",
                hint="let the operator name the folder in ODOOOPS_SUBMODULE_FOLDERS",
            )

    def _require_host(self, submodule: Remote, project: Remote) -> None:
        scheme, host, port = _place(submodule)
        own_scheme, own_host, own_port = _place(project)
        is_own = host == own_host and (scheme == "ssh" or (scheme, port) == (own_scheme, own_port))
        is_usual = scheme == "ssh" or (scheme == "https" and port is None)
        if not is_own and not (is_usual and host in {*self.hosts, own_host}):
            raise StepFailed(
                f"{submodule.url} is on a host, or reached in a way, from which projects may take no submodules",
                hint="use https or ssh, and let the operator name the host in ODOOOPS_SUBMODULE_HOSTS",
            )


def _place(remote: Remote) -> tuple[str, str, int | None]:
    """Return the scheme, the host and the port of the remote; all empty for a folder."""
    if remote.is_local:
        return "", "", None
    if "://" not in remote.url:
        return "ssh", remote.url.partition(":")[0].rpartition("@")[2].lower(), None
    parts = urlsplit(remote.url)
    try:
        return parts.scheme, (parts.hostname or "").lower(), parts.port
    except ValueError as exc:
        raise StepFailed(f"{remote.url} has no port that could be asked") from exc


def _plain(remote: Remote) -> str:
    """Return the address without what a server ignores, so that no other spelling hides whose it is."""
    if remote.is_local:
        return str(remote.folder)
    head, mark, path = remote.url.partition("://")
    if not mark:
        head, mark, path = "ssh", "://", remote.url.replace(":", "/", 1)
    words = [word for word in unquote(path).split("/") if word not in {"", "."}]
    return f"{head}{mark}{'/'.join(words)}"
