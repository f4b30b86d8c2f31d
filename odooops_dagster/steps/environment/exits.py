"""The environments' ways out: each opens before its Odoo starts, and obeys what policy egress says by now."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.files import locked
from odooops_dagster.home import exit_folder, exits_lock
from odooops_dagster.model import Environment
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.confinement import reaches_out
from odooops_dagster.tools import egress_line


def exit_of(control: ControlPlane, settings: Settings, environment: Environment) -> Path | None:
    """Return the folder at which the proxy lets the environment out; make it, and open the way, if it is missing.

    None for an environment with the machine's network, and for production: its Odoo has that while it works for people,
    and what installs or updates it reaches nothing.
    """
    if reaches_out(settings, environment):
        return None
    folder = exit_folder(settings.home, environment.id).absolute()
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not (folder / egress_line.SOCKET).exists():
        rule_exits(control, settings)  # a proxy that does not answer now is told by housekeeping
    return folder


def rule_exits(control: ControlPlane, settings: Settings) -> int:
    """Tell the proxy the rules that have changed, and return of how many environments; 0 if it does not answer.

    Without the platform's sandbox no environment has a way that could be ruled.
    """
    if settings.trust_pushers:
        return 0
    own_services = settings.egress_own_services.split()
    # Rules that were read first must not be told last.
    with locked(exits_lock(settings.home)):
        rules = {each: {**told, "own_services": own_services} for each, told in control.egress.rules().items()}
        return egress_line.tell(settings.home, rules) or 0
