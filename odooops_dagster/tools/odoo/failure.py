"""Says of one record of Odoo's log what failed, and where in the repository."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from odooops_dagster.model import Failure, FailureKind, Frame
from odooops_dagster.tools.odoo import modules, named_places
from odooops_dagster.tools.odoo.log import GAVE_UP, OdooLog
from odooops_dagster.tools.odoo.log_records import FAILED_TEST, SUMMARY_CHARACTERS, LogRecord
from odooops_dagster.tools.odoo.tracebacks import Raised, chain, origin

# Source: odoo/tools/convert.py, class ParseError.
_PARSING = re.compile(r"while parsing (?P<file>/.+?):(?P<line>\d+)")
_OF_SCHEMA = re.compile(r"required schema|XMLSyntaxError")
_LINE_AT_END = re.compile(r", line (?P<line>\d+)(, column \d+)?$")
_TRANSLATION = re.compile(r"translation file \[lang: (?P<language>\w+)\]")
_LINE_OF_PO = re.compile(r"po file \(line (?P<line>\d+)\)")
# PostgreSQL's answer. Source: odoo/sql_db.py, "bad query".
_ANSWER = re.compile(r"^ERROR:\s+(?P<answer>.+)")
# Source: unittest/suite.py, `_handleClassSetUp`.
_OF_CLASS = re.compile(r"^(?P<method>(setUp|tearDown)Class) \((\w+\.)*(?P<class>\w+)\)$")
# The end of a message that helps nobody: the file of a module from which a name cannot be imported, a record's number.
_NEEDLESS_END = re.compile(r" \((/\S+\.py|\d+)\)$")
_CONVERT = "/odoo/tools/convert.py"
_CODE_LENGTH = 200
_FRAMES_KEPT = 20
# The end of a traceback is what people look for; a record may be megabytes.
_LINES_SHOWN = 30
_CHARACTERS_SHOWN = 4000


@dataclass(frozen=True, kw_only=True)
class Repository:
    """The checked-out tree, and the addons paths in which Odoo finds its modules."""

    root: Path
    addons_paths: tuple[Path, ...]

    def relative(self, text: str) -> str:
        """Return the text with each path below the tree as the repository names it."""
        for root in dict.fromkeys((self.root, self.root.resolve())):
            text = text.replace(f"{root}/", "")
        return text

    def file_of(self, path: str) -> str | None:
        """Return the file's path in the repository; None if it is elsewhere."""
        relative = self.relative(path)
        return relative if relative != path else None

    def path_of(self, file: str) -> Path | None:
        """Return the file in the tree; None if there is no such file, or it leads out of the tree."""
        path = (self.root / file).resolve()
        return path if path.is_file() and path.is_relative_to(self.root.resolve()) else None

    def addon(self, name: str) -> Path | None:
        """Return the folder of the repository's module; None if it has none of that name."""
        found = modules.find(name, self.addons_paths) if name else None
        return found if found is not None and self.file_of(f"{found}/") is not None else None


def failure_of(record: LogRecord, log: OdooLog, repository: Repository) -> Failure:
    """Return what the record says, with the place in the repository if one is known."""
    raised = chain(record.more)
    frames = _frames(raised, repository)
    tested = FAILED_TEST.match(record.message)
    message = repository.relative(_message(record, raised, is_told_alone=bool(tested) or _gave_up(record)))
    failure = Failure(
        kind=_kind(record, raised),
        message=message[:SUMMARY_CHARACTERS],
        test=_test(tested["test"]) if tested else "",
        frames=frames,
        excerpt=repository.relative(_excerpt(record)),
    )
    return _placed(failure, record, raised, log, repository)


def _excerpt(record: LogRecord) -> str:
    """Return the record as Odoo logged it: its first line and its last ones."""
    first = f"{record.level} {record.logger}: {record.message}"
    left_out = len(record.more) - _LINES_SHOWN
    lines = [first, *([f"... {left_out} lines ..."] if left_out > 0 else []), *record.more[-_LINES_SHOWN:]]
    return "\n".join(line.rstrip()[:_CODE_LENGTH] for line in lines)[-_CHARACTERS_SHOWN:]


def _gave_up(record: LogRecord) -> bool:
    return record.message.startswith(GAVE_UP)


def _test(name: str) -> str:
    """Return the test as `Class.method`, also where Odoo names it otherwise."""
    of_class = _OF_CLASS.match(name)
    return f"{of_class['class']}.{of_class['method']}" if of_class else name.removeprefix("Subtest ")


def _kind(record: LogRecord, raised: Sequence[Raised]) -> FailureKind:
    if FAILED_TEST.match(record.message):
        return "test"
    if any(frame.file.endswith(_CONVERT) for each in raised for frame in each.frames):
        return "data"
    return "code" if _gave_up(record) else "log"


def _message(record: LogRecord, raised: Sequence[Raised], *, is_told_alone: bool) -> str:
    reason = _NEEDLESS_END.sub("", origin(raised).message) if raised else ""
    if reason and is_told_alone:
        return reason
    answer = next((found["answer"] for line in record.more if (found := _ANSWER.match(line))), "")
    if answer:
        return answer
    return f"{record.message.rstrip(' :.')}: {reason}" if reason else record.message


def _frames(raised: Sequence[Raised], repository: Repository) -> tuple[Frame, ...]:
    """Return the frames in the repository of the exception that is the reason, or of the first that has some."""
    if not raised:
        return ()
    for each in (origin(raised), *raised):
        own = tuple(
            replace(frame, file=file, code=frame.code[:_CODE_LENGTH])
            for frame in each.frames
            if (file := repository.file_of(frame.file)) is not None
        )
        if own:
            return own[-_FRAMES_KEPT:]
    return ()


def _placed(
    failure: Failure, record: LogRecord, raised: Sequence[Raised], log: OdooLog, repository: Repository
) -> Failure:
    addon = repository.addon(log.loading_module)
    names = named_places.names_in(f"{failure.message} {record.message}", log.loading_module)
    parsed = _file_being_parsed(record, raised, log, repository)
    if parsed is not None and (not failure.frames or failure.frames[-1].file == parsed[0]):
        file, line = parsed
        path = repository.path_of(file)
        closer = named_places.place_in(path, names, after=line or 1) if path else None
        return replace(failure, file=file, line=closer or line)
    if failure.frames:
        return replace(failure, file=failure.frames[-1].file, line=failure.frames[-1].line)
    found = named_places.place_of(addon, names) if addon is not None else None
    if found is None:
        return failure
    return replace(failure, file=str(found[0].relative_to(repository.root)), line=found[1])


def _file_being_parsed(
    record: LogRecord, raised: Sequence[Raised], log: OdooLog, repository: Repository
) -> tuple[str, int] | None:
    """Return the data file and its line, 0 if unknown, in which Odoo was when the record was written."""
    said = "\n".join([record.message, *(line for each in raised for line in each.lines)])
    if (parsing := _PARSING.search(said)) and (file := repository.file_of(parsing["file"])):
        return file, int(parsing["line"])
    addon = repository.addon(log.loading_module)
    if addon is None:
        return None
    if translation := _TRANSLATION.search(record.message):
        line = _LINE_OF_PO.search(said)
        return _in(repository, addon / "i18n" / f"{translation['language']}.po", int(line["line"]) if line else 0)
    if not any(frame.file.endswith(_CONVERT) for each in raised for frame in each.frames) or not log.loading_file:
        return None
    line = _LINE_AT_END.search(origin(raised).message)
    return _in(repository, addon.parent / log.loading_file, int(line["line"]) if line else 0)


def _in(repository: Repository, file: Path, line: int) -> tuple[str, int] | None:
    relative = repository.file_of(str(file))
    return (relative, line) if relative and repository.path_of(relative) else None
