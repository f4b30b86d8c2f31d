"""`ops webhook`: the secret with which a project's forge signs its deliveries."""

from __future__ import annotations

import typer

from odooops_dagster.doors.cli.arguments import ProjectSlug
from odooops_dagster.doors.cli.output import Json, note, print_json, say
from odooops_dagster.doors.cli.ports import control_plane, read_settings
from odooops_dagster.errors import Conflict

app = typer.Typer(help="Manage the secrets of projects' webhooks.", no_args_is_help=True)


@app.command()
def create(slug: ProjectSlug, *, json: Json = False) -> None:
    """Make a secret for the project's webhook and print it. Deliveries with the platform's secret end for it."""
    _make(slug, json=json, is_first=True)


@app.command()
def rotate(slug: ProjectSlug, *, json: Json = False) -> None:
    """Replace the secret of the project's webhook and print the new one. The old one ends at once."""
    _make(slug, json=json, is_first=False)


def _make(slug: str, *, json: bool, is_first: bool) -> None:
    from odooops_dagster.local.webhook_secrets import signing_token, write_webhook_secret

    with control_plane() as control:
        project = control.projects.get(slug)
        if is_first and project.own_webhook_at is not None:
            raise Conflict(f"project {slug} has a webhook's secret already", hint=f"ops webhook rotate {slug}")
        # the file first: until the row is written, the platform's secret still counts
        secret = write_webhook_secret(read_settings().home, project.id)
        made_at = control.projects.record_webhook_secret(project.id)
    path, forge_path = f"/webhooks/github/{slug}", f"/webhooks/forge/{slug}"
    token = signing_token(secret)
    if json:
        told = {"project": slug, "path": path, "forge_path": forge_path, "secret": secret, "signing_token": token}
        print_json(told | {"made_at": made_at})
        return
    say(secret)
    note(f"keep it now: it is not shown again; the webhook's address ends in {path}, of another forge in {forge_path}")
    note(f"GitLab signs with a signing token, which is the same secret: {token}")
