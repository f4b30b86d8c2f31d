"""Recognizes secrets by their format, independent of their place."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format of secrets; `marks` are literals for a fast pre-check: text without any of them has no match."""

    what: str
    marks: tuple[bytes, ...]
    pattern: re.Pattern[bytes]


def _format(what: str, marks: tuple[bytes, ...], pattern: bytes) -> Format:
    return Format(what=what, marks=marks, pattern=re.compile(pattern))


# The issuers' prefixes (docs.github.com, "Supported secret scanning patterns"). Test keys (sk_test_) and public keys
# (pk_live_) are not secrets.
FORMATS: tuple[Format, ...] = (
    _format("a private key", (b"PRIVATE KEY",), rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    _format("a private key", (b"PuTTY-User-Key-File",), rb"PuTTY-User-Key-File-\d"),
    _format("a signed token (JWT)", (b"eyJ",), rb"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{16,}"),
    _format(
        "a key of Amazon",
        (b"AKIA", b"ASIA"),
        rb"(?<![A-Za-z0-9+/])A[KS]IA(?![A-Z0-9]*EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9+/=])",
    ),
    _format("a token of GitHub", (b"gh", b"github_pat_"), rb"\b(?:gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
    _format("a token of GitLab", (b"glpat-",), rb"\bglpat-[\w-]{20,}"),
    _format("a token of Slack", (b"xox",), rb"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    _format("a webhook of Slack", (b"hooks.slack.com",), rb"hooks\.slack\.com/services/T\w+/B\w+/\w+"),
    _format(
        "a key of Stripe", (b"k_live_", b"whsec_"), rb"\b(?:[rs]k_live_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,})"
    ),
    _format(
        "a key of Google",
        (b"AIza", b"ya29.", b"GOCSPX-"),
        rb"(?<![\w+/-])(?:AIza[\w-]{35}(?![\w+/-])|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})",
    ),
    _format("a key of SendGrid", (b"SG.",), rb"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    _format("a key of Mailgun", (b"key-",), rb"\bkey-[0-9a-f]{32}\b"),
    _format("a key of Twilio", (b"SK",), rb"(?<![A-Za-z0-9+/])SK[0-9a-f]{32}(?![A-Za-z0-9+/])"),
    _format("a token of Shopify", (b"shp",), rb"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    _format("a key of Azure", (b"AccountKey=",), rb"AccountKey=[A-Za-z0-9+/]{40,}"),
    _format("a key of OpenAI or Anthropic", (b"sk-",), rb"\bsk-(?:proj|ant|svcacct)-[\w-]{20,}"),
    _format("a token of npm or PyPI", (b"npm_", b"pypi-"), rb"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,})"),
    _format("a bot's token of Telegram", (b":AA",), rb"(?<![\w+/-])\d{8,10}:AA[\w-]{33}(?![\w+/-])"),
    _format("the seed of one-time passwords", (b"otpauth://",), rb"otpauth://\w+/[^\s\"'<>]*secret=[A-Za-z2-7]{8,}"),
    _format(
        "an address with its password",
        (b"://",),
        rb"://[^\s/:@\"'<>?#\\,;(){}]{1,64}:[^\s/:@\"'<>?#\\,;(){}]{3,128}@[\w\[]",
    ),
    _format(
        "a link that sets a password",
        (b"token=",),
        rb"(?:reset_password|web/signup|web/login)[^\s\"'<>]*[?&;]token=(?!scrubbed)[\w.~%+/=-]{12,}",
    ),
)
_WORD = re.compile(rb"[A-Za-z0-9_\-+/.]{20,}={0,2}")
# Checksums and ids: they identify something and grant no access.
_IDENTIFIES = re.compile(
    rb"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)
# Random letters and digits have at least 4.5 bits per character in 20 characters, words and paths fewer (measured).
_RANDOM_BITS = 4.0


def formats_in(text: bytes) -> list[tuple[str, re.Pattern[bytes]]]:
    """Return the readable name and the pattern of each secret format that occurs in the text."""
    return [
        (one.what, one.pattern)
        for one in FORMATS
        if any(mark in text for mark in one.marks) and one.pattern.search(text)
    ]


def looks_random(value: bytes) -> bool:
    """Return whether the whole value is one long word with mixed case and digits, and high entropy."""
    if not _WORD.fullmatch(value) or _IDENTIFIES.fullmatch(value):
        return False
    kinds = (re.search(rb"[a-z]", value), re.search(rb"[A-Z]", value), re.search(rb"\d", value))
    return all(kinds) and entropy(value) >= _RANDOM_BITS


def entropy(value: bytes) -> float:
    """Return the Shannon entropy of the value in bits per byte."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
