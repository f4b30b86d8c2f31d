"""The unprivileged account that a PostgreSQL server runs as when the caller is root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import MissingDependency, Unavailable


@dataclass(frozen=True, kw_only=True)
class Account:
    """A system user; `switch` is true if the caller is another user and has to switch to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    @property
    def user(self) -> str | None:
        """Return the user name to switch to, None if the caller is this user already."""
        return self.name if self.switch else None

    def own(self, path: Path) -> None:
        """Change the owner of the path to the account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def run(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        """Run the command as this account and return its result."""
        who = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}
        env = clean_environment()
        return subprocess.run(argv, env=env, capture_output=True, text=True, cwd="/", check=False, **who)  # type: ignore[call-overload, no-any-return]  # mypy cannot follow the keywords


def server_account(data: Path, candidates: Sequence[str]) -> Account:
    """Return the account that owns the cluster, or that will own a new one.

    As root that is the first of the candidates that exists; if none does, the first one is created.
    """
    if os.geteuid() != 0:
        return _caller(data)
    if data.exists():
        return _account(_owner(data), switch=True)
    for name in candidates:
        try:
            return _account(pwd.getpwnam(name), switch=True)
        except KeyError:
            continue
    return _create(candidates[0])


def _caller(data: Path) -> Account:
    try:
        me = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise Unavailable(
            f"user id {os.geteuid()} has no account on this machine, without which PostgreSQL does not start",
            hint=f"start the platform as another user, or make the account: useradd --uid {os.geteuid()} odooops",
        ) from None
    if data.exists() and data.stat().st_uid != me.pw_uid:
        owner = _owner(data).pw_name
        raise Unavailable(
            f"{data} belongs to {owner}, not to {me.pw_name}", hint=f"sudo chown -R {me.pw_name} {data.parent}"
        )
    return _account(me, switch=False)


def _owner(data: Path) -> pwd.struct_passwd:
    uid = data.stat().st_uid
    try:
        owner = pwd.getpwuid(uid)
    except KeyError:
        raise Unavailable(
            f"{data} belongs to user id {uid}, which has no account", hint=f"chown -R postgres {data}"
        ) from None
    if owner.pw_uid == 0 and os.geteuid() == 0:
        raise Unavailable(f"{data} belongs to root, as whom PostgreSQL does not run", hint=f"chown -R postgres {data}")
    return owner


def _create(name: str) -> Account:
    if shutil.which("useradd") is None:
        raise MissingDependency(
            "PostgreSQL does not run as root and this machine has no account for it", hint=f"adduser -S -H {name}"
        )
    argv = [
        "useradd",
        "--system",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
        name,
    ]
    done = subprocess.run(argv, env=clean_environment(), capture_output=True, text=True, check=False)
    try:
        return _account(pwd.getpwnam(name), switch=True)
    except KeyError:
        raise MissingDependency(f"cannot make the account {name}: {done.stderr.strip()}", hint=" ".join(argv)) from None


def _account(entry: pwd.struct_passwd, *, switch: bool) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=switch)
