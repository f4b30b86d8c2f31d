"""Replaces itself with a program that dies with its parent.

    tether.py [--user NAME] [--inherits VARIABLE,VARIABLE] SIGNAL COMMAND...

Standard library only: `python -I tether.py` starts in a fraction of the time that an import of the package takes.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
Become = Callable[[str, list[str], Mapping[str, str]], NoReturn]


def command(
    argv: list[str], *, death_signal: signal.Signals, user: str | None = None, inherits: Sequence[str] | None = None
) -> list[str]:
    """Return the command line that runs `argv` and ends it with the process that starts it.

    Args:
        argv: the program and its arguments.
        death_signal: the signal that the program gets when its parent dies.
        user: the account to run it as; by default the caller's.
        inherits: the names of the variables that the program gets, patterns with * included; by default all.
    """
    options = ["--user", user] if user else []
    options += ["--inherits", ",".join(inherits)] if inherits is not None else []
    return [sys.executable, "-I", __file__, *options, death_signal.name, *argv]


def main(arguments: list[str], become: Become = os.execvpe) -> NoReturn:
    """Drop privileges, reset signal handlers, request the death signal, and exec the command."""
    parent = os.getppid()
    options, name, argv = _parse(arguments)
    user = options.get("--user")
    if "--inherits" in options:
        _forget_all_but(options["--inherits"].split(","))
    # The other user may be unable to read our libraries, so use them before the switch.
    death_signal, program = signal.Signals[name], shutil.which(argv[0]) or argv[0]
    if user is not None:
        _become(user)
    # A shell's background jobs ignore SIGINT, and child processes inherit that.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    tie(death_signal, parent=parent)
    become(program, argv, os.environ.copy())


def _parse(arguments: list[str]) -> tuple[dict[str, str], str, list[str]]:
    options = {}
    while arguments[0].startswith("--"):
        options[arguments[0]], arguments = arguments[1], arguments[2:]
    return options, arguments[0], arguments[1:]


def _forget_all_but(patterns: list[str]) -> None:
    for name in list(os.environ):
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            del os.environ[name]


def tie(death_signal: signal.Signals, *, parent: int) -> None:
    """Make the kernel send a signal when the parent dies; call it after a change of the user, which resets it."""
    if sys.platform != "linux":
        return
    _prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:
        sys.exit(f"tether: the parent {parent} is gone")


def adopt_orphans() -> None:
    """Make this process the parent of all orphans below it, so that it can end them."""
    if sys.platform == "linux":
        _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def _become(user: str) -> None:
    account = pwd.getpwnam(user)
    os.setgroups(os.getgrouplist(user, account.pw_gid))
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    os.environ.update(HOME=account.pw_dir, USER=user, LOGNAME=user)


if __name__ == "__main__":
    main(sys.argv[1:])
