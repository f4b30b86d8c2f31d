"""`ops forge`: the forges to which projects' results are told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.output import Json, Wide, note, print_rows
from odooops_dagster.doors.cli.ports import caller, control_plane, is_remote, read_settings
from odooops_dagster.errors import BadInput
from odooops_dagster.model import Project
from odooops_dagster.model.messages import ForgeName, ProjectForge

app = typer.Typer(help="Manage the forges to which projects' results are told.", no_args_is_help=True)
token = typer.Typer(help="Manage the tokens by which forges are told.", no_args_is_help=True)
app.add_typer(token, name="token")
github_app = typer.Typer(help="Manage the GitHub App by which repositories are told.", no_args_is_help=True)
app.add_typer(github_app, name="app")

_COLUMNS = ("project", "forge", "repository", "api_url", "told_by", "set_by", "set_at")

ForgeKind = Annotated[
    ForgeName | None,
    typer.Option("--forge", help="Whose API it is. [default: by the repository's address]", show_default=False),
]
ApiUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where the API begins, of a forge of your own.", show_default=False),
]
RepositoryName = Annotated[
    str | None,
    typer.Option(metavar="OWNER/NAME", help="The repository there. [default: by its address]", show_default=False),
]


@token.command("set")
def set_(
    slug: ProjectSlug,
    *,
    forge: ForgeKind = None,
    api_url: ApiUrl = None,
    repository: RepositoryName = None,
) -> None:
    """Read a token from stdin, and tell the project's forge of its commits and deployments from now on.

    GitHub: a fine-grained token of the repository that may write commit statuses and deployments.
    """
    from odooops_dagster.local.forge_tokens import write_forge_token

    _refuse_remote()
    given = _token()
    with control_plane() as control:
        project = control.projects.get(slug)
        name, url, path = _named(project, forge, api_url, repository)
        # the file first: what waits for the token is sent as soon as the row is written
        write_forge_token(read_settings().home, project.id, given, api_url=url)
        control.messages.set_forge(slug, forge=name, api_url=url, repository=path, set_by=caller())
    note(f"{path} at {url} is told of commits and deployments from now on; ops outbox list shows what was told")


@token.command()
def remove(slug: ProjectSlug) -> None:
    """Delete the project's token, or the choice of an App; its forge is told nothing any longer."""
    from odooops_dagster.local.forge_tokens import remove_forge_token

    _refuse_remote()
    with control_plane() as control:
        remove_forge_token(read_settings().home, control.messages.remove_forge(slug))


@github_app.command("set")
def set_app(
    *,
    app_id: Annotated[int, typer.Option(min=1, help="The App's number, from its page.", show_default=False)],
    api_url: Annotated[str, typer.Option(metavar="URL", help="Where the API begins.")] = "https://api.github.com",
) -> None:
    """Read the private key of a GitHub App from stdin, for all projects that choose it.

    The App needs write access to checks, deployments and pull requests.
    """
    from odooops_dagster.local.forge_tokens import write_forge_app
    from odooops_dagster.tools.forge.app_tokens import GitHubAppKey

    _refuse_remote()
    key = GitHubAppKey(api_url=api_url.rstrip("/"), app_id=app_id, private_key=sys.stdin.read())
    write_forge_app(read_settings().home, key)
    with control_plane() as control:
        for each in control.messages.forges():  # what waits for the key is due now
            if each.uses_app:
                control.messages.retry(project_id=each.project_id, channel="forge")
    note(f"App {app_id} is known at {key.api_url}; ops forge app use PROJECT tells a repository by it")


@github_app.command()
def use(slug: ProjectSlug, *, api_url: ApiUrl = None, repository: RepositoryName = None) -> None:
    """Tell the project's repository by the App: checks with annotations, deployments, one comment per pull request."""
    from odooops_dagster.local.forge_tokens import choose_forge_app, has_forge_app

    _refuse_remote()
    home = read_settings().home
    with control_plane() as control:
        project = control.projects.get(slug)
        name, url, path = _named(project, "github" if api_url else None, api_url, repository)
        if name != "github":
            raise BadInput(f"{path} is at no GitHub", hint=f"ops forge token set {slug}")
        url = url.rstrip("/")
        if not has_forge_app(home, url):
            raise BadInput(f"no App is known at {url}", hint="ops forge app set --app-id NUMBER, its key on stdin")
        choose_forge_app(home, project.id, api_url=url, repository=path)
        control.messages.set_forge(slug, forge=name, api_url=url, repository=path, set_by=caller(), uses_app=True)
    note(f"{path} at {url} is told by the App from now on; ops outbox list shows what was told")


@app.command("list")
def list_(*, json: Json = False, wide: Wide = False) -> None:
    """List the forges that are told, by project."""
    home = read_settings().home
    with control_plane() as control:
        slugs = {project.id: project.slug for project in control.projects.list()}
        rows = [
            {
                "project": slugs.get(each.project_id),
                "forge": each.forge,
                "repository": each.repository,
                "api_url": each.api_url,
                "told_by": _told_by(home, each),
                "set_by": each.set_by,
                "set_at": each.set_at,
            }
            for each in control.messages.forges()
        ]
    print_rows(
        rows,
        columns=_COLUMNS,
        json=json,
        wide=wide,
        empty="no forge is told: ops forge token set PROJECT, or ops forge app use PROJECT",
    )


def _named(
    project: Project, forge: ForgeName | None, api_url: str | None, repository: str | None
) -> tuple[ForgeName, str, str]:
    """Return the forge, where its API begins, and the repository there: as named, else by the project's address."""
    from odooops_dagster.tools.forge.guess import guess_forge

    if forge is not None and api_url is not None and repository is not None:
        return forge, api_url, repository
    guessed = guess_forge(project.repo_url, forge)
    return forge or guessed[0], api_url or guessed[1], repository or guessed[2]


def _told_by(home: Path, told: ProjectForge) -> str | None:
    """Return by what the forge is told; None where it is not here."""
    from odooops_dagster.local.forge_tokens import read_forge_app, read_forge_token

    if not told.uses_app:
        return "token" if read_forge_token(home, told.project_id, api_url=told.api_url) else None
    app = read_forge_app(home, told.project_id, api_url=told.api_url, repository=told.repository)
    return f"App {app.app_id}" if app else None


def _token() -> str:
    if sys.stdin.isatty():
        typed: str = typer.prompt("Token", hide_input=True)
        return typed.strip()
    return sys.stdin.readline().strip()


def _refuse_remote() -> None:
    if is_remote():
        raise BadInput("a token or key is a file on the server", hint="run ops forge there, without --server")
