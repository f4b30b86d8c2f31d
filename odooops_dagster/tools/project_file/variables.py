"""The keys `variables` and `secrets`: what the environments' Odoo is told, and what it needs to be told.

The rule of names is that of `ops_private.variable_name_fault`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from odooops_dagster.model import Stage

_OF_OTHERS = re.compile(
    r"(PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|IFS|ENV|TZ|TZDIR|LANG|LANGUAGE|TERM|TERMINFO|TMP|TEMP|TMPDIR"
    r"|EDITOR|VISUAL|PAGER|BROWSER|DISPLAY|HOSTNAME|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|NETRC|CDPATH|VIRTUAL_ENV"
    r"|NOTIFY_SOCKET|GETCONF_DIR|NLSPATH|NIS_PATH|LOCPATH|TMOUT|PS[0-9]|SUDO_ASKPASS|SSH_ASKPASS"
    r"|(PYTHON|LD_|DYLD_|PG|PSQL|ODOO_|ODOOOPS_|OPENERP_|OPS_|DAGSTER|LC_|LISTEN_|BASH|DASH_|PERL|RUBY|NODE_"
    r"|NPM_|JAVA_|JDK_|GIT_|SSL_|OPENSSL|CURL_|REQUESTS_|GRPC_|GCONV_|MALLOC_|GLIBC_|RESOLV_|NSS_|KRB5|XDG_|DBUS_|PIP_|UV_"
    r"|QT_|QML|FONTCONFIG_|GEVENT_|GREENLET_|WERKZEUG_|SUPERVISOR_|WATCHDOG_|DOCKER_|CONTAINER_|CONDA_|MAGICK_|GS_).*"
    r"|.*_(PROXY|PRELOAD))"
)


def is_of_others(name: str) -> bool:
    """Return whether the name decides how a program is started, loaded or reached."""
    return _OF_OTHERS.fullmatch(name) is not None


def _own(name: str) -> str:
    if is_of_others(name):
        raise ValueError("the name belongs to the machine, to Odoo or to this platform")
    return name


VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,99}$"), AfterValidator(_own)]
VariableText = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
# Where it holds: everywhere, or on one stage.
Where = Literal["every", "development", "staging", "production"]
Variables = Mapping[Where, Mapping[VariableName, VariableText]]
Secrets = Mapping[Where, tuple[VariableName, ...]]


def variables_on(stage: Stage, variables: Variables) -> dict[str, str]:
    """Return the variables of a stage: its own before those of every stage."""
    return {**variables.get("every", {}), **variables.get(stage, {})}


def secrets_on(stage: Stage, secrets: Secrets) -> tuple[str, ...]:
    """Return the names of the secrets that an environment of the stage needs."""
    return tuple(dict.fromkeys((*secrets.get("every", ()), *secrets.get(stage, ()))))
