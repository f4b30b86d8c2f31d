"""How many processes serve an environment's requests: what its repository asks for, as far as they fit its share."""

from __future__ import annotations

from odooops_dagster.model import Share
from odooops_dagster.tools.project_file import OdooOptions

# Of five workers four have 150 MB and one has 1 GB. Source: Odoo's documentation, "System configuration".
_WORKER_MB = 320
# A worker, its thread, and a program that prints with the threads of its own.
_WORKER_PROCESSES = 16
_FEWEST = 2


def workers_of(options: OdooOptions, share: Share) -> int:
    """Return the number of workers; 0 for threads in one process.

    The kernel holds all programs of an environment to its share; workers that do not fit would be ended by it again
    and again, so they are not started. The evented process and the crons need the room of one more each.
    """
    asked = asked_for(options)
    if not asked:
        return 0
    fits = [asked]
    if share.memory_mb:
        fits.append(share.memory_mb // _WORKER_MB - 2)
    if share.processes:
        fits.append(share.processes // _WORKER_PROCESSES - 2)
    fitting = min(fits)
    return fitting if fitting >= _FEWEST else 0


def sentence(options: OdooOptions, share: Share) -> str:
    """Return what serves requests, for the run's log; empty for threads that nobody asked to be anything else."""
    asked, number = asked_for(options), workers_of(options, share)
    if not asked:
        return ""
    serving = f"{number} workers and a process for the bus" if number else "threads in one process"
    if number == asked:
        return f"{serving} serve"
    return (
        f"{serving} serve: the {asked} workers of odoo.options.workers do not fit into {share.memory_mb} MB and"
        f" {share.processes} processes (ODOOOPS_ENVIRONMENT_MEMORY_MB, ODOOOPS_ENVIRONMENT_PROCESSES, policy preview)"
    )


def asked_for(options: OdooOptions) -> int:
    """Return the number of workers that the repository asks for."""
    return int(str(options.options.get("workers", 0)))
