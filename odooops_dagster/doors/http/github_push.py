"""A GitHub push event, reduced to the fields that the platform reads and keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, field_validator

from odooops_dagster.errors import BadInput
from odooops_dagster.model import Push
from odooops_dagster.tools.git import is_ref

# The part of a commit message that a list of deliveries shows.
MAX_MESSAGE_CHARACTERS = 500


def storable(value: object) -> object:
    """Return a text without characters that PostgreSQL cannot store: NUL and unpaired surrogates."""
    return value.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(value, str) else value


Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Text = Annotated[str, BeforeValidator(storable)]
Message = Annotated[Text, AfterValidator(lambda text: text[:MAX_MESSAGE_CHARACTERS])]


class PushedRepository(BaseModel):
    """The repository's addresses at GitHub."""

    full_name: Text
    clone_url: Text
    ssh_url: Text | None = None
    html_url: Text | None = None


class Person(BaseModel):
    """The person who pushed."""

    name: Text | None = None


class Commit(BaseModel):
    """The commit that the branch now points to."""

    id: Sha
    message: Message = ""
    timestamp: Text | None = None
    url: Text | None = None


class PushPayload(BaseModel):
    """The fields of a push event that the platform reads; others, such as e-mail addresses, are not kept."""

    ref: str
    before: Sha
    after: Sha
    forced: bool = False
    deleted: bool = False
    compare: Text | None = None
    repository: PushedRepository
    pusher: Person | None = None
    head_commit: Commit | None = None

    @field_validator("ref")
    @classmethod
    def _be_a_ref(cls, ref: str) -> str:
        if not is_ref(ref):
            raise ValueError("not the full name of a ref, such as refs/heads/main")
        return ref

    def push(self) -> Push:
        """Return the change of the branch or the tag.

        Of an annotated tag `after` is the tag itself, and only the head commit is what it points to.
        """
        tagged = self.head_commit.id if self.head_commit and self.ref.startswith("refs/tags/") else self.after
        return Push(
            repo_url=self.repository.clone_url,
            ref=self.ref,
            sha="0" * 40 if self.deleted else tagged,
            previous_sha=self.before,
            forced=self.forced,
            pusher=self.pusher.name if self.pusher else None,
            source="webhook",
        )

    def facts(self) -> dict[str, Any]:
        """Return the fields of the delivery to keep."""
        return self.model_dump(mode="json", exclude_none=True)


def read_push(payload: Mapping[str, Any]) -> PushPayload:
    """Return the payload's push; raise BadInput with the field's name if it is invalid."""
    try:
        return PushPayload.model_validate(payload)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{field}: {first['msg']}") from exc
