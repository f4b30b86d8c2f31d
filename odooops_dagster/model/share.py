"""The share of the machine that the programs of one environment may use together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Share:
    """The limits of an environment: its jobs and its service count together; 0 for no limit.

    Args:
        name: the name of the group, of letters, digits, dots, dashes and underscores.
        owner: what people call the environment, for the sentence that its programs are ended with.
        folder: a folder of the platform's own in which the launchers of these programs find each other.
        memory_mb: the most memory of all programs, files in memory included, in MiB.
        processes: the most processes and threads.
        cpu_percent: the most CPU time, 100 for one core.
        cpu_weight: the part of the CPU beside others when there is not enough, 1 to 10,000.
    """

    name: str
    owner: str
    folder: Path
    memory_mb: int = 0
    processes: int = 0
    cpu_percent: int = 0
    cpu_weight: int = 100
