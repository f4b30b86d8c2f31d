"""`apt.txt` at the root of a repository: Debian packages that its modules need, one name on each line.

Whoever can push writes it: a line is a name and nothing else, no option, address, version or pattern.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from odooops_dagster.errors import BadInput

APT_TXT = "apt.txt"
# Debian Policy, 5.6.1. apt takes a name that ends in a minus for one to remove.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{0,126}[a-z0-9+.]")
_MAX_BYTES = 64 * 1024
_MOST = 200


def read_apt_txt(root: Path) -> tuple[str, ...]:
    """Return the packages that the repository names, sorted; none where there is no such file. `#` starts a comment.

    Raises:
        BadInput: the file is none, is too large, or a line is no name of a package; the message names the line.
    """
    lines = read_lines(root, APT_TXT, hint="write one package on each line")
    names = {name for number, line in enumerate(lines, 1) if (name := _name(line, number))}
    if len(names) > _MOST:
        raise BadInput(f"{APT_TXT} names {len(names)} packages, and {_MOST} may be", hint="name what modules need")
    return tuple(sorted(names))


def read_lines(root: Path, name: str, *, hint: str) -> list[str]:
    """Return the lines of a file at the root of a repository; none where there is no such file.

    Raises:
        BadInput: the file is no plain one, or is too large; the hint says what to do.
    """
    try:
        # What a link leads to is the machine's: a line of it would be in the message.
        descriptor = os.open(root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise BadInput(f"{name} cannot be read: it is no plain file", hint=hint) from exc
    if len(data) > _MAX_BYTES:
        raise BadInput(f"{name} is larger than {_MAX_BYTES} bytes", hint=hint)
    return data.decode("utf-8", errors="replace").splitlines()


def is_package(name: str) -> bool:
    """Return whether this is a name of a Debian package and nothing else."""
    return _PACKAGE.fullmatch(name) is not None


def _name(line: str, number: int) -> str:
    name = line.partition("#")[0].strip()
    if name and not is_package(name):
        raise BadInput(
            f"{APT_TXT}:{number}: {name[:80]!r} is no name of a Debian package",
            hint="write one name on each line, such as antiword, without options, versions and addresses",
        )
    return name
