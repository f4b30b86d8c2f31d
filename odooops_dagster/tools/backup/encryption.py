"""Converts plain bytes to an object and back: named by their hash, compressed, optionally encrypted."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from odooops_dagster.errors import BadInput, Conflict

# Maximum size of an object before compression, in bytes; it bounds the memory of every reader and writer.
LARGEST = 8 * 1024 * 1024
KEY_BYTES = 32

_LEVEL = 3
# The window of a delta frame covers the base and the new bytes; level 1 is enough, because nearly all bytes are equal.
_DELTA_LEVEL = 1
_DELTA_WINDOW_LOG = 24
# zstd indexes only the last eight bytes of the base per entry of its hash table; a larger table is slower.
_DELTA_BYTES_LOG = 3
_DELTA_LEAST_HASH_LOG = 19
_MAGIC = b"OOE1"
_NONCE_BYTES = 12


class Sealer:
    """Names, compresses and, with a key, encrypts objects; without a key an object is a plain zstd frame."""

    def __init__(self, key: bytes | None = None) -> None:
        if key is not None and len(key) != KEY_BYTES:
            raise BadInput(f"a backup key has {KEY_BYTES} bytes, not {len(key)}", hint="openssl rand -base64 32")
        self.is_encrypting = key is not None
        self._name_key = _derived(key, b"odooops backup names v1") if key else b""
        self._cipher = AESGCM(_derived(key, b"odooops backup objects v1")) if key else None

    def name(self, plain: bytes) -> str:
        """Return the object name of these bytes; with a key it is an HMAC, which hides known files from others."""
        digest = hashlib.sha256(plain)
        if self.is_encrypting:
            return hmac.new(self._name_key, digest.digest(), hashlib.sha256).hexdigest()
        return digest.hexdigest()

    def seal(self, plain: bytes, *, label: str, base: bytes | None = None) -> bytes:
        """Return the object; `label` is authenticated, so that one object cannot be swapped for another."""
        frame = _compressor(base).compress(plain)
        if self._cipher is None:
            return frame
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _MAGIC + nonce + self._cipher.encrypt(nonce, frame, label.encode())

    def unseal(self, data: bytes, *, label: str, base: bytes | None = None, largest: int = LARGEST) -> bytes:
        """Return the plain bytes.

        Raises:
            Conflict: the object is damaged, or sealed with another key.
        """
        frame = self._decrypted(data, label)
        try:
            size = zstandard.frame_content_size(frame)
            if not 0 <= size <= largest:
                raise Conflict(f"object {label} is damaged: it claims {size} bytes")
            return _decompressor(base).decompress(frame, max_output_size=size, allow_extra_data=False)
        except zstandard.ZstdError as exc:
            raise Conflict(f"object {label} is damaged: {exc}") from exc

    def _decrypted(self, data: bytes, label: str) -> bytes:
        is_encrypted = data.startswith(_MAGIC)
        if self._cipher is None:
            if is_encrypted:
                raise Conflict(f"object {label} is encrypted", hint="give the key with which the backup was made")
            return data
        if not is_encrypted:
            # Anybody could have written an unencrypted object: do not accept it.
            raise Conflict(f"object {label} is damaged: it is not encrypted")
        head = len(_MAGIC) + _NONCE_BYTES
        try:
            return self._cipher.decrypt(data[len(_MAGIC) : head], data[head:], label.encode())
        except (InvalidTag, ValueError) as exc:
            raise Conflict(f"object {label} is damaged, or sealed with another key") from exc


def key_bytes(text: str, *, name: str) -> bytes:
    """Return the key that the text is in base64; `name` says whose text it is.

    Raises:
        BadInput: it is no key.
    """
    hint = "openssl rand -base64 32"
    try:
        decoded = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadInput(f"{name} is not base64", hint=hint) from exc
    if len(decoded) != KEY_BYTES:
        raise BadInput(f"{name} holds {len(decoded)} bytes, not {KEY_BYTES}", hint=hint)
    return decoded


def new_key() -> str:
    """Return a new key in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)


def _compressor(base: bytes | None) -> zstandard.ZstdCompressor:
    if base is None:
        return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    hash_log = max(_DELTA_LEAST_HASH_LOG, (len(base) - 1).bit_length() - _DELTA_BYTES_LOG)
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _DELTA_LEVEL, window_log=_DELTA_WINDOW_LOG, hash_log=hash_log, write_content_size=True, write_checksum=True
    )
    return zstandard.ZstdCompressor(dict_data=_prefix(base), compression_params=parameters)


def _decompressor(base: bytes | None) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(dict_data=None if base is None else _prefix(base))


def _prefix(base: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
