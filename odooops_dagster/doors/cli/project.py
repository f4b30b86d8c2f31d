"""`ops project`: the projects and their repositories."""

from __future__ import annotations

import difflib
import json as json_format
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
import yaml

from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.lookup import living
from odooops_dagster.doors.cli.output import Json, Yes, confirm, note, print_fields, print_rows, say
from odooops_dagster.doors.cli.ports import caller, control_plane
from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.home import deploy_key
from odooops_dagster.local.deploy_keys import public_deploy_key, remove_deploy_key
from odooops_dagster.settings import Settings
from odooops_dagster.tools import git
from odooops_dagster.tools.odoo import distribution
from odooops_dagster.tools.project_file import read_values

app = typer.Typer(help="Manage projects: a repository and its Odoo series.", no_args_is_help=True)

_COLUMNS = ("slug", "odoo_version", "repo_url", "default_branch", "status")
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NETWORK_ADDRESS = re.compile(r"^[a-z+]+://|^[^/]+:")


@app.command()
def create(
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help="Short name: small letters, digits, dashes.", show_default=False)
    ],
    *,
    repo: Annotated[
        str, typer.Option("--repo", help="Repository: https or ssh URL, or a local path.", show_default=False)
    ],
    odoo: Annotated[str, typer.Option("--odoo", help="Odoo series.")] = "19.0",
    default_branch: Annotated[
        str, typer.Option(help="Branch of production. [default: the repository's own]", show_default=False)
    ] = "",
    poll: Annotated[bool, typer.Option(help="Ask the repository for pushes; a webhook makes it needless.")] = True,
    check: Annotated[bool, typer.Option(help="Read the repository first.")] = True,
    json: Json = False,
) -> None:
    """Create a project. Repeating the command changes nothing."""
    distribution.refuse_unknown(odoo)
    url = repository_address(repo)
    key = deploy_key(Settings().home, checked_slug(slug))
    branch = default_branch or (check and git.default_branch(url, key=key)) or "main"
    if check and not git.ls_remote(url, key=key):
        note(f"{url} has no branch yet: the first push starts the first run")
    with control_plane() as control:
        project = control.projects.create(
            slug, repo_url=url, odoo_version=odoo, default_branch=branch, poll_enabled=poll
        )
    print_fields(project, json=json)


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the projects."""
    with control_plane() as control:
        projects = control.projects.list()
    print_rows(projects, columns=_COLUMNS, json=json, empty="no project yet: ops project create")


@app.command()
def show(slug: ProjectSlug, *, json: Json = False) -> None:
    """Show a project, its environments, and the last error of its repository."""
    with control_plane() as control:
        project = control.projects.get(slug)
        environments = living(control.environments.list(slug))
        given = control.settings.get(project.id)
    more = {"environments": [item.name for item in environments], "settings": dict(given)}
    print_fields(asdict(project) | more, json=json)


@app.command("set")
def set_(
    slug: ProjectSlug,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key of odooops.yaml, with dots.", show_default=False)],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value, as in YAML.", show_default=False)],
) -> None:
    """Set a key of odooops.yaml for a project. The repository's own file comes before it."""
    with control_plane() as control:
        control.settings.set(slug, key, checked_setting(key, value), changed_by=caller())
    note(f"{key} is set for project {slug}: it counts from the next run on, where odooops.yaml does not name it")


@app.command()
def unset(
    slug: ProjectSlug,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key that was set.", show_default=False)],
) -> None:
    """Remove a key that was set for a project."""
    with control_plane() as control:
        given = control.settings.get(control.projects.get(slug).id)
        if key not in given:
            meant = difflib.get_close_matches(key, given, n=1) or list(given)
            raise NotFound(f"{key} is not set for project {slug}", hint=f"set are: {', '.join(meant) or 'none'}")
        control.settings.set(slug, key, None, changed_by=caller())
    note(f"{key} is no longer set for project {slug}")


@app.command("deploy-key")
def deploy_key_(
    slug: ProjectSlug,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Delete the key.")] = False,
    yes: Yes = False,
) -> None:
    """Print the public half of a project's own ssh key, for its forge; make the key first if there is none.

    A project with a key of its own reaches its repository and its submodules with nothing else.
    """
    home = Settings().home
    if not remove:
        say(public_deploy_key(home, checked_slug(slug)))
        return
    confirm([f"delete the deploy key of project {slug}: the keys of the platform's account are used again"], yes=yes)
    remove_deploy_key(home, checked_slug(slug))
    note(f"project {slug} has no deploy key any more: remove its public half from the forge")


@app.command()
def archive(slug: ProjectSlug, *, yes: Yes = False) -> None:
    """Archive a project: ignore its pushes from now on. Its records stay."""
    with control_plane() as control:
        control.projects.get(slug)
        confirm([f"archive project {slug}: pushes to its repository will do nothing"], yes=yes)
        control.projects.archive(slug)
    note(f"project {slug} is archived")


def repository_address(repo: str) -> str:
    """Return the address to record: with an absolute path, and without a secret, which every reader would see."""
    address = repo if _NETWORK_ADDRESS.match(repo) else str(Path(repo).expanduser().resolve())
    remote = git.Remote.parse(address)
    if remote.username is not None or remote.password is not None:
        # Forges show addresses such as https://TOKEN@host: a token may stand where a name does.
        raise BadInput(
            "the repository's address holds a name or a password, which everyone who sees the project would see",
            hint="leave it out, and use an ssh key (ops project deploy-key) or a git credential of the platform's user",
        )
    return address


def checked_slug(slug: str) -> str:
    """Return the slug, which also names the file of the project's key."""
    if not _SLUG.fullmatch(slug):
        raise BadInput(f"{slug!r} is no project's slug", hint="small letters, digits and dashes")
    return slug


def checked_setting(key: str, value: str) -> object:
    """Return the value of a key of odooops.yaml as JSON knows it.

    Raises:
        BadInput: there is no such key, or it has no such value.
    """
    try:
        given = _json_of(yaml.safe_load(value))
    except yaml.YAMLError as exc:
        raise BadInput(f"the value of {key} is no YAML: {value}", hint="put quotes around it") from exc
    if given is None:
        raise BadInput(f"{key} needs a value", hint=f"ops project unset, to remove {key}")
    if key.partition(".")[0] == "protect":
        raise BadInput(
            f"{key} is a rule of the project's policies", hint="an admin sets it: select ops.set_policy(...)"
        )
    reading = read_values({key: given})
    told = [f"{fault.key}: {fault.message}" for fault in (*reading.unknown, *reading.faults)]
    if told:
        raise BadInput("; ".join(told), hint="the keys are those of odooops.yaml: ops config schema")
    return given


def _json_of(value: object) -> object:
    """Return the value with dates as texts."""
    return json_format.loads(json_format.dumps(value, default=str))
