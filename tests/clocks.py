"""Finds where a test waits for a clock instead of for what it needs: on a busy machine such a test fails by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

LONGEST_SLEEP_SECONDS = 0.1
REASON = "# clock: "
# What a duration is measured with; a difference of two of them is one.
_CLOCKS = frozenset({"monotonic", "perf_counter", "time", "process_time"})
# What ends a loop from inside.
_ENDS = (ast.Raise, ast.Assert)


@dataclass(frozen=True, order=True)
class Wait:
    """One place that depends on how quick the machine is, in a function at the top of the file; "" for none."""

    line: int
    why: str
    function: str = ""


def waits(source: str) -> list[Wait]:
    """Return the places of a Python file that sleep, start a timer, bound a duration, loop or take a port unsafely.

    A line that says `# clock: why` is left out: a server's own time limit can only be waited for.
    """
    tree, lines = ast.parse(source), source.splitlines()
    durations = _names_of_durations(tree)
    found = {
        replace(wait, function=top.name if isinstance(top, ast.FunctionDef) else "")
        for top in tree.body
        for node in ast.walk(top)
        for wait in _of(node, durations)
    }
    return sorted(wait for wait in found if REASON not in lines[wait.line - 1])


def _of(node: ast.AST, durations: frozenset[str]) -> Iterator[Wait]:
    if isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Compare):
        yield from _of_compare(node, durations)
    elif isinstance(node, ast.While):
        yield from _of_loop(node)


def _of_call(call: ast.Call) -> Iterator[Wait]:
    name = _last_name(call.func)
    if name == "sleep" and call.args and _seconds(call.args[0]) >= LONGEST_SLEEP_SECONDS:
        yield Wait(call.lineno, "sleeps: wait for the event")
    elif name == "Timer":
        yield Wait(call.lineno, "starts a timer: wait for the event, or call it at once")
    elif name == "bind" and call.args and _is_port_of_the_kernel(call.args[0]):
        yield Wait(call.lineno, "takes a port that any outgoing connection may hold: local.ports.free_port")


def _of_compare(node: ast.Compare, durations: frozenset[str]) -> Iterator[Wait]:
    sides: Sequence[ast.expr] = [node.left, *node.comparators]
    for operator, smaller, larger in zip(node.ops, sides, sides[1:], strict=False):
        bounded = smaller if isinstance(operator, ast.Lt | ast.LtE) else larger
        if isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) and _is_duration(bounded, durations):
            yield Wait(node.lineno, "bounds how long something takes: bench/ measures that")


def _of_loop(loop: ast.While) -> Iterator[Wait]:
    """Find a loop that looks again and again: where what it waits for never comes, it hangs. `asyncio` has wait_for."""
    parts = list(ast.walk(loop))
    sleeps = any(isinstance(each, ast.Call) and ast.unparse(each.func) == "time.sleep" for each in parts)
    is_told_to_end = isinstance(loop.test, ast.UnaryOp) and ast.unparse(loop.test).endswith(".is_set()")
    ends = any(isinstance(each, _ENDS) for each in parts) or any(
        isinstance(each, ast.Call) and _last_name(each.func) in _CLOCKS for each in ast.walk(loop.test)
    )
    if sleeps and not is_told_to_end and not ends:
        yield Wait(loop.lineno, "waits without an end: tests.suites.processes.eventually has one")


def _names_of_durations(tree: ast.AST) -> frozenset[str]:
    """Return the names that are given a difference of two moments."""
    return frozenset(
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_difference(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    )


def _is_duration(node: ast.expr, names: frozenset[str]) -> bool:
    return _is_difference(node) or (isinstance(node, ast.Name) and node.id in names)


def _is_difference(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.left, ast.Call)
        and _last_name(node.left.func) in _CLOCKS
    )


def _is_port_of_the_kernel(node: ast.expr) -> bool:
    return ast.unparse(node) == "('127.0.0.1', 0)"


def _seconds(node: ast.expr) -> float:
    return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else 0.0


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
