"""The key that seals backups of the platform: a file that the operator keeps in another place too."""

from __future__ import annotations

from pathlib import Path

from odooops_dagster.errors import BadInput, Conflict, NotFound
from odooops_dagster.local.secrets import create_once
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.encryption import Sealer, key_bytes, new_key

_HINT = "ops platform key FILE makes one; name it in ODOOOPS_PLATFORM_KEY_FILE, or with --key-file"


def make_key(path: Path) -> None:
    """Write a new key into a new file that its owner alone may read.

    Raises:
        Conflict: the file exists; what was sealed with its key needs it.
    """
    if path.exists():
        raise Conflict(f"{path} exists, and backups may need the key in it", hint="name another file")
    text = new_key()
    create_once(path, text)
    if path.read_text().strip() != text:
        raise Conflict(f"{path} was made by another process meanwhile", hint="name another file")


def sealer_of(settings: Settings, path: Path | None = None) -> Sealer:
    """Return the sealer with the key in the file, by default that of the settings.

    Raises:
        BadInput: no file is named, or it holds no key.
        NotFound: there is no such file.
    """
    path = path or settings.platform_key_file
    if path is None:
        raise BadInput("a backup of the platform holds its secrets, and no key is named that seals them", hint=_HINT)
    try:
        text = path.read_text()
    except FileNotFoundError as exc:
        raise NotFound(f"there is no key {path}", hint=_HINT) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{path} cannot be read as a key: {exc}", hint=_HINT) from exc
    return Sealer(key_bytes(text, name=str(path)))
