"""Runs the program that hands a dump to an upgrade service and fetches the upgraded one.

The program is the operator's: `CLIENT DUMP SERIES RESULT`. It works in a sandbox with the machine's network, sees the
folder that it lies in and a folder with the two dumps, and gets the contract in its environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.child_environment import NETWORK, clean_environment
from odooops_dagster.errors import StepFailed
from odooops_dagster.files import write_whole
from odooops_dagster.home import accounts_file
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import DatabaseAccess, Job, JobResult, Limits, Sandbox
from odooops_dagster.steps.core.code import odoo_folders
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.backup import dump
from odooops_dagster.tools.runtime.sandbox.accounts import account_of, give, give_like
from odooops_dagster.tools.runtime.sandbox.interpreters import outermost

CONTRACT = "ODOOOPS_UPGRADE_CONTRACT"
# The exit status of a client whose service answered that it cannot upgrade these data. Source: EX_DATAERR, sysexits.h.
REFUSED = 65
_BLOCK = 1024 * 1024
_MINUTE = 60.0
_MEMORY_MB = 2048
# More lines of a client than this are in its log alone.
_MOST_LINES = 1000


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The client's result: the upgraded dump, or the reason why the service made none."""

    result: Path
    refusal: str | None
    seconds: float


def ask_service(
    ctx: StepContext, access: DatabaseAccess, *, program: Path, series: str, folder: Path, log_path: Path
) -> Answer:
    """Dump the database, run the client, and return what it brought.

    Args:
        ctx: the run's context.
        access: the database to upgrade.
        program: the client.
        series: the series to which the service shall bring the data.
        folder: where the dumps lie; it belongs to the client.
        log_path: where the client's output goes, without the contract.

    Raises:
        StepFailed: the client could not use the service, or took too long.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    sandbox = _sandbox(ctx, program, folder)
    dumped, result = folder / "data.dump", folder / "upgraded.dump"
    _dump(ctx, access, dumped)
    if sandbox is not None:
        give_like(dumped, folder)
    job = Job(
        name=f"service-{ctx.run.id.hex[:8]}-{ctx.run.attempt}",
        argv=(str(program), str(dumped), series, str(result)),
        cwd=folder,
        sandbox=sandbox,
        env=clean_environment(NETWORK, extra={CONTRACT: _contract(ctx)}),
        log_path=log_path,
        timeout_seconds=_MINUTE * ctx.settings.upgrade_client_minutes,
        memory_mb=_MEMORY_MB,
    )
    narrator = _Narrator(ctx)
    done = ctx.runtime.execute(job, on_line=narrator)
    _hide_contract(ctx, log_path)
    _require_answer(ctx, program, done, narrator.last)
    dumped.unlink()
    refusal = narrator.last if done.exit_status == REFUSED else None
    return Answer(result=result, refusal=refusal, seconds=done.seconds)


class _Narrator:
    """Writes the client's lines to the run's log, and keeps the last."""

    def __init__(self, ctx: StepContext) -> None:
        self.last = "it printed no reason"
        self._ctx = ctx
        self._told = 0

    def __call__(self, line: str) -> None:
        """Take a line."""
        text = _without(self._ctx, line).strip()
        if not text:
            return
        self.last = text
        self._told += 1
        if self._told <= _MOST_LINES:
            self._ctx.log("info", text)


def _require_answer(ctx: StepContext, program: Path, done: JobResult, last: str) -> None:
    """Refuse an end of the client that says nothing about the data."""
    name = f"the upgrade client {program.name}"
    if done.timed_out:
        raise StepFailed(
            f"{name} did not end within {ctx.settings.upgrade_client_minutes} minutes: {last}",
            hint="see whether the service works, or raise ODOOOPS_UPGRADE_CLIENT_MINUTES",
        )
    if done.ended_for or done.overflowed:
        raise StepFailed(f"{name} was ended: {done.ended_for or 'it wrote too much'}")
    if done.exit_status not in (0, REFUSED):
        raise StepFailed(
            f"{name} ended with {done.exit_status}: {last}",
            hint=f"run it by hand; it exits with {REFUSED} where the service cannot upgrade the data",
        )


def _dump(ctx: StepContext, access: DatabaseAccess, path: Path) -> None:
    with (
        dump.snapshot(access, programs=pg_programs(ctx.settings)) as moment,
        moment.dump() as stream,
        path.open("wb") as file,
    ):
        while block := stream.read(_BLOCK):
            file.write(block)


def _sandbox(ctx: StepContext, program: Path, folder: Path) -> Sandbox | None:
    if ctx.settings.trust_pushers:
        return None
    uid = account_of(folder, ledger=accounts_file(ctx.settings.home), first=ctx.settings.sandbox_first_uid)
    give(folder, uid)
    return Sandbox(
        writable=(folder,),
        readable=outermost({*odoo_folders(ctx.settings), program.parent}),
        home=folder,
        uid=uid,
        shares_network=True,
        limits=Limits(file_mb=0),  # a dump may be larger than any file of an Odoo
    )


def _contract(ctx: StepContext) -> str:
    return "" if ctx.settings.upgrade_contract is None else ctx.settings.upgrade_contract.get_secret_value()


def _without(ctx: StepContext, text: str) -> str:
    contract = _contract(ctx)
    return text.replace(contract, "***") if contract else text


def _hide_contract(ctx: StepContext, log_path: Path) -> None:
    """Take the contract out of the log, which becomes evidence that more people read."""
    text = log_path.read_text(errors="replace")
    if (hidden := _without(ctx, text)) != text:
        write_whole(log_path, hidden.encode())
