"""Step `image`: the build that the environment runs, named by its content.

For the process runtime a build is the checked-out source, a Python environment and an installed Odoo; the digest covers
all three.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from odooops_dagster.errors import StepFailed
from odooops_dagster.files import beneath, write_whole
from odooops_dagster.home import build_manifest
from odooops_dagster.kinds import STAGES
from odooops_dagster.model import Build, Source
from odooops_dagster.steps.build.debian import debian_packages
from odooops_dagster.steps.build.dockerfile import dockerfile_of, tell_of_dockerfile
from odooops_dagster.steps.build.oci import push_image
from odooops_dagster.steps.build.packages import package_sandbox
from odooops_dagster.steps.build.pins import record_tools
from odooops_dagster.steps.build.source import fetch_source
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.tools.odoo import demands, distribution, environment, modules
from odooops_dagster.tools.odoo.sbom import bill_of_materials
from odooops_dagster.tools.project_file import settings_of

# Odoo always loads these; a repository without modules of its own still gets a working database.
_BASE = "base"


def build_image(ctx: StepContext, source: Source) -> Build:
    """Combine Odoo, requirements and source into a build; record its manifest, bill of materials and pinned tools.

    Raises:
        StepFailed: Odoo is not available, a requirement cannot be resolved, or a module is missing that another
            depends on or that odooops.yaml names.
    """
    dockerfile = dockerfile_of(ctx.settings, source.path)
    tell_of_dockerfile(ctx, source, dockerfile)
    odoo = _odoo(ctx)
    python = environment.overlay(
        odoo,
        requirements=source.requirements,
        packages=source.python_packages,
        home=ctx.settings.cache_home,
        root=source.path,
        confine=package_sandbox(ctx.settings, source),
        progress=lambda line: ctx.log("info", line),
    )
    addons_paths = (*source.addons_paths, *python.addons_paths, *odoo.addons_paths)
    _refuse_missing_server_wide(source, addons_paths)
    wanted = tuple(sorted({*source.modules, *settings_of(source).modules.install})) or (_BASE,)
    debian = debian_packages(ctx, source, others=dockerfile.packages)
    closure = demands.met(
        wanted,
        addons_paths,
        series=odoo.series,
        python=python.python,
        debian_packages=() if debian.root else debian.names,
        programs=debian.programs(),
    )
    build = Build(
        digest=_digest(
            odoo.series,
            odoo.revision,
            python.digest,
            source.tree_digest,
            # The tree has the repository's own settings.
            *([source.settings_digest] if source.has_given_settings else []),
        ),
        series=odoo.series,
        odoo_revision=odoo.revision,
        python=python.python,
        python_digest=python.digest,
        addons_paths=addons_paths,
        modules=wanted,
        closure=tuple(sorted(closure)),
        source=source,
        odoo_lacks=tuple(sorted({*odoo.missing_files} - {*odoo.supplied_files})),
    )
    bill = bill_of_materials(build, name=ctx.project.slug, packages=python.packages)
    image = push_image(ctx, build, debian=debian, dockerfile=dockerfile, known=_image_made_of(ctx, build), bill=bill)
    build = replace(build, image=image)
    ctx.keep("build.json", keep_build(ctx.settings.home, build))
    ctx.keep("sbom.json", json.dumps(bill, indent=1, sort_keys=True).encode())
    record_tools(ctx)
    ctx.log("info", f"image {build.digest[:19]}: Odoo {odoo.series} {odoo.revision}, {len(build.closure)} module(s)")
    return build


def _refuse_missing_server_wide(source: Source, addons_paths: Sequence[Path]) -> None:
    """Refuse names of modules that are nowhere: Odoo would start without them, with an error in its log."""
    settings = settings_of(source)
    named = {name for stage in STAGES for name in settings.odoo_of(stage).server_wide_modules}
    missing = sorted(name for name in named if modules.find(name, addons_paths) is None)
    if missing:
        raise StepFailed(
            f"odooops.yaml: odoo.server_wide_modules names {', '.join(missing)}, which neither the repository nor its"
            " requirements have",
            hint=f"add it to requirements.txt, such as odoo-addon-{missing[0].replace('_', '-')}, or correct the name",
        )


def build_of_commit(ctx: StepContext, *, is_recorded: bool = False) -> Build:
    """Return the build of the run's commit, for a step whose run makes no image; kept parts are reused.

    `is_recorded`: whether the commit is from the platform's own record of what served, and not from a request.
    """
    return build_image(ctx, fetch_source(ctx, is_recorded=is_recorded))


def kept_build(ctx: StepContext, digest: str | None) -> Build | None:
    """Return the build with that digest if its manifest, Python environment and addons paths still exist."""
    try:
        build = load_build(ctx.settings.home, digest or "none")
    except FileNotFoundError:
        return None
    return build if build.python.exists() and all(path.is_dir() for path in build.addons_paths) else None


def load_build(home: Path, digest: str) -> Build:
    """Return the kept build with that digest."""
    return _from_manifest(json.loads(build_manifest(home, digest).read_text()), home=home)


def _image_made_of(ctx: StepContext, build: Build) -> str:
    """Return the image that an earlier run made of the same build; empty if none did."""
    try:
        return load_build(ctx.settings.home, build.digest).image
    except FileNotFoundError:
        return ""


def _odoo(ctx: StepContext) -> distribution.Installation:
    return distribution.install(
        ctx.project.odoo_version,
        home=ctx.settings.cache_home,
        odoo_path=ctx.settings.odoo_path,
        git_url=ctx.settings.odoo_git_url,
        progress=lambda line: ctx.log("info", line),
    )


def _digest(*parts: str) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def keep_build(home: Path, build: Build) -> bytes:
    """Write the build's manifest under its digest and return its bytes.

    Paths in the state folder are relative to it, so that the folder can be moved.
    """
    manifest = json.dumps(
        asdict(build), default=lambda path: str(beneath(path, home)), indent=1, sort_keys=True
    ).encode()
    write_whole(build_manifest(home, build.digest), manifest)
    return manifest


def _from_manifest(manifest: dict[str, Any], *, home: Path) -> Build:
    return Build(**_typed(manifest, home) | {"source": Source(**_typed(manifest["source"], home))})


def _typed(values: dict[str, Any], home: Path) -> dict[str, Any]:
    """Convert the JSON values back into paths, relative to the state folder, and tuples."""
    paths = {"path", "python"}
    path_lists = {"addons_paths", "requirements"}
    lists = {"modules", "closure", "odoo_lacks", "python_packages"}
    typed: dict[str, Any] = {name: home / value for name, value in values.items() if name in paths}
    typed |= {name: tuple(home / path for path in value) for name, value in values.items() if name in path_lists}
    typed |= {name: tuple(value) for name, value in values.items() if name in lists}
    typed |= {name: tuple(map(tuple, value)) for name, value in values.items() if name == "passed_over"}
    return values | typed
