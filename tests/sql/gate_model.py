"""Gates as the specification tells them (section 5), in Python: what the schema's answers are compared with.

It keeps everything that was ever told and works each answer out from the beginning, at one moment. It shares nothing
with the SQL but the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Code = Literal["G1", "G2", "G3", "G4"]
Status = Literal["pending", "passed", "failed", "bypassed"]
CODES: tuple[Code, ...] = ("G1", "G2", "G3", "G4")
WEEK = timedelta(days=7)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass
class Check:
    """An answer to one question."""

    name: str
    status: str
    at: datetime


@dataclass
class Decision:
    """A person's word on a gate, and the answers about the build that they were shown."""

    person: str
    word: str
    shown: dict[str, str]


@dataclass
class Waiver:
    """An exception from a gate; one that was granted before a rejection waives nothing."""

    expires_at: datetime
    granted: bool
    glass_broken: bool
    revoked: bool = False
    outlived: bool = False

    def is_active(self, now: datetime) -> bool:
        """Return whether the gate is waived at that moment."""
        return self.state(now) == "active"

    def state(self, now: datetime) -> str:
        """Return what people see of the exception at that moment."""
        if self.revoked:
            return "revoked"
        if now >= self.expires_at:
            return "expired"
        return "active" if self.granted else "pending_review"


@dataclass
class Deployment:
    """A release brought to a stage, with the answers about its health."""

    stage: str
    status: str = "pending"
    ended_at: datetime | None = None
    checks: list[Check] = field(default_factory=list)


@dataclass
class Rules:
    """A project's policies."""

    checks: dict[Code, list[str]]
    quorum: dict[Code, int]
    window: timedelta
    staging_requires_g2: bool = False
    production_requires_g4: bool = False
    freezes: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Model:
    """One release, all that was told of it, and the rules: those of its gates, and those of promotions."""

    gate_rules: Rules
    rules: Rules
    withdrawn: bool = False
    checks: dict[Code, list[Check]] = field(default_factory=lambda: {code: [] for code in CODES})
    decisions: dict[Code, list[Decision]] = field(default_factory=lambda: {code: [] for code in CODES})
    waivers: dict[Code, list[Waiver]] = field(default_factory=lambda: {code: [] for code in CODES})
    deployments: list[Deployment] = field(default_factory=list)

    # Gates.

    def merit(self, code: Code, now: datetime) -> Status:
        """Return what the facts say of the gate, exceptions left aside."""
        if code == "G4":
            brought = [d for d in self.deployments if d.status != "failed"]
            return self.health(brought[-1], now) if brought else "pending"
        answers = [self._answered(code)] if code == "G1" or self.gate_rules.checks[code] else []
        if code != "G1":
            answers.append(self._decided(code))
        if "failed" in answers:
            return "failed"
        return "passed" if set(answers) == {"passed"} else "pending"

    def status(self, code: Code, now: datetime) -> Status:
        """Return what the gate counts as."""
        return "bypassed" if self._is_waived(code, now) else self.merit(code, now)

    def health(self, deployment: Deployment, now: datetime) -> Status:
        """Return whether the deployment proved its health within its window."""
        end = deployment.ended_at and deployment.ended_at + self.gate_rules.window
        told = [check for check in deployment.checks if end is None or check.at <= end]
        verdict = _tally(told, self.gate_rules.checks["G4"])
        if verdict == "passed" and deployment.status != "succeeded":
            verdict = "pending"
        return "failed" if verdict == "pending" and end is not None and now > end else verdict

    def _answered(self, code: Code) -> Status:
        return _tally(self.checks[code], self.gate_rules.checks[code])

    def _decided(self, code: Code) -> Status:
        if any(decision.word == "rejected" for decision in self.decisions[code]):
            return "failed"
        newest = {decision.person: decision.shown for decision in self.decisions[code]}
        holding = list(newest.values()).count(self.shown())
        return "passed" if holding >= self.gate_rules.quorum[code] else "pending"

    def decide(self, code: Code, person: str, word: str) -> None:
        """Note a person's word; a rejection outlives the exceptions of before."""
        self.decisions[code].append(Decision(person, word, self.shown()))
        for waiver in self.waivers[code] if word == "rejected" else ():
            waiver.outlived = waiver.outlived or waiver.granted

    def shown(self) -> dict[str, str]:
        """Return what approvers are shown of the build."""
        return {check.name: check.status for check in self.checks["G1"]}

    def _is_waived(self, code: Code, now: datetime) -> bool:
        return any(waiver.is_active(now) and not waiver.outlived for waiver in self.waivers[code])

    # Promotions.

    def requirements(self, stage: str, now: datetime, *, calendar: datetime) -> dict[str, bool]:
        """Return what a promotion to the stage needs, and whether it is there; freezes go by the calendar."""
        met = {"release": not self.withdrawn}
        for code in CODES:
            status = self.status(code, now)
            met[code] = status in ("passed", "bypassed") or (status == "pending" and not self._must_pass(code, stage))
            met[code] = met[code] or ((code, stage) == ("G4", "staging") and self._is_overdue(now))
        if stage == "production":
            if self.rules.production_requires_g4 and not self._is_waived("G4", now):
                met["G4"] = met["G4"] and self._staging_is_healthy(now)
            met["freeze"] = not self._is_frozen(calendar) or self._is_glass_broken(now)
        return met

    def _is_overdue(self, now: datetime) -> bool:
        """Return whether the newest deployment's window closed before anything decided its health."""
        brought = [d for d in self.deployments if d.status != "failed"]
        return bool(brought) and self._undecided(brought[-1]) and self.health(brought[-1], now) == "failed"

    def _undecided(self, deployment: Deployment) -> bool:
        end = deployment.ended_at and deployment.ended_at + self.gate_rules.window
        told = [check for check in deployment.checks if end is None or check.at <= end]
        return _tally(told, self.gate_rules.checks["G4"]) != "failed"

    def _must_pass(self, code: Code, stage: str) -> bool:
        if code == "G1":
            return True
        if code == "G2":
            return stage == "production" or self.rules.staging_requires_g2
        return code == "G3" and stage == "production"

    def _staging_is_healthy(self, now: datetime) -> bool:
        staged = [d for d in self.deployments if d.stage == "staging" and d.status != "failed"]
        return bool(staged) and self.health(staged[-1], now) == "passed"

    def _is_glass_broken(self, now: datetime) -> bool:
        return any(
            waiver.glass_broken and waiver.is_active(now) and not waiver.outlived
            for waivers in self.waivers.values()
            for waiver in waivers
        )

    def _is_frozen(self, now: datetime) -> bool:
        return any(covers(window, now) for window in self.rules.freezes)


def covers(window: dict[str, str], now: datetime) -> bool:
    """Return whether a freeze window holds at that moment."""
    if "time_zone" not in window:
        return datetime.fromisoformat(window["from"]) <= now < datetime.fromisoformat(window["to"])
    local = now.astimezone(ZoneInfo(window["time_zone"]))
    clock = timedelta(days=local.weekday(), hours=local.hour, minutes=local.minute)
    start, end = (_time_of_week(window[name]) for name in ("from", "to"))
    return (clock - start) % WEEK < (end - start) % WEEK


def _time_of_week(text: str) -> timedelta:
    day, clock = text.split()
    hours, minutes = clock.split(":")
    return timedelta(days=DAYS.index(day), hours=int(hours), minutes=int(minutes))


def _tally(checks: list[Check], required: list[str]) -> Status:
    """Return what the newest answers to the required questions come to."""
    newest = {check.name: check.status for check in checks}
    wanted = [newest.get(name) for name in required]
    if "failed" in wanted:
        return "failed"
    return "passed" if set(wanted) == {"passed"} else "pending"
