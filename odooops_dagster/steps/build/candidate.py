"""Make the release of a build whose branch or tag has releases."""

from __future__ import annotations

from odooops_dagster.model import Build
from odooops_dagster.model.releases import Release
from odooops_dagster.steps.build.repository import key_of
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.git import read_commit
from odooops_dagster.tools.project_file import settings_of

# A clone, a drill or a restore builds what is deployed already.
_KINDS = ("build", "test", "deploy")


def propose_release(ctx: StepContext, build: Build) -> Release | None:
    """Make the release of the run's build, or find the same one; None for the build of a preview.

    Raises:
        StepFailed: the commit cannot be read.
        Conflict: the tag's release is made of something else.
    """
    if ctx.run.kind not in _KINDS or ctx.environment.stage == "development":
        return None
    commit = read_commit(ctx.project.repo_url, build.source.git_sha, home=ctx.settings.home, key=key_of(ctx))
    others = settings_of(build.source).repositories
    release = ctx.control.releases.propose(
        ctx.fence,
        image_digest=build.digest,
        submodules={**commit.submodules, **{folder: other.commit for folder, other in others.items()}},
        lock_digest=build.python_digest or None,
        author=commit.author or None,
    )
    if release is not None:
        ctx.log("info", f"release {release.version} by {release.created_by}: {release.status}")
    return release
