"""The command line of bwrap for a sandbox.

bwrap gives the program namespaces of its own (processes, IPC, host name, mounts, network, and as an ordinary user also
users) and a file system that consists of the mounts below. Source of the options: bwrap(1), version 0.8.
"""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from odooops_dagster.errors import MissingDependency
from odooops_dagster.model import Limits, Sandbox

# Links on a machine with a merged /usr, folders on others.
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# Files that every account of the machine may read, and that programs need to find libraries, names and certificates.
_ETC = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/ssl"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/mime.types", "/etc/fonts", "/etc/pki"),
    *("/etc/protocols", "/etc/services", "/etc/ca-certificates", "/etc/crypto-policies"),
)
# The settings by which a machine forbids namespaces of users to its users, and the value that does so.
_USER_NAMESPACES = {
    "/proc/sys/user/max_user_namespaces": "0",
    "/proc/sys/kernel/unprivileged_userns_clone": "0",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
}
_NETWORK_ETC = ("/etc/resolv.conf", "/etc/gai.conf", "/etc/host.conf")


def command(sandbox: Sandbox, argv: Sequence[str], *, cwd: Path) -> list[str]:
    """Return the command line that runs `argv` in the sandbox; it holds no secret, and passes on its environment.

    Args:
        sandbox: what the program sees.
        argv: the program and its arguments, with the paths that they have inside.
        cwd: the folder in which the program starts.

    Raises:
        MissingDependency: a program that the sandbox needs is missing.
    """
    return [
        _program("bwrap", package="bubblewrap"),
        *_namespaces(sandbox),
        *_file_system(sandbox),
        *("--setenv", "HOME", str(sandbox.home), "--setenv", "TMPDIR", str(sandbox.temporary or "/tmp")),  # noqa: S108
        *("--chdir", str(cwd)),
        "--",
        *_as_account(sandbox.uid),
        *_limited(sandbox.limits),
        *argv,
    ]


def _namespaces(sandbox: Sandbox) -> list[str]:
    options = ["--unshare-ipc", "--unshare-cgroup-try", "--die-with-parent"]
    if not sandbox.has_terminal:
        # Else a program could put words into the terminal of whoever started the platform. Source: CVE-2017-5226.
        options.append("--new-session")
    if not sandbox.shares_processes:
        # A process is known by its number and its host.
        options += ["--unshare-pid", "--unshare-uts", "--hostname", "sandbox"]
    if not sandbox.shares_network:
        options.append("--unshare-net")
    if sandbox.uid is None:
        # A namespace of users is what lets an ordinary user make the others; inside, none can be made.
        options += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    return options


def _file_system(sandbox: Sandbox) -> Iterator[str]:
    """Yield the mounts: a system that cannot be written, memory for temporary files, and what the sandbox names."""
    yield from ("--ro-bind", "/usr", "/usr")
    yield from _system_folders()
    # The kernel mounts /proc for processes of one's own only.
    yield from ("--ro-bind", "/proc", "/proc") if sandbox.shares_processes else ("--proc", "/proc")
    yield from (
        "--dev",
        "/dev",
        "--perms",
        "0755",
        "--dir",
        "/etc",
        "--perms",
        "0755",
        "--dir",
        "/run",
    )
    for path in (*_ETC, *(_NETWORK_ETC if sandbox.shares_network else ())):
        yield from ("--ro-bind-try", path, path)
    size = str(sandbox.limits.memory_files_mb * 1024**2)
    for folder in ("/tmp", "/dev/shm"):  # noqa: S108 - its own
        yield from ("--perms", "1777", *(("--size", size) if sandbox.limits.memory_files_mb else ()), "--tmpfs", folder)
    yield from _own_folders(sandbox)
    # Nothing can be made beside the mounts.
    yield from ("--remount-ro", "/")


def _system_folders() -> Iterator[str]:
    for name in _SYSTEM:
        folder = Path(name)
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), name)
        elif folder.is_dir():
            yield from ("--ro-bind", name, name)


def _own_folders(sandbox: Sandbox) -> Iterator[str]:
    mounts = [("--ro-bind", folder, folder) for folder in sandbox.readable]
    mounts += [("--ro-bind", folder, Path(inside)) for inside, folder in sandbox.mounts.items()]
    mounts += [("--bind", folder, folder) for folder in sandbox.writable]
    # An inner folder is mounted after the one around it, which would hide it.
    mounts.sort(key=lambda mount: len(mount[2].parts))
    for parent in _parents(inside for _option, _folder, inside in mounts):
        # bwrap makes missing parents with mode 0700, which other accounts cannot enter.
        yield from ("--perms", "0755", "--dir", str(parent))
    for option, folder, inside in mounts:
        yield from (option, str(folder), str(inside))


def _parents(folders: Iterable[Path]) -> list[Path]:
    """Return the folders above the given ones that no other mount provides, the outermost first."""
    provided = {Path(name) for name in ("/", "/usr", "/proc", "/dev", "/etc", "/run", "/tmp", *_SYSTEM)}  # noqa: S108
    above = {parent for folder in folders for parent in folder.parents}
    return sorted((path for path in above if path not in provided), key=lambda path: (len(path.parts), str(path)))


def _limited(limits: Limits) -> list[str]:
    """Return a prefix that sets the limits; soft and hard, so that the program cannot raise them."""
    wanted = {
        "nproc": (limits.processes, resource.RLIMIT_NPROC),
        "nofile": (limits.open_files, resource.RLIMIT_NOFILE),
        "fsize": (limits.file_mb * 1024**2, resource.RLIMIT_FSIZE),
        "as": (limits.address_space_mb * 1024**2, resource.RLIMIT_AS),
    }
    values = {name: _at_most(value, kind) for name, (value, kind) in wanted.items() if value}
    words = [f"--{name}={value}:{value}" for name, value in values.items()]
    return [_program("prlimit", package="util-linux"), "--core=0:0", *words, "--"]


def _at_most(value: int, kind: int) -> int:
    """Return the value, or the hard limit that we have and that only root may raise."""
    hard = resource.getrlimit(kind)[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _as_account(uid: int | None) -> list[str]:
    """Return a prefix that gives up root for the account, and all capabilities for good."""
    if uid is None:
        return []
    setpriv = _program("setpriv", package="util-linux")
    account = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    capabilities = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]
    return [setpriv, *account, "--no-new-privs", *capabilities, "--", *_no_user_namespaces()]


def _no_user_namespaces() -> list[str]:
    """Return a prefix that forbids namespaces of users; empty where the machine forbids them to all users."""
    if any(_setting(path) == forbidding for path, forbidding in _USER_NAMESPACES.items()):
        return []
    bwrap = _program("bwrap", package="bubblewrap")
    return [bwrap, "--unshare-user", "--disable-userns", "--dev-bind", "/", "/", "--"]


def _setting(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def _program(name: str, *, package: str) -> str:
    found = shutil.which(name, path=f"{os.defpath}:/usr/sbin:/sbin")
    if found is None:
        raise MissingDependency(f"{name} is not installed", hint=f"apt-get install -y {package}")
    return found
