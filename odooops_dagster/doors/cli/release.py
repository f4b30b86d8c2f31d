"""`ops release`: immutable candidates, how their gates stand, and where they may go."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli import bundle
from odooops_dagster.doors.cli import promote as promotion
from odooops_dagster.doors.cli.arguments import As, Limit, OnlyProject, ProjectSlug, Version
from odooops_dagster.doors.cli.lookup import release_of
from odooops_dagster.doors.cli.output import Json, Wide, Yes, confirm, note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import acting, control_plane
from odooops_dagster.doors.cli.rehearse import DOWNTIME_COLUMNS
from odooops_dagster.errors import BadInput
from odooops_dagster.model.releases import Release

app = typer.Typer(help="Manage releases: what was built, tested and approved as one.", no_args_is_help=True)
app.command("bundle")(bundle.bundle)
app.command("verify")(bundle.verify)
app.command("key")(bundle.key)

_COLUMNS = ("version", "status", "G1", "G2", "G3", "G4", "created_by", "created_at", "ref")
_GATES = ("gate", "status", "reason", "checks_passed", "checks_failed", "approvals", "quorum", "evidence")
_DEPLOYMENTS = ("stage", "status", "g4_status", "requested_by", "created_at", "finished_at")
_EMPTY = "no release yet: push a release/* branch, the default branch or a tag, or ops release create"


@app.command("list")
def list_(project: OnlyProject = None, *, limit: Limit = 20, json: Json = False, wide: Wide = False) -> None:
    """List releases, newest first, with how their gates stand."""
    with control_plane() as control:
        project_id = control.projects.get(project).id if project else None
        found = control.releases.list(project_id, limit=limit)
        rows = [asdict(release) | _gates(control, release) for release in found]
    shown = rows if json else [row | {"ref": row["git_ref"]} for row in rows]
    print_rows(shown, columns=_COLUMNS, json=json, wide=wide, empty=_EMPTY)


@app.command()
def show(project: ProjectSlug, version: Version, *, json: Json = False) -> None:
    """Show a release: what it is made of, its gates, its deployments, and where it may go."""
    with control_plane() as control:
        release = release_of(control, project, version)
        gates = control.gates.summary(release.id)
        deployments = [asdict(each) for each in control.deployments.list(release_id=release.id)]
        may_go = control.releases.eligibility(release.id)
        shown = control.releases.shown_digest(release.id)
        downtime = control.rehearsals.downtime(release.id)
    if json:
        told = {"shown": shown, "gates": gates, "deployments": deployments, "eligibility": may_go}
        print_json(asdict(release) | told | {"downtime": downtime})
        return
    places = {place: _may_go(may_go, place) for place in ("staging", "production")}
    print_fields(_page(release) | places | _prepared(may_go) | {"shown": shown})
    note("")
    print_rows(
        [each | {"gate": each["gate_code"], "evidence": each["evidence_count"]} for each in gates], columns=_GATES
    )
    if deployments:
        note("")
        print_rows(deployments, columns=_DEPLOYMENTS)
    if downtime:
        note("")
        print_rows(downtime, columns=DOWNTIME_COLUMNS)


@app.command()
def create(
    project: ProjectSlug,
    version: Version,
    *,
    from_: Annotated[
        str | None, typer.Option("--from", help="A release with the same content.", show_default=False)
    ] = None,
    image: Annotated[str | None, typer.Option(help="The image's digest, sha256:….", show_default=False)] = None,
    commit: Annotated[
        list[str] | None,
        typer.Option(help="REPOSITORY=SHA, the full commit of a repository; repeat it.", show_default=False),
    ] = None,
    author: As = None,
    notes: Annotated[str | None, typer.Option(help="What is in it.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Make a release by hand, from another release or from an image and commits. Its gates are all pending."""
    with control_plane() as control:
        image_digest, shas = _content(control, project, from_=from_, image=image, commits=commit or [])
        release = control.releases.create(
            control.projects.get(project).id,
            version=version,
            git_shas=shas,
            image_digest=image_digest,
            created_by=acting(control, author),
            notes=notes,
        )
    print_fields(release, json=json)


@app.command()
def promote(
    project: ProjectSlug,
    version: Version,
    *,
    to: Annotated[
        str, typer.Option(metavar="TARGET", help="production, staging, or an environment of one of them.")
    ] = "production",
    reason: Annotated[str | None, typer.Option(help="Why, for the record.", show_default=False)] = None,
    yes: Yes = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 if it fails.")] = False,
    json: Json = False,
) -> None:
    """Bring a release to production: an alias of `ops promote PROJECT --release VERSION`."""
    promotion.promote(project, release=version, to=to, reason=reason, yes=yes, wait=wait, json=json)


@app.command()
def withdraw(project: ProjectSlug, version: Version, *, yes: Yes = False, json: Json = False) -> None:
    """Withdraw a release: it takes no promotion, decision or event any more. A deployment of it stays."""
    with control_plane() as control:
        release = release_of(control, project, version)
        confirm([f"withdraw release {release.version} of {project}, which is a {release.status}"], yes=yes)
        ended = control.releases.withdraw(release.id)
    if json:
        print_json(asdict(ended))
    else:
        note(f"release {version} is withdrawn")


@app.command()
def explain(
    project: ProjectSlug,
    version: Version,
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="staging, production, or an environment's name.")
    ] = "production",
    *,
    json: Json = False,
) -> None:
    """Explain a promotion: each thing it needs, whether it is there, and by what."""
    with control_plane() as control:
        found = control.releases.explain(release_of(control, project, version).id, target_env=target)
    if json:
        print_json(
            {"is_eligible": all(each.is_met for each in found), "requirements": [asdict(each) for each in found]}
        )
    else:
        print_rows(found, columns=("requirement", "is_met", "detail"))


def _gates(control: ControlPlane, release: Release) -> dict[str, str]:
    return {gate.gate_code: gate.status for gate in control.gates.list(release.id)}


def _page(release: Release) -> dict[str, Any]:
    """Return the release's fields in the order in which people ask for them, without those that are not there."""
    fields = {
        "release": release.version,
        "status": release.status,
        "commits": ", ".join(f"{name} {sha[:12]}" for name, sha in release.git_shas.items()),
        "ref": release.git_ref,
        "image": release.image_digest,
        "author": release.created_by,
        "created_at": release.created_at,
        "withdrawn_at": release.withdrawn_at,
        "notes": release.notes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _may_go(row: dict[str, Any], place: str) -> str:
    return "yes" if row[f"eligible_for_{place}"] else f"no: {row[f'{place}_missing']}"


def _prepared(row: dict[str, Any]) -> dict[str, str]:
    if row["waits_for_go"]:
        return {"promotion": f"prepared by {row['prepared_by']}, waiting for go: ops promote --go"}
    return {"promotion": "prepared before, and to be prepared again"} if row["prepared_at"] else {}


def _content(
    control: ControlPlane, project: str, *, from_: str | None, image: str | None, commits: list[str]
) -> tuple[str, dict[str, str]]:
    """Return the image and the commits: another release's, or those given."""
    if from_ is not None and (image or commits):
        raise BadInput("a release is made of what another is made of, or of an image and commits", hint="not of both")
    if from_ is not None:
        other = release_of(control, project, from_)
        return other.image_digest, dict(other.git_shas)
    if image is None or not commits:
        raise BadInput(
            "a release needs an image and the commit of every repository",
            hint="--from VERSION, or --image sha256:… --commit acme/shop=SHA",
        )
    return image, dict(map(_commit, commits))


def _commit(text: str) -> tuple[str, str]:
    repository, mark, sha = text.rpartition("=")
    if not mark or not repository:
        raise BadInput(f"--commit: {text} is no REPOSITORY=SHA", hint="such as acme/shop=4ac24f1d…, the full commit")
    return repository, sha
