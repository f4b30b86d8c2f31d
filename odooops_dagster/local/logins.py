"""Logins to the Dagster UI: links that work once, and the sessions that they begin.

Whoever can read the state folder's secrets can make a link; there are no passwords. Links and sessions are signed, so
that nothing has to be stored of them but the links that were used.
"""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer

from odooops_dagster.files import write_whole
from odooops_dagster.home import PROXY_SECRET, SESSIONS_SECRET, secret_file
from odooops_dagster.local.secrets import read_or_create_secret

# The header in which Dagster's coordinator finds who asks.
PERSON_HEADER = "X-Forwarded-User"
# A link is used at once, or another one is made.
LINK_SECONDS = 600
SESSION_SECONDS = 12 * 3600


class Logins:
    """The links and sessions of one state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        # Links that an earlier process took are unknown to this one, so that it takes none from before its start.
        self._began = int(time.time())
        self._used: set[str] = set()
        self._lock = threading.Lock()

    def link_token(self, person: str) -> str:
        """Return a token that logs the person in once, within LINK_SECONDS."""
        return self._signer("link").dumps([person, secrets.token_urlsafe(8)])

    def use_link(self, token: str) -> str | None:
        """Return the person whom the token logs in; None if it was used, is too old, or is none."""
        try:
            (person, nonce), signed_at = self._signer("link").loads(token, max_age=LINK_SECONDS, return_timestamp=True)
        except BadSignature:
            return None
        with self._lock:
            if nonce in self._used or signed_at.timestamp() < self._began:
                return None
            self._used.add(nonce)
        return str(person)

    def session(self, person: str) -> str:
        """Return the value of a cookie that is the person's session."""
        return self._signer("session").dumps(person)

    def person_of(self, session: str) -> str | None:
        """Return the person of the session; None if it has ended or is invalid."""
        try:
            return str(self._signer("session").loads(session, max_age=SESSION_SECONDS))
        except BadSignature:
            return None

    def prepare(self) -> None:
        """Make the secrets, before a sandbox shows their folder."""
        for name in (SESSIONS_SECRET, PROXY_SECRET):
            self._secret(name)

    def end_sessions(self) -> None:
        """End every session, and make every link that was not used yet useless."""
        self.prepare()
        write_whole(secret_file(self._home, SESSIONS_SECRET), f"{secrets.token_urlsafe(32)}\n".encode())

    def proxy_secret(self) -> str:
        """Return the word by which a proxy in front shows that it names people truly."""
        return self._secret(PROXY_SECRET)

    def is_proxy(self, word: str) -> bool:
        """Return whether the word is the proxy's secret."""
        return secrets.compare_digest(word.encode(), self.proxy_secret().encode())

    def _signer(self, purpose: str) -> URLSafeTimedSerializer:
        # Read anew each time: `ops ui --end-sessions` is another process.
        return URLSafeTimedSerializer(self._secret(SESSIONS_SECRET), salt=purpose)

    def _secret(self, name: str) -> str:
        """Return the secret; earlier versions had it beside all others."""
        former, place = secret_file(self._home, name.replace("/", "-")), secret_file(self._home, name)
        if former.exists() and not place.exists():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            with suppress(FileNotFoundError):  # another process was faster
                former.rename(place)
        return read_or_create_secret(self._home, name)
