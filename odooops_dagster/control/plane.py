"""The identity of the control plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow


@dataclass(frozen=True, kw_only=True)
class PlaneState(FromRow):
    """The control plane's id, and the number of its janitor's rounds."""

    id: UUID
    rounds: int
    created_at: datetime
    is_older: bool = False  # fewer rounds than were seen last
    orphans_found_at: datetime | None = None  # when the janitor last listed the orphans
    restored_at: datetime | None = None  # when the record last came from a backup of the platform
    backed_up_at: datetime | None = None  # what the newest proved backup of the platform holds
    restored_from: str | None = None  # the id of that backup
    unconfirmed_since: datetime | None = None  # while nobody has confirmed it, nothing is removed or replaced


@dataclass(frozen=True, kw_only=True)
class Settled(FromRow):
    """How much of a restored record was under way, and was ended."""

    runs: int
    environments: int  # that have no database here
    messages: int
    sessions: int
    stopped: int  # environments that serve people, until a person has compared their databases with the record


@dataclass(frozen=True, kw_only=True)
class CarriedRevocations(FromRow):
    """How much that was revoked after the backup was taken from the restored record again."""

    keys: int
    members: int
    holds: int  # backups that were held since, and are again
    exceptions: int  # from gates
    invitations: int  # to the console
    aliases: int  # names of people
    rules: int  # of who is told of what


class Plane:
    """Reads and writes ops.control_plane."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> PlaneState:
        """Return the control plane's id and rounds."""
        return PlaneState.from_row(self._database.one("control_plane", what="control plane", order="id"))

    def advance(self, *, seen: int) -> PlaneState:
        """Count a round of the janitor, unless the record has fewer rounds than `seen`: then `is_older` is true."""
        return PlaneState.from_row(self._database.call("advance_control_plane", p_rounds=seen)[0])

    def settle_restored(self, backup_id: str, *, taken_at: datetime, has_databases: bool) -> Settled:
        """End what a restored record has under way, as the schema's owner; a repeat changes nothing."""
        rows = self._database.call(
            "settle_restored_record", p_backup_id=backup_id, p_taken_at=taken_at, p_has_databases=has_databases
        )
        return Settled.from_row(rows[0])

    def record_backup(self, taken_at: datetime) -> None:
        """Record that a backup of the platform was made and proved."""
        self._database.call("record_platform_backup", p_taken_at=taken_at)

    def is_unconfirmed(self) -> bool:
        """Return whether the record came from a backup and waits for a person: nothing may be removed or replaced."""
        return bool(self._database.value("is_unconfirmed"))

    def confirm(self, *, by: str | None) -> bool:
        """Confirm a record that came from a backup; return whether it waited for that."""
        return bool(self._database.value("confirm_record", p_confirmed_by=by))

    def carry_revocations(
        self,
        *,
        keys: Sequence[UUID],
        person_keys: Sequence[UUID],
        members: Sequence[Mapping[str, str]],
        holds: Sequence[Mapping[str, str]],
        exceptions: Sequence[UUID],
        invitations: Sequence[UUID] | None,
        aliases: Mapping[str, str],
        rules: Sequence[int],
    ) -> CarriedRevocations:
        """Take from a restored record all of each kind that is not among these, and hold these backups.

        Without `invitations` the other record knows of none, and they stay.
        """
        rows = self._database.call(
            "carry_revocations",
            p_keys=list(keys),
            p_person_keys=list(person_keys),
            p_members=list(members) or None,
            p_holds=list(holds) or None,
            p_exceptions=list(exceptions),
            p_invitations=None if invitations is None else list(invitations),
            p_aliases=aliases,
            p_rules=list(rules),
        )
        return CarriedRevocations.from_row(rows[0])
