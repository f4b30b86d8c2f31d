"""The key `repositories`: other repositories with modules, each at one commit, as folders of this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from odooops_dagster.tools.project_file.base import Keys, Line
from odooops_dagster.tools.project_file.protect import Pattern

# A folder of the tree; modules may lie three deep. No name begins with a dot: `.git` is git's, `..` leads out.
Folder = Annotated[
    Line, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,2}$")
]
Address = Annotated[Line, StringConstraints(min_length=1, max_length=500, pattern=r"^\S+$")]
CommitId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class OtherRepository(Keys):
    """A repository whose modules are used at one commit."""

    url: Address = Field(
        description="Its address: https, ssh, or relative to this repository's own, such as `../web.git`."
    )
    commit: CommitId = Field(description="The commit, in 40 hexadecimal digits: nothing moves without a push here.")
    branch: Pattern | None = Field(
        default=None, description="A branch of it that has to contain the commit; without it, the commit alone counts."
    )


def _apart(found: Mapping[str, OtherRepository]) -> Mapping[str, OtherRepository]:
    """Refuse a folder inside another one's."""
    for inner in found:
        outer = next((each for each in found if inner.startswith(f"{each}/")), None)
        if outer is not None:
            raise ValueError(f"folder {inner} is inside {outer}, which is another repository's")
    return found


Repositories = Annotated[Mapping[Folder, OtherRepository], AfterValidator(_apart)]
