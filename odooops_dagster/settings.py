"""The platform's settings: every environment variable it reads, with its type."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# A host name has at most 253 characters (RFC 1035, section 2.3.4).
_LONGEST_DOMAIN = 253 - 64


def default_home() -> Path:
    """Return the default state folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/odooops")
    return Path.home() / ".local" / "share" / "odooops"


class Settings(BaseSettings):
    """The platform's settings; each field is the environment variable ODOOOPS_<FIELD>."""

    # hide_input_in_errors: an invalid value may be a secret.
    model_config = SettingsConfigDict(
        env_prefix="ODOOOPS_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    # The state folder with all of the platform's data: databases, builds, logs, artifacts, secrets.
    home: Path = default_home()
    # Folder for installed Odoo series and Python environments; may be shared and deleted. Empty: the state folder.
    cache: Path | None = None
    # Control plane database (PostgreSQL 15 to 18, also Supabase), login ops_worker; empty: the embedded PostgreSQL 18.
    database_url: SecretStr | None = None
    # The gateway's connection to the control plane, login ops_gateway; empty uses ODOOOPS_DATABASE_URL.
    gateway_database_url: SecretStr | None = None
    # The connection of the command `ops`, login ops_operator or a person's own; empty uses ODOOOPS_DATABASE_URL.
    operator_database_url: SecretStr | None = None
    # Owner's connection for `ops db migrate`; empty uses the control plane's.
    migrate_url: SecretStr | None = None
    # Dagster's own storage, on the same host or network; empty uses the embedded server.
    dagster_database_url: SecretStr | None = None
    # Server of the environments' databases, with a role that may create roles and databases; empty: embedded.
    odoo_database_url: SecretStr | None = None
    # Connection string of the production to adopt, for scripts; people use a file or the prompt of ops env adopt.
    adopt_dsn: SecretStr | None = None
    # Store of artifacts and backups: empty for a folder in the state folder, file:///path, or s3://bucket/prefix.
    store_url: str = ""
    # Endpoint of an S3 service that is not Amazon's.
    store_endpoint_url: str = ""
    # Server-side encryption of the bucket: AES256, aws:kms, aws:kms:dsse; empty for the bucket's default.
    store_encryption: Literal["", "AES256", "aws:kms", "aws:kms:dsse"] = ""
    # The key id for aws:kms; empty for the bucket's default key.
    store_kms_key_id: str = ""
    # Object lock of the bucket: GOVERNANCE or COMPLIANCE; empty locks nothing.
    store_lock_mode: Literal["", "GOVERNANCE", "COMPLIANCE"] = ""
    # How long a locked object cannot be deleted, in days.
    store_lock_days: int = Field(default=30, ge=1)
    # Key that encrypts backups before they are stored: base64 of 32 bytes (openssl rand -base64 32); empty: none.
    backup_key: SecretStr | None = None
    # Hour at which the nightly backups are queued, in `time_zone`.
    backup_hour: int = Field(default=2, ge=0, le=23)
    # Time zone of the nightly backups' hour and of the days that retention counts.
    time_zone: str = "UTC"
    # Secret of webhooks of projects without one of their own (`ops webhook create`); empty uses the one of `ops up`.
    github_webhook_secret: SecretStr | None = None
    # Events that one key may send within a minute; the gateway refuses more with 429.
    events_per_minute: int = Field(default=12_000, ge=1)
    # Address on which the gateway and the Dagster webserver listen.
    host: str = "127.0.0.1"
    # Port of the gateway (webhooks, health).
    gateway_port: int = 8600
    # Port of the Dagster webserver.
    dagster_port: int = 3000
    # Name under which a proxy shows the Dagster UI to people, such as dagster.example.com; beside dagster.localhost.
    dagster_host: str | None = None
    # Port on which all environments answer, each under a host name of its own.
    environments_port: int = 8601
    # Domain whose names a proxy leads to that port, such as preview.example.com; empty: names below localhost.
    environments_domain: str | None = None
    # Port of the embedded PostgreSQL; 0 chooses a free port at the first start and keeps it.
    postgres_port: int = 0
    # Folder with an Odoo (clone, download or installation), or with a folder per series such as 17.0; used as it is.
    odoo_path: Path | None = None
    # Git repository from which Odoo is cloned if no package is available.
    odoo_git_url: str = "https://github.com/odoo/odoo.git"
    # Maximum number of concurrent runs.
    max_concurrent_runs: int = 2
    # How long a claim is valid without a heartbeat, in seconds.
    lease_seconds: int = 60
    # How often a working run renews its lease, in seconds.
    heartbeat_seconds: int = 10
    # Maximum duration of one Odoo command, in seconds.
    odoo_timeout_seconds: int = 3600
    # Maximum address space of one environment's Odoo, in MiB; 0 for no limit.
    odoo_memory_mb: int = 2560
    # How often repositories without a webhook are polled for new commits, in seconds.
    poll_seconds: int = 30
    # The most files and folders of one commit, its submodules included.
    repository_entries: int = Field(default=200_000, ge=1)
    # How deep folders may be nested in a commit.
    repository_depth: int = Field(default=64, ge=1)
    # The largest file of a commit, in MB; files in Git LFS count as what they stand for.
    repository_file_mb: int = Field(default=512, ge=1)
    # The most that all files of a commit may have together, submodules and Git LFS included, in MB.
    repository_mb: int = Field(default=4096, ge=1)
    # The most that one fetch may receive from a repository, packed, in MB.
    repository_fetch_mb: int = Field(default=4096, ge=1)
    # Hosts from which every project may take submodules, over https or ssh, separated by spaces; its own host may be.
    submodule_hosts: str = "github.com gitlab.com"
    # Folders with repositories on this machine that every project may take as submodules, separated by colons.
    submodule_folders: str = ""
    # Maximum number of database connections of one environment: 64 of its Odoo (db_maxconn), and those of its next one.
    odoo_connections: int = Field(default=100, ge=10)
    # Maximum size of the temporary files of one database process of an environment, in MiB.
    odoo_temp_file_mb: int = Field(default=20_480, ge=64)
    # How long an environment's transaction may be idle before the server ends it, in minutes; 0 for no limit.
    odoo_idle_minutes: int = Field(default=60, ge=0)
    # Whether pushed code runs without a sandbox, as the platform's account: only if you would give its authors a shell.
    trust_pushers: bool = False
    # First user id of the sandboxes' accounts, one per environment, if the platform runs as root.
    sandbox_first_uid: int = Field(default=2_000_000_000, ge=1000, le=2_146_000_000)
    # How long a development preview lives after its last push, in hours; 0 keeps it forever.
    preview_hours: int = 168

    @field_validator(
        "database_url",
        "gateway_database_url",
        "operator_database_url",
        "migrate_url",
        "dagster_database_url",
        "odoo_database_url",
    )
    @classmethod
    def _readable_url(cls, value: SecretStr | None) -> SecretStr | None:
        """Reject a URL that libpq cannot parse, or that it parses differently than intended.

        libpq's own error would quote part of the password, because it treats the text after an unescaped @ as the host.
        """
        if value is not None:
            from psycopg import ProgrammingError, conninfo  # noqa: PLC0415 - takes time, and most commands name no URL

            message = "this is no connection string of PostgreSQL; write postgresql://user:password@host/database"
            try:
                parts = conninfo.conninfo_to_dict(value.get_secret_value())
            except ProgrammingError:
                raise ValueError(message) from None
            if "@" in str(parts.get("host", "")).removeprefix("@"):
                raise ValueError(f"{message}, with each @ of the password as %40")
        return value

    @field_validator("environments_domain")
    @classmethod
    def _domain(cls, value: str | None) -> str | None:
        """Return the domain in lower case; a label of 63 characters goes before it."""
        if value is None:
            return None
        label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        if len(value) > _LONGEST_DOMAIN or not re.fullmatch(rf"({label}\.)+{label}", value.lower()):
            raise ValueError(f"{value!r} is no domain; write one such as preview.example.com")
        return value.lower()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{value!r} is no time zone; write one such as Europe/Vienna") from exc
        return value

    @property
    def cache_home(self) -> Path:
        """Return the folder of data that can be recreated."""
        return self.cache or self.home
