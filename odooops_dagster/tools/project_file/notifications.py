"""The key `notifications`: who is told of what, as the repository's default branch declares it.

The bounds are those of table `ops.notification_rules`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from odooops_dagster.model import Stage
from odooops_dagster.model.messages import Channel
from odooops_dagster.model.runs import Fault
from odooops_dagster.tools.project_file.base import Keys

Event = Literal["run", "deployment", "gate", "backup", "alarm", "incident"]
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _some(events: tuple[Event, ...]) -> tuple[Event, ...]:
    if not events:
        raise ValueError(f"name one event at least: {', '.join(get_args(Event))}")
    return events


class DeclaredRule(Keys):
    """Somebody who is told of events."""

    channel: Channel = Field(description="How: `mail`, `webhook` or `apprise`.")
    recipient: str = Field(
        min_length=1,
        max_length=254,
        description="A mail's address; of another channel the name that `ops notify target add` gave to its address,"
        " which is a secret and never in the repository.",
    )
    events: Annotated[tuple[Event, ...], AfterValidator(_some)] = Field(
        description="Of what: `run`, `deployment`, `gate`, `backup`, `alarm`, `incident`."
    )
    stage: Stage | None = Field(default=None, description="Only what happens on this stage.")
    fault: Fault | None = Field(
        default=None,
        description="Of failed runs, only those that who pushed (`project`) or the `platform` has to mend.",
    )

    @field_validator("recipient")
    @classmethod
    def _fits(cls, recipient: str, info: ValidationInfo) -> str:
        channel = info.data.get("channel")
        if channel == "mail" and not _ADDRESS.fullmatch(recipient):
            raise ValueError(f"{recipient!r} is no address of a mail: write one, such as team@example.com")
        if channel in ("webhook", "apprise") and not _NAME.fullmatch(recipient):
            raise ValueError(
                f"a {channel} is named and its address is a secret: give it a name on the platform,"
                f" ops notify target add {channel} NAME, and write the name"
            )
        return recipient
