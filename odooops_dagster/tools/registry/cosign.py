"""Signs images in a registry and verifies them: the program cosign, with keys in files and no public log.

Source: docs.sigstore.dev/cosign, "Signing containers", "Verifying signatures". Versions 2.4 to 2.6 know these options.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import BadInput, Forbidden, StepFailed, Unavailable

# A tag may be moved between a verification and a start.
BY_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A private key of cosign.

    Args:
        key: the file that `cosign generate-key-pair` wrote.
        password: the password of the file.
        login: the folder with the config.json that `docker login` wrote; None is that of the account.
    """

    key: Path
    password: str
    login: Path | None = None


def sign(image: str, signer: Signer) -> None:
    """Push a signature of the image, which is named by its digest.

    Raises:
        StepFailed: cosign refused, such as for a wrong password.
    """
    _as_signer(signer, ["sign", _named(image)])


def attest(image: str, predicate: Mapping[str, object], signer: Signer, *, kind: str) -> None:
    """Push a signed statement about the image.

    Args:
        image: the image by its digest.
        predicate: what is stated, as values of JSON.
        signer: the key.
        kind: what cosign calls the predicate, such as `cyclonedx` or `slsaprovenance1`.

    Raises:
        StepFailed: cosign refused.
    """
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(predicate, file)
        file.flush()
        _as_signer(signer, ["attest", "--type", kind, "--predicate", file.name, _named(image)])


def verify(image: str, *, key: Path, login: Path | None = None) -> None:
    """Refuse an image that nobody signed with the key.

    Args:
        image: the image by its digest.
        key: the file of the public key.
        login: as of a signer.

    Raises:
        BadInput: the image is named by a tag.
        Forbidden: it is unsigned, or another key signed it.
        Unavailable: the registry or cosign does not answer.
    """
    argv = ["verify", "--key", str(key), "--insecure-ignore-tlog=true", _named(image)]
    done = _cosign(argv, login=login)
    if done.returncode == 0:
        return
    said = _last_line(done.stderr)
    if "no signatures found" in done.stderr or "no matching signatures" in done.stderr:
        raise Forbidden(
            f"{image} is not signed by {key}: {said}", hint="sign it, or push the commit again to build another"
        )
    raise Unavailable(f"the signature of {image} cannot be looked up: {said}", hint="see the registry and its login")


def fingerprint(key: Path) -> str:
    """Return `sha256:` and the digest of a public key, whatever its file looks like.

    Raises:
        BadInput: there is no public key in the file.
    """
    try:
        read = load_pem_public_key(key.read_bytes())
    except (OSError, ValueError) as exc:
        raise BadInput(f"{key} is no public key of cosign", hint="cosign generate-key-pair writes cosign.pub") from exc
    return "sha256:" + hashlib.sha256(read.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _as_signer(signer: Signer, argv: Sequence[str]) -> None:
    command, *rest = argv
    options = ["--yes", "--key", str(signer.key), "--tlog-upload=false"]
    done = _cosign([command, *options, *rest], login=signer.login, env={"COSIGN_PASSWORD": signer.password})
    if done.returncode:
        raise StepFailed(f"cosign {command}: {_last_line(done.stderr)}", hint="see the key, its password and the login")


def _cosign(
    argv: Sequence[str], *, login: Path | None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    program = shutil.which("cosign")
    if program is None:
        raise Unavailable("cosign is not installed", hint="apt install cosign, or see docs.sigstore.dev")
    known = {"DOCKER_CONFIG": str(login)} if login else {}
    return subprocess.run(
        [program, *argv], env=clean_environment(extra={**known, **(env or {})}), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=_SECONDS,
    )  # fmt: skip


def _named(image: str) -> str:
    if not BY_DIGEST.fullmatch(image):
        raise BadInput(f"{image} names no digest", hint="write the image as name@sha256:...")
    return image


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
