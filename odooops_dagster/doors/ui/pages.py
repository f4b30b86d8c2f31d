"""The pages for a person without a session."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>OdooOps</title><meta name="viewport" content="width=device-width">
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36em; margin: 20vh auto; padding: 0 1em }}
code {{ background: #eee; padding: .1em .3em }}</style></head>
<body><h1>Dagster UI</h1><p>{reason}</p>
<p>To log in, run <code>ops ui</code> on the platform's machine, as the account that runs it, and open the link.</p>
</body>
</html>
"""
# Nothing is loaded, and no page of others shows this one.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def refusal_page(status: int, reason: str) -> HTMLResponse:
    """Return a page with the reason, and with what to do."""
    page = _PAGE.format(reason=escape(reason))
    return HTMLResponse(page, status_code=status, headers={"Content-Security-Policy": _POLICY})
