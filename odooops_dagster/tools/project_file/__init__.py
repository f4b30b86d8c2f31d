"""`odooops.yaml`: the settings that a repository brings for its own builds."""

from odooops_dagster.tools.project_file.checks import OwnTests, QuarantinedTest, QuietRecord
from odooops_dagster.tools.project_file.example import EXAMPLE
from odooops_dagster.tools.project_file.given import on_top_of, read_values
from odooops_dagster.tools.project_file.keys import OF_THE_COMMIT, OF_THE_PROJECT, OdooOptions, ProjectFile, settings_of
from odooops_dagster.tools.project_file.notifications import DeclaredRule
from odooops_dagster.tools.project_file.protect import Protect
from odooops_dagster.tools.project_file.read import NAME, Fault, Reading, read_project_file, read_text

__all__ = [
    "EXAMPLE",
    "NAME",
    "OF_THE_COMMIT",
    "OF_THE_PROJECT",
    "DeclaredRule",
    "Fault",
    "OdooOptions",
    "OwnTests",
    "ProjectFile",
    "Protect",
    "QuarantinedTest",
    "QuietRecord",
    "Reading",
    "on_top_of",
    "read_project_file",
    "read_text",
    "read_values",
    "settings_of",
]
