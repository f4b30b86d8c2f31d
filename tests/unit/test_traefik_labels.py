"""Labels for Traefik are those of its documentation, and of its grammar: nothing in a name leaves its place."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from odooops_dagster.settings import Settings
from odooops_dagster.tools.runtime.traefik import traefik_labels

# Source: doc.traefik.io, "Docker" of the routing providers. The names of routers and services have no dot.
GRAMMAR = {
    r"traefik\.enable": r"true|false",
    r"traefik\.http\.routers\.[a-zA-Z0-9_-]+\.rule": r"Host\(`[a-z0-9.-]+`\)",
    r"traefik\.http\.routers\.[a-zA-Z0-9_-]+\.service": r"[a-zA-Z0-9_-]+",
    r"traefik\.http\.services\.[a-zA-Z0-9_-]+\.loadbalancer\.server\.url": r"https?://[^/]+",
}


def test_labels_lead_a_name_to_the_router() -> None:
    """One router, one service, and the address of ours: no port, which `url` excludes."""
    labels = traefik_labels("odoo-shop-main", host="main--shop.preview.example.com", url="http://127.0.0.1:8601/")
    for key, value in labels.items():
        assert any(re.fullmatch(name, key) and re.fullmatch(as_is, value) for name, as_is in GRAMMAR.items()), key
    assert labels["traefik.http.routers.odoo-shop-main.rule"] == "Host(`main--shop.preview.example.com`)"
    service = labels["traefik.http.routers.odoo-shop-main.service"]
    assert labels[f"traefik.http.services.{service}.loadbalancer.server.url"] == "http://127.0.0.1:8601"


@pytest.mark.parametrize("url", ["127.0.0.1:8601", "http://a/`) || Host(`b", "file:///etc/passwd", "http://a b"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """When the settings are read."""
    with pytest.raises(ValidationError, match="traefik_url"):
        Settings(traefik_url=url)
    assert Settings().traefik_url == ""
