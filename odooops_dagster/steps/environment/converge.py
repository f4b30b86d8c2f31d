"""Make the runtime match an environment's row in Postgres; a second call changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError, StepFailed
from odooops_dagster.files import write_whole
from odooops_dagster.home import data_folder, role_name, service_config, service_log, service_name
from odooops_dagster.model import Build, Environment, Service, ServiceStatus
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build.image import load_build
from odooops_dagster.steps.environment.confinement import confined, from_inside, home_of
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.project_file import OdooOptions, settings_of
from odooops_dagster.tools.runtime import Runtime


def converge(runtime: Runtime, databases: OdooDatabases, settings: Settings, environment: Environment) -> ServiceStatus:
    """Run the deployed build at the environment's port, or stop a service that should not run."""
    name = service_name(environment)
    if environment.status == "destroyed" or environment.database_name is None or environment.port is None:
        return runtime.stop(name, remove=True)
    if environment.status == "stopped":
        return runtime.stop(name)
    return runtime.start(deployed_service(databases, settings, environment))


def to_converge(control: ControlPlane, statuses: Sequence[ServiceStatus]) -> list[str]:
    """Return the environments whose service does not run and should, or runs and should not; change nothing."""
    states = {status.name: status.state for status in statuses}
    working = {run.environment_id for run in control.runs.active()}
    return [
        environment.partition_key
        for environment in control.environments.list()
        if environment.database_name is not None
        and environment.id not in working
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
    working = {run.environment_id for run in control.runs.active()}
    before = {status.name: status.pid for status in runtime.status()}
    mended = []
    for environment in control.environments.list():
        if environment.id in working or environment.database_name is None:
            continue
        try:
            status = converge(runtime, databases, settings, environment)
        except (OdooOpsError, OSError) as exc:
            mended.append(f"{environment.partition_key} stays down: {exc}")
            progress(mended[-1])
            continue
        if status.pid != before.get(service_name(environment)):
            mended.append(f"{environment.partition_key}: {status.state}")
            progress(mended[-1])
    return mended


def deployed_service(databases: OdooDatabases, settings: Settings, environment: Environment) -> Service:
    """Return the service that an environment's row describes.

    Raises:
        StepFailed: the environment has no deployment, or its build is gone.
    """
    if environment.database_name is None or environment.port is None or environment.image_digest is None:
        raise StepFailed(f"{environment.partition_key} was never deployed", hint="push to its branch")
    try:
        build = load_build(settings.home, environment.image_digest)
    except FileNotFoundError as exc:
        raise StepFailed(
            f"the build {environment.image_digest[:19]} of {environment.partition_key} is not in {settings.home}",
            hint=f"bring {exc.filename} back from a copy, or push to its branch",
        ) from exc
    return odoo_service(
        databases,
        settings,
        environment,
        name=service_name(environment),
        database=environment.database_name,
        build=build,
        port=environment.port,
    )


def odoo_service(
    databases: OdooDatabases,
    settings: Settings,
    environment: Environment,
    *,
    name: str,
    database: str,
    build: Build,
    port: int,
    cron_threads: int = 1,
) -> Service:
    """Write the service's configuration file and return its definition."""
    # Each database has its own file: a change of the database changes the service's definition, so it is restarted.
    config = service_config(settings.home, environment, service=name, database=database)
    data = data_folder(settings.home, environment)
    access = databases.access(database, role=role_name(environment))
    text = commands.config_file(
        from_inside(settings, access),
        data_dir=data,
        addons_paths=build.addons_paths,
        port=port,
        cron_threads=cron_threads,
        memory_mb=settings.odoo_memory_mb,
        series=build.series,
        more=_options(build, environment, is_candidate=not cron_threads),
    )
    write_whole(config, text.encode())
    is_production = environment.stage == "production"
    return Service(
        name=name,
        argv=commands.serve_command(build, config),
        cwd=home_of(data),
        sandbox=confined(settings, build, config=config, data=data, access=access, needs_network=is_production),
        port=port,
        log_path=service_log(settings.home, environment, name),
        memory_mb=settings.odoo_memory_mb,
    )


def _options(build: Build, environment: Environment, *, is_candidate: bool) -> OdooOptions:
    """Return the repository's options for the environment's Odoo.

    A candidate runs beside the Odoo that serves, with the same data after a restore. It must not work on these, and
    modules that are loaded server-wide do so, such as queue_job.
    """
    options = settings_of(build.source).odoo_of(environment.stage)
    return options.model_copy(update={"server_wide_modules": ()}) if is_candidate else options
