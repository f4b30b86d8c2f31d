"""`ops promote --rehearse`, `--prepare` and `--go`: a promotion is tried, made ready, and waits for a person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from odooops_dagster.control import ControlPlane
from odooops_dagster.doors.cli.follow import finish, follow_bytes
from odooops_dagster.doors.cli.lookup import name_of
from odooops_dagster.doors.cli.output import note, print_fields, print_json, print_rows
from odooops_dagster.doors.cli.ports import caller
from odooops_dagster.errors import NotFound

if TYPE_CHECKING:
    from odooops_dagster.model import Project
    from odooops_dagster.model.releases import Release

DOWNTIME_COLUMNS = ("phase", "median_seconds", "worst_seconds", "rehearsal_count", "real_seconds")


def rehearse_release(control: ControlPlane, release: Release, *, wait: bool, json: bool) -> None:
    """Queue a rehearsal, follow it if asked to, and print what each phase of the promotion is predicted to take."""
    run = control.runs.get(control.rehearsals.ask(release.id, requested_by=caller()))
    note(f"queued {name_of(run)}: rehearsal of release {release.version}; nothing in production changes")
    if wait:
        run = follow_bytes(control, run)
    tried = control.rehearsals.of_run(run.id)
    downtime = control.rehearsals.downtime(release.id)
    if json:
        rehearsal = asdict(tried) if tried else None
        print_json({"run": name_of(run), "release": release.version, "rehearsal": rehearsal, "downtime": downtime})
    else:
        print_rows(downtime, columns=DOWNTIME_COLUMNS, empty="nothing is predicted before a rehearsal has passed")
    if wait:
        finish(run)


def prepare_release(control: ControlPlane, release: Release, *, json: bool) -> None:
    """Prepare the promotion, and say how a person says go."""
    made = control.rehearsals.prepare(release.id, requested_by=caller())
    print_fields(made, json=json)
    note(f"release {made.version} is prepared and waits for a person: ops promote --go; {prediction(control, made)}")


def prepared_release(control: ControlPlane, project: Project, version: str | None) -> Release:
    """Return the named release, or the one of the project that waits for a person to say go.

    Raises:
        NotFound: no release waits.
    """
    if version is not None:
        return control.releases.get(project.id, version=version)
    for release in control.releases.list(project.id):
        if release.prepared_at is not None and control.releases.eligibility(release.id)["waits_for_go"]:
            return release
    raise NotFound(
        f"no promotion of {project.slug} is prepared", hint=f"prepare one: ops promote {project.slug} --prepare"
    )


def prediction(control: ControlPlane, release: Release) -> str:
    """Return for how long nobody can work, by the release's rehearsals."""
    found = [row for row in control.rehearsals.downtime(release.id) if row["phase"] == "downtime"]
    if not found or found[0]["median_seconds"] is None:
        return "nothing predicts the downtime: no rehearsal of this release has passed"
    row = found[0]
    return (
        f"nobody can work for about {row['median_seconds']:.1f} s, {row['worst_seconds']:.1f} s at worst, by"
        f" {row['rehearsal_count']} rehearsal(s)"
    )
