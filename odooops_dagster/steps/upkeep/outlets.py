"""Put on the record what environments tried to reach, and the mails that they sent: what catcher and proxy left.

Everything may be told twice: a file is removed after its rows are there. Both speak with hostile programs and may be
taken over by one: what they leave is read as data of that program, and what cannot be read keeps no other environment
waiting.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.policy import default
from itertools import zip_longest
from pathlib import Path
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.home import caught_folder, exits_folder, let_out_folder, outlets_folder
from odooops_dagster.model import Environment
from odooops_dagster.plain_log import get_logger
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.confinement import reaches_out

log = get_logger(__name__)

# A tick of the sensor that calls this may take two seconds; the next one goes on.
_SECONDS = 1.0
# The catcher writes a minute for the last time within seconds of its end.
_SETTLED = timedelta(minutes=2)
_ID = re.compile("[0-9a-f]{32}")
_OF_PROXY = ("allowed", "reported", "refused")
_HEADER_BYTES = 64 * 1024
# What the catcher takes of a mail, and who it says is to get it: a thousand addresses, each a line of SMTP.
_LONGEST_FILE = 16 * 1024**2


def collect_caught(control: ControlPlane, settings: Settings) -> int:
    """Record what catcher and proxy left, for about a second, and return how many files told something new.

    Environments take turns: one that tells much keeps no other one waiting.
    """
    until = time.monotonic() + _SECONDS
    living = {each.id: each for each in control.environments.list() if each.status != "destroyed"}
    for place in (caught_folder, let_out_folder, outlets_folder, exits_folder):
        for folder in _folders(place(settings.home)):
            if UUID(folder.name) not in living:
                _remove(folder)
    done = 0
    for environment, file in _in_turn(settings, living):
        if time.monotonic() > until:
            break
        done += _record(control, environment, file, outcome=_outcome(settings, environment, file))
    return done


def _in_turn(settings: Settings, living: Mapping[UUID, Environment]) -> Iterator[tuple[Environment, Path]]:
    """Yield the oldest file of each environment, then the next one of each; another environment begins each time."""
    spools = (*_folders(caught_folder(settings.home)), *_folders(let_out_folder(settings.home)))
    folders = [each for each in spools if UUID(each.name) in living]
    random.shuffle(folders)
    left = [[(living[UUID(each.name)], file) for file in sorted(each.glob("[!.]*"))] for each in folders]
    for turn in zip_longest(*left):
        yield from filter(None, turn)


def _outcome(settings: Settings, environment: Environment, file: Path) -> str | None:
    """Return what became of the attempts in the file; None if the proxy left it, which decides each by itself."""
    if file.is_relative_to(let_out_folder(settings.home)):
        return None
    return "open" if reaches_out(settings, environment) else "refused"


def _folders(around: Path) -> Iterator[Path]:
    """Yield the folder of each environment."""
    for each in sorted(around.iterdir()) if around.is_dir() else ():
        if _ID.fullmatch(each.name) and each.is_dir() and not each.is_symlink():
            yield each


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _record(control: ControlPlane, environment: Environment, file: Path, *, outcome: str | None) -> bool:
    """Record the file, and remove it unless it may still be written; return whether something was new."""
    is_new, is_whole = True, True
    try:
        kept = _contents(file)
        if file.suffix == ".mail":
            _record_mail(control, environment, kept)
        else:
            is_new, is_whole = _record_attempts(control, environment, kept, outcome=outcome)
    except (BadInput, NotFound):
        is_new = False  # the environment was destroyed meanwhile, or became production
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError) as exc:
        is_new = False
        log.warning("caught_file_is_dropped", environment=environment.partition_key, reason=type(exc).__name__)
    if is_whole:
        _drop(file)
    return is_new


def _contents(file: Path) -> bytes:
    """Return what is in the file.

    Raises:
        ValueError: it is none that a catcher writes, such as a link or a pipe, or is too long.
    """
    # Without waiting for the other end of a pipe.
    with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:  # noqa: PTH123 - a descriptor
        kept = os.fstat(stream.fileno())
        if not stat.S_ISREG(kept.st_mode) or kept.st_nlink != 1 or kept.st_size > _LONGEST_FILE:
            raise ValueError(f"{file.name} is no file of a catcher")
        return stream.read(_LONGEST_FILE)


def _drop(file: Path) -> None:
    if file.is_dir() and not file.is_symlink():
        _remove(file)
    else:
        file.unlink(missing_ok=True)


def _record_mail(control: ControlPlane, environment: Environment, kept: bytes) -> None:
    head, _, content = kept.partition(b"\n")
    told = json.loads(head)
    control.egress.record_mail(
        environment.id,
        content=content,
        sender=told["sender"],
        recipients=told["recipients"],
        subject=subject_of(content),
        received_at=datetime.fromisoformat(told["received_at"]),
    )


def _record_attempts(
    control: ControlPlane, environment: Environment, kept: bytes, *, outcome: str | None
) -> tuple[bool, bool]:
    """Return whether something was new, and whether the minute is over."""
    told = json.loads(kept)
    minute = datetime.fromisoformat(told["minute"])
    outcomes = [outcome or _of_proxy(each) for each in told["attempts"]]
    if outcome is not None and environment.stage != "production":
        # Where mails are caught, no program of the environment reaches a mail server through smtplib.
        outcomes = ["caught" if each["protocol"] == "smtp" else outcome for each in told["attempts"]]
    changed = 0
    for how in dict.fromkeys(outcomes):
        attempts = [each for each, became in zip(told["attempts"], outcomes, strict=True) if became == how]
        changed += control.egress.record(
            environment.id, minute=minute, source=UUID(told["source"]), outcome=how, attempts=attempts
        )
    return changed > 0, datetime.now(UTC) - minute > _SETTLED


def _of_proxy(attempt: Mapping[str, object]) -> str:
    """Return what the proxy says that became of the attempt.

    Raises:
        ValueError: nothing that a proxy does.
    """
    if attempt["outcome"] not in _OF_PROXY:
        raise ValueError(attempt["outcome"])
    return str(attempt["outcome"])


def subject_of(content: bytes) -> str:
    """Return the subject of a mail as a line of text; empty for one without, or with one that cannot be read."""
    try:
        subject = str(BytesHeaderParser(policy=default).parsebytes(content[:_HEADER_BYTES])["subject"] or "")
    except (MessageError, ValueError, LookupError, IndexError, AttributeError, TypeError):
        return ""  # a sender may write anything; the parser raises what it likes
    return "".join(sign if sign.isprintable() else " " for sign in subject).strip()
