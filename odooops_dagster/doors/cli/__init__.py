"""The `ops` command: one noun per file, mounted when the command line names it.

Exit status: 0 done · 1 refused or failed, with one line on stderr · 2 wrong command line · 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

import typer
from pydantic import ValidationError

from odooops_dagster.doors.cli.output import print_error, say, take_any_encoding
from odooops_dagster.errors import BadInput, OdooOpsError
from odooops_dagster.unreachable import first_line

# Each verb is a function with the verb's name in a file with the same name.
VERBS = ("up", "down", "status", "ui", "doctor", "demo", "clone", "promote", "rollback")
# Each noun is a file with an `app` that contains its verbs.
NOUNS = (
    "project",
    "webhook",
    "env",
    "run",
    "backup",
    "drill",
    "release",
    "gate",
    "exception",
    "incident",
    "event",
    "audit",
    "lineage",
    "key",
    "person",
    "db",
    "odoo",
    "config",
)


def main() -> None:
    """Run the command line; a failure is one line and exit status 1."""
    take_any_encoding()
    _silence_libraries()
    arguments = sys.argv[1:]
    try:
        build_app(_wanted(arguments))()
    except OdooOpsError as exc:
        _fail(exc, arguments)
    except ValidationError as exc:
        _fail(_settings_error(exc), arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has closed the pipe, as in `ops run logs | head`
        sys.exit(1)
    except Exception as exc:  # noqa: BLE001 - the last handler: the user gets a sentence, the traceback goes to a file
        _fail(_unexpected(exc), arguments)


def build_app(names: Iterable[str] = (*VERBS, *NOUNS)) -> typer.Typer:
    """Return the application with these verbs and nouns."""
    app = typer.Typer(
        name="ops",
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # its tracebacks show local variables, passwords among them
        rich_markup_mode=None,
    )
    app.callback()(_root)
    for name in names:
        _mount(app, name)
    return app


def print_version(asked: bool) -> None:
    """Print the version and exit if the option is given."""
    if asked:
        say(version("odooops"))
        raise typer.Exit


def _root(
    version_: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True, callback=print_version),
) -> None:
    """A self-hosted Odoo.sh: previews for branches, gates with evidence, backups that prove themselves."""


def _wanted(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the verb or noun that the arguments name, or all of them: importing the others takes time."""
    first = arguments[0] if arguments else ""
    if first == "--version":
        return ()
    return (first,) if first in {*VERBS, *NOUNS} else (*VERBS, *NOUNS)


def _mount(app: typer.Typer, name: str) -> None:
    where = f"{__name__}.{name}"
    if find_spec(where) is None:
        return
    module = import_module(where)
    if name in VERBS:
        app.command(name)(getattr(module, name))
    else:
        app.add_typer(module.app, name=name, no_args_is_help=True)


def _settings_error(exc: ValidationError) -> BadInput:
    first = exc.errors()[0]
    variable = "ODOOOPS_" + "_".join(str(part) for part in first["loc"]).upper()
    reason = first["msg"].removeprefix("Value error, ")
    return BadInput(f"{variable}: {reason}", hint=f"correct or unset {variable}")


def _silence_libraries() -> None:
    """Keep log lines and warnings of libraries off the terminal: the error that follows contains the reason."""
    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _unexpected(exc: Exception) -> OdooOpsError:
    """Return the error for an unexpected exception: a file that the system refuses, or a bug of ours."""
    story = _keep_traceback(exc)
    if isinstance(exc, OSError) and exc.filename is not None:
        return OdooOpsError(f"{exc.strerror}: {exc.filename}", hint=f"mend that; how it came about: {story}")
    reason = f"{type(exc).__name__}: {first_line(exc)}"
    return OdooOpsError(f"a fault of odooops: {reason}", hint=f"please report it, with {story}")


def _keep_traceback(exc: Exception) -> str:
    """Write the traceback to a file that only the caller can read, and return its path."""
    try:
        descriptor, name = tempfile.mkstemp(prefix="odooops-traceback-", suffix=".txt")
        with os.fdopen(descriptor, "w") as file:
            file.writelines(traceback.format_exception(exc))
    except OSError as refusal:
        return f"no traceback ({refusal.strerror} in {tempfile.gettempdir()})"
    return name


def _fail(error: OdooOpsError, arguments: Sequence[str]) -> None:
    print_error(error, as_json="--json" in arguments)
    sys.exit(1)
