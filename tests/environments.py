"""Environments as whoever opens their URL sees them: through the router, or at the sockets of their Odoos."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from odooops_dagster.home import environment_socket
from odooops_dagster.model import Environment
from odooops_dagster.tools.loopback import loopback_client


def ask(home: Path, environment: Environment, path: str, *, timeout: float = 60) -> httpx.Response:
    """Return the answer of the environment's Odoo."""
    socket = environment_socket(home, environment.host_label)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=timeout) as client:
        return client.get(f"http://{environment.host_label}.localhost{path}")


def answers(home: Path, environment: Environment) -> bool:
    """Return whether the environment's Odoo is healthy by its own account."""
    try:
        return ask(home, environment, "/web/health").is_success
    except httpx.TransportError:
        return False


def login_page(url: str) -> httpx.Response:
    """Return what a person sees who opens the environment's URL."""
    with loopback_client(timeout=60, follow_redirects=True) as client:
        return client.get(f"{url}web/login")


def password_of(told: str) -> str:
    """Return the administrator's password that `ops env create` showed."""
    [password] = re.findall(r"log in as admin, password (\S+) \(shown only now\)", told)
    return str(password)
