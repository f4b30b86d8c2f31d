"""Orphans: things that the platform finds and does not know. They are listed for people, who adopt or drop each.

There are two alarms, each open at most once: one for things of others or of no known owner, and one for a stopped
janitor, because things of ours are not on the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.orphans import FoundOrphan
from odooops_dagster.ownership import Identity
from odooops_dagster.steps.upkeep.verdicts import Verdict

STRANGERS = "orphans"
STOPPED = "janitor_stopped"
_SHOWN = 20
_NEXT = (
    "See them: ops env orphans list. Keep one: ops env orphans adopt NAME."
    " Remove one for good: ops env orphans drop NAME."
)


def tell_of_orphans(control: ControlPlane, verdicts: Sequence[Verdict], *, identity: Identity) -> None:
    """List the orphans found, raise the alarms for them, and clear the alarms that no longer apply."""
    control.orphans.replace(list(_listed(verdicts, identity)))
    strangers = [verdict for verdict in verdicts if verdict.answer == "stranger"]
    lost = [verdict for verdict in verdicts if verdict.answer == "lost"]
    if strangers:
        control.incidents.raise_alarm(
            STRANGERS,
            title=f"{_count(strangers)} not known here and left alone",
            description=_described(strangers),
            severity="minor",
        )
    else:
        control.incidents.clear_alarm(STRANGERS, resolution="Everything that is there is known.")
    if lost:
        control.incidents.raise_alarm(
            STOPPED,
            title=f"The janitor has stopped: the control plane's record is older than {_count(lost, verb=False)}",
            description=f"Nothing is removed until a person has decided about each.\n{_described(lost)}",
            severity="critical",
        )
    else:
        control.incidents.clear_alarm(STOPPED, resolution="The record knows everything that is this platform's.")


def _listed(verdicts: Sequence[Verdict], us: Identity) -> Iterator[FoundOrphan]:
    """Yield the things as they are listed for people, without those that the record explains."""
    for verdict in verdicts:
        mark, answer = verdict.thing.mark, verdict.listed_as
        if answer is not None:
            yield FoundOrphan(
                kind=verdict.thing.kind,
                name=verdict.thing.name,
                answer=answer,
                reason=verdict.reason,
                is_foreign=mark is not None and mark.identity.installation != us.installation,
                installation=mark.identity.installation if mark else None,
                control_plane=mark.identity.control_plane if mark else None,
                run_id=mark.run_id if mark else None,
                made_at=mark.made_at if mark else None,
            )


def _count(verdicts: Sequence[Verdict], *, verb: bool = True) -> str:
    things = f"{len(verdicts)} thing{'' if len(verdicts) == 1 else 's'}"
    return f"{things} {'is' if len(verdicts) == 1 else 'are'}" if verb else things


def _described(verdicts: Sequence[Verdict]) -> str:
    lines = [f"{verdict.thing.kind} {verdict.thing.name}: {verdict.reason}" for verdict in verdicts[:_SHOWN]]
    if len(verdicts) > _SHOWN:
        lines.append(f"and {len(verdicts) - _SHOWN} more")
    return "\n".join([*lines, _NEXT])
