"""Decide who owns each thing and whether it may be removed: a pure decision, and an allow-list.

Only a thing with our own mark that is on the record and no longer used may be removed. Things of others and unknown
things are reported. A thing with our mark that is not on the record shows that the record is older than the thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from odooops_dagster.control.orphans import OrphanAnswer
from odooops_dagster.home import COMPARISON_PREFIX, StateEntry
from odooops_dagster.steps.upkeep.record import Record
from odooops_dagster.steps.upkeep.things import Thing

# kept: in use. claimed: ours according to the record, to be marked. over: to be removed. stranger: reported.
# lost: ours, but not on the record; nothing at all is removed until a person decides.
Answer = Literal["kept", "claimed", "over", "stranger", "lost"]

ADOPTED = "adopted"  # the reason to keep an orphan


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision about a thing, and its reason."""

    thing: Thing
    answer: Answer
    reason: str = ""

    @property
    def listed_as(self) -> OrphanAnswer | None:
        """Return as what the thing is listed for people; None if the record explains it."""
        if self.answer == "stranger" or self.answer == "lost":  # noqa: PLR1714 - narrows the type
            return self.answer
        return "adopted" if self.reason == ADOPTED else None


def judge(thing: Thing, record: Record) -> Verdict:
    """Return the decision about the thing."""
    answer, reason = _ownership(thing, record) or _use(thing, record)
    return Verdict(thing=thing, answer=answer, reason=reason)


def _ownership(thing: Thing, record: Record) -> tuple[Answer, str] | None:
    """Return the answer for a thing that is not certainly ours; None if it is ours."""
    mark, us = thing.mark, record.identity
    if (thing.kind, thing.name) in record.adopted and (mark is None or mark.identity == us):
        return "kept", ADOPTED
    if reason := _made_elsewhere(thing, record):
        return "stranger", reason
    if not _is_known(thing, record):
        return _unknown(thing, record)
    if mark.identity == us if mark is not None else not thing.bears_mark:
        return None
    # A template that its run has neither marked nor recorded has no files yet.
    if not thing.is_at_home and (thing.owner is not None or thing.name in record.served):
        return "stranger", "it bears no mark, and this state folder has nothing that goes with it"
    return "claimed", "the record knows it"


def _made_elsewhere(thing: Thing, record: Record) -> str | None:
    """Return a text that names the other state folder that made the thing; None if none did."""
    mark = thing.mark
    if mark is not None and mark.identity.installation != record.identity.installation:
        whose = f"installation {mark.identity.installation} with control plane {mark.identity.control_plane}"
        return f"it belongs to {whose}"
    if thing.name.startswith(COMPARISON_PREFIX):
        return "a comparison of records that another state folder began"
    return None


def _unknown(thing: Thing, record: Record) -> tuple[Answer, str]:
    mark = thing.mark
    if mark is None:
        return "stranger", "it bears no mark, and the control plane's record does not know it"
    if mark.identity != record.identity:
        return "lost", f"it was made for control plane {mark.identity.control_plane}, which this one does not know of"
    return "lost", "this control plane made it, and its record does not know that any more"


def _use(thing: Thing, record: Record) -> tuple[Answer, str]:
    """Return the answer for a thing that is ours and on the record."""
    if is_in_use(thing, record):
        return "kept", "in use"
    if record.older_since is not None and thing.bears_mark and not _is_newer(thing, record):
        return "lost", "by the record it is over, but the record was restored from an older backup"
    return ("kept", "at work") if _is_at_work(thing, record) else ("over", "nobody uses it")


def _is_known(thing: Thing, record: Record) -> bool:
    """Return whether the record knows the thing, the run that made it, or its environment."""
    run = thing.run_id or record.makers.get(thing.name)
    if thing.kind == "database":
        return thing.name in record.served or thing.name in record.kept or run in record.runs
    if run is not None:
        return run in record.runs
    if thing.name.startswith(f"{StateEntry.TEMPLATES}/"):
        return thing.name.partition("/")[2] in record.served
    return thing.owner is not None and record.environment(thing.owner.environment) is not None


def is_in_use(thing: Thing, record: Record) -> bool:
    """Return whether an environment needs the thing; an older record counts only for databases that it serves."""
    if thing.kind == "database":
        return thing.name in record.served or (thing.name in record.kept and record.older_since is None)
    if thing.kind == "service":
        return thing.owner is not None and record.keeps(thing.owner)
    if thing.kind == "role":
        return thing.owner is not None and thing.owner.run_number is None
    if thing.name.startswith(f"{StateEntry.TEMPLATES}/"):
        return thing.name.partition("/")[2] in record.served
    return thing.owner is not None and record.lives(thing.owner.environment)


def _is_at_work(thing: Thing, record: Record) -> bool:
    return (thing.run_id or record.makers.get(thing.name)) in record.active


def _is_newer(thing: Thing, record: Record) -> bool:
    """Return whether the thing was made after the older record came into use, so that the record is complete for it."""
    return thing.mark is not None and record.older_since is not None and thing.mark.made_at > record.older_since
