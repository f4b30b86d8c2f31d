"""`ops project`: the projects and their repositories."""

from __future__ import annotations

import json as json_format
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.lookup import living
from odooops_dagster.doors.cli.output import Json, Wide, Yes, confirm, note, print_fields, print_rows, say
from odooops_dagster.doors.cli.ports import acting, caller, control_plane, is_remote, read_settings
from odooops_dagster.errors import BadInput, MissingDependency, NotFound, OdooOpsError
from odooops_dagster.model import Environment, Project
from odooops_dagster.model.readings import PreviewRule

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
    workspace_key: Annotated[
        str | None,
        typer.Option(help="The name by which other systems know it. [default: the slug]", show_default=False),
    ] = None,
    owner: Annotated[
        UUID | None,
        typer.Option(
            metavar="USER", help="The user who becomes its owner. [default: yourself, as a user]", show_default=False
        ),
    ] = None,
    poll: Annotated[bool, typer.Option(help="Ask the repository for pushes; a webhook makes it needless.")] = True,
    check: Annotated[bool, typer.Option(help="Read the repository first, and look for a way to the series.")] = True,
    json: Json = False,
) -> None:
    """Create a project. Repeating the command changes nothing.

    Through a server it takes a key with the scope create_project, and --owner names who sets the members.
    """
    from odooops_dagster.home import deploy_key
    from odooops_dagster.tools import git
    from odooops_dagster.tools.odoo import distribution

    distribution.refuse_unknown(odoo)
    if check and not is_remote():
        _refuse_out_of_reach(odoo)
    url = repository_address(repo)
    home = None if is_remote() else read_settings().home  # the project's own key is on the platform's machine
    key = deploy_key(home, checked_slug(slug)) if home else None
    branch = default_branch or (check and git.default_branch(url, key=key)) or "main"
    if check and not git.ls_remote(url, key=key):
        note(f"{url} has no branch yet: the first push starts the first run")
    with control_plane() as control:
        project = control.projects.create(
            slug,
            repo_url=url,
            odoo_version=odoo,
            workspace_key=workspace_key,
            default_branch=branch,
            poll_enabled=poll,
            owner=owner,
            created_by=acting(control, None),
        )
    if json:
        print_fields(project, json=json)
    else:
        print_fields(_page(project))
        note(f"push a branch, or begin with the default one: ops env create {slug} {branch}")


def _page(project: Project) -> dict[str, object]:
    """Return the project's fields in the order in which people ask for them."""
    return {
        "project": project.slug,
        "repository": project.repo_url,
        "odoo": project.odoo_version,
        "default_branch": project.default_branch,
        "pushes": "asked for" if project.poll_enabled else "told by a webhook",
        "status": project.status,
        "id": project.id,
    }


def _refuse_out_of_reach(series: str) -> None:
    """Refuse a series that cannot be installed here, before anybody waits for a build of it."""
    from odooops_dagster.tools import git
    from odooops_dagster.tools.odoo import distribution

    settings = read_settings()
    if distribution.is_at_hand(series, settings.cache_home, odoo_path=settings.odoo_path):
        return
    try:
        git.head_of(settings.odoo_git_url, series)
    except OdooOpsError as exc:
        raise MissingDependency(
            f"no way leads to Odoo {series} here: it is not installed, no folder is named that holds it, Debian has no"
            f" package of it, and {exc}",
            hint="name a folder that holds it with ODOOOPS_ODOO_PATH; or create the project all the same: --no-check",
        ) from exc


@app.command("list")
def list_(*, json: Json = False, wide: Wide = False) -> None:
    """List the projects."""
    with control_plane() as control:
        projects = control.projects.list()
    print_rows(projects, columns=_COLUMNS, json=json, wide=wide, empty="no project yet: ops project create")


@app.command()
def show(slug: ProjectSlug, *, json: Json = False) -> None:
    """Show a project, its environments, and the last error of its repository."""
    with control_plane() as control:
        project = control.projects.get(slug)
        environments = living(control.environments.list(slug))
        given = control.settings.get(project.id)
        previews = control.policies.explain_preview(project.id)
        without = [each.branch for each in control.policies.branches_without_preview(project.id)]
    more = {
        "environments": [item.name for item in environments],
        "settings": dict(given),
        "previews": [asdict(row) for row in previews] if json else list(map(_told, previews)),
        "branches_without_preview": without,
    }
    print_fields(asdict(project) | more, json=json)


def _told(row: PreviewRule) -> str:
    """Return what holds of a rule of previews, and of what odooops.yaml asks besides."""
    return f"{row.rule}: {json_format.dumps(row.held)}" + (f" ({row.detail})" if row.detail else "")


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
    import difflib

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
    from odooops_dagster.local.deploy_keys import public_deploy_key, remove_deploy_key

    home = read_settings().home
    if not remove:
        say(public_deploy_key(home, checked_slug(slug)))
        return
    confirm([f"delete the deploy key of project {slug}: the keys of the platform's account are used again"], yes=yes)
    remove_deploy_key(home, checked_slug(slug))
    note(f"project {slug} has no deploy key any more: remove its public half from the forge")


@app.command()
def archive(slug: ProjectSlug, *, yes: Yes = False) -> None:
    """Archive a project: ignore its pushes from now on, destroy its previews, stop its production.

    Production's data, the backups and the records stay. `ops project restore` brings the project back.
    """
    with control_plane() as control:
        control.projects.get(slug)
        confirm(_plan_of_archiving(slug, living(control.environments.list(slug))), yes=yes)
        control.projects.archive(slug)
    note(f"project {slug} is archived; bring it back: ops project restore {slug}")


@app.command()
def restore(slug: ProjectSlug) -> None:
    """Bring an archived project back: start its production, deploy the branches that had environments."""
    with control_plane() as control:
        before = control.projects.get(slug)
        control.projects.restore(slug)
    if before.status == "active":
        note(f"project {slug} is not archived")
    else:
        note(f"project {slug} is back, and its branches are followed: ops run list {slug}")


def _plan_of_archiving(slug: str, environments: Sequence[Environment]) -> list[str]:
    """Return what is done to each environment when the project is archived."""
    plan = [f"archive project {slug}: pushes to its repository will do nothing"]
    for environment in environments:
        if environment.is_adopted:
            plan.append(f"  leave {environment.partition_key} where it runs")
        elif environment.stage == "production":
            plan.append(f"  stop {environment.partition_key}; its data stay")
        else:
            plan.append(f"  destroy {environment.partition_key} ({environment.stage}): database, files, processes")
    return plan


def repository_address(repo: str) -> str:
    """Return the address to record: with an absolute path, and without a secret, which every reader would see."""
    from odooops_dagster.tools import git

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
    import yaml

    from odooops_dagster.tools.project_file import OF_THE_COMMIT, OF_THE_PROJECT, read_values

    try:
        given = _json_of(yaml.safe_load(value))
    except yaml.YAMLError as exc:
        raise BadInput(f"the value of {key} is no YAML: {value}", hint="put quotes around it") from exc
    if given is None:
        raise BadInput(f"{key} needs a value", hint=f"ops project unset, to remove {key}")
    if key.partition(".")[0] in OF_THE_PROJECT:
        raise BadInput(
            f"{key} is no setting of the project, but a rule of its own", hint="ops policy set, or ops notify rule add"
        )
    if key.partition(".")[0] in OF_THE_COMMIT:
        raise BadInput(f"{key} is what a commit is made of", hint="write it into odooops.yaml, commit and push")
    reading = read_values({key: given})
    told = [f"{fault.key}: {fault.message}" for fault in (*reading.unknown, *reading.faults)]
    if told:
        raise BadInput("; ".join(told), hint="the keys are those of odooops.yaml: ops config schema")
    return given


def _json_of(value: object) -> object:
    """Return the value with dates as texts."""
    return json_format.loads(json_format.dumps(value, default=str))
