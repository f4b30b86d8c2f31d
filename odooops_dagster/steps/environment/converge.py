"""Make the runtime match an environment's row in Postgres, and the row's URL the settings.

A second call changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError, StepFailed
from odooops_dagster.files import write_whole
from odooops_dagster.home import (
    bus_socket,
    candidate_socket,
    data_folder,
    environment_folder,
    environment_host,
    environment_socket,
    environment_url,
    own_host,
    role_name,
    service_config,
    service_log,
    service_name,
)
from odooops_dagster.local.containers import uses_containers
from odooops_dagster.model import Build, Environment, Sandbox, Service, ServiceStatus
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.image import load_build
from odooops_dagster.steps.environment import front
from odooops_dagster.steps.environment.confinement import (
    confined,
    from_inside,
    home_of,
    outlet_of,
    outlet_variables,
)
from odooops_dagster.steps.environment.exits import exit_of
from odooops_dagster.steps.environment.printing import set_report_url
from odooops_dagster.steps.environment.shares import share_of
from odooops_dagster.steps.environment.variables import variables_of
from odooops_dagster.steps.environment.workers import workers_of
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.project_file import OdooOptions, settings_of
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.runtime.traefik import traefik_labels


def converge(
    control: ControlPlane, runtime: Runtime, databases: OdooDatabases, settings: Settings, environment: Environment
) -> ServiceStatus:
    """Run the deployed build at the environment's socket, or stop a service that should not run; tell the router."""
    name = service_name(environment)
    if environment.status == "destroyed" or environment.database_name is None:
        status = runtime.stop(name, remove=True)
    elif environment.status == "stopped":
        status = runtime.stop(name)
    else:
        status = runtime.start(deployed_service(control, databases, settings, environment))
    front.tell(settings, environment)
    return status


def to_converge(
    control: ControlPlane, statuses: Sequence[ServiceStatus], environments: Sequence[Environment]
) -> list[str]:
    """Return the environments whose service does not run and should, or runs and should not; change nothing."""
    states = {status.name: status.state for status in statuses}
    working = _at_work(control)
    return [
        environment.partition_key
        for environment in environments
        if environment.database_name is not None
        and environment.id not in working
        and environment.status != "destroying"
        and (states.get(service_name(environment)) == "running") == (environment.status == "stopped")
    ]


def converge_all(
    control: ControlPlane,
    runtime: Runtime,
    databases: OdooDatabases,
    settings: Settings,
    *,
    progress: Callable[[str], object] = lambda _: None,
) -> list[str]:
    """Converge every environment on which no run works; return a line for each that changed or could not be converged.

    A service that already runs with the row's definition is left alone, so the call may be repeated at any time. A
    fault of one environment, such as a missing folder, does not stop the others.
    """
    working = _at_work(control)
    before = {status.name: status.pid for status in runtime.status()}
    mended = []
    for environment in control.environments.list():
        if environment.id in working or environment.database_name is None or environment.status == "destroying":
            continue
        try:
            _renew_url(control, databases, settings, environment)
            status = converge(control, runtime, databases, settings, environment)
        except (OdooOpsError, OSError) as exc:
            mended.append(f"{environment.partition_key} stays down: {exc}")
            progress(mended[-1])
            continue
        if status.pid != before.get(service_name(environment)):
            mended.append(f"{environment.partition_key}: {status.state}")
            progress(mended[-1])
    return mended


def _at_work(control: ControlPlane) -> set[UUID | None]:
    return {run.environment_id for run in control.runs.active()}


def _renew_url(control: ControlPlane, databases: OdooDatabases, settings: Settings, environment: Environment) -> None:
    """Record the URL of a deployed environment, if the record has one of other settings or of an earlier version."""
    url = environment_url(settings, environment)
    if environment.url is not None and environment.url != url:
        access = databases.access(str(environment.database_name), role=role_name(environment))
        set_report_url(settings, environment, access)
        control.environments.set_url(environment.id, url=url)


def deployed_service(
    control: ControlPlane, databases: OdooDatabases, settings: Settings, environment: Environment
) -> Service:
    """Return the service that an environment's row describes.

    Raises:
        StepFailed: the environment has no deployment, its build is gone, or a value of its variables cannot be opened.
    """
    if environment.database_name is None or environment.image_digest is None:
        raise StepFailed(f"{environment.partition_key} was never deployed", hint="push to its branch")
    try:
        build = load_build(settings.home, environment.image_digest)
    except FileNotFoundError as exc:
        raise StepFailed(
            f"the build {environment.image_digest[:19]} of {environment.partition_key} is not in {settings.home}",
            hint=f"bring {exc.filename} back from a copy, or push to its branch",
        ) from exc
    return odoo_service(
        control,
        databases,
        settings,
        environment,
        name=service_name(environment),
        database=environment.database_name,
        build=build,
    )


def odoo_service(
    control: ControlPlane,
    databases: OdooDatabases,
    settings: Settings,
    environment: Environment,
    *,
    name: str,
    database: str,
    build: Build,
    cron_threads: int = 1,
) -> Service:
    """Write the service's configuration file and return its definition.

    It listens at the environment's socket, which people reach by its host name, or as a candidate at one of its own.
    A candidate answers for seconds, beside the Odoo that serves: it has threads where that one has workers.
    """
    # Each database has its own file: a change of the database changes the service's definition, so it is restarted.
    config = service_config(settings.home, environment, service=name, database=database)
    data = data_folder(settings.home, environment)
    access = databases.access(database, role=role_name(environment))
    options = _options(build, environment, is_candidate=not cron_threads)
    share = share_of(control, settings, environment)
    workers = workers_of(options, share) if cron_threads else 0
    socket = _socket(settings, environment, name)
    text = commands.config_file(
        from_inside(settings, access),
        data_dir=data,
        addons_paths=build.addons_paths,
        interface=own_host(environment),
        port=settings.environments_port,
        cron_threads=cron_threads,
        workers=workers,
        memory_mb=settings.odoo_memory_mb,
        series=build.series,
        more=options,
    )
    write_whole(config, text.encode())
    is_production = environment.stage == "production"
    sandbox = confined(
        settings,
        build,
        config=config,
        data=data,
        access=access,
        needs_network=is_production,
        heard_at=outlet_of(settings, environment),
        let_out_at=exit_of(control, settings, environment),
    )
    return Service(
        name=name,
        argv=commands.serve_command(build, config),
        cwd=home_of(data),
        sandbox=None if sandbox is None else _knowing_its_name(settings, environment, sandbox),
        port=settings.environments_port,
        log_path=service_log(settings.home, environment, name),
        env={
            **variables_of(control, settings, environment, settings_of(build.source)),
            **_inner_ports(settings, environment, sandbox),
            **_ribbon(build, environment),
            **outlet_variables(settings, environment),
        },
        memory_mb=settings.odoo_memory_mb,
        share=share,
        socket=socket,
        bus=bus_socket(socket) if workers else None,
        labels=_labels(settings, environment, name),
    )


def _labels(settings: Settings, environment: Environment, name: str) -> dict[str, str]:
    """Return the labels of what serves: a candidate is nobody's to visit."""
    if not settings.traefik_url or name != service_name(environment):
        return {}
    return traefik_labels(name, host=environment_host(settings, environment), url=settings.traefik_url)


def _socket(settings: Settings, environment: Environment, name: str) -> Path:
    if name == service_name(environment):
        return environment_socket(settings.home, environment.host_label)
    return candidate_socket(settings.home, name)


def _knowing_its_name(settings: Settings, environment: Environment, sandbox: Sandbox) -> Sandbox:
    """Let programs inside find the environment's own name: one that prints a page asks Odoo for the page's parts.

    A resolver need not know names below localhost: RFC 6761, section 6.3, only recommends it.
    """
    known = Path("/etc/hosts").read_text() if sandbox.shares_network else "127.0.0.1 localhost\n"
    hosts = environment_folder(settings.home, environment) / "hosts"
    write_whole(
        hosts,
        f"{known.rstrip()}\n127.0.0.1 {environment_host(settings, environment)} {own_host(environment)}\n".encode(),
    )
    hosts.chmod(0o644)
    return replace(sandbox, mounts={**sandbox.mounts, "/etc/hosts": hosts})


def _inner_ports(settings: Settings, environment: Environment, sandbox: Sandbox | None) -> dict[str, str]:
    """Return the variable with the ports of the environment's URLs, for an Odoo that is alone on its network.

    A database keeps the URL of its last login, which may be from before the environment had a host name. A container
    has a loopback of its own, whatever network it has.
    """
    if sandbox is None or (sandbox.shares_network and not uses_containers(settings)):
        return {}
    ports = dict.fromkeys(port for port in (settings.environments_port, environment.port) if port)
    return {"ODOOOPS_INSIDE": " ".join(map(str, ports))}


def _ribbon(build: Build, environment: Environment) -> dict[str, str]:
    """Return the variable with what the environment's pages tell of it; production's tell nothing."""
    if environment.stage == "production" or not settings_of(build.source).odoo.ribbon:
        return {}
    told = {
        "project": environment.project_slug,
        "branch": environment.branch,
        "commit": build.source.git_sha,
        "stage": environment.stage,
    }
    return {"ODOOOPS_RIBBON": json.dumps(told)}


def _options(build: Build, environment: Environment, *, is_candidate: bool) -> OdooOptions:
    """Return the repository's options for the environment's Odoo.

    A candidate runs beside the Odoo that serves, with the same data after a restore. It must not work on these, and
    modules that are loaded server-wide do so, such as queue_job.
    """
    options = settings_of(build.source).odoo_of(environment.stage)
    return options.model_copy(update={"server_wide_modules": ()}) if is_candidate else options
