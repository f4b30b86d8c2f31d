"""The `ops` command: one noun per file, mounted when the command line names it.

Exit status: 0 done · 1 refused or failed, with one line on stderr · 2 wrong command line · 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec

import typer

from odooops_dagster.doors.cli.groups import CarefulGroup, SectionedGroup
from odooops_dagster.doors.cli.output import print_error, say, take_any_encoding
from odooops_dagster.errors import BadInput, OdooOpsError
from odooops_dagster.unreachable import first_line

# The variable that a shell sets to ask for completions.
_COMPLETION = "_OPS_COMPLETE"

# Each verb is a function with the verb's name in a file with the same name. The help is here too, so that the list of
# commands is printed without importing them.
VERBS = {
    "up": "Start the platform and keep it running until Ctrl-C.",
    "down": "Stop every program and wait until all have ended.",
    "status": "Show every program of the platform.",
    "console": "Print a link that signs a person in at the console; it works once, within a minute.",
    "ui": "Print a link that opens the Dagster UI; it works once.",
    "doctor": "Check this machine and the platform.",
    "demo": "Push a real addon to a real repository and watch it become a running Odoo.",
    "completion": "Print what makes a shell complete the command line.",
    "clone": "Replace an environment's data with a sanitised copy of production.",
    "promote": "Bring a release to production: back up, update what changed, prove its health, let people in.",
    "rollback": "Go back to the release before, with the data of now or of then.",
}
# Each noun is a file with an `app` that contains its verbs.
NOUNS = {
    "project": "Manage projects: a repository and its Odoo series.",
    "member": "Manage members of projects and their roles.",
    "policy": "Look at the policies of projects, and set them.",
    "webhook": "Manage the secrets of projects' webhooks.",
    "forge": "Manage the forges to which projects' results are told.",
    "notify": "Manage who is told of what, and how.",
    "outbox": "Look at messages to forges and people.",
    "workflow": "Manage workflows: what a project's pushes and clocks queue.",
    "tool": "Manage tools: the versions and images that runs use.",
    "image": "Look at the images of builds, and remove those that nothing needs.",
    "env": "Manage environments: branches that run.",
    "run": "Manage runs: builds, deployments, backups and the like.",
    "artifact": "Fetch the files that runs leave.",
    "backup": "Manage backups: verified copies of environments.",
    "drill": "Manage drills: test restores of backups.",
    "release": "Manage releases: what was built, tested and approved as one.",
    "gate": "Look at gates, and sign them off.",
    "exception": "Manage exceptions from gates.",
    "incident": "Manage incidents and alarms.",
    "upgrade": "Try upgrades on a copy of production.",
    "advisory": "Manage advisories: what changes between two series.",
    "event": "Send events, and look at their log, refused ones too.",
    "audit": "Verify and export the audit trail.",
    "lineage": "Follow things back to what they were made of.",
    "key": "Manage the keys of machines, for events and the API.",
    "invitation": "Manage who may sign in at the console through a provider.",
    "person": "Manage people: one person, however many names.",
    "platform": "Back the platform itself up, and bring it back.",
    "db": "Manage the control plane's database.",
    "odoo": "Manage the installed Odoo series.",
    "config": "Check and explain odooops.yaml, a repository's own settings.",
    "repo": "Write into a repository what it needs, and keep it up to date.",
}


def main() -> None:
    """Run the command line; a failure is one line and exit status 1."""
    take_any_encoding()
    _silence_libraries()
    # Else pydantic reads the metadata of every installed package, a tenth of what a short command takes.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    arguments = sys.argv[1:]
    try:
        _app(arguments)()
    except OdooOpsError as exc:
        _fail(exc, arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has closed the pipe, as in `ops run logs | head`
        sys.exit(1)
    except Exception as exc:  # noqa: BLE001 - the last handler: the user gets a sentence, the traceback goes to a file
        _fail(_settings_error(exc) or _unexpected(exc), arguments)


def build_app(names: Iterable[str] = (*VERBS, *NOUNS)) -> typer.Typer:
    """Return the application with these verbs and nouns."""
    app = typer.Typer(
        name="ops",
        cls=SectionedGroup,
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
        from importlib.metadata import version

        say(version("odooops"))
        raise typer.Exit


def _root(
    version_: bool = typer.Option(  # noqa: ARG001 - its callback prints it
        False, "--version", help="Print the version.", is_eager=True, callback=print_version
    ),
    server: str = typer.Option(
        "",
        metavar="URL",
        envvar="OPS_SERVER",
        help="Ask this server's API instead of the database, with the key of OPS_KEY.",
        show_default=False,
    ),
    utc: bool = typer.Option(False, "--utc", envvar="OPS_UTC", help="Print times in UTC, not in local time."),
) -> None:
    """A self-hosted Odoo.sh: previews for branches, gates with evidence, verified backups."""
    if server:
        os.environ["OPS_SERVER"] = server
    if utc:
        os.environ["TZ"] = "UTC"
        time.tzset()


def _app(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with what the arguments name; otherwise every command, without what it does."""
    if _COMPLETION in os.environ:
        # A shell that completes waits: the whole line is read, and the word at which the person is may be the command.
        typed = (
            os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).replace("\n", " ").split(" ")[1:]
        )
        arguments = typed if len(typed) > 1 else ()
    first = _command_of(arguments)
    if first == "--version":
        return build_app(())
    return build_app((first,)) if first in {*VERBS, *NOUNS} else _list_of_commands()


def _command_of(arguments: Sequence[str]) -> str:
    """Return the first word that is neither an option of all commands nor the server's address."""
    words = list(arguments)
    while words and words[0].partition("=")[0] in ("--server", "--utc"):
        words = words[2:] if words[0] == "--server" else words[1:]
    return words[0] if words else ""


def _list_of_commands() -> typer.Typer:
    app = build_app(())
    for name, help_ in {**VERBS, **NOUNS}.items():
        app.command(name, help=help_)(_listed)
    return app


def _listed() -> None:
    """A placeholder for a command that the list of commands only names."""


def _mount(app: typer.Typer, name: str) -> None:
    where = f"{__name__}.{name}"
    if find_spec(where) is None:
        return
    module = import_module(where)
    if name in VERBS:
        app.command(name)(getattr(module, name))
    else:
        app.add_typer(module.app, name=name, no_args_is_help=True, cls=CarefulGroup)


def _settings_error(exc: Exception) -> BadInput | None:
    """Return the error for an invalid setting; None if it is something else."""
    from pydantic import ValidationError

    if not isinstance(exc, ValidationError):
        return None
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
