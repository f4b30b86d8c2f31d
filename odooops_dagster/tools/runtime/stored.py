"""A service as values of JSON, beside the launcher's keys in the file of its definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from odooops_dagster.model import Service, Share
from odooops_dagster.tools.runtime.sandbox import stored as sandboxes


def to_json(service: Service) -> dict[str, Any]:
    """Return the service as values of JSON; its share is a key of the launcher's."""
    return {
        "name": service.name,
        "port": service.port,
        "log_path": str(service.log_path),
        "memory_mb": service.memory_mb,
        "service_env": dict(service.env),
        "service_argv": list(service.argv),
        "service_cwd": str(service.cwd),
        "sandbox": sandboxes.to_json(service.sandbox),
        "socket": None if service.socket is None else str(service.socket),
        "bus": None if service.bus is None else str(service.bus),
        "labels": dict(service.labels),
    }


def share_to_json(share: Share | None) -> dict[str, Any] | None:
    """Return the share as values of JSON."""
    return None if share is None else {**asdict(share), "folder": str(share.folder)}


def service_of(stored: Mapping[str, Any]) -> Service:
    """Return the service of a definition."""
    return Service(
        name=stored["name"],
        # Definitions of earlier versions had no sandbox, and were the service's own.
        argv=tuple(stored.get("service_argv", stored["argv"])),
        cwd=Path(stored.get("service_cwd", stored["cwd"])),
        port=stored["port"],
        log_path=Path(stored["log_path"]),
        env=stored["service_env"],
        memory_mb=stored["memory_mb"],
        sandbox=sandboxes.from_json(stored.get("sandbox")),
        # Those of earlier versions listened on their port.
        socket=Path(stored["socket"]) if stored.get("socket") else None,
        bus=Path(stored["bus"]) if stored.get("bus") else None,
        share=_share_of(stored.get("share")),
        labels=stored.get("labels", {}),
    )


def _share_of(stored: Mapping[str, Any] | None) -> Share | None:
    """Return the share in a definition; those of earlier versions have none."""
    if stored is None:
        return None
    return Share(**{field.name: stored[field.name] for field in fields(Share)} | {"folder": Path(stored["folder"])})
