"""How much one Dockerfile may ask for, over all its stages: whoever can push writes it, and each run reads it."""

from __future__ import annotations

from collections import Counter

from odooops_dagster.errors import BadInput

# More than the largest Dockerfile of an image of Odoo has, and little enough to be read in a second.
MOST = {
    "instructions": 1000,
    "stages": 50,
    "copied files": 1000,
    "names of packages": 1000,
    "requirements files": 50,
    "files looked at": 50_000,
}


class Limits:
    """Counts what was read of one Dockerfile."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()

    def count(self, what: str, number: int = 1) -> None:
        """Count some more.

        Raises:
            BadInput: they are too many.
        """
        self._counted[what] += number
        if self._counted[what] > MOST[what]:
            raise BadInput(
                f"more than {MOST[what]} {what}",
                hint="take out what the image does not need, or put it into the image of ODOOOPS_DOCKER_IMAGE",
            )
