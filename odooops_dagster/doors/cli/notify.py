"""`ops notify`: who is told of what, and how."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from odooops_dagster.doors.cli.arguments import OnlyProject
from odooops_dagster.doors.cli.bearer import is_encrypted
from odooops_dagster.doors.cli.output import Json, Wide, note, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import caller, control_plane, is_remote, read_settings
from odooops_dagster.errors import BadInput
from odooops_dagster.model import Stage
from odooops_dagster.model.messages import Channel, NotificationRule
from odooops_dagster.model.runs import Fault

app = typer.Typer(help="Manage who is told of what, and how.", no_args_is_help=True)
rule = typer.Typer(help="Manage the rules: which events go to whom.", no_args_is_help=True)
target = typer.Typer(help="Manage the addresses of webhooks and of apprise.", no_args_is_help=True)
app.add_typer(rule, name="rule")
app.add_typer(target, name="target")

_COLUMNS = ("id", "project", "events", "stage", "fault", "channel", "recipient", "origin")

ChannelName = Annotated[
    Channel, typer.Argument(metavar="CHANNEL", help="mail, webhook or apprise.", show_default=False)
]
Recipient = Annotated[
    str,
    typer.Argument(metavar="RECIPIENT", help="The address of a mail, or the name of a target.", show_default=False),
]
Named = Annotated[Literal["webhook", "apprise"], typer.Argument(metavar="CHANNEL", help="webhook or apprise.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What rules call it.", show_default=False)]


@rule.command()
def add(
    channel: ChannelName,
    recipient: Recipient,
    *,
    event: Annotated[
        list[str],
        typer.Option(help="Of what: run, deployment, gate, backup, alarm or incident; repeat it.", show_default=False),
    ],
    project: Annotated[
        str | None,
        typer.Option(help="Only this project's. [default: every one, and the platform's own]", show_default=False),
    ] = None,
    stage: Annotated[Stage | None, typer.Option(help="Only this stage's.", show_default=False)] = None,
    fault: Annotated[
        Fault | None, typer.Option(help="Of failed runs, only those by this fault.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Tell somebody of events: once when something begins, and once when it is over."""
    from odooops_dagster.local.notification_targets import read_target

    if channel != "mail" and not is_remote() and read_target(read_settings().home, channel, recipient) is None:
        raise BadInput(
            f"there is no {channel} {recipient}", hint=f"ops notify target add {channel} {recipient}, its URL on stdin"
        )
    with control_plane() as control:
        made = control.messages.create_rule(
            event, channel=channel, recipient=recipient, slug=project, stage=stage, fault=fault, created_by=caller()
        )
    if json:
        print_json({"id": made})
        return
    note(f"rule {made}: {recipient} is told by {channel}; ops notify test {channel} {recipient} shows that it arrives")


@rule.command("list")
def list_(project: OnlyProject = None, *, json: Json = False, wide: Wide = False) -> None:
    """List the rules, oldest first."""
    with control_plane() as control:
        slugs = {each.id: each.slug for each in control.projects.list()}
        chosen = control.projects.get(project).id if project else None
        rows = [
            asdict(each) | {"project": slugs.get(each.project_id) if each.project_id else None, "origin": _origin(each)}
            for each in control.messages.rules(chosen)
        ]
    print_rows(rows, columns=_COLUMNS, json=json, wide=wide, empty="nobody is told: ops notify rule add")


@rule.command()
def remove(number: Annotated[int, typer.Argument(metavar="RULE", help="Its number.", show_default=False)]) -> None:
    """Remove a rule; one that odooops.yaml declares is muted, and no push brings it back."""
    with control_plane() as control:
        control.messages.remove_rule(number)


@target.command("add")
def add_target(
    channel: Named,
    name: Name,
    *,
    project: Annotated[
        str | None,
        typer.Option(help="Whose it is: its rules may name it. [default: the platform's]", show_default=False),
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Let the rules of every project name it.")] = False,
    json: Json = False,
) -> None:
    """Read an address from stdin and keep it under a name; of a webhook, print the secret that signs its requests.

    Rules that `ops notify rule add` makes may name every target; those of odooops.yaml and of a project's admins only
    the project's and shared ones.
    """
    from odooops_dagster.local.notification_targets import Target, write_target
    from odooops_dagster.tools.notify.webhook import new_signing_secret

    _refuse_remote()
    if project and shared:
        raise BadInput("a target is one project's or shared", hint="give --project or --shared, not both")
    url = sys.stdin.readline().strip()
    if not url or (channel == "webhook" and not is_encrypted(url)):
        raise BadInput("stdin holds no address", hint="one line; a webhook's begins with https://")
    secret = new_signing_secret() if channel == "webhook" else ""
    owner = None
    if project:
        with control_plane() as control:
            owner = control.projects.get(project).id
    home = read_settings().home
    write_target(home, channel, name, Target(url=url, secret=secret, project_id=owner, is_shared=shared))
    if json:
        print_json({"name": name, "channel": channel, "secret": secret or None})
    elif secret:
        say(secret)
        note("keep it now: it is not shown again; it signs each request, as Standard Webhooks has it")


@target.command("remove")
def remove_target_(channel: Named, name: Name) -> None:
    """Delete an address; what goes there is not delivered any longer."""
    from odooops_dagster.local.notification_targets import remove_target

    _refuse_remote()
    remove_target(read_settings().home, channel, name)


@app.command()
def test(channel: ChannelName, recipient: Recipient) -> None:
    """Send a message that tells nothing but that messages arrive."""
    with control_plane() as control:
        made = control.messages.queue_test(channel=channel, recipient=recipient)
    note(f"message {made} waits; ops outbox list shows whether it was delivered")


def _origin(each: NotificationRule) -> str:
    """Return who made the rule: a person, or the file of a commit."""
    muted = f", muted by {each.muted_by}" if each.muted_by else ""
    return f"odooops.yaml {each.git_sha[:12]}{muted}" if each.git_sha else each.created_by


def _refuse_remote() -> None:
    if is_remote():
        raise BadInput("an address is a file on the server", hint="run ops notify target there, without --server")
