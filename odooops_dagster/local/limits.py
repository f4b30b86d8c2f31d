"""The keeper of the environments' limits: the kernel, or the launchers of their programs."""

from __future__ import annotations

from odooops_dagster.errors import Unavailable
from odooops_dagster.local import lock
from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime import cgroups


def keep(settings: Settings) -> str:
    """Put this process, and all programs that it starts, where the kernel can keep the limits; say who keeps them."""
    try:
        return _kernel(cgroups.enter(), settings)
    except Unavailable as exc:
        return f"{_watched(settings)}: {exc}"


def limits(settings: Settings) -> str:
    """Check who keeps the limits of the running platform, or of one that is started from here.

    Raises:
        Unavailable: launchers do, which look at the memory, and cannot limit the CPU.
    """
    try:
        return _kernel(cgroups.in_force(lock.holder(settings.home) or None), settings)
    except Unavailable as exc:
        raise Unavailable(f"{_watched(settings)}: {exc}", hint=exc.hint) from exc


def _kernel(group: str, settings: Settings) -> str:
    told = {
        f"{settings.environment_memory_mb} MB": settings.environment_memory_mb,
        f"{settings.environment_processes} processes": settings.environment_processes,
        f"{settings.environment_cpu_percent} % of a core": settings.environment_cpu_percent,
    }
    words = [word for word, limit in told.items() if limit]
    return f"the kernel keeps each environment to {', '.join(words) or 'its part of the CPU'}, in {group}"


def _watched(settings: Settings) -> str:
    if not settings.environment_memory_mb:
        return "no limit of an environment's memory is set"
    memory = f"launchers watch that no environment takes more than {settings.environment_memory_mb} MB"
    return f"{memory}; its CPU has no limit"
