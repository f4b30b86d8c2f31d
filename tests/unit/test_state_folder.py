"""The state folder: used when it is ours, refused with the way out otherwise."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM, socket

import pytest

from odooops_dagster.errors import Unavailable
from odooops_dagster.home import (
    LONGEST_SOCKET_PATH,
    StateEntry,
    catcher_socket,
    code_socket,
    egress_socket,
    environment_notice,
    environment_socket,
    fork_socket,
    front_socket,
    open_environments_file,
    remove_substitutes,
    substitute_folders,
    supervisor_socket,
    wanted_folder,
)
from odooops_dagster.local.state_folder import LAYOUT, check_space, open_state_folder
from tests.state_folders import forget_sockets


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """Nothing has to be prepared by hand."""
    open_state_folder(tmp_path / "a" / "b")
    made = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert {"dagster", "layout", "logs", "run", "secrets", "store"} <= made <= set(StateEntry)


def test_no_other_account_comes_into_it(tmp_path: Path) -> None:
    """Attachments, sources and backups are the platform's, in a folder of an earlier version too."""
    (tmp_path / "store").mkdir(mode=0o755)
    (tmp_path / "odoo").mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    open_state_folder(tmp_path)
    closed = tmp_path.stat().st_mode & 0o077 == 0
    assert closed == (os.geteuid() != 0)
    open_ones = {path.name for path in tmp_path.iterdir() if path.is_dir() and path.stat().st_mode & 0o077}
    assert open_ones == {"run"}


@pytest.mark.root
def test_another_account_finds_nothing_to_read_in_roots(tmp_path: Path) -> None:
    """Root's has to be entered by PostgreSQL's account, which reads there what is its own."""
    tmp_path.parent.chmod(0o755)
    tmp_path.chmod(0o711)
    for name in StateEntry:
        (tmp_path / name / "a").mkdir(parents=True, mode=0o755)
        (tmp_path / name / "a" / "file").write_text("hush")
    (tmp_path / StateEntry.LAYOUT / "a" / "file").unlink()
    (tmp_path / StateEntry.LAYOUT / "a").rmdir()
    (tmp_path / StateEntry.LAYOUT).rmdir()
    open_state_folder(tmp_path)
    readable = [
        name
        for name in StateEntry
        if subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", tmp_path / name / "a" / "file"],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    ]
    # PostgreSQL's own folders have modes of their own; the socket's folder holds nothing else, and what is restored
    # becomes such folders, beside secrets that only their owner reads (test_platform_backup.py).
    assert set(readable) <= {
        *(StateEntry.CONTROL, StateEntry.POSTGRES, StateEntry.POSTGRESQL, StateEntry.RESTORING, StateEntry.RUN)
    }


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    """The second start finds what the first made."""
    open_state_folder(tmp_path)
    (tmp_path / "logs" / "kept").touch()
    open_state_folder(tmp_path)
    assert (tmp_path / "logs" / "kept").exists()


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    """The message says which path is not a folder and how to move it away."""
    (tmp_path / "state").touch()
    with pytest.raises(Unavailable, match="is not a folder") as caught:
        open_state_folder(tmp_path / "state" / "home")
    assert caught.value.hint == f"mv {tmp_path}/state {tmp_path}/state.old"


@pytest.mark.root
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    """Files of two owners in one state folder cannot be mended later."""
    os.chown(tmp_path, 65534, -1)
    with pytest.raises(Unavailable, match="belongs to nobody, not to root") as caught:
        open_state_folder(tmp_path)
    assert caught.value.hint is not None
    assert "ODOOOPS_HOME" in caught.value.hint


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    """An older version does not touch what a later one arranged."""
    open_state_folder(tmp_path)
    (tmp_path / "layout").write_text(f"{LAYOUT + 1}\n")
    with pytest.raises(Unavailable, match=f"layout {LAYOUT + 1}"):
        open_state_folder(tmp_path)


def test_a_full_disk_is_refused_with_the_way_to_find_what_fills_it(tmp_path: Path) -> None:
    """The message tells how much is free and how much is needed."""
    with pytest.raises(Unavailable, match=r"is full: \d+ MB are free, \d+ MB are needed") as caught:
        check_space(tmp_path, least=1 << 60)
    assert caught.value.hint is not None
    assert "du -xh" in caught.value.hint


def test_space_is_asked_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    """The state folder need not be made before its disk is looked at."""
    assert check_space(tmp_path / "not" / "yet", least=1) > 0


def test_a_socket_lies_in_the_run_folder() -> None:
    """A person finds it where everything else is."""
    assert code_socket(Path("/srv/ops")) == Path("/srv/ops/run/code/code.sock")


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """Yield a state folder whose path is too long for a socket; nothing of it stays below /tmp."""
    home = tmp_path / ("x" * 100)
    yield home
    forget_sockets(home)


def test_a_socket_of_a_deep_folder_gets_a_short_path(deep: Path) -> None:
    """The kernel refuses long paths; the short one is private and the same every time."""
    path = code_socket(deep)
    assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
    assert path == code_socket(deep)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_below_tmp_is_left_of_a_stopped_platform(deep: Path) -> None:
    """Dead sockets, the router's empty folder and its list of what is open go; a second time there is nothing to do."""
    for place in (code_socket, fork_socket, supervisor_socket, front_socket):
        bind(place(deep)).close()
    bind(environment_socket(deep, "main")).close()
    for feed in (egress_socket(deep), catcher_socket(deep)):
        bind(feed, kind=SOCK_SEQPACKET).close()
    wanted_folder(deep).mkdir()
    open_environments_file(deep).write_text("[]")
    made = substitute_folders(deep)
    assert all(folder.is_dir() for folder in made)
    remove_substitutes(deep)
    remove_substitutes(deep)
    assert not [folder for folder in made if folder.exists()]


@pytest.mark.parametrize("kind", [SOCK_STREAM, SOCK_SEQPACKET])
def test_what_is_used_below_tmp_stays(deep: Path, kind: int) -> None:
    """A socket on which somebody listens, the notice of an environment that sleeps, the mark of one that is wanted."""
    sleeping = environment_notice(deep, "main")
    sleeping.write_text("{}")
    mark = wanted_folder(deep) / "main"
    mark.parent.mkdir()
    mark.touch()
    with bind(egress_socket(deep), kind=kind) as listening:
        listening.listen()
        remove_substitutes(deep)
        assert egress_socket(deep).is_socket()
    assert sleeping.exists()
    assert mark.exists()


def test_what_others_have_below_tmp_stays(deep: Path, tmp_path: Path) -> None:
    """Another platform's folder, one that is open to others, and what a link leads to are no business of ours."""
    other = tmp_path / ("y" * 100)
    theirs = fork_socket(other)
    bind(theirs).close()
    opened, linked = code_socket(deep).parent, fork_socket(deep).parent
    opened.chmod(0o755)
    linked.rmdir()
    linked.symlink_to(theirs.parent)
    remove_substitutes(deep)
    assert opened.is_dir()
    assert linked.is_symlink()
    assert theirs.is_socket()
    linked.unlink()
    forget_sockets(other)


def bind(place: Path, *, kind: int = SOCK_STREAM) -> socket:
    """Return a socket at the place, on which nobody listens yet."""
    made = socket(AF_UNIX, kind)
    made.bind(str(place))
    return made
