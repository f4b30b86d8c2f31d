"""The list of a project names addresses: none leads to this machine, its neighbours or its cloud by that alone."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil

from tests.conftest import missing
from tests.egress import MakeWay, Server, ask, connect, rules, server, status
from tests.egress_places import PLACES

# What the program below finds out about an address, in a network with these of its own.
CARDS = ("11.0.1.1/24", "11.0.1.2/24", "2606:1::5/64", "12.0.0.1/32")
PROGRAM = """
import ipaddress, json, subprocess, sys, time
from odooops_dagster.doors.egress.destinations import Rules

def lets(address, told):
    return Rules.read(told).refusal_of_address("a.example", ipaddress.ip_address(address), 443) is None

def ip(*argv):
    subprocess.run(["ip", *argv], check=True)

def find(told):
    return {name: [address for address in sys.argv[1:] if lets(address, rules)] for name, rules in told.items()}

told = json.load(sys.stdin)
ip("link", "set", "lo", "up")
found = {"before": find(told)}
for card in CARDS:
    ip("address", "add", card, "dev", "lo")
ip("route", "add", "local", "12.0.1.0/24", "dev", "lo")  # as clouds lead an address to a machine that does not have it
ip("route", "add", "12.0.2.0/24", "dev", "lo")
time.sleep(1)  # the kernel is asked once in a second
print(json.dumps({**found, "after": find(told)}))
"""
OWN = ("11.0.1.1", "11.0.1.2", "2606:1::5", "12.0.0.1", "12.0.1.7")
NEIGHBOURS = ("11.0.1.3", "2606:1::6", "12.0.2.1")
BEHIND_A_TRANSLATOR = ("64:ff9b::b00:102", "64:ff9b::b00:103")
OTHERS = ("11.0.2.1", "2606:2::1", "12.0.0.2", "64:ff9b::101:101")


def addresses_of_this_machine() -> list[str]:
    """Return those at which a server may listen, as a list has them."""
    kinds = (socket.AF_INET, socket.AF_INET6)
    texts = [each.address for card in psutil.net_if_addrs().values() for each in card if each.family in kinds]
    held = [ipaddress.ip_address(text) for text in texts if "%" not in text]
    return sorted(f"[{each}]" if each.version == 6 else str(each) for each in held)


@contextmanager
def at_each_address() -> Iterator[list[tuple[str, Server]]]:
    """Yield servers at all addresses of this machine, with where each is."""
    hosts = [*addresses_of_this_machine(), "127.0.0.9"]
    with ExitStack() as stack:
        made = [(host, stack.enter_context(server(host.strip("[]"), patience=0.2))) for host in hosts]
        yield [(f"{host}:{each.port}", each) for host, each in made]


def test_a_list_opens_nothing_of_this_machine(way: MakeWay) -> None:
    """Not by the address that it names, whoever named it, and not by a name that leads there."""
    with at_each_address() as servers:
        for target, trap in servers:
            host = target.rpartition(":")[0].strip("[]")
            named = f"own.example:{trap.port}"
            for mode in ("enforce", "report"):
                made = way(rules(target, named, mode=mode, own_services=[]), {"own.example": [host]})
                for each in (target, named):
                    answer = ask(made.folder, connect(each))
                    assert status(answer) == 403
                    assert b"only its operator opens a service" in answer
            assert trap.got == []


def test_a_service_of_this_machine_is_reached_if_its_operator_opens_it_and_names_it(way: MakeWay) -> None:
    """By a setting, and on the list; one of the two is not enough, nor is another port."""
    with at_each_address() as servers:
        for target, trap in servers:
            elsewhere = f"{target.rpartition(':')[0]}:{trap.port % 65535 + 1}"
            for told in (
                rules(target, opened=[]),
                rules(target, own_services=[elsewhere]),
                rules(target, opened=[elsewhere]),
                rules("a.example", mode="report", opened=[target], own_services=[target]),
            ):
                assert status(ask(way(told).folder, connect(target))) == 403
            assert trap.got == []
            assert ask(way(rules(target)).folder, connect(target), more=b"hi\r\n\r\n").endswith(b"hello")


def test_no_list_opens_a_link_a_cloud_or_a_form_that_stands_for_another(way: MakeWay) -> None:
    """Whoever named it, and whatever the operator opened: by the address, and by a name that leads there."""
    for address in PLACES["nowhere"]:
        target = f"{address}:9"
        made = way(rules(target, "a.example:9", mode="report"), {"a.example": [address.strip("[]")]})
        for each in (target, "a.example:9"):
            answer = ask(made.folder, connect(each))
            assert status(answer) == 403
            assert b"no list opens" in answer


def test_a_private_network_is_reached_if_the_operator_named_the_address(way: MakeWay) -> None:
    """A project's administrator cannot; by another port, or by the name alone, it is not reached either."""
    for told in (rules("10.0.0.5", opened=[]), rules("10.0.0.5", opened=["10.0.0.5:9"]), rules("a.example")):
        made = way(told, {"a.example": ["10.0.0.5"]})
        asked = "a.example:443" if told["allow"] == ["a.example"] else "10.0.0.5:443"
        assert b"which only the platform's operator may name" in ask(made.folder, connect(asked))


def test_addresses_that_the_machine_gets_while_it_runs_are_its_own_and_its_neighbours_() -> None:
    """In a network that is made for this: also the second address of a card, and one that is only led to it."""
    asked = (*OWN, *NEIGHBOURS, *BEHIND_A_TRANSLATOR, *OTHERS)
    named = [f"[{each}]" if ":" in each else each for each in asked]
    told = {
        "by an administrator": rules(*named, opened=[], own_services=[]),
        "by the operator": rules(*named, own_services=[]),
    }
    found = in_a_network_of_its_own(PROGRAM.replace("CARDS", repr(CARDS)), *asked, told=told)
    everything = list(asked)
    assert found["before"] == {"by an administrator": everything, "by the operator": everything}
    assert found["after"] == {"by an administrator": list(OTHERS), "by the operator": [*NEIGHBOURS, *OTHERS]}


def in_a_network_of_its_own(program: str, *argv: str, told: dict[str, Any]) -> dict[str, Any]:
    """Run the program in an empty network, with the right to change it, and return its answer."""
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        missing("ip or unshare is not installed: apt-get install iproute2 util-linux")
    own = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
        missing("this account may make no network of its own")
    done = subprocess.run(
        [*own, sys.executable, "-c", program, *argv],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
