"""The end of a container, as often as the engine has to be asked for it."""

from __future__ import annotations

import time
from contextlib import suppress

from docker.errors import APIError, NotFound
from docker.models.containers import Container

# Podman 4.3 refuses to remove a container whose program ended while it looked ("container state improper"), and knows
# better a moment later.
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.25
_NOT_YET = "state improper"


def remove(container: Container) -> None:
    """Remove the container, running or not, with its volumes; one that is gone is removed.

    Raises:
        APIError: the engine refuses.
    """
    for left in reversed(range(_ATTEMPTS)):
        try:
            with suppress(NotFound):
                container.remove(force=True, v=True)
        except APIError as exc:
            if left == 0 or _NOT_YET not in str(exc):
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
