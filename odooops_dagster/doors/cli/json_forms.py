"""What `--json` prints, by command: JSON Schema made of the types that the commands print.

`docs/reference/cli.schema.json` has a schema per command below `commands`; a field may be added, none goes or changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from odooops_dagster.control.advisories import RecordedSource
from odooops_dagster.control.console import Invitation
from odooops_dagster.control.images import ImageAnswer, UnneededImage
from odooops_dagster.control.migrate import MigrationReport
from odooops_dagster.doors.cli.printed import backups, people, platform, releases, runs, trail, upgrades
from odooops_dagster.local.preflight import Finding
from odooops_dagster.local.recovery.kept import PlatformBackup
from odooops_dagster.local.recovery.verify import Proof
from odooops_dagster.model import Drill, Environment, Project, Run
from odooops_dagster.model.advisories import Advisory
from odooops_dagster.model.automation import Tool, Workflow
from odooops_dagster.model.lineage import Origin
from odooops_dagster.model.messages import Message
from odooops_dagster.model.people import Person, PersonKey
from odooops_dagster.model.readings import (
    CaughtMail,
    ChainVerdict,
    EgressAttempt,
    GateReading,
    LoggedLine,
    Member,
    QueuedRun,
)
from odooops_dagster.model.releases import (
    Deployment,
    EventKey,
    GateException,
    Incident,
    NewEventKey,
    Release,
)
from odooops_dagster.model.variables import EnvironmentVariable, Variable
from odooops_dagster.tools.odoo.distribution import Installation
from odooops_dagster.tools.project_file.read import Fault
from odooops_dagster.tools.upgrade_report.comparison import Comparison
from odooops_dagster.tools.upgrade_report.form import Report

# What prints advisories has two names: `ops advisory` and `ops upgrade advisories`.
_ADVISORIES: Mapping[str, Any] = {
    "import": upgrades.ImportedAdvisories,
    "list": list[RecordedSource],
    "match": list[upgrades.AdvisedLine] | list[upgrades.AdvisedProject],
    "show": list[Advisory],
}
# A command that makes or changes something prints what it then is.
FORMS: Mapping[str, Any] = {
    **{f"advisory {verb}": form for verb, form in _ADVISORIES.items()},
    "artifact list": list[runs.KeptArtifact],
    "audit export": trail.ExportedTrail,  # with --out; the lines of the trail are objects themselves
    "audit report": trail.ReportFacts,
    "audit verify": list[ChainVerdict] | trail.VerifiedFile,
    "backup create": backups.NamedBackup,
    "backup drop": backups.NamedBackup,
    "backup export": backups.WrittenZip,
    "backup hold": backups.NamedBackup,
    "backup import": backups.InspectedZip,
    "backup list": list[backups.NamedBackup],
    "backup logs": list[backups.KeptLog],
    "backup records apply": backups.WrittenRecords,
    "backup records diff": backups.RecordDifferences,
    "backup restore": backups.NamedRestore,
    # With --dry-run what would become of each; else by project what was done, null where the run came to nothing.
    "backup retention": list[backups.JudgedBackup] | dict[str, backups.Retained | None],
    "backup show": backups.BackupPage,
    "backup undo": Run,
    "backup verify": backups.VerifiedBackup,
    "clone": Run,
    "config check": list[Fault],
    "config diff": list[upgrades.ChangedSetting],
    "config explain": list[upgrades.ExplainedSetting],
    "console": platform.ConsoleLink | platform.EndedSessions | list[platform.ConsoleSession],
    "db export": platform.ExportedSchema,
    "db migrate": MigrationReport,
    "db rename-agent-tables": list[platform.RenamedProgram],
    "db status": platform.MigrationStatus,
    "doctor": list[Finding],
    "down": platform.Stopped,
    "drill list": list[backups.ListedDrill],
    "drill run": Drill | Run,  # the run as long as it has made no drill
    "env adopt": Environment,
    "env create": Environment,
    "env egress": list[EgressAttempt],
    "env list": list[Environment],
    "env logs": list[str],  # with --follow a text a line
    "env mail": list[CaughtMail] | runs.MailPage,
    "env orphans list": list[runs.ListedOrphan],
    "env pin": Environment,
    "env show": runs.EnvironmentPage,
    "env unpin": Environment,
    "env visitors": platform.Visitors,
    "env variables": list[Variable] | list[EnvironmentVariable],
    "event list": list[trail.KeptDelivery],
    "event send": people.EventReceipt,
    "event show": trail.KeptDelivery,
    "exception break-glass": GateException,
    "exception grant": GateException,
    "exception list": list[releases.ListedException],
    "exception request": GateException,
    "exception revoke": GateException,
    "forge list": list[people.ListedForge],
    "gate keep": Deployment,
    "gate list": list[releases.ListedGate],
    "gate reject": GateReading,
    "gate show": list[GateReading] | releases.GatePage,
    "gate sign-off": GateReading,
    "image explain": list[ImageAnswer],
    "image list": list[runs.ListedImage],
    "image prune": list[UnneededImage],
    "incident list": list[Incident],
    "incident open": Incident,
    "incident resolve": Incident,
    "key create": NewEventKey,
    "invitation create": Invitation,
    "invitation list": list[Invitation],
    "invitation withdraw": platform.EndedSessions,
    "key list": list[EventKey],
    "key revoke": EventKey,
    "key rotate": NewEventKey,
    "lineage show": Origin,
    "member list": list[Member],
    "notify rule add": people.MadeRule,
    "notify rule list": list[people.ListedRule],
    "notify target add": people.MadeTarget,
    "odoo install": Installation,
    "odoo list": list[Installation],
    "outbox list": list[Message],
    "person alias": Person,
    "person create": Person,
    "person key add": PersonKey,
    "person key list": list[people.ListedPersonKey],
    "person key revoke": people.RevokedPersonKey,
    "person list": list[Person],
    "person unalias": people.RemovedAlias,
    "platform backup": platform.MadePlatformBackup,
    "platform key": platform.PlatformKeyFile,
    "platform list": list[PlatformBackup],
    "platform restore": platform.RestoredPlatform,
    "platform verify": Proof,
    "policy set": dict[str, Any],  # each policy has rules of its own, which SQL knows (ops.default_rules)
    "policy show": dict[str, dict[str, Any]],  # the same, by policy
    "project create": Project,
    "project list": list[Project],
    "project show": runs.ProjectPage,
    "promote": releases.QueuedDeployment | releases.RehearsedRelease | Release,  # plain, --rehearse, --prepare
    "release bundle": releases.WrittenBundle,
    "release create": Release,
    "release explain": releases.PromotionAnswer,
    "release key": releases.BundleKey,
    "release list": list[releases.ListedRelease],
    "release promote": releases.QueuedDeployment,
    "release show": releases.ReleasePage,
    "release verify": releases.BundleVerdict,
    "release withdraw": Release,
    "repo init": list[upgrades.RepositoryFile],
    "repo update": list[upgrades.RepositoryFile],
    "rollback": releases.QueuedDeployment,
    "run cancel": Run,
    "run create": Run,
    "run events": list[trail.SealedEvent],
    "run list": list[Run],
    "run logs": list[LoggedLine],  # with --follow a line is an object
    "run queue": list[QueuedRun],
    "run retry": Run,
    "run show": runs.RunPage,
    "run status": runs.RunPage,
    "run verify": runs.VerifiedRun,
    "status": platform.PlatformPage | platform.ServerPage,  # through a server: who the caller is there
    "tool list": list[Tool],
    "ui": platform.DagsterLink | platform.EndedLogins,
    "up": platform.PlatformPage,
    **{f"upgrade advisories {verb}": form for verb, form in _ADVISORIES.items()},
    "upgrade compare": Comparison,
    "upgrade list": list[upgrades.ListedPreview],
    "upgrade preview": upgrades.ListedPreview | Run,  # the run as long as it has made no preview
    "upgrade promote": releases.QueuedDeployment,
    "upgrade report": Report,
    "webhook create": people.WebhookSecret,
    "webhook rotate": people.WebhookSecret,
    "workflow list": list[Workflow],
}


class _AsPrinted(GenerateJsonSchema):
    """Schemas of values as output.py prints them."""

    def timedelta_schema(self, _schema: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's own
        """Return the schema of a duration."""
        return {"type": "string", "description": "Days, if any, and h:mm:ss."}


def json_schema(command: str) -> dict[str, Any]:
    """Return the schema of what the command prints with `--json`."""
    return TypeAdapter(FORMS[command]).json_schema(mode="validation", schema_generator=_AsPrinted)


def json_schemas() -> dict[str, Any]:
    """Return the schemas of all commands, with the types that they share."""
    inputs = [(command, "validation", TypeAdapter(form)) for command, form in sorted(FORMS.items())]
    places, document = TypeAdapter.json_schemas(inputs, schema_generator=_AsPrinted)  # type: ignore[arg-type]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What the commands of ops print with --json",
        "commands": {command: schema for (command, _mode), schema in places.items()},
        **document,
    }
