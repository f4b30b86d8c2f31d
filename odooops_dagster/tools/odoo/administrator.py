"""The administrator of an Odoo: the form in which Odoo keeps a password, and the statement that sets it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import LiteralString

# As Odoo's own default. Source: odoo/addons/base/models/res_users.py, MIN_ROUNDS.
_ROUNDS = 600_000
_SALT_BYTES = 16

# The administrator is known by its external id: people may have given it another login.
SET_ADMINISTRATOR: LiteralString = """
update res_users set password = %(password)s
where id = (select res_id from ir_model_data where module = 'base' and name = 'user_admin' and model = 'res.users')
"""


def hashed(password: str, *, salt: bytes | None = None, rounds: int = _ROUNDS) -> str:
    """Return the password as Odoo keeps it: passlib's `pbkdf2_sha512`."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$pbkdf2-sha512${rounds}${_text(salt)}${_text(digest)}"


def _text(data: bytes) -> str:
    """Return the bytes in passlib's own form of base64."""
    return base64.b64encode(data, altchars=b"./").decode().rstrip("=")
