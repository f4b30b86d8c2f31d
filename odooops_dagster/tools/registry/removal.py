"""Removes images from a registry by its API, with what cosign wrote of them.

Source: OCI distribution-spec v1.1, "Deleting Manifests"; docs of distribution, "Token Authentication Specification".
"""

from __future__ import annotations

import re
from pathlib import Path

import requests
from docker.auth import load_config
from requests.auth import HTTPBasicAuth

from odooops_dagster.errors import BadInput, Forbidden, Unavailable
from odooops_dagster.tools.registry.cosign import BY_DIGEST

_SECONDS = 60
_KINDS = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
    )
)  # fmt: skip
# cosign's names of a signature and of statements: the digest with a dash, and what it is.
_WRITTEN = ("sig", "att", "sbom")
# The registry of this machine speaks plainly, as Docker has it; every other one has a certificate.
_OF_THIS_MACHINE = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(:\d+)?")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


def remove_from_registry(image: str, *, login: Path | None = None) -> None:
    """Remove an image, its signature and its statements; one that is not there counts as removed.

    Args:
        image: the image by its digest.
        login: the folder with the config.json that `docker login` wrote; None is that of the account.

    Raises:
        BadInput: the image is named by a tag.
        Forbidden: the registry lets nobody remove images by its API, or not this account.
        Unavailable: it does not answer.
    """
    if not BY_DIGEST.fullmatch(image):
        raise BadInput(f"{image} names no digest", hint="write the image as name@sha256:...")
    name, _, digest = image.partition("@")
    host, _, repository = name.partition("/")
    with _Registry(host, repository, login) as registry:
        for kind in _WRITTEN:
            written = registry.digest_of(f"{digest.replace(':', '-')}.{kind}")
            if written is not None:
                registry.remove(written)
        registry.remove(digest)  # last: after a kill its digest still leads to the rest


class _Registry(requests.Session):
    """A repository of a registry, with the account's login."""

    def __init__(self, host: str, repository: str, login: Path | None) -> None:
        super().__init__()
        scheme = "http" if _OF_THIS_MACHINE.fullmatch(host) else "https"
        self._host = host
        self._base = f"{scheme}://{host}/v2/{repository}/manifests"
        known = load_config(config_path=str(login / "config.json") if login else None).resolve_authconfig(host) or {}
        self._basic = HTTPBasicAuth(known.get("username", ""), known.get("password", "")) if known else None
        self.trust_env = False  # no .netrc decides who we are
        self.auth = self._basic
        self.headers["Accept"] = _KINDS

    def digest_of(self, tag: str) -> str | None:
        """Return the digest that a tag names; None if there is no such tag."""
        answer = self._asked("HEAD", tag)
        if answer.status_code == requests.codes.not_found:
            return None
        self._refuse_failure(answer)
        return answer.headers["Docker-Content-Digest"]

    def remove(self, digest: str) -> None:
        """Delete a manifest."""
        answer = self._asked("DELETE", digest)
        if answer.status_code != requests.codes.not_found:
            self._refuse_failure(answer)

    def _asked(self, method: str, reference: str) -> requests.Response:
        try:
            answer = self.request(method, f"{self._base}/{reference}", timeout=_SECONDS)
            challenge = answer.headers.get("WWW-Authenticate", "")
            if answer.status_code == requests.codes.unauthorized and challenge.startswith("Bearer "):
                self._take_token(dict(_CHALLENGE.findall(challenge)))
                answer = self.request(method, f"{self._base}/{reference}", timeout=_SECONDS)
        except requests.RequestException as exc:
            raise Unavailable(f"the registry {self._host} does not answer", hint="see its log and its address") from exc
        return answer

    def _take_token(self, challenge: dict[str, str]) -> None:
        asked = {key: challenge[key] for key in ("service", "scope") if key in challenge}
        realm = challenge.get("realm", "")
        # The password goes to nobody who is only reached in plain text.
        if not realm.startswith("https://") and not self._base.startswith("http://"):
            raise Unavailable(f"the registry {self._host} asks for a login at {realm}", hint="it has to be https://")
        answer = requests.get(realm, params=asked, auth=self._basic, timeout=_SECONDS)
        self._refuse_failure(answer)
        self.auth = None
        self.headers["Authorization"] = f"Bearer {answer.json().get('token') or answer.json()['access_token']}"

    def _refuse_failure(self, answer: requests.Response) -> None:
        if answer.ok:
            return
        if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden, requests.codes.not_allowed):
            raise Forbidden(
                f"the registry {self._host} removes no image for this account: {answer.status_code} {answer.reason}",
                hint="remove it with the registry's own means, or docker login as who may remove images",
            )
        raise Unavailable(f"the registry {self._host} answers {answer.status_code} {answer.reason}", hint="see its log")
