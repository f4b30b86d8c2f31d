"""How the proxy reads hosts and destinations: in the one way in which the control plane takes them."""

from __future__ import annotations

import pytest

from odooops_dagster.doors.egress.destinations import Destination, Rules, authority_of
from odooops_dagster.doors.egress.places import written_place
from tests.egress import rules
from tests.egress_places import ADDRESSES, DESTINATIONS, NAMES, NO_DESTINATIONS


def test_destinations_are_read_as_the_database_reads_them() -> None:
    """By the table that it passes: what is one, and where its address lies."""
    read = {text: Destination.read(text).host for text in DESTINATIONS}
    assert {text for text, host in read.items() if isinstance(host, str)} == set(NAMES)
    assert {text: written_place(host) for text, host in read.items() if not isinstance(host, str)} == ADDRESSES
    for text in NO_DESTINATIONS:
        with pytest.raises(ValueError):  # noqa: PT011 - of two libraries
            Destination.read(text)


def test_what_cannot_be_read_opens_nothing_and_closes_nothing_else() -> None:
    """A list of an earlier version may hold what is no destination any more."""
    made = Rules.read(rules("[::ffff:127.0.0.1]", "a.example"))
    assert made.destinations == (Destination("a.example"),)


@pytest.mark.parametrize(
    ("listed", "asked", "is_allowed"),
    [
        ("a.example", "a.example:443", True),
        ("a.example", "A.Example.:80", True),
        ("a.example", "a.example:8443", False),
        ("a.example:8443", "a.example:8443", True),
        ("a.example:8443", "a.example:443", False),
        ("a.example", "b.a.example:443", False),
        ("a.example", "a.example.evil:443", False),
        ("*.a.example", "b.a.example:443", True),
        ("*.a.example", "c.b.a.example:443", True),
        ("*.a.example", "a.example:443", False),
        ("*.a.example", "evila.example:443", False),
        ("1.1.1.1", "1.1.1.1:443", True),
        ("[2606:4700::1111]", "[2606:4700:0::1111]:443", True),
    ],
)
def test_a_list_holds_what_it_names(listed: str, asked: str, *, is_allowed: bool) -> None:
    """Nothing beside it, below it or at another port."""
    host, port = authority_of(asked)
    assert port is not None
    assert Rules.read(rules(listed)).allows(host, port) is is_allowed
