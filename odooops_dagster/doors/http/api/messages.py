"""What a project tells: the rules of who is told of what, and the messages that were written by them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from odooops_dagster.control.pages import MESSAGES, RULES
from odooops_dagster.doors.http.api.callers import Control
from odooops_dagster.doors.http.api.paging import Page, page_of
from odooops_dagster.doors.http.api.parameters import Asked, OfProject, id_of, project_id
from odooops_dagster.doors.http.api.problems import CHANGE
from odooops_dagster.doors.http.api.routes import noun_router
from odooops_dagster.model import Stage
from odooops_dagster.model.messages import Channel, Message, MessageStatus, NotificationRule
from odooops_dagster.model.runs import Fault

router = noun_router("messages")

Event = Literal["run", "deployment", "gate", "backup", "alarm", "incident"]
RuleId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class NewRule(BaseModel):
    """The rule that is made; without a project, one of every project, which the platform alone may make."""

    project: str | None = Field(None, description="Its slug.")
    events: list[Event] = Field(min_length=1, max_length=6)
    channel: Channel
    recipient: str = Field(min_length=1, max_length=254, description="A mail's address, or the name of a target.")
    stage: Stage | None = None
    fault: Fault | None = None


class Undelivered(BaseModel):
    """The messages that are sent again."""

    project: str
    channel: Channel | Literal["forge"] | None = None


class Due(BaseModel):
    """How many messages are due now."""

    due: int


@router.get("/v1/notification-rules", operation_id="list_notification_rules")
def list_notification_rules(control: Control, asked: Asked, project: OfProject = None) -> Page[NotificationRule]:
    """List the rules of the projects that the caller manages, newest first."""
    return page_of(control, RULES, NotificationRule.from_row, asked, project_id=id_of(control, project))


@router.post("/v1/notification-rules", operation_id="create_notification_rule", status_code=201, responses=CHANGE)
def create_notification_rule(control: Control, body: NewRule) -> NotificationRule:
    """Tell somebody of events; the same rule twice is one."""
    made = control.messages.create_rule(
        body.events,
        channel=body.channel,
        recipient=body.recipient,
        slug=body.project,
        stage=body.stage,
        fault=body.fault,
    )
    return control.messages.rule(made)


@router.get("/v1/notification-rules/{rule_id}", operation_id="get_notification_rule")
def get_notification_rule(control: Control, rule_id: RuleId) -> NotificationRule:
    """Return a rule."""
    return control.messages.rule(rule_id)


@router.delete(
    "/v1/notification-rules/{rule_id}", operation_id="remove_notification_rule", status_code=204, responses=CHANGE
)
def remove_notification_rule(control: Control, rule_id: RuleId) -> None:
    """Remove a rule, or mute one that odooops.yaml declares; what was written by it before is still sent."""
    control.messages.remove_rule(rule_id)


@router.get("/v1/messages", operation_id="list_messages")
def list_messages(
    control: Control, asked: Asked, project: OfProject = None, status: MessageStatus | None = None
) -> Page[Message]:
    """List the messages to forges and to the recipients of the projects' own rules, newest first."""
    return page_of(control, MESSAGES, Message.from_row, asked, project_id=id_of(control, project), status=status)


@router.post("/v1/messages/retry", operation_id="retry_messages", responses=CHANGE)
def retry_messages(control: Control, body: Undelivered) -> Due:
    """Send the project's undelivered messages now, also those that were given up."""
    return Due(due=control.messages.retry(project_id=project_id(control, body.project), channel=body.channel))
