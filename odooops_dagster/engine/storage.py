"""Where Dagster keeps its history: the platform's PostgreSQL, by the driver that dagster-postgres needs."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from typing import Any

from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from odooops_dagster.errors import BadInput


class PlatformStorage(DagsterPostgresStorage):
    """Dagster's Postgres storage; named in dagster.yaml, which names the variable that holds the URL.

    Where the platform does not run there is no URL: a command such as `dagster definitions validate` then gets what
    Dagster has without settings, a folder that goes with the process.
    """

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """Return what dagster.yaml says of it."""
        return {"url_variable": str}

    @classmethod
    def from_config_value(  # type: ignore[override]  # Dagster's own storages return a base class here as well
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        """Return the storage; an instance that shall last has to say where."""
        variable = config_value["url_variable"]
        url = os.environ.get(variable)
        if url:
            return DagsterPostgresStorage(postgres_url=with_driver(url), inst_data=inst_data)
        if "DAGSTER_HOME" in os.environ:
            raise BadInput(f"{variable} is not set, and Dagster's history has to go somewhere", hint="ops up")
        return DagsterSqliteStorage.from_local(passing_folder())


@cache
def passing_folder() -> str:
    """Return the folder that ends with this process."""
    folder = tempfile.mkdtemp(prefix="odooops-dagster-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def with_driver(url: str) -> str:
    """Return the URL for SQLAlchemy, naming the driver: dagster-postgres' notifications fail on psycopg 3."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql"}:
        return url
    return f"postgresql+psycopg2://{rest}"
