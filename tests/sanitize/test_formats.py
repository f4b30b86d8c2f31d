"""Secrets that their shape gives away, and fingerprints of those that production kept."""

from __future__ import annotations

import pytest

from odooops_dagster.tools.sanitize.fingerprints import Fingerprints, as_copied
from odooops_dagster.tools.sanitize.formats import formats_in, looks_random

# Cut in two, so that no scanner of repositories takes them for real ones.
SHAPED = {
    "a private key": "-----BEGIN RSA PRIVATE" + " KEY-----",
    "a signed token (JWT)": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "a key of Amazon": "AKIA" + "QWERTYUIOPASDFGH",
    "a token of GitHub": "ghp_" + "a1B2" * 9,
    "a token of GitLab": "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
    "a token of Slack": "xoxb-" + "123456789012-abcdef",
    "a webhook of Slack": "https://hooks.slack.com/services/" + "T000/B000/abcdef",
    "a key of Stripe": "sk_live_" + "a1b2c3d4e5f6",
    "a key of Google": "AIza" + "Sy" + "a1B2c3D4e5F" * 3,
    "a key of SendGrid": "SG." + "a1B2c3D4e5F6g7H8" + ".a1B2c3D4e5F6g7H8",
    "a key of Mailgun": "key-" + "0123456789abcdef" * 2,
    "a key of Twilio": "SK" + "0123456789abcdef" * 2,
    "a token of Shopify": "shpat_" + "0123456789abcdef" * 2,
    "a key of Azure": "AccountKey=" + "a1B2" * 20 + "==",
    "a key of OpenAI or Anthropic": "sk-proj-" + "a1B2c3D4e5F6g7H8i9J0",
    "a token of npm or PyPI": "npm_" + "a1B2" * 9,
    "a bot's token of Telegram": "123456789:AA" + "a1B2c3D4e5F" * 3,
    "the seed of one-time passwords": "otpauth://totp/shop:ada?issuer=shop&secret=" + "JBSWY3DPEHPK3PXP",
    "an address with its password": "postgresql://odoo:hunter2@db.example.com/prod",
    "a link that sets a password": "https://shop/web/reset_password?db=x&token=" + "a1B2c3D4e5F6g7H8",
}


@pytest.mark.parametrize("what", SHAPED)
def test_a_known_shape_is_found_inside_text(what: str) -> None:
    """The issuers made them so that they can be found."""
    text = f'<p class="x">see "{SHAPED[what]}", thanks</p>'.encode()
    assert [name for name, _ in formats_in(text)] == [what]


@pytest.mark.parametrize(
    "text",
    [
        "https://www.example.com:8069/web/login?redirect=/odoo",
        "mailto:ada@example.com, https://user@example.com/x, 10:30@noon",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO",
        "b1946ac92492d2347c6235b4d2611184 f572d396fae9206628714fb2ce00f72e94f2258f",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "-----BEGIN CERTIFICATE----- MIIB",
        "pk_live_abcdef0123456789 sk_test_abcdef0123456789",
        "https://shop/web/reset_password?token=scrubbed",
    ],
)
def test_ordinary_text_is_no_secret(text: str) -> None:
    """Checksums, ids, addresses, public halves and keys for tests open nothing."""
    assert formats_in(text.encode()) == []


def test_random_words_are_told_from_names_and_checksums() -> None:
    """Only as a hint for people, so that it need not be certain."""
    assert looks_random(b"q7Zx2LkP9vTn4WbY8sRd")
    assert not looks_random(b"b1946ac92492d2347c6235b4d2611184")
    assert not looks_random(b"website_sale.product_attributes_value")
    assert not looks_random(b"too short 1A")


@pytest.mark.parametrize(
    "secret",
    [
        *("live-key-1", "correct-horse-battery", "q7Zx+LkP/9vTn==", "p@ss$word!1", "abc.def.123", "Zürich-2024!"),
        "thisisaverylongword",
    ],
)
@pytest.mark.parametrize("text", ["{0}", "key={0}&x=1", '{{"apiKey": "{0}"}}', "<p>use {0}, please</p>", "{{a,{0}}}"])
def test_a_secret_of_production_is_found_inside_text(secret: str, text: str) -> None:
    """However it is quoted, bracketed and assigned."""
    known = Fingerprints()
    known.add(secret.encode())
    assert known.found_in(text.format(secret).encode())


def test_a_passphrase_is_found_as_a_whole_value() -> None:
    """Words with spaces between are looked for from the first to the last."""
    known = Fingerprints()
    known.add(b"open sesame\nnow, 1")
    assert known.among([b"other", as_copied(b"open sesame\nnow, 1")])
    assert not known.among([b"open sesame"])


def test_a_line_of_a_key_file_is_found() -> None:
    """A part that no other text has stands for the whole."""
    line = b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ1"
    known = Fingerprints()
    known.add(b"-----BEGIN KEY-----\n" + line + b"\n-----END KEY-----")
    assert known.found_in(b"x: " + line)
    assert not known.found_in(b"-----BEGIN KEY-----")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "hunter2",
            "Production",
            "ada@example.com",
            "smtp.example.com",
            "https://example.com/hook",
            "12345678",
            "dummy-key",
        )
    ],
)
def test_what_stands_in_ordinary_text_is_not_looked_for(value: str) -> None:
    """A word, a number, an address: finding one again would prove nothing."""
    known = Fingerprints()
    known.add(value.encode())
    assert len(known) == 0


def test_no_fingerprint_can_be_read() -> None:
    """What is kept are numbers, other ones in the next run."""
    first, second = Fingerprints(), Fingerprints()
    for one in (first, second):
        one.add(b"live-key-1")
    assert first.words != second.words
    assert all(isinstance(number, int) for known in first.words for number in known)
