"""The files and the network that a program in a sandbox may use; everything else does not exist for it."""

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
        shares_processes: whether the programs see the machine's processes, and may signal those of their account; they
            see neither their memory nor their variables.
        limits: the limits of the programs.
        has_terminal: whether a person types to the programs, at a terminal that is theirs alone.
        image: the image by its digest in which a container runs them, with the code; empty takes the runtime's own.
    """

    writable: tuple[Path, ...]
    readable: tuple[Path, ...] = ()
    mounts: Mapping[str, Path] = field(default_factory=dict)
    home: Path
    temporary: Path | None = None
    uid: int | None = None
    shares_network: bool = False
    shares_processes: bool = False
    limits: Limits = Limits()
    has_terminal: bool = False
    image: str = ""

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
