"""`ops release bundle`, `verify` and `key`: the evidence of a release as one file, for those without our database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from odooops_dagster.doors.cli.arguments import ProjectSlug, Version
from odooops_dagster.doors.cli.output import Json, note, print_fields, print_json, print_rows, say
from odooops_dagster.doors.cli.ports import platform, read_settings
from odooops_dagster.errors import BadInput, Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from odooops_dagster.tools.bundle.verify import Verdict

_FAULTS = ("part", "reason", "expected", "found")


def bundle(
    project: ProjectSlug,
    version: Version,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write. [default: PROJECT-VERSION.tar]", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    json: Json = False,
) -> None:
    """Write everything that is known of a release into one signed file, which ops release verify reads anywhere."""
    from odooops_dagster.local.signing_key import signing_key
    from odooops_dagster.steps.release.bundle import make_bundle
    from odooops_dagster.tools.bundle.envelopes import signer_of

    settings = read_settings()
    file = output or Path(f"{quote(f'{project}-{version}', safe='')}.tar")
    with platform(settings) as ours:
        found = ours.control.projects.get(project)
        release = ours.control.releases.get(found.id, version=version)
        signer = signer_of(signing_key(settings.home))
        made = make_bundle(ours.control, ours.store, signer, found, release)
    _write(file, made.data, force=force)
    for each in made.left_out:
        note(f"left out: {each}")
    fields = {"file": file, "sha256": made.sha256, "size_bytes": len(made.data), "parts": len(made.parts)}
    print_fields(fields | ({"left_out": made.left_out} if json else {}), json=json)


def verify(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The file.", show_default=False)],
    *,
    key: Annotated[
        Path | None,
        typer.Option(
            help="The public key of the platform that made it. [default: the bundle's own]", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Verify a bundle, without database, store or state folder; every part that is not as it was signed is named."""
    from odooops_dagster.tools.bundle.archive import LARGEST_BUNDLE
    from odooops_dagster.tools.bundle.envelopes import LARGEST_KEY
    from odooops_dagster.tools.bundle.verify import verify as verify_bundle

    given = _read(key, largest=LARGEST_KEY) if key is not None else None
    verdict = verify_bundle(_read(file, largest=LARGEST_BUNDLE), key=given)
    if json:
        print_json(asdict(verdict) | {"is_intact": verdict.is_intact})
    else:
        _print(verdict)
    if not verdict.is_intact:
        raise typer.Exit(1)


def key(*, json: Json = False) -> None:
    """Print the public key by which others verify this platform's bundles; it is made at the first call."""
    from odooops_dagster.local.signing_key import signing_key
    from odooops_dagster.tools.bundle.envelopes import public_pem, signer_of

    signer = signer_of(signing_key(read_settings().home))
    pem = public_pem(signer).decode()
    if json:
        print_json({"key_id": signer.public_key.keyid, "public_key": pem})
    else:
        say(pem, nl=False)


def _print(verdict: Verdict) -> None:
    gates = ", ".join(f"{code} {status}" for code, status in verdict.gates.items())
    fields = {"release": verdict.release, "parts": verdict.parts, "gates": gates or None}
    if verdict.quorums:
        proved = ", ".join(code for code, is_proved in verdict.quorums.items() if is_proved)
        fields |= {"signed by their quorum": proved or "none"}
    print_fields(fields | {"key_id": verdict.key_id, "intact": verdict.is_intact})
    for each in verdict.left_out:
        note(f"left out: {each}")
    if verdict.faults:
        print_rows(verdict.faults, columns=_FAULTS)
    elif not verdict.is_key_given:
        note("nothing was changed since it was signed; to know who signed it, give their key: --key FILE")


def _read(path: Path, *, largest: int) -> bytes:
    """Return the file's bytes, one more than the largest at most."""
    try:
        if not path.is_file():
            raise NotFound(f"there is no file {path}")
        with path.open("rb") as stream:
            data = stream.read(largest + 1)
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror or exc}") from exc
    if len(data) > largest:
        raise BadInput(f"{path} is larger than {largest} bytes")
    return data


def _write(path: Path, data: bytes, *, force: bool) -> None:
    from odooops_dagster.files import write_whole

    try:
        if path.exists() and not force and path.read_bytes() != data:
            raise Conflict(f"{path} is there already", hint="name another file, or say --force")
        write_whole(path, data)
    except OSError as exc:
        raise Unavailable(f"{path} cannot be written: {exc.strerror or exc}", hint="name another file") from exc
