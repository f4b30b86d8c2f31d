"""Orphans: things that the platform finds and does not know. Alarms report them, and a person adopts or drops each.

There are two alarms, each open at most once: one for things of others or of no known owner, and one for a stopped
janitor, because things of ours are not on the record.
"""

from __future__ import annotations

from collections.abc import Sequence

from odooops_dagster.control import ControlPlane
from odooops_dagster.steps.upkeep.verdicts import Verdict

STRANGERS = "orphans"
STOPPED = "janitor_stopped"
_SHOWN = 20
_NEXT = (
    "See them: ops env orphans list. Keep one: ops env orphans adopt NAME."
    " Remove one for good: ops env orphans drop NAME."
)


def tell_of_orphans(control: ControlPlane, verdicts: Sequence[Verdict]) -> None:
    """Raise the alarms for the orphans found, and clear the alarms that no longer apply."""
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


def _count(verdicts: Sequence[Verdict], *, verb: bool = True) -> str:
    things = f"{len(verdicts)} thing{'' if len(verdicts) == 1 else 's'}"
    return f"{things} {'is' if len(verdicts) == 1 else 'are'}" if verb else things


def _described(verdicts: Sequence[Verdict]) -> str:
    lines = [f"{verdict.thing.kind} {verdict.thing.name}: {verdict.reason}" for verdict in verdicts[:_SHOWN]]
    if len(verdicts) > _SHOWN:
        lines.append(f"and {len(verdicts) - _SHOWN} more")
    return "\n".join([*lines, _NEXT])
