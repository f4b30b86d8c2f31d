"""Runs git without hooks and prompts, with a timeout, and reports a failure in one line."""

from __future__ import annotations

import os
import re
import resource
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from odooops_dagster.child_environment import GIT, NETWORK, clean_environment
from odooops_dagster.errors import MissingDependency, OdooOpsError, StepFailed, Unavailable
from odooops_dagster.tools.git.limits import TooLarge
from odooops_dagster.tools.git.remote import Remote

_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "gc.autoDetach": "false",  # no process of git outlives the command
    "maintenance.autoDetach": "false",
    "gc.pruneExpire": "90.days.ago",  # force-pushed commits can still be built for three months
    "fetch.unpackLimit": "1",  # each fetch makes one file, of which the kernel limits the size
    "gc.autoPackLimit": "200",
    "http.lowSpeedLimit": "1000",  # bytes per second; a server that is slower for lowSpeedTime seconds counts as dead
    "http.lowSpeedTime": "30",
}
# Passes the password to git through the environment, so that it is in no argv and no file.
_CREDENTIAL_HELPER = (
    '!f() { printf "username=%s\\npassword=%s\\n" "$ODOOOPS_GIT_USERNAME" "$ODOOOPS_GIT_PASSWORD"; }; f'
)

# The project's own key and nothing of the account's: neither its keys, nor its agent, nor its configuration.
_SSH_OPTIONS = ("-F", "none", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes")
_CHUNK_BYTES = 1 << 16
# A name in a listing is a path, which Linux limits to 4096 bytes.
_LONGEST_RECORD = 1 << 20

_NOISE = re.compile(
    r"^(warning:|hint:|Cloning |From |Warning: Permanently|Please make sure|and the repository exists"
    r"|fatal: [Cc]ould not read from remote repository|fatal: the remote end hung up|\s*$)"
)
_PREFIX = re.compile(r"^(remote: )?(fatal|error|ERROR): ")
_PASSWORD_IN_URL = re.compile(r"://[^/@\s]+@")


class CommitGone(StepFailed):
    """The repository does not hold the commit."""


class DiskFull(StepFailed):
    """The disk is full."""


# Translation of git's output, first match wins: pattern, error class, message, hint.
_MEANINGS: tuple[tuple[re.Pattern[str], type[OdooOpsError], str, str | None], ...] = (
    (
        re.compile(r"attempting to allocate \d+ over limit"),
        TooLarge,
        "{url} has an object that is larger than a file may be: {reason}",
        "take it out of the branch, or let the operator raise ODOOOPS_REPOSITORY_FILE_MB",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded"),
        DiskFull,
        "the disk is full: {reason}",
        "free space, then retry the run",
    ),
    (
        re.compile(r"not our ref|unadvertised object|upload-pack: not our|find remote ref|remote error: .*not.* ref"),
        CommitGone,
        "{url} does not hold this commit",
        "push the commit again",
    ),
    (
        re.compile(
            r"Authentication failed|Permission denied|[Cc]ould not read (Username|Password)|Host key verification"
            r"|error: 40[13]|Invalid username or"
        ),
        StepFailed,
        "{url} refuses access: {reason}",
        "give the user that runs the platform an ssh key or a git credential for this repository",
    ),
    (
        re.compile(r"not found|does not appear to be a git repository|does not exist|error: 404|No such file or"),
        StepFailed,
        "there is no repository at {url}",
        "check the address; a private repository needs an ssh key or a git credential",
    ),
    (
        # Before the network: the connection ends early where upload-pack cannot read an object.
        re.compile(r"repository corruption on the remote side"),
        StepFailed,
        "{url} lacks a part of this commit: {reason}",
        "find what is missing with git fsck in that repository, and push it from a whole clone",
    ),
    (
        re.compile(
            r"resolve host|[Cc]onnect to|onnection (refused|reset|timed out|closed)|[Tt]imed out|unreachable|early EOF"
            r"|RPC failed|[Oo]peration too slow|error: 5\d\d|unexpected disconnect|No route to host|SSL|gnutls"
        ),
        Unavailable,
        "{url} does not answer: {reason}",
        "check the network and the repository's server; nothing was changed",
    ),
)


def git(
    *arguments: str,
    timeout: float,
    remote: Remote | None = None,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    keep_open: Iterable[int] = (),
    most_bytes: int | None = None,
) -> bytes:
    """Run git and return its output; raise an error with its reason in one line if it fails.

    Args:
        arguments: git's arguments.
        timeout: how long it may take, in seconds.
        remote: the repository that it asks.
        cwd: the folder in which it works.
        env: variables besides those that every git gets.
        keep_open: descriptors that it inherits, such as a lock's.
        most_bytes: how large a file may become that it writes, such as a pack; None for no limit.
    """
    process = _start(arguments, cwd=cwd, env=_environment(remote) | (env or {}), keep_open=keep_open)
    try:
        if most_bytes is not None:
            _limit_files(process.pid, most_bytes)
        output, complaint = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as exc:
        place = remote.url if remote else "git"
        raise Unavailable(f"{place} did not answer within {timeout:g} s", hint="retry the run") from exc
    finally:
        _end(process)
    if process.returncode != 0:
        raise _meaning(complaint.decode(errors="replace"), status=process.returncode, remote=remote)
    return output


def git_records(
    *arguments: str, timeout: float, remote: Remote | None = None, keep_open: Iterable[int] = ()
) -> Generator[bytes]:
    """Run git and yield the records of its output, each of which ends with a null byte, while git writes them.

    Close the generator to end git early: a listing may have no end that can be waited for.
    """
    with tempfile.TemporaryFile() as complaints:
        process = _start(arguments, env=_environment(remote), keep_open=keep_open, complaints=complaints)
        try:
            yield from _records(process, deadline=time.monotonic() + timeout)
            process.wait(timeout=timeout)
        except (TimeoutError, subprocess.TimeoutExpired) as exc:
            raise Unavailable(f"git did not answer within {timeout:g} s", hint="retry the run") from exc
        finally:
            _end(process)
            if process.stdout is not None:
                process.stdout.close()
        if process.returncode != 0:
            complaints.seek(0)
            raise _meaning(complaints.read().decode(errors="replace"), status=process.returncode, remote=remote)


def _records(process: subprocess.Popen[bytes], *, deadline: float) -> Iterator[bytes]:
    output = process.stdout
    assert output is not None  # noqa: S101 - _start asks for a pipe
    rest = b""
    while chunk := _chunk(output.fileno(), deadline):
        *whole, rest = (rest + chunk).split(b"\0")
        if len(rest) > _LONGEST_RECORD:
            raise TooLarge("the name of a file is longer than a path may be", hint="shorten it and push again")
        yield from whole


def _chunk(descriptor: int, deadline: float) -> bytes:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    if not waiting.poll(max(deadline - time.monotonic(), 0) * 1000):
        raise TimeoutError
    return os.read(descriptor, _CHUNK_BYTES)


def _limit_files(pid: int, most_bytes: int) -> None:
    """Let the kernel end the program, and what it starts, once it writes a file larger than this."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def _start(
    arguments: tuple[str, ...],
    *,
    env: dict[str, str],
    keep_open: Iterable[int],
    cwd: Path | None = None,
    complaints: IO[bytes] | int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *arguments],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            pass_fds=tuple(keep_open),
            start_new_session=True,  # no terminal for prompts, and one process group to kill
        )
    except FileNotFoundError as exc:
        if cwd is not None and not cwd.is_dir():
            raise
        raise MissingDependency("git is missing", hint="apt-get install git") from exc


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the command and its children if the wait was interrupted."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _environment(remote: Remote | None) -> dict[str, str]:
    protocols = "file" if remote is not None and remote.is_local else "https:http:ssh:git"
    settings = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": protocols}
    env = clean_environment(NETWORK, GIT, extra=settings)
    config = list(_CONFIG.items())
    if remote is not None and remote.key is not None:
        env.pop("GIT_SSH", None)
        env.pop("SSH_AUTH_SOCK", None)
        env["GIT_SSH_COMMAND"] = shlex.join(["ssh", "-i", str(remote.key), *_SSH_OPTIONS])
        config.append(("credential.helper", ""))
    if remote is not None and remote.username is not None:
        # For its own host only: a program that git starts may ask for another's, such as git-lfs for its store's.
        config += [("credential.helper", ""), (f"credential.{remote.host}.helper", _CREDENTIAL_HELPER)]
        env |= {"ODOOOPS_GIT_USERNAME": remote.username, "ODOOOPS_GIT_PASSWORD": remote.password or ""}
    env["GIT_CONFIG_COUNT"] = str(len(config))
    for number, (key, value) in enumerate(config):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def _meaning(complaint: str, *, status: int, remote: Remote | None) -> OdooOpsError:
    reason = _reason(complaint) or f"git ended with status {status}"
    url = remote.url if remote else "the repository"
    for pattern, error, message, hint in _MEANINGS:
        if pattern.search(complaint):
            return error(message.format(url=url, reason=reason), hint=hint)
    return StepFailed(f"git failed on {url}: {reason}")


def _reason(complaint: str) -> str:
    """Return the line with the reason: preferably a fatal or error line of git, without its password."""
    lines = [line.strip() for line in complaint.splitlines() if not _NOISE.match(line)]
    errors = [line for line in lines if _PREFIX.match(line)] or lines
    line = _PREFIX.sub("", errors[0]) if errors else ""
    return _PASSWORD_IN_URL.sub("://", line)[:300]
