"""Names of databases, roles and services, and the way from a name back to its owner.

A name contains the environment and the run, so that the leftovers of a killed run can be found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from odooops_dagster.model import Environment, Run

# The platform's own databases on the control plane's cluster, and its roles; the superuser's name is initdb's.
CONTROL_DATABASE = "odooops"
DAGSTER_DATABASE = "odooops_dagster"
SUPERUSER = "postgres"
# Where administrators work: no environment's role may connect to it.
MAINTENANCE_DATABASE = "postgres"
# One login for each job of the platform at the control plane: the gateway's, the runs', and the command's.
GATEWAY = "ops_gateway"
WORKER = "ops_worker"
OPERATOR = "ops_operator"
# The login for callers of the API, which has no rights of its own: it takes each caller's role, never the service role.
CALLERS = "ops_api"
# Creates the environments' databases and roles on their embedded server; no superuser.
ADMINISTRATOR = "odooops_administrator"
# The role that owns the content of template databases, so that handing over a copy changes nothing else.
TEMPLATES_ROLE = "ops_templates"

# The name of the Dagster UI on this machine: cookies know no port, so that it shares no name with previews. Browsers
# take every name below localhost for this machine. Source: "Let 'localhost' be localhost", RFC 6761 section 6.3.
UI_HOST = "dagster.localhost"
# The name of the console, for the same reason.
CONSOLE_HOST = "console.localhost"

# The password of the superuser of the control plane's cluster; nobody knows one of the environments' cluster.
SUPERUSER_SECRET = "control-superuser"  # noqa: S105 -- the name of a file
# The superuser's password of earlier versions, which kept all databases in one cluster.
FORMER_SUPERUSER_SECRET = "postgres-postgres"  # noqa: S105 -- the same
WEBHOOK_SECRET = "github-webhook"  # noqa: S105 -- the name of a file
SESSIONS_SECRET = "dagster/sessions"  # noqa: S105 -- the same
PROXY_SECRET = "dagster/proxy"  # noqa: S105 -- the same
VISITORS_SECRET = "visitors/password"  # noqa: S105 -- the same

DATABASE_PREFIX = "ops_"
TEMPLATE_PREFIX = "opstpl_"
# Templates with sanitized data of production.
CLONE_TEMPLATE_PREFIX = f"{TEMPLATE_PREFIX}gold_"
# Databases in which production's data are sanitized, and their roles.
CLONE_STAGING_PREFIX = f"{DATABASE_PREFIX}clone_"
# Databases with nothing but Odoo's own modules; no readable name begins with an underscore.
BASELINE_PREFIX = f"{DATABASE_PREFIX}_baseline_"
DRILL_PREFIX = f"{DATABASE_PREFIX}drill_"
# Databases in which a backup is compared with what an environment serves.
COMPARISON_PREFIX = "opsrec_"

# PostgreSQL truncates identifiers at 63 bytes; the part after the readable one takes at most 23.
_READABLE_CHARACTERS = 36
_DATABASE = re.compile(r"^ops_.+_(?P<environment>[0-9a-f]{8})_r(?P<run_number>\d+)(_\d+)?$")
_ROLE = re.compile(rf"{DATABASE_PREFIX}(?P<environment>[0-9a-f]{{8}})")
_TEMPLATE = re.compile(rf"{TEMPLATE_PREFIX}(gold_)?[0-9a-f]{{16}}_r(?P<run>[0-9a-f]{{8}})_\d+")
_DRILL = re.compile(rf"{DRILL_PREFIX}(?P<run>[0-9a-f]{{32}})_\d+")
_MADE = "%Y%m%d%H"
_COMPARISON = re.compile(rf"{COMPARISON_PREFIX}(?P<made>\d{{10}})_[0-9a-f]{{16}}")
_SERVICE = re.compile(r"^env-(?P<environment>[0-9a-f]{8})(-r(?P<run_number>\d+))?$")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner of an object: the environment's short id, and the run's number if the object belongs to one run."""

    environment: str
    run_number: int | None


def short_id(environment: Environment) -> str:
    """Return the first eight hexadecimal digits of the environment's id, for use in names."""
    return environment.id.hex[:8]


def database_name(environment: Environment, run: Run) -> str:
    """Return the name of the database that this attempt creates for the environment.

    A second attempt has another name, because the database of the first may still exist or even be deployed.
    """
    readable = re.sub(r"[^a-z0-9]+", "_", f"{environment.project_slug}_{environment.name}".lower()).strip("_")
    return f"{DATABASE_PREFIX}{readable[:_READABLE_CHARACTERS]}_{_attempt_of(environment, run)}"


def scratch_name(environment: Environment, run: Run) -> str:
    """Return the name of the database, and of its role, in which this attempt sanitizes production's data."""
    return f"{CLONE_STAGING_PREFIX}{_attempt_of(environment, run)}"


def baseline_name(environment: Environment, run: Run) -> str:
    """Return the name of the database in which this attempt learns what Odoo's own modules log."""
    return f"{BASELINE_PREFIX}{_attempt_of(environment, run)}"


def role_name(environment: Environment) -> str:
    """Return the database role of the environment."""
    return f"{DATABASE_PREFIX}{short_id(environment)}"


def password_secret(role: str) -> str:
    """Return the name of the secret with the password of a role of the embedded server."""
    return f"postgres-{role}"


def service_name(environment: Environment) -> str:
    """Return the name of the service at the environment's URL."""
    return f"env-{short_id(environment)}"


def candidate_name(environment: Environment, run: Run) -> str:
    """Return the name of the candidate service, which proves a new build before the swap."""
    return f"{service_name(environment)}-r{run.run_number}"


def template_name(key: str, run: Run) -> str:
    """Return the name under which this attempt keeps a template of modules with the hexadecimal key."""
    return f"{TEMPLATE_PREFIX}{_keeper(key, run)}"


def clone_template_name(key: str, run: Run) -> str:
    """Return the name under which this attempt keeps a template of sanitized production data."""
    return f"{CLONE_TEMPLATE_PREFIX}{_keeper(key, run)}"


def drill_name(run: Run) -> str:
    """Return the name of a drill's database, role, service and folder."""
    return f"{DRILL_PREFIX}{run.id.hex}_{run.attempt}"


def comparison_name(now: datetime) -> str:
    """Return a new name of a database, and of its role, that a backup is restored into to compare its rows."""
    return f"{COMPARISON_PREFIX}{now.astimezone(UTC):{_MADE}}_{token_hex(8)}"


def owner_of_database(name: str) -> Owner | None:
    """Return the owner of the database, None if its name is not one of ours."""
    return _owner(_DATABASE.match(name))


def owner_of_service(name: str) -> Owner | None:
    """Return the owner of the service, None if its name is not one of ours."""
    return _owner(_SERVICE.match(name))


def owner_of_role(name: str) -> Owner | None:
    """Return the owner of the role, the run of an unfinished clone included; None if its name is not one of ours."""
    if name.startswith(CLONE_STAGING_PREFIX):
        return owner_of_database(name)
    found = _ROLE.fullmatch(name)
    return Owner(environment=found["environment"], run_number=None) if found else None


def role_of_database(name: str) -> str:
    """Return the role that owns the database: the environment's, or one with the database's own name."""
    owner = owner_of_database(name)
    if owner is None or name.startswith(CLONE_STAGING_PREFIX):
        return name
    return f"{DATABASE_PREFIX}{owner.environment}"


def run_of_template(name: str) -> str | None:
    """Return the last digits of the id of the run that made the template; None if the name is not a template's."""
    found = _TEMPLATE.fullmatch(name)
    return found["run"] if found else None


def run_of_drill(name: str) -> UUID | None:
    """Return the run of a drill's database, role, service or folder; None if the name is not a drill's."""
    found = _DRILL.fullmatch(name)
    return UUID(found["run"]) if found else None


def comparison_made_at(name: str) -> datetime | None:
    """Return the hour in which the comparison database was made; None if the name is not of one."""
    found = _COMPARISON.fullmatch(name)
    return datetime.strptime(found["made"], _MADE).replace(tzinfo=UTC) if found else None


def _keeper(key: str, run: Run) -> str:
    # The end of the run's id: its beginning is the time, which two runs may share.
    return f"{key[:16]}_r{run.id.hex[-8:]}_{run.attempt}"


def _attempt_of(environment: Environment, run: Run) -> str:
    again = f"_{run.attempt}" if run.attempt > 1 else ""
    return f"{short_id(environment)}_r{run.run_number}{again}"


def _owner(match: re.Match[str] | None) -> Owner | None:
    if match is None:
        return None
    number = match["run_number"]
    return Owner(environment=match["environment"], run_number=int(number) if number else None)
