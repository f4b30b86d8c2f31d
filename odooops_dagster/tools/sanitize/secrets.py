"""Decides by name what is a secret: words that apply to every name, and the reviewed fields of each Odoo series.

The words apply to columns, system parameters, defaults and binary fields of every module. The file
`odoo/series/<series>/secrets.toml` adds exceptions; `scripts/dev/secret_fields.py` finds candidates for it.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from odooops_dagster.tools.odoo import series as odoo_series

# Matched against a name without separators: api_key, apiKey and API-Key all become apikey.
_STEMS = re.compile(
    r"passw|passphrase|passcode|passwort|kennwort|motdepasse|motpasse|contrasen|wachtwoord|adgangskode|losenord"
    r"|salasana|palavrachave|parolachiave"
    r"|secret(?!ar)|geheim|segret(?!ari)|secreto|token|credential|webhook|bearer"
    r"|(?:api|app|access|auth|authorization|private|priv|secret|client|shared|sign|signing|signature|encryption|encrypt"
    r"|decryption|hash|hmac|transaction|licen[cs]e|ssh|rsa|aes|master|service|account|session|server|security|storage"
    r"|consumer|merchant|admin|verification|replacement|migration|pos)keys?(?![a-z])"
    r"|hashiv|sessioniv|clientid(?![a-z])|clientidentifier|smtpuser|rtoken|pincode|csidjson|accountinfo|clesecrete"
    r"|cleapi|claveapi|claveprivada|(?:api|zugangs|privat|privater)schlue?ssel"
)
# Matched only as whole words, because they are too short.
_WORDS = frozenset(
    {
        *("pwd", "pwds", "pin", "pins", "pem", "otp", "totp", "hotp", "hmac", "csid", "jwt", "pfx", "pkcs12", "psk"),
        *("senha", "parola", "parole", "haslo", "heslo", "sifre", "cvv", "cvc", "privkey"),
    }
)
_LAST_WORDS = frozenset({"pass", "clave"})
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# The tables of `ir.actions.*` are not named after their models.
_TABLE_PREFIXES = (("ir.actions.", "ir_act_"),)
_ANY_TABLE = "*"
_LIST = "secrets.toml"


@dataclass(frozen=True, kw_only=True)
class SecretList:
    """The reviewed list of one series: pairs of table and column, and names of system parameters."""

    secret: frozenset[tuple[str, str]] = frozenset()
    public: frozenset[tuple[str, str]] = frozenset()
    kept: frozenset[tuple[str, str]] = frozenset()
    unsearched: frozenset[tuple[str, str]] = frozenset()
    secret_parameters: frozenset[str] = frozenset()
    public_parameters: frozenset[str] = frozenset()

    def is_secret(self, table: str, column: str) -> bool:
        """Return whether the column has to be emptied, by the reviewed list or by its name."""
        if _has(self.kept, table, column) or _has(self.public, table, column):
            return False
        return _has(self.secret, table, column) or _has(self.unsearched, table, column) or is_secret_name(column)

    def is_unsearched(self, table: str, column: str) -> bool:
        """Return whether the column's values are emptied but not searched for: account names, links to records."""
        return _has(self.unsearched, table, column)

    def is_secret_parameter(self, key: str) -> bool:
        """Return whether the system parameter has to be deleted."""
        if key in self.public_parameters:
            return False
        return key in self.secret_parameters or is_secret_name(key)


def is_secret_name(name: str) -> bool:
    """Return whether the name of a column or key indicates a secret; ignore accents, case and separators."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = [part.lower() for part in _PARTS.findall(plain)]
    if not words:
        return False
    return words[-1] in _LAST_WORDS or not _WORDS.isdisjoint(words) or _STEMS.search(_joined(words)) is not None


def _joined(words: list[str]) -> str:
    """Join the words, so that a stem may span several; insert a space after `key`, `keys` and `id`."""
    return "".join(f"{word} " if word in {"key", "keys", "id"} else word for word in words)


def recipe() -> bytes:
    """Return the digest of the code and lists that decide what is a secret, its treatment and the search for it."""
    digest = hashlib.sha256()
    code = sorted(resources.files("odooops_dagster.tools.sanitize").iterdir(), key=lambda file: file.name)
    for file in (*(file for file in code if file.name.endswith(".py")), *_lists().values()):
        digest.update(file.read_bytes())
    return digest.digest()


@cache
def secret_list(series: str) -> SecretList:
    """Return the reviewed list of the series; for a series without a list, that of the newest one."""
    lists = _lists()
    return parse((lists.get(series) or list(lists.values())[-1]).read_text())


def _lists() -> dict[str, Traversable]:
    """Return the file of each series that has one, oldest first."""
    files = {name: odoo_series.series(name).file(_LIST) for name in odoo_series.known()}
    return {name: file for name, file in files.items() if file.is_file()}


def parse(text: str) -> SecretList:
    """Return the list in the text of a file."""
    parsed: Mapping[str, Any] = tomllib.loads(text)
    parameters = parsed.get("parameters", {})
    return SecretList(
        **{kind: _pairs(parsed.get(kind, {})) for kind in ("secret", "public", "kept", "unsearched")},
        secret_parameters=frozenset(parameters.get("secret", ())),
        public_parameters=frozenset(parameters.get("public", ())),
    )


def table_of(model: str) -> str:
    """Return the table of a model; `*` means every table, for the fields of a mixin."""
    for prefix, table in _TABLE_PREFIXES:
        if model.startswith(prefix):
            return table + model.removeprefix(prefix).replace(".", "_")
    return model.replace(".", "_")


def _pairs(models: Mapping[str, list[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((table_of(model), name) for model, names in models.items() for name in names)


def _has(pairs: frozenset[tuple[str, str]], table: str, column: str) -> bool:
    return (table, column) in pairs or (_ANY_TABLE, column) in pairs
