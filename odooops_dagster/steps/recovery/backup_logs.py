"""Choose the logs of an environment's backup: those of its runs, and those of its Odoo if they are readable here."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import service_logs
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.recovery.data_location import DataLocation
from odooops_dagster.tools.backup.logs import LogSource, Readable, file_source, rotated

_LINES = 5000


def log_sources(ctx: StepContext, origin: DataLocation) -> Iterator[LogSource]:
    """Yield the logs, the newest of each kind first."""
    for path in _odoo_logs(ctx, origin):
        yield file_source(f"odoo/{path.name}", path)
    days = int(ctx.control.policies.get(ctx.project.id, policy_type="ttl")["log_days"])
    for run in ctx.control.logs.runs(ctx.environment.id, since=datetime.now(UTC) - timedelta(days=days)):
        read = partial(_lines_of, ctx.control, run["run_id"])
        yield LogSource(name=f"runs/{run['run_number']}-{run['kind']}.log", read=read, ended_at=run["finished_at"])


def logs_summary(facts: Mapping[str, Any]) -> str:
    """Return a line for people on the logs in the backup."""
    odoo = f"{facts.get('odoo', 0)} log file(s) of Odoo"
    more = [f"{facts['older']} older ones left out"] if facts.get("older") else []
    more += [f"not readable: {', '.join(facts['unread'])}"] if facts.get("unread") else []
    return "; ".join([f"{facts.get('runs', 0)} run log(s)", odoo, *more])


def _odoo_logs(ctx: StepContext, origin: DataLocation) -> list[Path]:
    if origin.log is not None:
        return rotated(origin.log)
    if origin.is_adopted:
        ctx.log("info", "where its Odoo writes its log is not known: the backup holds none (ops env adopt --log FILE)")
        return []
    found = service_logs(ctx.settings.home, ctx.environment).glob("*.log*")
    files = [path for path in found if path.is_file() and not path.is_symlink()]
    return sorted(files, key=lambda path: -path.stat().st_mtime)


@contextmanager
def _lines_of(control: ControlPlane, run_id: UUID, most: int) -> Iterator[Readable]:
    """Yield the last `most` bytes of a run's log as text, one line per log row."""
    text, after = b"", 0
    while rows := control.logs.tail(run_id, after_id=after, limit=_LINES):
        text = (text + b"".join(map(_line, rows)))[-most - 1 :]
        after = rows[-1]["id"]
    is_cut = len(text) > most
    yield io.BytesIO(text[text.find(b"\n") + 1 :] if is_cut else text)


def _line(row: Mapping[str, Any]) -> bytes:
    return f"{row['timestamp'].astimezone(UTC).isoformat()} {row['level']:<5} {row['message']}\n".encode()
