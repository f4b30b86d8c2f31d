"""Sessions of the console: links that sign in once, and what a signed-in person may press."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.control.caller import Caller
from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import FromRow, LogLevel, RunKind
from odooops_dagster.model.readings import FoundLines
from odooops_dagster.model.releases import Persona

# How long a link works; ops.create_console_link sets it.
LINK_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session in force: who signed in, among which personas the person chooses, and as whom requests act."""

    id: UUID
    person: str
    personas: Sequence[Persona]
    persona: Persona | None
    caller: Caller
    seen_as: UUID | None = None  # the member as whom it sees a project, and changes nothing
    seen_as_ended: bool = False  # it may no longer: it sees as the own person, and changes nothing until it stops

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Session:
        """Build from the answer of ops.authenticate_console_session."""
        return cls(
            id=UUID(found["session_id"]),
            person=found["person"],
            personas=tuple(found["personas"]),
            persona=found["persona"],
            caller=Caller.of(found["claims"]),
            seen_as=UUID(found["seen_as"]) if found.get("seen_as") else None,
            seen_as_ended=found.get("seen_as_ended", False),
        )


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a provider says that somebody is; `email` is None unless it says that it has verified the address."""

    issuer: str
    subject: str
    email: str | None


@dataclass(frozen=True, kw_only=True)
class Invitation(FromRow):
    """Who may sign in through the provider, and as whom: the member `user_id`, or one of the personas."""

    invitation_id: UUID
    email: str
    person: str
    user_id: UUID | None
    personas: Sequence[str]
    status: Literal["offered", "expired", "accepted", "withdrawn"]
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_by: str | None


@dataclass(frozen=True, kw_only=True)
class Step(FromRow):
    """A step that a run has finished; durations in seconds, `usual_seconds` the median of the last ten runs."""

    step: str
    finished_at: datetime
    seconds: float | None
    usual_seconds: float | None


class Console:
    """Makes, uses and ends sessions, and reads what only pages show."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_link(
        self,
        person: str,
        *,
        link_sha256: str,
        personas: Sequence[Persona] = (),
        user_id: UUID | None = None,
        created_by: str | None = None,
    ) -> UUID:
        """Record a link that signs the person in once, and return the session's id.

        Args:
            person: who signs in.
            link_sha256: the SHA-256 of the link's token.
            personas: among which the person may choose; none for a member.
            user_id: the member as whom the person acts, without personas.
            created_by: who made the link.

        Raises:
            Forbidden: the caller may not make one that decides for a person.
            BadInput: no session has these values.
        """
        found: UUID = self._database.value(
            "create_console_link",
            person=person,
            p_link_sha256=link_sha256,
            p_personas=list(personas),
            p_user_id=user_id,
            p_created_by=created_by,
        )
        return found

    def use_link(self, *, link_sha256: str, session_sha256: str) -> None:
        """Begin the link's session.

        Raises:
            Unauthenticated: the link was used, is too old, or is none.
        """
        self._database.call("use_console_link", p_link_sha256=link_sha256, p_session_sha256=session_sha256)

    def sign_in_invited(self, identity: Identity, *, session_sha256: str) -> None:
        """Begin the session of an invited person.

        Raises:
            Forbidden: the person is not invited.
        """
        self._database.call(
            "sign_in_invited",
            p_issuer=identity.issuer,
            p_subject=identity.subject,
            p_email=identity.email,
            p_session_sha256=session_sha256,
        )

    def invite(
        self,
        email: str,
        *,
        person: str,
        personas: Sequence[Persona] = (),
        user_id: UUID | None = None,
        days: int = 7,
        invited_by: str | None = None,
    ) -> Invitation:
        """Let the person with this address sign in through the provider, and return the invitation.

        Raises:
            Conflict: the address is invited already.
            BadInput: it is none, or the person would be nobody.
            Forbidden: a login of the platform names nobody who signs off gates.
        """
        found: UUID = self._database.value(
            "invite_to_console",
            p_email=email,
            p_person=person,
            p_personas=list(personas),
            p_user_id=user_id,
            p_days=days,
            p_invited_by=invited_by,
        )
        row = self._database.one(
            "v_console_invitations", what=f"invitation {found}", order="invitation_id", invitation_id=found
        )
        return Invitation.from_row(row)

    def invitations(self) -> builtins.list[Invitation]:
        """Return the invitations, newest first, withdrawn ones too."""
        rows = self._database.read("v_console_invitations", order="invited_at desc, invitation_id")
        return [Invitation.from_row(row) for row in rows]

    def withdraw(self, email: str, *, withdrawn_by: str | None = None) -> int:
        """Take the address's invitation back, end its sessions, and return how many.

        Raises:
            NotFound: it is not invited.
        """
        return int(self._database.value("withdraw_console_invitation", p_email=email, p_withdrawn_by=withdrawn_by))

    def authenticate(self, session_sha256: str) -> Session:
        """Return the session.

        Raises:
            Unauthenticated: it does not work.
        """
        return Session.of(self._database.value("authenticate_console_session", p_session_sha256=session_sha256))

    def choose_persona(self, session_sha256: str, persona: str) -> None:
        """Act as another of the session's personas.

        Raises:
            Forbidden: it is none of them.
        """
        self._database.call("choose_console_persona", p_session_sha256=session_sha256, persona=persona)

    def see_as(self, session_sha256: str, *, project_id: UUID, user_id: UUID) -> None:
        """See the project as this member does, and change nothing, until `stop_seeing`.

        Raises:
            Forbidden: the person may not, or sees as another already.
        """
        self._database.call(
            "see_as_member", p_session_sha256=session_sha256, p_project_id=project_id, p_user_id=user_id
        )

    def stop_seeing(self, session_sha256: str) -> bool:
        """Be the own person again, and return whether it was another."""
        return bool(self._database.value("stop_seeing_as", p_session_sha256=session_sha256))

    def sign_out(self, session_sha256: str) -> bool:
        """End the session, and return whether it was in force."""
        return bool(self._database.value("sign_out_of_console", p_session_sha256=session_sha256))

    def end(self, session_id: UUID | None = None, *, ended_by: str | None = None) -> int:
        """End a session, or every one, and return how many."""
        return int(self._database.value("end_console_sessions", p_session_id=session_id, p_ended_by=ended_by))

    def sessions(self) -> Rows:
        """Return the sessions and offered links, newest first."""
        return self._database.read("v_console_sessions", order="created_at desc, session_id")

    def permissions(self, project_id: UUID | None) -> frozenset[str]:
        """Return what the caller may do in the project, or without one for the whole platform."""
        rows = self._database.call("list_permissions", p_project_id=project_id)
        return frozenset(row["list_permissions"] for row in rows)

    def steps(self, run_id: UUID) -> builtins.list[Step]:
        """Return the steps that the run has finished, in order."""
        return [Step.from_row(row) for row in self._database.call("list_run_steps", p_run_id=run_id)]

    def step_durations(self, project_id: UUID, kind: RunKind) -> Rows:
        """Return how long each step took in the newest runs of the kind: rows of step, run_number and seconds."""
        return self._database.call("list_step_durations", p_project_id=project_id, p_kind=kind)

    def log(
        self,
        run_id: UUID,
        *,
        after_id: int | None = None,
        before_id: int | None = None,
        level: LogLevel | None = None,
        limit: int = 500,
    ) -> Rows:
        """Return a window of the run's log, oldest first: after a line, before one, or else the newest lines.

        Args:
            run_id: the run.
            after_id: the line before the window.
            before_id: the line after the window.
            level: only lines of this level or a worse one.
            limit: the most lines.
        """
        return self._database.call(
            "page_run_logs",
            p_run_id=run_id,
            p_after_id=after_id,
            p_before_id=before_id,
            p_level=level,
            p_limit=limit,
        )

    def search_log(
        self, run_id: UUID, text: str, *, before_id: int | None = None, level: LogLevel | None = None, limit: int = 500
    ) -> FoundLines:
        """Look for a text, whatever its case, in a part of the run's log: above a line, or at its end.

        Args:
            run_id: the run.
            text: what the lines have.
            before_id: the `next_before_id` of the part before, or the line below the part.
            level: only lines of this level or a worse one.
            limit: the most lines, of which the newest are found.
        """
        return FoundLines.of(
            self._database.call(
                "search_run_logs",
                p_run_id=run_id,
                p_text=text,
                p_before_id=before_id,
                p_level=level,
                p_limit=limit,
            )
        )
