"""What a program in a sandbox sees and may use: what is not named here does not exist for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from odooops_dagster.errors import BadInput


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of the programs of one sandbox; 0 for none."""

    processes: int = 512  # of the sandbox's account, threads included
    open_files: int = 8192  # of one process
    file_mb: int = 8192  # the largest file that a process can write
    memory_files_mb: int = 512  # of /tmp and of /dev/shm each, which are memory
    address_space_mb: int = 0  # of one process


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """The folders, the account and the limits of one environment's programs.

    Args:
        writable: folders of the environment's own; as root, their files have to belong to `uid`.
        readable: folders with the code that the programs run, such as Odoo's and a virtual environment's.
        mounts: readable folders by the path that they have inside, such as the one of PostgreSQL's socket.
        home: the folder that HOME names; one of the writable ones, or below one.
        temporary: the folder for temporary files; None keeps them in memory, in a /tmp of the sandbox's own.
        uid: the account of the programs if the platform runs as root; None runs them as the caller.
        shares_network: whether the programs use the machine's network.
        limits: the limits of the programs.
    """

    writable: tuple[Path, ...]
    readable: tuple[Path, ...] = ()
    mounts: Mapping[str, Path] = field(default_factory=dict)
    home: Path
    temporary: Path | None = None
    uid: int | None = None
    shares_network: bool = False
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        """Refuse a sandbox that would hold nothing.

        Raises:
            BadInput: the account is root, a path is not absolute, or HOME is not writable.
        """
        if self.uid is not None and self.uid <= 0:
            raise BadInput("a sandbox does not run as root", hint="give it an account of its own")
        for path in (*self.writable, *self.readable, *self.mounts.values(), *map(Path, self.mounts)):
            if not path.is_absolute() or path == Path("/") or ".." in path.parts:
                raise BadInput(f"{path} cannot be in a sandbox", hint="name an absolute folder below /")
        if not any(self.home.is_relative_to(folder) for folder in self.writable):
            raise BadInput(f"{self.home} is not writable in its sandbox", hint="name one of the writable folders")
