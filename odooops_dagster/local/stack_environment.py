"""The environments of the stack's programs: each gets the settings, and of the secrets only those that it uses.

The supervisor of the stack holds the secrets of all its programs in its own environment, so that they are in no file;
each program's launcher passes on the variables that are named here.
"""

from __future__ import annotations

from collections.abc import Mapping

from odooops_dagster.child_environment import (
    APT,
    EVERY_PROGRAM,
    GIT,
    LIBPQ,
    LIBPQ_PASSWORDS,
    NETWORK,
    OURS,
    PIP,
    Names,
    clean_environment,
    selected,
)
from odooops_dagster.home import dagster_home
from odooops_dagster.local.postgres import DatabaseUrls
from odooops_dagster.settings import Settings

# The seconds that Dagster waits for a sensor's tick: default_sensor_grpc_timeout in dagster/_grpc/utils.py.
TICK_TIMEOUT = "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS"

_PREFIX = Settings.model_config["env_prefix"]
SECRET_SETTINGS: Names = tuple(
    f"{_PREFIX}{name.upper()}" for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
)
PLAIN_SETTINGS: Names = tuple(
    name for name in (f"{_PREFIX}{field.upper()}" for field in Settings.model_fields) if name not in SECRET_SETTINGS
)

# How each Python of the stack writes and keeps memory.
_PYTHON: Names = ("PYTHONUNBUFFERED", "MALLOC_ARENA_MAX")
_BASE = (OURS, NETWORK, LIBPQ, LIBPQ_PASSWORDS, PLAIN_SETTINGS, _PYTHON)
_DAGSTER = (*_BASE, ("DAGSTER_*", "ODOOOPS_DATABASE_URL", "ODOOOPS_DAGSTER_DATABASE_URL"))
# Credentials and options of the object store. Source: "Configuration" in boto3's documentation.
_STORE: Names = ("AWS_*", "BOTO_CONFIG")
# Runs use repositories, packages, databases and backups.
_RUNS = (
    *_DAGSTER,
    GIT,
    APT,
    PIP,
    _STORE,
    ("ODOOOPS_ODOO_DATABASE_URL", "ODOOOPS_BACKUP_KEY", "ODOOOPS_COSIGN_PASSWORD"),
)
# The variables of each of the platform's own programs. ODOOOPS_MIGRATE_URL, ODOOOPS_OPERATOR_DATABASE_URL and
# ODOOOPS_ADOPT_DSN are for commands.
_GROUPS: Mapping[str, tuple[Names, ...]] = {
    # The code server starts the runs that `runs` refuses, and sends mails.
    "code": (*_RUNS, ("ODOOOPS_SMTP_PASSWORD", "ODOOOPS_OTLP_HEADERS")),
    "runs": _RUNS,
    "webserver": _DAGSTER,
    "daemon": _DAGSTER,
    "gateway": (
        *_BASE,
        (
            "ODOOOPS_GATEWAY_DATABASE_URL",
            "ODOOOPS_API_DATABASE_URL",
            "ODOOOPS_SUPABASE_JWT_SECRET",
            "ODOOOPS_OIDC_CLIENT_SECRET",
            "ODOOOPS_GITHUB_WEBHOOK_SECRET",
        ),
    ),
    # They know an environment by its socket.
    "router": (OURS, PLAIN_SETTINGS, _PYTHON),
    "catcher": (OURS, PLAIN_SETTINGS, _PYTHON),
    "egress": (OURS, PLAIN_SETTINGS, _PYTHON),
}


def stack_environment(settings: Settings, urls: DatabaseUrls, *, webhook_secret: str) -> dict[str, str]:
    """Return the environment of the stack's supervisor: every variable that one of its programs needs."""
    resolved = {
        "DAGSTER_HOME": str(dagster_home(settings.home)),
        "ODOOOPS_HOME": str(settings.home),
        "ODOOOPS_DATABASE_URL": urls.worker,
        "ODOOOPS_GATEWAY_DATABASE_URL": urls.gateway,
        "ODOOOPS_API_DATABASE_URL": urls.callers,
        "ODOOOPS_DAGSTER_DATABASE_URL": urls.dagster,
        "ODOOOPS_GITHUB_WEBHOOK_SECRET": webhook_secret,
        "ODOOOPS_MAX_CONCURRENT_RUNS": str(settings.max_concurrent_runs),
        "ODOOOPS_TRUST_PUSHERS": str(settings.trust_pushers),
        "ODOOOPS_RUNTIME": settings.runtime,
        # Each tick costs Dagster dozens of statements, so that ticks wait for work for minutes.
        TICK_TIMEOUT: "330",
        "PYTHONUNBUFFERED": "1",
        # glibc keeps freed memory in up to eight arenas a core, one for each thread that ever allocated: mallopt(3).
        "MALLOC_ARENA_MAX": "2",
    }
    if settings.odoo_database_url is not None:  # the embedded server's is found, with its socket, in the state folder
        resolved["ODOOOPS_ODOO_DATABASE_URL"] = urls.odoo
    return clean_environment(*(group for groups in _GROUPS.values() for group in groups), extra=resolved)


def names_of(program: str) -> Names:
    """Return the names of the variables that the program gets, set or not; one that ends with * is a prefix."""
    return (*EVERY_PROGRAM, *(name for group in _GROUPS[program] for name in group))


def variables_of(program: str, environment: Mapping[str, str]) -> list[str]:
    """Return the names of the variables of the stack's environment that the program gets."""
    return sorted(selected(environment, *_GROUPS[program]))
