"""The stack's supervisord, which forks the programs that use Dagster from itself instead of starting a new Python each.

    python -m odooops_dagster.local.forking -n -c CONFIGURATION

Before the first such program starts, this process imports what all of them import; the kernel keeps that memory once.
A forked program has the parent, the launcher, the session, the variables, the command line and the limits that it
would have after an exec. Where a fork would not be safe, or the imported code has changed on disk, a new Python starts.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from supervisor import supervisord
from supervisor.options import ServerOptions

from odooops_dagster.local import tether
from odooops_dagster.local.process_image import show_as
from odooops_dagster.tools.runtime import launch
from odooops_dagster.tools.runtime.sandbox import entering

# Imports what the programs have in common, and says whether this process may fork.
_PRELOADED = "odooops_dagster.engine.preload"
# The modules behind `python -m` that it prepares.
_MODULES = frozenset({"dagster", "dagster._daemon", "uvicorn", "odooops_dagster.engine.fork_server"})
_LAUNCHER = str(Path(launch.__file__).resolve())


class ForkingOptions(ServerOptions):  # type: ignore[misc] # supervisor ships no types
    """Supervisor's calls of the operating system, with a fork in the place of some of the execs."""

    _is_changed: Callable[[], bool] | None = None
    _is_tried = False

    def check_execv_args(self, filename: str, argv: list[str], st: os.stat_result | None) -> None:
        """Import what the program needs, if it is the first to be forked; supervisor calls this before it forks.

        Meanwhile it answers nobody: `StackSupervisor.start` waits longer than other calls.
        """
        super().check_execv_args(filename, argv, st)
        if not self._is_tried and _starter(argv) is not None:
            self._preload()

    def execve(self, filename: str, argv: list[str], env: Mapping[str, str]) -> NoReturn:
        """Become the program, in the process that supervisor has forked for it."""
        starter = _starter(argv)
        if starter is None or self._is_changed is None or self._is_changed():
            os.execve(filename, argv, env)  # noqa: S606 - a list, no shell
        _run_forked(starter, argv, env)

    def _preload(self) -> None:
        self._is_tried = True
        # No collection before the freeze: the holes that it leaves are filled by the forked programs, each in a page
        # of its own (gc.freeze in Python's documentation); it would cost each of them 9 MB.
        gc.disable()
        try:
            self._is_changed = importlib.import_module(_PRELOADED).preload()
        except Exception as exc:  # noqa: BLE001 - the programs start without a fork as well, and say themselves what is wrong
            self.logger.warn(f"each program starts a Python of its own: {exc}")  # noqa: G004, G010 - supervisor's own logger
        else:
            gc.freeze()
        finally:
            gc.enable()


def main() -> None:
    """Run supervisord until it is told to end."""
    supervisord.ServerOptions = ForkingOptions
    supervisord.main()


def _starter(argv: Sequence[str]) -> Callable[[list[str]], NoReturn] | None:
    """Return what starts the program of this command line within this process; None if only an exec does."""
    if _LAUNCHER in argv[:4]:
        return partial(launch.main, become=_become)
    if tether.__file__ in argv[:4] and _MODULES & set(argv):
        return partial(tether.main, become=_become)
    return None


def _run_forked(starter: Callable[[list[str]], Any], argv: list[str], env: Mapping[str, str]) -> NoReturn:
    """Run launcher or tether in this process: it ends here, and never returns into the supervisor's code."""
    _forget_handlers()
    _take(argv, env)
    path = next(number for number, word in enumerate(argv) if word.endswith(".py"))
    _end(lambda: starter(list(argv[path + 1 :])))


def _become(filename: str, argv: list[str], env: Mapping[str, str]) -> NoReturn:
    """Run the module of the command line in this process if it is prepared; start a new program otherwise."""
    options, program = _split(argv)
    # A namespace of processes is entered by those alone that are forked in it.
    is_alone = "--unshare-pid" in options
    if is_alone or program[:2] != [sys.executable, "-m"] or program[2] not in _MODULES:
        os.execvpe(filename, argv, env)  # noqa: S606 - a list, no shell
    if options:
        entering.enter(options)
        env = {**env, **_set_in(options)}
        os.chdir(options[options.index("--chdir") + 1])
    argv = program
    _take(argv, env)
    # As Python sets them when it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    sys.argv = [argv[2], *argv[3:]]
    _end(lambda: runpy.run_module(argv[2], run_name="__main__", alter_sys=True))


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Return bwrap's options, none if no sandbox is asked for, and the program's own command line.

    Between them stand its limits, of which the launcher has set the only one that these programs have.
    """
    if Path(argv[0]).name != "bwrap":
        return [], list(argv)
    last = len(argv) - argv[::-1].index("--")
    return argv[: argv.index("--")], argv[last:]


def _set_in(options: list[str]) -> dict[str, str]:
    """Return the variables that bwrap would set."""
    places = [number for number, word in enumerate(options) if word == "--setenv"]
    return {options[number + 1]: options[number + 2] for number in places}


def _take(argv: list[str], env: Mapping[str, str]) -> None:
    """Take over command line and environment, or start a new program where the kernel cannot show them."""
    try:
        show_as(argv, env)
    except OSError:
        os.execvpe(argv[0], argv, env)  # noqa: S606 - a list, no shell
    os.environ.clear()
    os.environ.update(env)


def _forget_handlers() -> None:
    """Give the signals that the supervisor handles their defaults, as exec does."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        with suppress(OSError, ValueError):
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)


def _end(body: Callable[[], object]) -> NoReturn:
    """Run the body, and end the process as Python ends: the frames below are the supervisor's."""
    status = 1
    try:
        body()
        status = 0
    except SystemExit as exc:
        status = _status(exc)
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BaseException:  # noqa: BLE001 - there is nobody above to handle it
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for threads, as Python does
            atexit._run_exitfuncs()  # noqa: SLF001 - the same
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)


def _status(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return (ended.code or 0) & 0xFF
    sys.stderr.write(f"{ended.code}\n")
    return 1


if __name__ == "__main__":
    main()
