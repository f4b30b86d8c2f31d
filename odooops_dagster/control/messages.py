"""Messages: what is told to forges and people, to whom, and whether it was."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from odooops_dagster.control.database import Database
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Fence
from odooops_dagster.model.messages import Channel, ForgeName, Message, NotificationRule, ProjectForge, PullComment


class Messages:
    """Reads and writes ops.outbox, ops.project_forges, ops.pull_comments and ops.notification_rules."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, worker: str, *, limit: int, lease_seconds: int, digest_seconds: int) -> builtins.list[Message]:
        """Claim the messages that are due; each person's next mail comes `digest_seconds` after the last one."""
        rows = self._database.call(
            "claim_messages",
            p_worker_id=worker,
            p_limit=limit,
            p_lease_seconds=lease_seconds,
            p_digest_seconds=digest_seconds,
        )
        return sorted(map(Message.from_row, rows), key=lambda message: message.id)

    def record_delivered(self, messages: Sequence[Message]) -> int:
        """Record that claimed messages were delivered, and return how many the claim still held."""
        return int(
            self._database.value(
                "record_messages_delivered",
                p_ids=[message.id for message in messages],
                p_attempts=[message.attempts for message in messages],
            )
        )

    def record_failed(
        self, messages: Sequence[Message], *, error: str, wait_seconds: int = 0, is_final: bool = False
    ) -> int:
        """Record why claimed messages were not delivered, and return how many the claim still held.

        Args:
            messages: of one claim.
            error: a sentence without secrets.
            wait_seconds: they are not tried again before.
            is_final: whether no further try could succeed.
        """
        return int(
            self._database.value(
                "record_messages_failed",
                p_ids=[message.id for message in messages],
                p_attempts=[message.attempts for message in messages],
                p_error=error,
                p_wait_seconds=wait_seconds,
                p_is_final=is_final,
            )
        )

    def retry(self, *, project_id: UUID | None = None, channel: str | None = None) -> int:
        """Make the undelivered messages due now, and return how many there are."""
        return int(self._database.value("retry_messages", p_project_id=project_id, p_channel=channel))

    def list(self, *, project_id: UUID | None = None, status: str | None = None) -> builtins.list[Message]:
        """Return the newest thousand messages, newest first."""
        rows = self._database.read("outbox", order="id desc", limit=1000, project_id=project_id, status=status)
        return [Message.from_row(row) for row in rows]

    def set_forge(
        self,
        slug: str,
        *,
        forge: ForgeName,
        api_url: str,
        repository: str,
        set_by: str | None = None,
        uses_app: bool = False,
    ) -> UUID:
        """Set the forge to which the project's results are told; what waits for it is due now. Return the project.

        Args:
            slug: the project.
            forge: whose API it is.
            api_url: where the API begins.
            repository: its name there, such as owner/name.
            set_by: who sets it; None for the login.
            uses_app: whether it is told as a GitHub App, and not with a token.

        Raises:
            NotFound: there is no such project.
            BadInput: no project may have such a forge.
        """
        project_id: UUID = self._database.value(
            "set_project_forge",
            p_slug=slug,
            p_forge=forge,
            p_api_url=api_url,
            p_repository=repository,
            p_set_by=set_by,
            p_uses_app=uses_app,
        )
        return project_id

    def remove_forge(self, slug: str) -> UUID:
        """Tell the project's forge nothing any longer, and return the project."""
        project_id: UUID = self._database.value("set_project_forge", p_slug=slug)
        return project_id

    def forges(self) -> builtins.list[ProjectForge]:
        """Return the forges of all projects."""
        return [ProjectForge.from_row(row) for row in self._database.read("project_forges", order="project_id")]

    def forge(self, project_id: UUID) -> ProjectForge | None:
        """Return the project's forge, None if it has none."""
        rows = self._database.read("project_forges", order="project_id", project_id=project_id)
        return ProjectForge.from_row(rows[0]) if rows else None

    def pull_comments(self, told: ProjectForge) -> builtins.list[PullComment]:
        """Return the comments of the project's pull requests at its forge, the newest pull request first."""
        rows = self._database.read(
            "pull_comments",
            order="pull_number desc",
            project_id=told.project_id,
            api_url=told.api_url,
            repository=told.repository,
        )
        return [PullComment.from_row(row) for row in rows]

    def record_pull_comment(self, told: ProjectForge, comment: PullComment) -> None:
        """Record the comment by which a pull request is told, so that the next message edits it."""
        self._database.call(
            "record_pull_comment",
            p_project_id=told.project_id,
            p_api_url=told.api_url,
            p_repository=told.repository,
            p_pull_number=comment.pull_number,
            p_comment_id=comment.comment_id,
            p_branch=comment.branch,
        )

    def create_rule(
        self,
        events: Sequence[str],
        *,
        channel: Channel,
        recipient: str,
        slug: str | None = None,
        stage: str | None = None,
        fault: str | None = None,
        created_by: str | None = None,
    ) -> int:
        """Make a rule and return its id; that of the same rule if there is one.

        Raises:
            NotFound: there is no such project.
            BadInput: no rule may be like this.
        """
        return int(
            self._database.value(
                "create_notification_rule",
                p_events=list(events),
                p_channel=channel,
                p_recipient=recipient,
                p_slug=slug,
                p_stage=stage,
                p_fault=fault,
                p_created_by=created_by,
            )
        )

    def record_declared(
        self, fence: Fence, rules: Sequence[Mapping[str, object]], *, domains: Sequence[str] = ()
    ) -> bool:
        """Record the rules that the run's commit declares, and return whether the declared ones are these now.

        Only the newest commit of the default branch is heard.

        Args:
            fence: the run's attempt.
            rules: mappings of events, channel, recipient, stage and fault.
            domains: those of addresses that nobody here has to have; other addresses have to be known.

        Raises:
            BadInput: no rule may be like one of them.
        """
        return bool(
            self._database.value(
                "record_notification_rules",
                p_run_id=fence.run_id,
                p_attempt=fence.attempt,
                p_rules=Jsonb(list(rules)),
                p_domains=list(domains),
            )
        )

    def rule(self, rule_id: int) -> NotificationRule:
        """Return a rule; raise NotFound if there is none of which the caller may know."""
        rows = self._database.read("notification_rules", order="id", id=rule_id)
        if not rows:
            raise NotFound(f"There is no rule {rule_id}", hint="list them: ops notify rule list")
        return NotificationRule.from_row(rows[0])

    def remove_rule(self, rule_id: int) -> None:
        """Remove a rule, or mute one that odooops.yaml declares; raise NotFound if there is none."""
        self._database.call("remove_notification_rule", p_id=rule_id)

    def rules(self, project_id: UUID | None = None) -> builtins.list[NotificationRule]:
        """Return the rules, oldest first."""
        rows = self._database.read("notification_rules", order="id", project_id=project_id)
        return [NotificationRule.from_row(row) for row in rows]

    def queue_test(self, *, channel: Channel, recipient: str) -> int:
        """Write a message that tells nothing but that messages arrive, and return its id."""
        return int(self._database.value("queue_test_message", p_channel=channel, p_recipient=recipient))
