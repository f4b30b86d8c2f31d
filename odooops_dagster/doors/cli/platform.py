"""`ops platform`: backups of the platform itself. They are made where it runs, and restored where nothing runs yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane, read_settings
from odooops_dagster.doors.cli.progress import bars
from odooops_dagster.errors import OdooOpsError

if TYPE_CHECKING:
    from odooops_dagster.control.orphans import Orphan
    from odooops_dagster.control.plane import PlaneState
    from odooops_dagster.local.recovery.kept import PlatformBackups
    from odooops_dagster.settings import Settings
    from odooops_dagster.tools.backup.manifest import Manifest

app = typer.Typer(help="Back the platform itself up, and bring it back.", no_args_is_help=True)

_COLUMNS = ("id", "taken_at", "verified_at", "version", "size_bytes", "environments", "unfinished_runs", "platform")
_REBUILD = ("environment", "stage", "next")
_COMPARE = ("environment", "stage", "database")

KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--key-file", help="File with the key. [default: ODOOOPS_PLATFORM_KEY_FILE]", show_default=False, dir_okay=False
    ),
]
PlatformId = Annotated[
    UUID | None,
    typer.Option("--platform", help="Id of the control plane. [default: this folder's]", show_default=False),
]
Backup = Annotated[str | None, typer.Argument(metavar="BACKUP", help="[default: the newest one]", show_default=False)]


@app.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.", show_default=False)],
    *,
    json: Json = False,
) -> None:
    """Make the key that seals backups of the platform. Without it nothing can be restored."""
    from odooops_dagster.local.recovery.key import make_key

    make_key(file)
    print_fields({"file": str(file.absolute())}, json=json)
    note(f"copy it to a place that does not fail together with this machine, and set ODOOOPS_PLATFORM_KEY_FILE={file}")


@app.command()
def backup(
    *,
    key_file: KeyFile = None,
    verify: Annotated[bool, typer.Option(help="Verify the backup: restore it into a scratch server.")] = True,
    json: Json = False,
) -> None:
    """Back up the record, Dagster's storage and the secrets, sealed; it may run meanwhile. Old backups are dropped."""
    from odooops_dagster.local.recovery.backup import back_up
    from odooops_dagster.local.recovery.verify import prove

    settings, now = read_settings(), datetime.now(UTC)
    backups = _open(settings, key_file)
    _warn_of_own_disk(settings)
    with bars() as progress:
        made = back_up(settings, backups, now=now, progress=progress)
        if verify:
            prove(settings.home, made, now=datetime.now(UTC), progress=progress)
    dropped = _thin_out(_open(settings, key_file, platform=made.place.platform), proved=made.record if verify else None)
    print_fields({**asdict(made.described), "dropped": dropped}, json=json)


@app.command("list")
def list_(*, key_file: KeyFile = None, platform: PlatformId = None, json: Json = False) -> None:
    """List the backups in the store, newest first: this platform's, in a folder without a platform everyone's."""
    rows = _open(read_settings(), key_file, platform=platform).list()
    print_rows(rows, columns=_COLUMNS, json=json, empty="nothing yet: ops platform backup")


@app.command()
def verify(backup: Backup = None, *, key_file: KeyFile = None, platform: PlatformId = None, json: Json = False) -> None:
    """Restore a backup into a scratch server, and compare every table with what was backed up."""
    from odooops_dagster.local.recovery.verify import prove

    settings = read_settings()
    parts = _open(settings, key_file, platform=platform).find(backup)
    with bars() as progress:
        proof = prove(settings.home, parts, now=datetime.now(UTC), progress=progress)
    print_fields(proof, json=json)


@app.command()
def restore(
    backup: Backup = None,
    *,
    key_file: KeyFile = None,
    platform: PlatformId = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put aside the control plane that is there.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Bring the platform back into a state folder on which nothing runs. Runs that were unfinished are ended."""
    from odooops_dagster.local.recovery.restore import restore as bring_back

    settings = read_settings()
    parts = _open(settings, key_file, platform=platform).find(backup)
    found = parts.described
    confirm(
        [
            f"backup {found.id} of {found.taken_at:%Y-%m-%d %H:%M %Z}, made by odooops {found.version} in {found.home}",
            f"goes into {settings.home}; {found.unfinished_runs} unfinished run(s) are ended, and not repeated",
            *([_aside(settings)] if replace else []),
            "end the platform that was backed up, if it still runs: both would work for the same projects",
        ],
        yes=yes,
    )
    with bars() as progress:
        done = bring_back(settings, parts, may_replace=replace, progress=progress)
    rebuild = [
        {"environment": each.partition_key, "stage": each.stage, "next": _next(each.stage, each.project_slug)}
        for each in done.to_rebuild
    ]
    compare = [
        {"environment": each.partition_key, "stage": each.stage, "database": each.database_name}
        for each in done.to_compare
    ]
    if json:
        print_json({**asdict(done), "to_rebuild": rebuild, "to_compare": compare})
        return
    print_fields({"id": done.id, "tables": done.tables, "rows": done.rows, "files": done.files, **asdict(done.ended)})
    if rebuild:
        print_rows(rebuild, columns=_REBUILD)
    if compare:
        note("these are stopped; the database that the record names may be from before a later promotion or restore:")
        print_rows(compare, columns=_COMPARE)
    if done.withheld:
        note(f"removed since the backup, and not brought back: {', '.join(done.withheld)}")
    if done.carried is None:
        note(
            f"WARNING: keys, members and logins that were revoked after {found.taken_at:%Y-%m-%d %H:%M %Z} work again:"
        )
        note("look and take away, as the alarm revived_keys lists: ops incident list")
    note(f"start it: ODOOOPS_HOME={settings.home} ops up; nothing is removed, replaced or deployed until you confirm")
    note("compare, then confirm: ops env orphans list; ops platform confirm; ops env start PROJECT BRANCH")


@app.command("confirm")
def confirm_(*, yes: Yes = False) -> None:
    """Confirm a restored record: take up backups that only the store knows, and let runs remove and replace again.

    Told again, it takes up and verifies what it could not before, such as while the store did not answer.
    """
    from odooops_dagster.local.recovery.found import record_found, verify_found
    from odooops_dagster.tools.store.configured import store_of

    settings = read_settings()
    with control_plane(settings) as control:
        plane = control.plane.get()
        if plane.restored_at is None and plane.unconfirmed_since is None:
            note("nothing waits: the record is confirmed")
            return
        found = record_found(control, store_of(settings), settings)
        if found.recorded:
            note(f"{len(found.recorded)} backup(s) in the store were not on the record; they are now, and held")
        # before the confirmation, so that a kill between the two leaves no backup unverified
        verify_found(control, requested_by=caller())
        doubts = [f"not taken up: {refusal}" for refusal in found.refused]
        if plane.unconfirmed_since is None:
            for doubt in (*doubts, "nothing waits: the record is confirmed"):
                note(doubt)
            return
        confirm([*doubts, *_doubts(plane, control.orphans.list())], yes=yes)
        control.plane.confirm(by=caller())
    note("confirmed; what was stopped starts with: ops env start PROJECT BRANCH")


def _doubts(plane: PlaneState, orphans: Sequence[Orphan]) -> list[str]:
    """Return what a person should know before the record is confirmed."""
    lost = sum(orphan.answer == "lost" for orphan in orphans)
    found = (
        f"{lost} thing(s) are younger than the record" if plane.orphans_found_at else "the janitor has not looked yet"
    )
    return [
        f"the record came from backup {plane.restored_from or 'made elsewhere'}",
        f"{found}: ops env orphans list says what is here that the record does not explain",
        "retention, deployments, promotions, rollbacks and removals begin again with what the record knows",
    ]


def _aside(settings: Settings) -> str:
    from odooops_dagster.local.recovery.exchange import put_aside_in

    return f"what is there goes to {put_aside_in(settings.home)} and stays, as what earlier restores put aside"


def _next(stage: str, project: str) -> str:
    """Return what brings an environment back whose database is lost."""
    if stage == "development":
        return "push its branch"
    return f"push its branch, then: ops backup list {project}; ops backup restore BACKUP"


def _open(settings: Settings, key_file: Path | None, *, platform: UUID | None = None) -> PlatformBackups:
    from odooops_dagster.platform import platform_backups_of

    return platform_backups_of(settings, key_file, platform=platform)


def _thin_out(backups: PlatformBackups, *, proved: Manifest | None) -> Sequence[str]:
    """Record a proved backup, drop the backups that are old, and return their ids; the new one is good in any case.

    None is dropped while a restored record waits for a person: an older one may hold what it lacks.
    """
    from odooops_dagster.tools.backup.retention import Policy

    try:
        with control_plane() as control:
            if proved is not None:
                control.plane.record_backup(proved.taken_at)
            if control.plane.is_unconfirmed():
                note("older backups stay until the record is confirmed: ops platform confirm")
                return ()
        return backups.apply_retention(policy=Policy(time_zone=read_settings().time_zone), now=datetime.now(UTC))
    except OdooOpsError as exc:
        note(f"older backups stay: {exc}")
        return ()


def _warn_of_own_disk(settings: Settings) -> None:
    from odooops_dagster.local.recovery.own_disk import folder_on_own_disk

    folder = folder_on_own_disk(settings)
    if folder is not None:
        note(f"WARNING: {folder} is lost together with the platform: name another store in ODOOOPS_PLATFORM_STORE_URL")
