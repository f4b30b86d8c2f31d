"""Runs the `run:` blocks of a workflow's job or of a composite action on this machine, as a runner of GitHub does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.workflows.expressions import evaluate, fill_in

Outputs = dict[str, str]
# Does what an action does whose code is not here, with its filled-in inputs, and returns its outputs.
Action = Callable[[Mapping[str, str]], Outputs]


class StepFailed(Exception):
    """A `run:` block ended with another status than 0."""


@dataclass(kw_only=True)
class Runner:
    """One machine: a checked out repository, what GitHub tells, and what stands for the actions of others.

    `actions` is asked by the name of the action without its version. An action that is not named does nothing.
    `local` has the folders of composite actions and the files of reusable workflows, by what `uses` says.
    """

    workspace: Path
    temporary: Path
    github: Mapping[str, str]
    actions: Mapping[str, Action] = field(default_factory=dict)
    local: Mapping[str, Path] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()  # names of steps
    printed: str = ""
    ran: list[str] = field(default_factory=list)

    def job(self, workflow: Path, name: str, **contexts: Any) -> Outputs:  # noqa: ANN401 - values of YAML
        """Run the steps of a job, and return the outputs that it declares."""
        job = yaml.safe_load(workflow.read_text("utf-8"))["jobs"][name]
        known = {"github": self.github, "steps": {}, "env": {}, "matrix": {}, "runner": {}, "secrets": {}} | contexts
        if "uses" in job:
            return self._call(job, known)
        self._steps(job["steps"], known)
        return {key: fill_in(str(value), known) for key, value in job.get("outputs", {}).items()}

    def action(self, folder: Path, given: Mapping[str, str]) -> Outputs:
        """Run a composite action with its inputs, and return its outputs."""
        action = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
        declared = action.get("inputs", {})
        missing = [key for key, value in declared.items() if value.get("required") and not given.get(key)]
        if missing or set(given) - set(declared):
            raise ValueError(f"missing inputs: {missing}; unknown: {sorted(set(given) - set(declared))}")
        inputs = {key: str(given.get(key, value.get("default", ""))) for key, value in declared.items()}
        known: dict[str, Any] = {"github": self.github, "inputs": inputs, "steps": {}, "runner": {}}
        self._steps(action["runs"]["steps"], known)
        return {key: fill_in(value["value"], known) for key, value in action.get("outputs", {}).items()}

    def _call(self, job: dict[str, Any], known: dict[str, Any]) -> Outputs:
        """Run the jobs of the reusable workflow that a job calls, and return the outputs that it declares."""
        workflow = self.local[job["uses"].partition("@")[0]]
        read = yaml.safe_load(workflow.read_text("utf-8"))
        declared = read[True]["workflow_call"]  # YAML 1.1 reads the key `on` as true
        given = {kind: job.get(word, {}) for kind, word in (("inputs", "with"), ("secrets", "secrets"))}
        if any(set(values) - set(declared.get(kind, {})) for kind, values in given.items()):
            raise ValueError(f"{workflow.name} declares less than it is given: {given}")
        filled = {kind: {key: fill_in(str(v), known) for key, v in values.items()} for kind, values in given.items()}
        inputs = {key: value.get("default", "") for key, value in declared["inputs"].items()} | filled["inputs"]
        jobs = {
            name: {"outputs": self.job(workflow, name, inputs=inputs, secrets=filled["secrets"])}
            for name in read["jobs"]
        }
        return {key: fill_in(value["value"], {"jobs": jobs}) for key, value in declared["outputs"].items()}

    def _steps(self, steps: list[dict[str, Any]], known: dict[str, Any]) -> None:
        """Run the steps; after one that fails only those that say `always()`, as GitHub does."""
        failed: StepFailed | None = None
        for step in steps:
            asked = str(step.get("if", "true")).removeprefix("${{").removesuffix("}}")
            if failed is not None and "always()" not in asked:
                continue
            if step.get("name") in self.leave_out or not evaluate(asked, known):
                continue
            outcome, outputs = "success", {}
            try:
                outputs = self._run(step, known) if "run" in step else self._use(step, known)
            except StepFailed as exc:
                outcome, failed = "failure", failed or exc
            if "id" in step:
                known["steps"][step["id"]] = {"outputs": outputs, "outcome": outcome}
        if failed is not None:
            raise failed

    def _use(self, step: dict[str, Any], known: dict[str, Any]) -> Outputs:
        name = step["uses"].partition("@")[0]
        given = {key: fill_in(str(value), known) for key, value in step.get("with", {}).items()}
        if name in self.local:
            return self.action(self.local[name], given)
        return self.actions[name](given) if name in self.actions else {}

    def _run(self, step: dict[str, Any], known: dict[str, Any]) -> Outputs:
        if "${{" in step["run"]:
            raise ValueError(f"an expression inside of a script lets a stranger's text be run: {step['run']}")
        told = self.temporary / "output"
        told.write_text("")
        variables = {key: fill_in(str(value), known) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace, env=self._environment() | variables | {"GITHUB_OUTPUT": str(told)},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        self.printed += done.stdout + done.stderr
        self.ran.append(step["run"])
        if done.returncode:
            raise StepFailed(done.stdout + done.stderr)
        return _read_outputs(told.read_text())

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        told = {f"GITHUB_{key.upper()}": value for key, value in self.github.items() if key != "token"}
        return kept | told | {"RUNNER_TEMP": str(self.temporary), "CI": "true"} | dict(self.environment)


def _read_outputs(text: str) -> Outputs:
    """Return what a step wrote into GITHUB_OUTPUT: `name=value`, and `name<<END` for several lines."""
    outputs: Outputs = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, sign, end = line.partition("<<")
        if sign and "=" not in name:
            outputs[name] = "\n".join(iter(partial(next, lines), end))
        else:
            outputs[line.partition("=")[0]] = line.partition("=")[2]
    return outputs
