"""The subjects by which the documents group tables; a test says which table has none yet."""

from __future__ import annotations

from dataclasses import dataclass

from docs.schema.model import Schema, Table


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Tables that are read together."""

    title: str
    sentence: str
    tables: tuple[str, ...]

    @property
    def slug(self) -> str:
        """Return the subject's name as a file or an anchor has it."""
        return self.title.lower().replace(",", "").replace(" ", "-")

    def of(self, schema: Schema) -> tuple[Table, ...]:
        """Return the subject's tables in their order."""
        held = {table.name: table for table in schema.tables}
        return tuple(held[name] for name in self.tables if name in held)


SUBJECTS = (
    Subject(
        title="Projects and people",
        sentence="What is built, by whom, under which rules.",
        tables=(
            "projects",
            "project_counters",
            "project_memberships",
            "roles",
            "people",
            "person_aliases",
            "person_keys",
            "console_sessions",
            "console_invitations",
            "policies",
            "repository_rules",
            "project_settings",
            "project_setting_changes",
            "workflows",
            "tools",
            "tool_changes",
            "upgrade_advisories",
            "upgrade_advisory_sources",
            "upgrade_advisory_items",
        ),
    ),
    Subject(
        title="Environments and pushes",
        sentence="Branches made to run, how branches move, and what is whose.",
        tables=(
            "environments",
            "branch_heads",
            "push_deliveries",
            "database_templates",
            "environment_events",
            "egress_attempts",
            "mails",
            "images",
            "image_uses",
            "control_plane",
            "orphans",
            "orphan_decisions",
        ),
    ),
    Subject(
        title="Runs",
        sentence="The queue, its audit trail, and what runs leave behind.",
        tables=(
            "run_requests",
            "runs",
            "run_events",
            "run_checkpoints",
            "checkpoints",
            "run_logs",
            "run_checks",
            "run_artifacts",
            "run_lineage",
            "workers",
        ),
    ),
    Subject(
        title="Backups",
        sentence="Copies of production, what they were used for, and proofs that they can be.",
        tables=("backups", "restores", "recovery_drills", "upgrade_previews"),
    ),
    Subject(
        title="Releases and gates",
        sentence="Immutable candidates, the four questions each must answer, and by what they were answered.",
        tables=("releases", "release_gates", "gate_checks", "approvals", "exceptions", "evidence_artifacts"),
    ),
    Subject(
        title="Deployments and events",
        sentence="Where releases went, what happened there, and what was told of it.",
        tables=("deployments", "rehearsals", "incidents", "event_ingest_log", "event_keys"),
    ),
    Subject(
        title="Messages",
        sentence="To whom what is told, and what was.",
        tables=("project_forges", "pull_comments", "notification_rules", "outbox"),
    ),
    Subject(
        title="Variables",
        sentence="What environments' Odoo is told, by name; the values are sealed.",
        tables=("variables", "sealed_values", "sealing_keys"),
    ),
)


def subjects_of(schema: Schema) -> tuple[Subject, ...]:
    """Return the subjects, and one more for tables that have none."""
    known = {name for subject in SUBJECTS for name in subject.tables}
    rest = tuple(table.name for table in schema.tables if table.name not in known)
    if not rest:
        return SUBJECTS
    return (*SUBJECTS, Subject(title="Other", sentence="Tables without a subject.", tables=rest))
