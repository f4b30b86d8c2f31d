"""The OpenAPI document as a file: what every route takes and answers, for clients and for the eye of a review."""

from __future__ import annotations

import json
from pathlib import Path

from odooops_dagster.doors.http.app import create_app
from odooops_dagster.settings import Settings


def openapi_document() -> str:
    """Return the document of this code, without the version of the package, which says nothing of the API."""
    document = create_app(Settings(home=Path("/nowhere"))).openapi()
    document["info"]["version"] = "1"
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
