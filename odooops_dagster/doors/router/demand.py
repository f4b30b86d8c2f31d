"""Which requests ask for an environment: those of people and programs, not those of probes, robots and old tabs."""

from __future__ import annotations

import re

from odooops_dagster.doors.router.head import Head

# What a browser tab, a probe or a robot asks by itself: Odoo's bus and health pages, and files that browsers fetch.
_BY_ITSELF = re.compile(
    r"/(websocket|longpolling/|bus/|web/health|healthz|readyz|livez|ping|robots\.txt|favicon\.ico|\.well-known/)"
)
_ROBOTS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|kube-probe|googlehc|healthcheck|health-check|prometheus|blackbox|uptime|pingdom"
    r"|statuscake|nagios|zabbix|datadog|site24x7|newrelic|facebookexternalhit|preview",
    re.IGNORECASE,
)
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def asks(head: Head) -> bool:
    """Return whether the request keeps an environment awake, and wakes one that sleeps."""
    purpose = (head.field(b"sec-purpose") or head.field(b"purpose") or "").lower()
    return (
        head.method in _METHODS
        and not head.wants_websocket
        and _BY_ITSELF.match(head.target) is None
        and _ROBOTS.search(head.field(b"user-agent") or "") is None
        and "prefetch" not in purpose
    )


def wants_page(head: Head) -> bool:
    """Return whether somebody looks at the answer: a browser that opens a page."""
    return (
        head.method == "GET"
        and "text/html" in (head.field(b"accept") or "")
        and (head.field(b"sec-fetch-dest") or "document") in {"document", "iframe"}
    )
