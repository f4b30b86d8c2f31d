"""Parses a repository's address and separates the password, so that it is in no argv and no message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from odooops_dagster.errors import BadInput

_NETWORK_SCHEMES = frozenset({"https", "http", "ssh", "git"})
_SCP_LIKE = re.compile(r"^(?:[^@/:\s]+@)?[^@/:\s]+:(?!:)\S")  # git@github.com:acme/shop.git
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
# Text that git refuses in a ref's name, and names that a program would read as an option.
_NOT_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|/-|\.lock(?:/|$)|[/.]$")

# Accept a local repository of any owner: the operator named it, and reading it runs none of its code. A filter lets us
# ask for a branch's commits without their files.
_LOCAL_UPLOAD_PACK = "--upload-pack=git -c 'safe.directory=*' -c uploadpack.allowFilter=true upload-pack"


@dataclass(frozen=True, kw_only=True)
class Remote:
    """The address of a repository; `url` contains no password.

    `key` is the file of the project's own ssh key: with it, nothing that the platform's account may read is offered.
    """

    url: str
    is_local: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    key: Path | None = None

    @classmethod
    def parse(cls, url: str, *, key: Path | None = None) -> Self:
        """Return the remote that the URL or absolute path names, which the project's own key may open."""
        return replace(cls._parse(url), key=key)

    @classmethod
    def _parse(cls, url: str) -> Self:
        if not url or url.startswith("-") or _CONTROL_CHARACTER.search(url) or "::" in url:
            raise BadInput(f"{url!r} is not a repository's address", hint="give an https, ssh or file URL, or a path")
        if url.startswith("/"):
            return cls(url=url, is_local=True)
        if "://" in url:
            return cls._parse_url(url)
        if _SCP_LIKE.match(url):
            return cls(url=url)
        raise BadInput(f"{url} is not a repository's address", hint="give a path from the root, such as /srv/shop.git")

    @classmethod
    def _parse_url(cls, url: str) -> Self:
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.path and parts.hostname in {None, "localhost"}:
            return cls(url=f"file://{parts.path}", is_local=True)
        if parts.scheme not in _NETWORK_SCHEMES or not parts.hostname:
            raise BadInput(
                f"{parts.scheme}:// is no way to reach a repository",
                hint="use https://, ssh://, git@host:path or file://",
            )
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme in {"https", "http"}:
            clean = parts._replace(netloc=host).geturl()
            return cls(url=clean, username=_unquoted(parts.username), password=_unquoted(parts.password))
        user = f"{parts.username}@" if parts.username else ""
        return cls(url=parts._replace(netloc=f"{user}{host}").geturl())

    @property
    def host(self) -> str | None:
        """Return the scheme and host of an HTTP address, None for others; a password may be sent to the same host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"https", "http"} else None

    @property
    def folder(self) -> Path:
        """Return the folder of a local repository, without links."""
        return Path(self.url if self.url.startswith("/") else unquote(urlsplit(self.url).path)).resolve()

    def as_submodule_of(self, parent: Remote) -> Remote:
        """Return this remote with its parent's key, and on the same host with its password.

        Raises:
            BadInput: a repository on a server names a folder of this machine.
        """
        if self.is_local and not parent.is_local:
            raise BadInput(
                f"{self.url} is a folder of the server", hint="a submodule's URL must be https, ssh or relative"
            )
        own = replace(self, key=parent.key)
        if self.username is None and self.host is not None and self.host == parent.host:
            return replace(own, username=parent.username, password=parent.password)
        return own

    def options(self) -> tuple[str, ...]:
        """Return the extra options of git's fetch and ls-remote for this remote."""
        return (_LOCAL_UPLOAD_PACK,) if self.is_local else ()


def submodule_url(parent: str, url: str) -> str:
    """Return the absolute URL of a submodule; ./ and ../ are relative to the parent repository's URL."""
    if not url.startswith(("./", "../")):
        return url
    base = parent.rstrip("/")
    while url.startswith(("./", "../")):
        step, _, url = url.partition("/")
        if step == "..":
            base = _one_up(base)
    return f"{base}{url}" if base.endswith(":") else f"{base}/{url}"


def is_ref(ref: str) -> bool:
    """Return whether git accepts this as a full ref name, such as refs/heads/feature/x."""
    try:
        ref.encode()
    except UnicodeEncodeError:
        return False
    return ref.startswith("refs/") and ref.count("/") > 1 and not _NOT_IN_REF.search(ref)


def _one_up(base: str) -> str:
    slash, colon = base.rfind("/"), base.rfind(":")
    if slash > 0 and base[slash - 1] != "/":
        return base[:slash]
    if slash < colon < len(base) - 1:
        return base[: colon + 1]
    raise BadInput(f"a submodule's relative URL leads above {base}")


def _unquoted(value: str | None) -> str | None:
    return unquote(value) if value is not None else None
