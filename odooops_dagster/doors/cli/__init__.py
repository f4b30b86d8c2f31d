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

# What a shell sets to ask for completions.
_COMPLETION = "_OPS_COMPLETE"

# Each verb is a function with the verb's name in a file with the same name. The help is here too, so that the list of
# commands is printed without importing them.
VERBS = {
    "up": "Start the platform and keep it running until Ctrl-C.",
    "down": "Stop every program and wait until all have ended.",
    "status": "Show every program of the platform.",
    "ui": "Print a link that opens the Dagster UI; it works once.",
    "doctor": "Check this machine and the platform.",
    "demo": "Push a real addon to a real repository and watch it become a running Odoo.",
    "clone": "Replace an environment's data with a sanitised copy of production.",
    "promote": "Bring a release to production: back up, update what changed, prove its health, let people in.",
    "rollback": "Go back to the release before, with the data of now or of then.",
}
# Each noun is a file with an `app` that contains its verbs.
NOUNS = {
    "project": "Manage projects: a repository and its Odoo series.",
    "webhook": "Manage the secrets of projects' webhooks.",
    "env": "Manage environments: branches that run.",
    "run": "Manage runs: builds, deployments, backups and the like.",
    "backup": "Manage backups: verified copies of environments.",
    "drill": "Manage drills: test restores that prove a backup.",
    "release": "Manage releases: what was built, tested and approved as one.",
    "gate": "Look at gates, and sign them off.",
    "exception": "Manage exceptions from gates.",
    "incident": "Manage incidents and alarms.",
    "event": "Look at the log of events, refused ones too.",
    "audit": "Verify and export the audit trail.",
    "lineage": "Follow things back to what they were made of.",
    "key": "Manage the keys with which machines send events.",
    "person": "Manage people: one person, however many names.",
    "db": "Manage the control plane's database.",
    "odoo": "Manage the installed Odoo series.",
    "config": "Check and explain odooops.yaml, a repository's own settings.",
}


def main() -> None:
    """Run the command line; a failure is one line and exit status 1."""
    take_any_encoding()
    _silence_libraries()
    arguments = sys.argv[1:]
    try:
        _app(arguments)()
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


def _app(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with what the arguments name; otherwise every command, without what it does."""
    first = arguments[0] if arguments else ""
    if _COMPLETION in os.environ:
        return build_app()
    if first == "--version":
        return build_app(())
    return build_app((first,)) if first in {*VERBS, *NOUNS} else _list_of_commands()


def _list_of_commands() -> typer.Typer:
    app = build_app(())
    for name, help_ in {**VERBS, **NOUNS}.items():
        app.command(name, help=help_)(_listed)
    return app


def _listed() -> None:
    """Stand for a command whose name is known and that nobody calls."""


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
