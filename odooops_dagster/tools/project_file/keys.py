"""The keys of `odooops.yaml`: their types, meanings and limits. JSON Schema and the reference page come from here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from odooops_dagster.model import Source, Stage
from odooops_dagster.tools.project_file.base import Keys
from odooops_dagster.tools.project_file.checks import OwnTests, QuietRecord
from odooops_dagster.tools.project_file.notifications import DeclaredRule
from odooops_dagster.tools.project_file.odoo_options import refusal
from odooops_dagster.tools.project_file.preview import PreviewSettings
from odooops_dagster.tools.project_file.protect import Protect
from odooops_dagster.tools.project_file.repositories import Repositories
from odooops_dagster.tools.project_file.upgrade import UpgradeSettings
from odooops_dagster.tools.project_file.variables import Secrets, Variables

# Source for the names of modules: `MODULE_NAME_RE` in odoo/modules/module.py, Odoo 19.
ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,256}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z][A-Za-z]{1,3}|_\d{3})?(@[a-z]+)?$")]
# Debian Policy, 5.6.1: names of packages.
PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9+.-]{1,127}$")]
# Python's configparser, which Odoo uses, compares names in small letters.
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
# A boolean first: for pydantic, true is also a number.
Value = bool | int | float | Annotated[str, StringConstraints(max_length=2000, pattern=r"^(\S([^\r\n]*\S)?)?$")]

# Source: `_wkhtml` in odoo/addons/base/models/ir_actions_report.py, Odoo 19. The environment's share limits them too.
_WORKERS = range(2, 65)


def _settable(name: str) -> str:
    why = refusal(name)
    if why is not None:
        raise ValueError(why)
    return name


def _no_section_of_others(name: str) -> str:
    if name.lower() in ("options", "default"):
        raise ValueError("the options of this section belong under odoo.options")
    return name


def _enough_workers(options: Mapping[str, Value]) -> Mapping[str, Value]:
    """Refuse a number of workers with which Odoo does not serve, or does not print."""
    asked = options.get("workers", 0)
    if isinstance(asked, bool) or not isinstance(asked, int) or asked not in (0, *_WORKERS):
        raise ValueError(
            f"workers is {asked!r}, and can be 0 for threads, or {_WORKERS.start} to {_WORKERS.stop - 1}: a single one"
            " cannot print, as a page that is printed asks for its parts"
        )
    return options


OptionName = Annotated[_Name, AfterValidator(_settable)]
SectionName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,99}$"), AfterValidator(_no_section_of_others)
]


class OdooOptions(Keys):
    """Options of odoo.conf besides the platform's own lines."""

    server_wide_modules: tuple[ModuleName, ...] = Field(
        default=(), description="Modules that Odoo loads before any database, besides its own, such as queue_job."
    )
    options: Annotated[Mapping[OptionName, Value], AfterValidator(_enough_workers)] = Field(
        default={},
        description="Lines of the section [options]: what the platform does not set itself, and modules' own.",
    )
    sections: Mapping[SectionName, Mapping[_Name, Value]] = Field(
        default={}, description="Sections of modules, such as [queue_job], and their lines."
    )

    def over(self, below: OdooOptions) -> OdooOptions:
        """Return these options on top of others: lists are joined, and of two values of a name this one counts."""
        names = dict.fromkeys((*below.server_wide_modules, *self.server_wide_modules))
        sections = {
            name: {**below.sections.get(name, {}), **self.sections.get(name, {})}
            for name in (*below.sections, *self.sections)
        }
        return OdooOptions(
            server_wide_modules=tuple(names), options={**below.options, **self.options}, sections=sections
        )


class OdooSettings(OdooOptions):
    """How Odoo is installed and started."""

    demo: bool | None = Field(
        default=None,
        description="Install demo data, in previews and tests; production never has them. Default: the project's.",
    )
    languages: tuple[Language, ...] = Field(
        default=(), description="Languages to load into new databases, such as fr_FR."
    )
    ribbon: bool = Field(
        default=True,
        description="Tell on the pages of previews and stagings which branch and commit they are.",
    )
    stages: Mapping[Stage, OdooOptions] = Field(
        default={}, description="More of odoo.conf for one stage: development, staging or production."
    )


class ModuleSettings(Keys):
    """Which of the repository's modules are installed and tested."""

    install: tuple[ModuleName, ...] = Field(
        default=(),
        description="Modules to install besides the repository's own and those that they depend on; not tested.",
    )
    leave_out: tuple[ModuleName, ...] = Field(
        default=(), description="Modules of the repository that are not installed."
    )


# Keys that are heard from the default branch only, and that no setting of the control plane has in its place.
OF_THE_PROJECT = ("protect", "preview", "notifications")
# Keys that a commit has in its own file only: what it is made of.
OF_THE_COMMIT = ("repositories",)


class ProjectFile(Keys):
    """`odooops.yaml`, at the root of the repository."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    odoo: OdooSettings = Field(default=OdooSettings(), description="How Odoo is installed and started.")
    modules: ModuleSettings = Field(
        default=ModuleSettings(), description="Which of the repository's modules are installed and tested."
    )
    repositories: Repositories = Field(
        default={},
        max_length=50,
        description="Other repositories with modules, by the folder of this one in which each is put; they are fetched"
        " as submodules are, and theirs with them.",
    )
    tests: OwnTests = Field(default=OwnTests(), description="How the repository's tests are chosen and judged.")
    log_allow: tuple[QuietRecord, ...] = Field(
        default=(),
        description="Errors in Odoo's log that do not fail the check `log_clean`, which counts them; never one of level"
        " CRITICAL, nor a failed test.",
    )
    apt: tuple[PackageName, ...] = Field(
        default=(), description="Debian packages that have to be installed beside Odoo, such as antiword."
    )
    variables: Variables = Field(
        default={},
        description="Environment variables of Odoo that anybody may read, for `every` stage or for one: `development`,"
        " `staging`, `production`. What `ops env set` sets counts before them.",
    )
    secrets: Secrets = Field(
        default={},
        description="Names of variables whose values `ops env set` has to have set before a deployment, for `every`"
        " stage or for one; the values are never in the repository.",
    )
    upgrade: UpgradeSettings = Field(
        default=UpgradeSettings(),
        description="Where the repository is going, and what an upgrade preview looks at besides what it always does.",
    )
    preview: PreviewSettings = Field(
        default=PreviewSettings(),
        description="Which branches get a preview, when it sleeps and how large it is, as far as policy `preview`"
        " allows; it counts from the newest commit of the default branch.",
    )
    notifications: tuple[DeclaredRule, ...] = Field(
        default=(),
        max_length=50,
        description="Who is told of what, beside the rules that people make; they count from the newest commit of the"
        " default branch.",
    )
    protect: Protect = Field(
        default=Protect(),
        description="Rules that protect; they count from the newest commit of the default branch, and only where they"
        " are stricter than the project's policies.",
    )

    def odoo_of(self, stage: Stage) -> OdooOptions:
        """Return what odoo.conf of an environment of this stage gets."""
        return self.odoo.stages.get(stage, OdooOptions()).over(self.odoo)

    def wanted_rules(self) -> dict[str, dict[str, Any]]:
        """Return the rules of policies that the repository wants, by type of policy."""
        previews = self.preview.rules()
        return self.protect.rules() | ({"preview": previews} if previews else {})

    def shaping(self) -> dict[str, Any]:
        """Return the settings that shape a build, without their defaults: all but those that are about the project."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude=set(OF_THE_PROJECT))

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the settings that shape a build."""
        # The first only warns, the others reach an Odoo that serves.
        others = ("upgrade", "variables", "secrets")
        shaping = {name: value for name, value in self.shaping().items() if name not in others}
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()

    def judged(self, today: date, *, with_tests: bool = True) -> dict[str, Any]:
        """Return what the result of an installation depends on today besides its files; empty for the defaults."""
        found = self.model_dump(mode="json", include={"log_allow"}, exclude_defaults=True)
        if with_tests and self.tests.tags:
            found["tags"] = sorted(self.tests.tags)
        if with_tests and (held := self.tests.in_force(today)):
            found["quarantine"] = [entry.model_dump(mode="json") for entry in held]
        return found


def settings_of(source: Source) -> ProjectFile:
    """Return the settings that came with the source."""
    return ProjectFile.model_validate(source.settings)
