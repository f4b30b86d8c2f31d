"""Reads one `upgrade_analysis.txt` of OpenUpgrade: what its program found by comparing a module of two series.

Only facts are taken; each line of the file gives at most one advisory, worded here. The format is that of OCA's
`upgrade_analysis` (server-tools, upgrade_analysis/compare.py): three sections, each with a header between dashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from odooops_dagster.model.advisories import Advisory, AdvisoryKind, Severity

_SECTION = re.compile(r"^---(Models|Fields|XML records) in module '.*'---$")
_MODEL = re.compile(
    r"^(?P<state>obsolete )?model (?P<model>[\w.]+)"
    r"(?: \((?P<how>renamed|merged|moved) to (?P<to>[\w.]+)(?: in module \w+)?\))?(?: \[\w+\])?$"
)
_FIELD = re.compile(
    r"^(?P<module>\w+)\s*/ (?P<model>[\w.]+)\s*/ (?P<field>\w+)(?: \((?P<type>\w+)\))?\s*: (?P<what>.+)$"
)
_XML_ID = re.compile(r"^(?P<gone>DEL )?(?P<model>[\w.]+): (?P<id>[\w.-]+\.[^\s]+)(?P<rest> .*)?$")
_NOW = re.compile(
    r"^(?P<name>type|relation|module|table|_order|column1|column2) is now '(?P<new>.*?)' \('(?P<old>.*)'\)"
)
_RENAMED_TO = re.compile(r"\[renamed to (\w+) module\]")
# What a field stops or starts to be, in words of ours; `selection_keys is now` and the like have no value of interest.
_CHANGES = (
    ("not stored anymore", "is no longer stored", "warning"),
    ("is now stored", "becomes stored", "info"),
    ("now a function", "becomes computed", "info"),
    ("not a function anymore", "is no longer computed", "info"),
    ("now related", "becomes a related field", "info"),
    ("not related anymore", "is no longer a related field", "info"),
    ("now required", "becomes required", "warning"),
    ("not required anymore", "is no longer required", "info"),
    ("now translatable", "becomes translatable", "info"),
    ("not translatable anymore", "is no longer translatable", "info"),
    ("needs conversion to v18-style company dependent", "keeps its values per company in another form", "warning"),
    ("selection_keys added", "gets other choices", "info"),
    ("selection_keys removed", "loses choices", "info"),
    ("selection_keys is now", "gets other choices", "info"),
    ("previously in module", "comes from another module", "info"),
)


@dataclass(frozen=True, kw_only=True)
class _Line:
    text: str
    module: str
    origin: str

    def advisory(
        self, kind: AdvisoryKind, severity: Severity, subject: str, summary: str, *, replacement: str | None = None
    ) -> Advisory:
        return Advisory(
            kind=kind,
            severity=severity,
            module=self.module,
            subject=subject,
            summary=summary,
            replacement=replacement,
            origin=self.origin,
        )


def read_analysis(text: str, *, module: str, origin: str) -> Iterator[Advisory]:
    """Yield what changes or goes away, in the order of the file; `origin` is the file's name.

    What is new, and what stays, is no advisory.
    """
    reader: Callable[[_Line], Advisory | None] | None = None
    new = {found[1] for found in re.finditer(r"^NEW [\w.]+: (\S+)", text, re.MULTILINE)}
    for number, line in enumerate(text.splitlines(), 1):
        if section := _SECTION.match(line):
            reader = _READERS[section[1]]
        elif reader is not None and (found := reader(_Line(text=line, module=module, origin=f"{origin}:{number}"))):
            # An id that goes and comes at once is another record under the same id.
            yield _same_id(found) if found.kind == "xml_id_removed" and found.subject in new else found


def _model(line: _Line) -> Advisory | None:
    found = _MODEL.match(line.text)
    if found is None or not (found["state"] or found["how"] == "moved"):
        return None
    model, target = found["model"], found["to"]
    match found["how"]:
        case "renamed":
            return line.advisory(
                "model_renamed", "critical", model, f"Model {model} becomes {target}.", replacement=target
            )
        case "merged":
            summary = f"Model {model} becomes part of {target}."
            return line.advisory("model_merged", "critical", model, summary, replacement=target)
        case "moved":
            return line.advisory(
                "model_moved", "info", model, f"Model {model} moves to module {target}.", replacement=target
            )
        case _:
            return line.advisory("model_removed", "critical", model, f"Model {model} goes away.")


def _field(line: _Line) -> Advisory | None:
    found = _FIELD.match(line.text)
    if found is None or found["what"].startswith("NEW"):
        return None
    subject = f"{found['model']}.{found['field']}"
    what = found["what"]
    # A line of this mode is about a module's extension of a field, which stays.
    if what.startswith("DEL") and what.endswith("mode: modify"):
        return line.advisory("field_changed", "info", subject, f"Module {line.module} no longer extends {subject}.")
    if what.startswith("DEL"):
        return line.advisory("field_removed", "critical", subject, f"Field {subject} ({found['type']}) goes away.")
    return _changed_field(line, subject, what)


def _changed_field(line: _Line, subject: str, what: str) -> Advisory:
    if (now := _NOW.match(what)) is not None:
        old, new = now["old"], now["new"]
        match now["name"]:
            case "module":
                return line.advisory(
                    "field_moved",
                    "info",
                    subject,
                    f"Field {subject} moves from module {old} to {new}.",
                    replacement=new,
                )
            case "type" | "relation":
                summary = f"The {now['name']} of field {subject} changes from {old} to {new}."
                return line.advisory("field_changed", "warning", subject, summary)
            case "_order":
                model = subject.removesuffix("._order")
                return line.advisory("field_changed", "info", subject, f"Records of {model} are sorted by {new}.")
            case _:
                return line.advisory("field_changed", "warning", subject, f"The relation table of {subject} changes.")
    for mark, words, severity in _CHANGES:
        if what.startswith(mark):
            return line.advisory("field_changed", _severity(severity), subject, f"Field {subject} {words}.")
    return line.advisory("field_changed", "info", subject, f"The definition of field {subject} changes.")


def _severity(word: str) -> Severity:
    return "warning" if word == "warning" else "info"


def _xml_id(line: _Line) -> Advisory | None:
    found = _XML_ID.match(line.text)
    if found is None or found["model"].startswith("NEW"):
        return None
    subject, rest = found["id"], found["rest"] or ""
    if not found["gone"]:
        summary = f"The data of {subject} ({found['model']}) change."
        return line.advisory("xml_id_changed", "info", subject, summary)
    if (moved := _RENAMED_TO.search(rest)) is not None:
        target = f"{moved[1]}.{subject.partition('.')[2]}"
        summary = f"XML id {subject} ({found['model']}) becomes {target}."
        return line.advisory("xml_id_moved", "critical", subject, summary, replacement=target)
    return line.advisory("xml_id_removed", "critical", subject, f"XML id {subject} ({found['model']}) goes away.")


def _same_id(found: Advisory) -> Advisory:
    summary = f"XML id {found.subject} is another record."
    return replace(found, kind="xml_id_changed", severity="warning", summary=summary)


_READERS: dict[str, Callable[[_Line], Advisory | None]] = {"Models": _model, "Fields": _field, "XML records": _xml_id}
