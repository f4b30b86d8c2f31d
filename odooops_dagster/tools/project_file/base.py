"""Base class and types of the parts of `odooops.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

# A text of one line without outer spaces.
Line = Annotated[str, StringConstraints(pattern=r"^(\S([^\r\n]*\S)?)?$")]


class Keys(BaseModel):
    """A group of keys; any other key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)
