"""Who makes projects and pins tools, and what of that a stranger may not name."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.git.remote import Remote
from tests.egress_places import ADDRESSES
from tests.sql.actors import PERSONAS, Actors
from tests.sql.world import Caller, World, refused

DIGEST = "sha256:" + "1" * 64
CREATE = "select * from ops.create_project('web', %s, '19.0', p_owner => %s)"
PIN = f"select set_by from ops.set_tool('odoo', '19.0', 'ghcr.io/acme/odoo', '{DIGEST}')"
REPO = "https://github.com/acme/web.git"

SERVERS = (
    # Of each repository one address: a second project of it is refused.
    *("https://github.com/acme/web.git", "https://github.com/acme/site", "https://git.example.com:8443/a/b/web.git"),
    *("ssh://git@git.example.com/acme/web.git", "ssh://git@git.example.com:2222/~acme/web", "ssh://git.example.com/x"),
    *("git@github.com:acme/blog.git", "git@git.example.com:~acme/blog", "git@10.1.2.3:web.git"),
    # A forge in a company's network, by its name or its address.
    *("https://forge.corp/acme/web", "https://10.0.0.5/web.git", "https://192.168.0.1:3000/web", "https://forge/web"),
    *("https://dev.azure.com/acme/My%20Project/_git/web", "https://git.example.com/scm/a+b/web"),
)
NO_SERVERS = (
    # Folders of the platform's machine, and git's other ways to one.
    *("/srv/git/shop.git", "/etc/shadow", "./web", "../web", "~/web", "file:///srv/git/shop.git", "file://localhost/x"),
    *("FILE:///srv/x", "web", "C:/web", "", " https://github.com/acme/web", "https://github.com/acme/web\n"),
    # Programs and options: https://git-scm.com/docs/gitremote-helpers, CVE-2017-1000117.
    *("ext::sh -c id", "ext::sh", "fd::3", "https::https://a.example/x", "--upload-pack=id", "-oProxyCommand=id:x"),
    *("ssh://-oProxyCommand=id/x", "ssh://git@-oProxyCommand=id/x", "git@-oProxyCommand=id:x", "-x@a.example:y"),
    *("ssh://-x@a.example/y", "git@a.example:-x", "ssh://a.example/-x", "git@a.example:x y", "git@a.example:$(id)"),
    *("git@a.example:x;id", "git@a.example:`id`", "ssh://a.example/x'y", "ssh://%2doProxyCommand=id/x"),
    # Other schemes, other spellings, and what two programs might read in two ways.
    *("git://github.com/acme/web", "http://github.com/acme/web", "ftp://a.example/x", "HTTPS://a.example/x"),
    *("https://a.example", "https://a.example/", "https:///x", "https://a.example:0/x", "https://a.example:65536/x"),
    *("https://a.example:x/y", "https://a.example/x?y", "https://a.example/x#y"),
    *("https://a.example/x@y", "https://2130706433/x", "https://0x7f.1/x", "https://127.1/x", "https://a.example./x"),
    *("https://[2606:4700::1111]/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "https://a..example/x"),
    *("git@a.example:", "a.example:web", "https://a.example/" + "x" * 500, "https://a.example/\u202egit"),
)
PASSWORDS = (
    *("https://token@github.com/acme/web", "https://me:secret@github.com/acme/web", "ssh://git:secret@a.example/x"),
    "https://a.example\\@b.example/x",
)
OWN_MACHINE = (
    *("https://localhost/x", "https://LOCALHOST/x", "https://a.localhost/x", "git@localhost:x", "ssh://localhost:22/x"),
    *("https://localhost.localdomain/x", "git@ip6-loopback:x", "https://127.0.0.1/x", "ssh://git@127.0.1.1:2222/x"),
    *("git@127.0.0.1:x", "https://0.0.0.0/x", "https://169.254.169.254/latest", "https://metadata.google.internal/x"),
    *("https://metadata/x", "https://168.63.129.16/x", "https://100.100.100.200/x", "https://instance-data/x"),
)


@pytest.fixture
def sre(actors: Actors) -> Caller:
    """Somebody who acts as sre, with a token that names no user."""
    return actors.token("sre", sub="grace")


def test_an_sre_makes_a_project_with_its_first_owner(world: World, sre: Caller) -> None:
    """It is on the record who made it, for whom; a repeat is the same project and adds nothing."""
    owner = uuid4()
    made = [sre.value(CREATE.replace("*", "id", 1), REPO, owner) for _ in range(2)]
    assert made[0] == made[1]
    assert world.rows("select user_id, role::text from ops.project_memberships") == [
        {"user_id": owner, "role": "owner"}
    ]
    event = world.row("select event, payload, recorded_by from ops.environment_events")
    assert (event["event"], event["recorded_by"]) == ("project_created", "grace")
    assert event["payload"]["owner"] == str(owner)
    assert "project_created" in {
        row["entry"].get("event") for row in world.rows("select entry from ops.audit_trail(%s)", made[0])
    }


def test_a_project_of_a_stranger_has_an_owner(actors: Actors, sre: Caller, world: World) -> None:
    """The user of a token becomes it; a key and a name are no user; the operator sets members by itself."""
    with refused("PT400", "no owner"):
        sre.rows(CREATE, REPO, None)
    ada = uuid4()
    made = actors.token("sre", sub=ada).row(CREATE, REPO, None)
    found = world.row("select project_id, role::text, user_id from ops.project_memberships")
    assert found == {"project_id": made["id"], "role": "owner", "user_id": ada}
    world.operator().rows("select ops.create_project('blog', '/srv/blog.git', '19.0')")
    assert world.value("select count(*) from ops.project_memberships") == 1


def test_a_repeat_makes_nobody_an_owner(actors: Actors, world: World) -> None:
    """Else whoever makes projects would take over every project by naming its values."""
    project = world.project("web")
    values = world.row("select slug, repo_url, odoo_version from ops.projects")
    mallory = uuid4()
    caller = actors.token("sre", sub=mallory)
    again = "select id from ops.create_project(%s, %s, %s)"
    assert caller.value(again, *values.values()) == project
    with refused("PT409", "already a project web"):
        caller.rows(again.replace("%s)", "%s, p_owner => %s)"), *values.values(), mallory)
    assert world.rows("select * from ops.project_memberships") == []


@pytest.mark.parametrize("statement", [CREATE.replace("%s", f"'{REPO}'", 1).replace("%s", "gen_random_uuid()"), PIN])
def test_nobody_else_makes_a_project_or_pins_a_tool(world: World, actors: Actors, statement: str) -> None:
    """Not an owner of another project, no other persona, no stranger; each is told who may."""
    project = world.project("shop")
    members = [world.person(world.member(project, role)) for role in ("viewer", "developer", "admin", "owner")]
    personas = [actors.token(each, sub=uuid4()) for each in PERSONAS if each != "sre"]
    logins = [actors.login(each) for each in PERSONAS if each != "sre"]
    before = world.value("select count(*) from ops.projects")
    for caller in (*members, *personas, *logins, world.person(uuid4())):
        with refused("PT403", "You may not") as caught:
            caller.rows(statement)
        assert caught.value.diag.message_hint == "It takes one of these roles: sre."
    for closed in (world.role("anon"), world.platform("ops_gateway"), world.worker()):
        with refused("42501"):
            closed.rows(statement)
    assert world.value("select count(*) from ops.projects") == before
    assert world.rows("select * from ops.tools") == []


@pytest.mark.parametrize(
    "key",
    [{"scopes": ["read", "deploy"]}, {"scopes": []}, {"scopes": ["create_project", "pin_tool"], "project_id": "own"}],
)
def test_a_key_with_a_lesser_scope_does_neither(actors: Actors, world: World, key: dict[str, object]) -> None:
    """Nor one that is for a single project: what is asked for is the whole platform's."""
    project = world.project("shop")
    claim = key | ({"project_id": str(project)} if "project_id" in key else {})
    caller = actors.token("sre", sub="key:1", odooops_key=claim)
    with refused("PT403", "may not create projects"):
        caller.rows(CREATE, REPO, uuid4())
    with refused("PT403", "may not pin tools"):
        caller.rows(PIN)


def test_claims_that_somebody_sets_by_hand_open_nothing(world: World, actors: Actors) -> None:
    """In a session of one's own anyone may set them."""
    caller = actors.login("developer")
    caller.rows("select set_config('request.jwt.claims', %s, false)", json.dumps({"role": "sre", "sub": "grace"}))
    with refused("PT403"):
        caller.rows(CREATE, REPO, uuid4())
    assert world.rows("select * from ops.projects") == []


def test_a_server_of_a_company_or_of_the_internet_is_named(sre: Caller) -> None:
    """What SQL accepts git reads as the same server, and as no folder."""
    for number, address in enumerate(SERVERS):
        create = CREATE.replace("*", "repo_url", 1).replace("web", f"web{number}", 1)
        assert sre.value(create, address, uuid4()) == address
        remote = Remote.parse(address)
        assert (remote.is_local, remote.username, remote.password, remote.url) == (False, None, None, address)


def test_a_stranger_names_no_folder_program_or_option(sre: Caller, world: World) -> None:
    """Of the platform's own machine, that is; nor what two programs might read in two ways."""
    for address in NO_SERVERS:
        with refused("PT400", "The repository is no https"):
            sre.rows(CREATE, address, uuid4())
    assert world.rows("select * from ops.projects") == []


def test_nobody_names_an_address_with_a_password(sre: Caller, world: World) -> None:
    """Every member would see it; the operator is refused as well."""
    for address in PASSWORDS:
        for caller in (sre, world.operator()):
            with refused("PT400", "holds a name or a password"):
                caller.rows(CREATE, address, uuid4())


def test_a_stranger_names_no_service_of_the_platforms_machine(sre: Caller, world: World) -> None:
    """Nor where a cloud hands out credentials; the operator may."""
    for address in OWN_MACHINE:
        with refused("PT400", "the platform's own machine"):
            sre.rows(CREATE, address, uuid4())
    assert world.rows("select * from ops.projects") == []
    assert world.operator().value(CREATE.replace("*", "repo_url", 1), OWN_MACHINE[0], None) == OWN_MACHINE[0]


def test_addresses_are_judged_by_the_table_of_egress(world: World) -> None:
    """One table says where an address lies, for environments and for repositories."""
    for host, place in ADDRESSES.items():
        if host.startswith("["):
            continue  # IPv6 is named by its name: git and we do not read it alike
        fault = world.value("select ops_private.repository_address_fault(%s)", f"https://{host}/x")
        assert (fault is None) == (place in {"internet", "inner"}), host


def test_what_the_database_lets_through_git_does_not_refuse(world: World) -> None:
    """And what git refuses to read never becomes a project's."""
    for address in (*SERVERS, *NO_SERVERS, *OWN_MACHINE):
        if world.value("select ops_private.repository_address_fault(%s)", address) is None:
            assert not Remote.parse(address).is_local
    with pytest.raises(BadInput):
        Remote.parse("ext::sh -c id")


def test_a_stranger_takes_no_repository_of_another_project(sre: Caller, world: World) -> None:
    """The platform's key for it would be theirs to use, in any spelling of the address."""
    world.project("shop")
    for spelling in ("https://github.com/acme/shop.git", "git@github.com:acme/shop", "ssh://git@GitHub.com/Acme/Shop/"):
        with refused("PT409", "that of project shop"):
            sre.rows(CREATE, spelling, uuid4())
    assert world.operator().rows(CREATE, "git@github.com:acme/shop", None)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("p_default_branch", ("-main", "--upload-pack=id", "a b", "main\n", "a:b", "a^", "")),
        ("p_workspace_key", ("", "a\x1bb", "a" * 201)),
    ],
)
def test_no_project_has_an_unreadable_key_or_branch(
    world: World, sre: Caller, name: str, values: tuple[str, ...]
) -> None:
    """They reach pages, listings and git."""
    query = f"select ops.create_project('web', %s, '19.0', p_owner => %s, {name} => %s)"
    for value in values:
        for caller in (sre, world.operator()):
            with refused("PT400"):
                caller.rows(query, REPO, uuid4(), value)


def test_an_sre_pins_a_tool_in_its_own_name(world: World, sre: Caller) -> None:
    """Each change is on the record of all; another's name is refused."""
    assert sre.value(PIN) == "grace"
    assert sre.value(PIN) == "grace"
    with refused("PT403", "as yourself"):
        sre.rows("select ops.set_tool('odoo', '18.0', p_set_by => 'ada')")
    [change] = [
        row["entry"] for row in world.rows("select kind, entry from ops.audit_trail()") if row["kind"] == "tool_change"
    ]
    assert (change["tool"], change["changed_by"], change["new_value"]["digest"]) == ("odoo", "grace", DIGEST)
    assert world.rows("select kind from ops.audit_trail(gen_random_uuid())") == []


def test_no_tool_has_a_tag_alone_or_an_unreadable_name(sre: Caller, world: World) -> None:
    """It reaches pages, listings and the evidence of builds."""
    for values in (
        ("odoo", "19.0", "ghcr.io/acme/odoo", None),
        ("odoo", "19.0", "ghcr.io/acme/odoo", "latest"),
        ("odoo", "19.0", "ghcr.io/acme/odoo@sha256:1", DIGEST),
        ("odoo", "19.0", "two words", DIGEST),
        ("odoo", "", None, None),
        ("", "19.0", None, None),
        ("o\x1b[2Jdoo", "19.0", None, None),
        ("odoo", "19.0\n", None, None),
        ("odoo", "1" * 101, None, None),
    ):
        with refused("PT400", "may not have these values"):
            sre.rows("select ops.set_tool(%s, %s, %s, %s)", *values)
    assert world.rows("select * from ops.tools") == []


def test_a_pin_is_told_and_changes_no_image(world: World) -> None:
    """What production runs follows from its deployment: no function but the pin's own reads or writes tools."""
    query = (
        "select proname from pg_proc where pronamespace in ('ops'::regnamespace, 'ops_private'::regnamespace)"
        r" and prosrc ~ 'ops\.tools\y' order by 1"
    )
    assert [row["proname"] for row in world.rows(query)] == ["set_tool"]


def test_without_a_project_a_permission_is_the_whole_platforms(world: World, actors: Actors) -> None:
    """Members have none there, whatever they may in their projects; personas have theirs."""
    project: UUID = world.project("shop")
    listed = "select list_permissions from ops.list_permissions(null)"
    assert world.person(world.member(project, "owner")).rows(listed) == []
    held = {row["list_permissions"] for row in actors.token("sre", sub="grace").rows(listed)}
    assert {"create_project", "pin_tool"} <= held
    assert "manage" not in held
