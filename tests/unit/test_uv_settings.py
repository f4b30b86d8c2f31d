"""What a user told pip is told to uv, or pip does the work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from odooops_dagster.tools.odoo import uv_settings as settings_module
from odooops_dagster.tools.odoo.uv_settings import listing, uv_settings


def told(*lines: str, **environment: str) -> dict[str, str]:
    """Return what uv is told beyond what it always is, where pip's settings have counterparts."""
    found = uv_settings(lines, environment)
    assert found is not None
    return {name: value for name, value in found.items() if name not in {"UV_NO_CONFIG", "UV_PYTHON_DOWNLOADS"}}


def test_indexes_certificates_and_constraints_keep_their_meaning() -> None:
    """Lists are separated as uv reads them, and the best version of all indexes counts, as for pip."""
    found = told(
        "global.index-url='https://user:word@index.example.com/simple'",
        "global.extra-index-url='https://a.example.com/simple\\nhttps://b.example.com/simple'",
        "global.find-links='/wheels /more'",
        "global.constraint='/etc/constraints.txt'",
        "global.cert='/etc/ca.pem'",
        "global.trusted-host='index.example.com'",
    )
    assert found == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://user:word@index.example.com/simple",
        "UV_INDEX": "https://a.example.com/simple https://b.example.com/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_CONSTRAINT": "/etc/constraints.txt",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "UV_INSECURE_HOST": "index.example.com",
    }


def test_a_variable_wins_over_the_section_of_the_command_and_that_over_the_global_one() -> None:
    """Pip's own order, whatever the order of the lines."""
    lines = ("install.timeout='20'", ":env:.timeout='30'", "global.timeout='10'", "download.timeout='40'")
    assert told(*lines)["UV_HTTP_TIMEOUT"] == "30"
    assert told(lines[0], lines[2])["UV_HTTP_TIMEOUT"] == "20"


def test_certificates_that_requests_would_use_are_used() -> None:
    """Pip takes them from two variables of which uv knows none."""
    assert told(CURL_CA_BUNDLE="/curl.pem")["SSL_CERT_FILE"] == "/curl.pem"
    assert told(CURL_CA_BUNDLE="/curl.pem", REQUESTS_CA_BUNDLE="/requests.pem")["SSL_CERT_FILE"] == "/requests.pem"
    assert told(CURL_CA_BUNDLE="/curl.pem", SSL_CERT_FILE="/own.pem")["SSL_CERT_FILE"] == "/own.pem"
    assert told("global.cert='/pip.pem'", SSL_CERT_FILE="/own.pem")["SSL_CERT_FILE"] == "/pip.pem"


@pytest.mark.parametrize("line", ["global.no-index='true'", ":env:.require-hashes='1'", "install.user='yes'"])
def test_what_has_no_counterpart_is_left_to_pip(line: str) -> None:
    """A setting that uv would ignore must not be lost."""
    assert uv_settings([line], {}) is None


def test_what_only_changes_pips_words_is_no_reason_to_ask_pip() -> None:
    """Such settings are common on build machines."""
    assert told(":env:.disable-pip-version-check='1'", "global.progress-bar='off'") == told()


def test_what_pip_is_told_on_this_machine_is_read_from_pip(tmp_path: Path) -> None:
    """File and variable, through the real `pip config list`."""
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://index.example.com/simple\nretries = 7\n")
    environment = {"PIP_CONFIG_FILE": str(config), "PIP_RETRIES": "2", "HOME": str(tmp_path)}
    found = uv_settings(listing(sys.executable, environment), environment)
    assert found is not None
    assert found["UV_DEFAULT_INDEX"] == "https://index.example.com/simple"
    assert found["UV_HTTP_RETRIES"] == "2"


def test_a_shell_takes_the_settings_as_they_are(tmp_path: Path) -> None:
    """The set-up script evaluates what the module prints; nothing else of the project is imported for it."""
    address = "https://x/simple?a=$HOME'`id`"
    environment = {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": address, "HOME": str(tmp_path)}
    script = f'eval "$({sys.executable} {settings_module.__file__})"; printf %s "$UV_DEFAULT_INDEX"'
    answer = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout == address
