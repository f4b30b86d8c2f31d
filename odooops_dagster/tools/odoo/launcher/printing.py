"""Print one report when the platform asks for it, as a person of this Odoo would.

Only the platform's own requests have the field: the router passes it on from nobody, and programs inside of the
environment may print anyway. The report is Odoo's own, of its module `web`, with the page layout and the styles that
all reports have. Odoo's Python runs this file, so that it imports the standard library alone until it is asked to.
"""

from __future__ import annotations

import importlib
import logging
import traceback
from collections.abc import Iterable
from typing import Any

PATH = "/odooops/print"
FIELD = "HTTP_X_ODOOOPS_PRINT"
_REPORT = "base.report_irmodulereference"
# What this logger warns of while a report is printed is missing on its pages.
_LOGGER = "odoo.addons.base.models.ir_actions_report"


class Printing:
    """A WSGI application that answers the platform's question, and lets another one answer all others."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - WSGI's own
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI's own
        """Answer with a PDF, or say in the status why there is none."""
        if environ.get("PATH_INFO") != PATH or FIELD not in environ:
            answer: Iterable[bytes] = self.app(environ, start_response)
            return answer
        heard = _Heard()
        logging.getLogger(_LOGGER).addHandler(heard)
        try:
            status, kind, body = _printed()
        except Exception as exc:  # noqa: BLE001 - whatever the code of the environment raises
            status, kind = "500 Internal Server Error", "text/plain; charset=utf-8"
            body = traceback.format_exception_only(type(exc), exc)[-1].strip().encode()
        finally:
            logging.getLogger(_LOGGER).removeHandler(heard)
        warned = " ".join(" ".join(heard.warnings).split()).encode("ascii", "replace").decode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("X-OdooOps-Warned", warned[:1000])]
        start_response(status, headers)
        return [body]


class _Heard(logging.Handler):
    """Keeps the warnings of a logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the warning."""
        self.warnings.append(record.getMessage())


def _printed() -> tuple[str, str, bytes]:
    """Return the status of the answer, its type and its body."""
    odoo = importlib.import_module("odoo")
    api = importlib.import_module("odoo.api")
    registries = importlib.import_module("odoo.modules.registry").Registry
    names = importlib.import_module("odoo.tools").config["db_name"]
    name = (names.split(",") if isinstance(names, str) else names)[0]
    with registries(name).cursor() as cursor:
        env = api.Environment(cursor, odoo.SUPERUSER_ID, {})
        reports = env["ir.actions.report"]
        state = reports.get_wkhtmltopdf_state()
        if state != "ok":
            return "501 Not Implemented", "text/plain; charset=utf-8", state.encode()
        module = env["ir.module.module"].search([("name", "=", "web")])
        page, _type = reports._render_qweb_pdf(_REPORT, module.ids)  # noqa: SLF001 - as Odoo's own controller
        return "200 OK", "application/pdf", page
