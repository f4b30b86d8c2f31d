"""Every environment variable the platform reads, typed, read once at the edge."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_home() -> Path:
    """Return the state folder used when none is named."""
    if os.geteuid() == 0:
        return Path("/var/lib/odooops")
    return Path.home() / ".local" / "share" / "odooops"


class Settings(BaseSettings):
    """The platform's settings; each field is the environment variable ODOOOPS_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ODOOOPS_", env_ignore_empty=True, extra="ignore")

    # The one folder that holds everything the platform keeps: databases, builds, logs, artifacts, secrets.
    home: Path = default_home()
    # Where installed Odoo series and Python environments are kept; may be shared and deleted. Empty: the state folder.
    cache: Path | None = None
    # Control plane database (any PostgreSQL 15-18, Supabase too); empty starts the embedded PostgreSQL 18.
    database_url: SecretStr | None = None
    # Owner's connection for `ops db migrate`; empty uses the control plane's.
    migrate_url: SecretStr | None = None
    # Dagster's own storage, on the same host or network; empty uses the embedded server.
    dagster_database_url: SecretStr | None = None
    # Server of the environments' databases, with a role that may create roles and databases; empty: embedded.
    odoo_database_url: SecretStr | None = None
    # Where artifacts go: empty for a folder under the state folder, file:///path, or s3://bucket/prefix.
    store_url: str = ""
    # Endpoint of an S3 service that is not Amazon's.
    store_endpoint_url: str = ""
    # Shared secret of the GitHub webhook; empty uses the one that `ops up` generated in the state folder.
    github_webhook_secret: SecretStr | None = None
    # Address on which the gateway and the Dagster webserver listen.
    host: str = "127.0.0.1"
    # Port of the gateway (webhooks, health).
    gateway_port: int = 8600
    # Port of the Dagster webserver.
    dagster_port: int = 3000
    # Port of the embedded PostgreSQL; 0 takes a free one at first start and remembers it.
    postgres_port: int = 0
    # Folder with an Odoo source tree or installation to use instead of installing one.
    odoo_path: Path | None = None
    # Git repository from which Odoo is cloned when no package is at hand.
    odoo_git_url: str = "https://github.com/odoo/odoo.git"
    # How many runs work at the same time.
    max_concurrent_runs: int = 2
    # How long a claim is valid without a heartbeat, in seconds.
    lease_seconds: int = 60
    # How often a working run renews its lease, in seconds.
    heartbeat_seconds: int = 10
    # Longest time one Odoo command may take, in seconds.
    odoo_timeout_seconds: int = 3600
    # Largest address space of one environment's Odoo, in MiB; 0 for no limit.
    odoo_memory_mb: int = 2560
    # How often repositories without a webhook are asked for new commits, in seconds.
    poll_seconds: int = 30
    # How long a development preview lives after its last push, in hours; 0 keeps it forever.
    preview_hours: int = 168

    @property
    def cache_home(self) -> Path:
        """Return the folder that keeps what can be had again."""
        return self.cache or self.home
