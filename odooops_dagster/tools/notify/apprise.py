"""Whatever apprise knows: chats, pagers, phones. It is an extra: `pip install odooops[notify]`."""

from __future__ import annotations

from odooops_dagster.errors import Undelivered


def send_apprise(url: str, *, name: str, subject: str, text: str) -> None:
    """Send to an address of apprise; raise Undelivered if it does not say that it was taken.

    Args:
        url: such as slack://…; it holds a secret.
        name: what people call it.
        subject: one line.
        text: plain text.
    """
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise Undelivered("apprise is not installed: pip install 'odooops[notify]'") from exc
    sender = apprise.Apprise()
    if not sender.add(url):
        raise Undelivered(f"apprise cannot read the address of {name}; set it anew with ops notify target add")
    if not sender.notify(title=subject, body=text):
        raise Undelivered(f"{name} did not take the message")
