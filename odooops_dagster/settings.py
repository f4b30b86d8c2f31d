"""The platform's settings: every environment variable it reads, with its type."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

# A host name has at most 253 characters (RFC 1035, section 2.3.4).
_LONGEST_DOMAIN = 253 - 64
_LAST_PORT = 65535
# As a browser writes an origin: lower case, no path, no port that is the scheme's own. Source: RFC 6454, section 6.2.
_ORIGIN = re.compile(
    r"https://[a-z0-9.-]+(:(?!443$)[0-9]+)?|http://([a-z0-9-]+\.)*(localhost|127\.0\.0\.1)(:(?!80$)[0-9]+)?"
)


def is_this_machine(host: str) -> bool:
    """Return whether nobody reads on the way to the host, because it is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def default_home() -> Path:
    """Return the default state folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/odooops")
    return Path.home() / ".local" / "share" / "odooops"


def secrets_dir() -> Path:
    """Return the folder in which a setting may be a file, as engines mount secrets: /run/secrets/odooops_backup_key."""
    return Path(os.environ.get("ODOOOPS_SECRETS_DIR") or "/run/secrets")


class Settings(BaseSettings):
    """The platform's settings; each field is the environment variable ODOOOPS_<FIELD>."""

    # hide_input_in_errors: an invalid value may be a secret.
    model_config = SettingsConfigDict(
        env_prefix="ODOOOPS_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where settings come from: arguments, variables, and files named as the variables, such as secrets."""
        folder = secrets_dir()
        if not folder.is_dir():
            return (init_settings, env_settings)
        return (init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder))

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
    # The connection of the API's callers, login ops_api; empty: the embedded server's, else there is no API.
    api_database_url: SecretStr | None = None
    # Requests to the API that one caller may send within a minute; the gateway refuses more with 429.
    requests_per_minute: int = Field(default=600, ge=1)
    # Origins whose pages may call the API from a browser, such as https://console.example.com, separated by spaces.
    api_origins: str = ""
    # Address of the Supabase project whose users may call the API, such as https://abc.supabase.co.
    supabase_url: str = ""
    # Secret with which that project signs its tokens, where it still signs with HS256; others are found by their keys.
    supabase_jwt_secret: SecretStr | None = None
    # OpenID Connect provider through which invited people sign in at the console, as it names itself; empty: none.
    oidc_issuer: str = ""
    # The console's client there; its redirect address is CONSOLE/login/oidc/callback.
    oidc_client_id: str = ""
    # The client's secret.
    oidc_client_secret: SecretStr | None = None
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
    # File with the key that seals backups of the platform itself (ops platform key); keep a copy of it elsewhere.
    platform_key_file: Path | None = None
    # Store of these backups, named as ODOOOPS_STORE_URL; empty uses that one.
    platform_store_url: str = ""
    # How often the platform backs itself up, in hours, where `platform_key_file` names a key.
    platform_backup_hours: int = Field(default=24, ge=1, le=168)
    # Store of a second copy of every verified backup, named as ODOOOPS_STORE_URL; empty: there is none.
    mirror_url: str = ""
    # Endpoint of an S3 service that is not Amazon's, for that store.
    mirror_endpoint_url: str = ""
    # Hour at which the nightly backups are queued, in `time_zone`.
    backup_hour: int = Field(default=2, ge=0, le=23)
    # Time zone of the nightly backups' hour and of the days that retention counts.
    time_zone: str = "UTC"
    # Address to which `ops event send` posts (https://odooops.example.com/v1/events); empty uses the gateway here.
    events_url: str = ""
    # Key with which `ops event send` posts; `ops key create` makes it.
    event_key: SecretStr | None = None
    # Secret of webhooks of projects without one of their own (`ops webhook create`); empty uses the one of `ops up`.
    github_webhook_secret: SecretStr | None = None
    # Events that one key may send within a minute; the gateway refuses more with 429.
    events_per_minute: int = Field(default=12_000, ge=1)
    # Server that takes mails to people, as host or host:port; empty: there are no mails.
    smtp_server: str = ""
    # How the connection to it is protected: starttls, tls from its start, or none, for a server on this machine.
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    # Name with which the platform logs in there; empty: without.
    smtp_user: str = ""
    # The password of that name.
    smtp_password: SecretStr | None = None
    # Sender of the mails, such as odooops@example.com.
    mail_from: str = ""
    # A person gets one mail within this time at most, in minutes; it has everything that came meanwhile.
    digest_minutes: int = Field(default=10, ge=0)
    # Domains whose addresses `notifications` in odooops.yaml may mail, such as example.com, separated by spaces; others
    # have to be a person's, or of a rule that people made.
    notify_domains: str = ""
    # Collector of OpenTelemetry to which ended runs are told as traces, such as https://collector:4318; empty: none.
    otlp_endpoint: str = ""
    # Headers for it, such as its token: name=value, separated by commas.
    otlp_headers: SecretStr | None = None
    # Address on which the gateway and the Dagster webserver listen.
    host: str = "127.0.0.1"
    # Port of the gateway (webhooks, health).
    gateway_port: int = 8600
    # Port of the Dagster webserver.
    dagster_port: int = 3000
    # Name under which a proxy shows the Dagster UI to people, such as dagster.example.com; beside dagster.localhost.
    dagster_host: str | None = None
    # Name under which a proxy shows the console to people, such as odooops.example.com; beside console.localhost.
    console_host: str | None = None
    # Port on which all environments answer, each under a host name of its own.
    environments_port: int = 8601
    # Domain whose names a proxy leads to that port, such as preview.example.com; empty: names below localhost.
    environments_domain: str | None = None
    # Whether an environment other than production asks all but the platform's own account for the visitors' password.
    environments_login: bool = True
    # Port of the environments' embedded PostgreSQL; 0 chooses a free port at the first start and keeps it.
    postgres_port: int = 0
    # Port of the control plane's embedded PostgreSQL; 0 as above.
    control_port: int = 0
    # Folder with an Odoo (clone, download or installation), or with a folder per series such as 17.0; used as it is.
    odoo_path: Path | None = None
    # Git repository from which Odoo is cloned if no package is available.
    odoo_git_url: str = "https://github.com/odoo/odoo.git"
    # Program that has a dump upgraded by a service, such as Odoo's: CLIENT DUMP SERIES RESULT; for upgrade_service.
    upgrade_client: Path | None = None
    # Contract number or token for that service; the client gets it as ODOOOPS_UPGRADE_CONTRACT.
    upgrade_contract: SecretStr | None = None
    # How long the client may take with one dump, the service's queue included, in minutes.
    upgrade_client_minutes: int = Field(default=720, ge=1)
    # Program odoo-module-migrate in a Python environment of its own; previews of another series quote what it says.
    module_migrator: Path | None = None
    # Maximum number of concurrent runs.
    max_concurrent_runs: int = 2
    # How long a claim is valid without a heartbeat, in seconds.
    lease_seconds: int = 60
    # How often a working run renews its lease, in seconds.
    heartbeat_seconds: int = 10
    # Maximum duration of one Odoo command, in seconds.
    odoo_timeout_seconds: int = 3600
    # Maximum address space of each process of an environment's Odoo, in MiB; 0 for no limit.
    odoo_memory_mb: int = 2560
    # Maximum memory of all programs of one environment together, in MiB; 0 for no limit.
    environment_memory_mb: int = Field(default=6144, ge=0)
    # Maximum number of processes and threads of one environment, where the platform has a cgroup; 0 for no limit.
    environment_processes: int = Field(default=1024, ge=0)
    # Maximum CPU time of one environment, where the platform has a cgroup: 100 for one core; 0 for no limit.
    environment_cpu_percent: int = Field(default=0, ge=0)
    # Maximum size of one environment's files and databases, in MiB; 0 for no limit. Production only gets an alarm.
    environment_disk_mb: int = Field(default=51_200, ge=0)
    # Free part of the disk below which builds are refused, in percent; backups go on.
    disk_free_percent: int = Field(default=5, ge=0, le=90)
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
    # Services of this machine that environments reach where policy egress lists them, as 127.0.0.2:9000, separated by
    # spaces; without it an environment reaches nothing on this machine.
    egress_own_services: str = ""
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
    # What environments run in: process (a sandbox) or docker (a container of an engine on this machine).
    runtime: Literal["process", "docker"] = "process"
    # The engine's API for `docker`: a Unix socket of this machine.
    docker_engine: str = "unix:///run/docker.sock"
    # The image for `docker`, with the Python that builds use and the libraries of Odoo; a digest pins it.
    docker_image: str = ""
    # Whether a repository's Dockerfile counts: packages by name, variables, files that it copies; no line of it runs.
    dockerfile: bool = False
    # Where Traefik reaches the router, such as http://127.0.0.1:8601: containers of environments get its labels.
    traefik_url: str = Field(default="", pattern=r"^(https?://[\w.:\[\]-]+/?)?$")
    # Whether the runtime docker runs environments as services of the engine's swarm, on any of its nodes.
    docker_swarm: bool = False
    # Where the swarm may run them, as constraints separated by spaces, such as node.labels.odooops==yes.
    swarm_constraints: str = ""
    # Options of the volumes by which all nodes have an environment's files, with {path}; separated by ; or commas.
    swarm_volume: str = ""
    # The driver of these volumes.
    swarm_volume_driver: str = "local"
    # Whether what passes between the nodes is encrypted.
    swarm_encrypted: bool = True
    # Where the runtime docker pushes an image of each commit, such as ghcr.io/acme; empty mounts the code instead.
    image_registry: str = ""
    # Folder of the config.json that docker login wrote for the registry; empty is that of the account.
    registry_login: Path | None = None
    # cosign's private key that signs those images; needs the program cosign.
    cosign_key: Path | None = None
    # Password of the private key.
    cosign_password: SecretStr | None = None
    # cosign's public key: a container starts from no image that this key has not signed.
    cosign_public_key: Path | None = None
    # How long a development preview lives after its last deployment, in hours; 0 keeps it forever.
    preview_hours: int = 168

    @field_validator(
        "database_url",
        "gateway_database_url",
        "operator_database_url",
        "api_database_url",
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

    @field_validator("api_origins")
    @classmethod
    def _exact_origins(cls, value: str) -> str:
        """Reject what no browser sends as an origin; a page of plain http may only be this machine's."""
        for origin in value.split():
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin; write one such as https://console.example.com")
        return value

    @field_validator("otlp_headers")
    @classmethod
    def _headers(cls, value: SecretStr | None) -> SecretStr | None:
        """Reject what is no list of headers."""
        parts = value.get_secret_value().split(",") if value else []
        if not all(re.fullmatch(r"\s*[A-Za-z0-9-]+\s*=.+", part) for part in parts):
            raise ValueError("this is no list of headers; write name=value,name=value")
        return value

    @model_validator(mode="after")
    def _headers_stay_secret(self) -> Self:
        """Reject a collector to which headers, such as its token, would go in clear text over a network."""
        address = urlsplit(self.otlp_endpoint)
        if self.otlp_headers and address.scheme == "http" and not is_this_machine(address.hostname or ""):
            raise ValueError("ODOOOPS_OTLP_HEADERS would go in clear text: write ODOOOPS_OTLP_ENDPOINT=https://...")
        return self

    @field_validator("egress_own_services")
    @classmethod
    def _addresses_with_ports(cls, value: str) -> str:
        """Reject what is no address with a port, written as policy egress has it."""
        for service in value.split():
            host, _, port = service.rpartition(":")
            try:
                address = ip_address(host.strip("[]"))
                is_exact = host == (str(address) if address.version == 4 else f"[{address}]")
                is_exact &= port == str(int(port)) and 1 <= int(port) <= _LAST_PORT
            except ValueError:
                is_exact = False
            if not is_exact:
                raise ValueError(f"{service!r} is no address with a port; write one such as 127.0.0.2:9000")
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
    def collector_headers(self) -> dict[str, str]:
        """Return the headers for the collector of traces."""
        text = self.otlp_headers.get_secret_value() if self.otlp_headers else ""
        pairs = (part.partition("=") for part in text.split(",") if part)
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def cache_home(self) -> Path:
        """Return the folder of data that can be recreated."""
        return self.cache or self.home
