"""The platform's exceptions, one tree; each class's docstring is its default message."""

from __future__ import annotations


class OdooOpsError(Exception):
    """Something went wrong."""

    # The next action for the user, shown on its own line.
    hint: str | None

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())
        self.hint = hint


class BadInput(OdooOpsError):
    """The request cannot be understood."""


class NotFound(OdooOpsError):
    """There is no such object."""


class Unauthenticated(OdooOpsError):
    """Nobody is known to ask."""


class Forbidden(OdooOpsError):
    """The caller may not do this."""


class Conflict(OdooOpsError):
    """The object's state does not allow this."""


class Stale(OdooOpsError):
    """What was read has changed since."""


class Fenced(Conflict):
    """The lease was lost: another attempt owns this run now."""


class SchemaDrift(OdooOpsError):
    """An applied migration differs from the file that is shipped."""


class MissingDependency(OdooOpsError):
    """A program that is needed is missing."""


class StepFailed(OdooOpsError):
    """A step of a run failed; the message is the reason shown to people, in one line."""


class Unreadable(Conflict):
    """The store holds an object that cannot be read."""


class SanitizationFailed(StepFailed):
    """The copy could not be made harmless; nothing was kept."""


class Unavailable(OdooOpsError):
    """A service that is needed does not answer."""


class Undelivered(Unavailable):
    """The receiver did not take the message."""

    def __init__(
        self,
        message: str | None = None,
        *,
        wait_seconds: int = 0,
        is_final: bool = False,
        status: int = 0,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        # Not tried again before; and whether no further try could succeed.
        self.wait_seconds, self.is_final = wait_seconds, is_final
        self.status = status  # the receiver's HTTP status, 0 without an answer


# The exception class for each SQLSTATE that the schema's functions raise (PostgREST converts PTnnn to HTTP nnn).
SQLSTATE_ERRORS: dict[str, type[OdooOpsError]] = {
    "PT400": BadInput,
    "PT401": Unauthenticated,
    "PT403": Forbidden,
    "PT404": NotFound,
    "PT409": Conflict,
    "PT410": Fenced,
    "PT412": Stale,
    "PT503": Unavailable,
    "42501": Forbidden,
}
