"""Random histories of a release, told to the database and to the model alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import strategies as st

from tests.sql.gate_model import CODES, DAYS, Check, Code, Deployment, Model, Rules, Waiver
from tests.sql.releases import IMAGE, SHAS, let_time_pass, make_release
from tests.sql.world import World

ZONES = ("UTC", "Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
NAMES = ("build", "tests", "health")
Freeze = tuple[int, int, str | None]


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """Rules of promotions; a freeze begins and ends some minutes from now, every week where it has a zone."""

    staging_requires_g2: bool
    production_requires_g4: bool
    freezes: tuple[Freeze, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """What the rules are, and what happens, one after the other."""

    checks: dict[Code, list[str]]
    quorum: dict[Code, int]
    window_seconds: int
    promotion: Promotion
    steps: list[tuple[Any, ...]]


# No freeze begins or ends within ten minutes, and no times add up to a limit: the database's clock runs on.
FREEZES = st.tuples(
    st.integers(-3000, -10), st.one_of(st.integers(10, 3000), st.integers(-3000, -10)), st.sampled_from([None, *ZONES])
).filter(lambda freeze: freeze[0] < freeze[1] or (freeze[2] is not None and freeze[0] != freeze[1]))
PROMOTIONS = st.builds(
    Promotion,
    staging_requires_g2=st.booleans(),
    production_requires_g4=st.booleans(),
    freezes=st.lists(FREEZES, max_size=1).map(tuple),
)
STATUSES = st.sampled_from(["passed", "passed", "failed", "skipped"])
PEOPLE = st.sampled_from(["ana", "ben", "cy"])
STAGES = st.sampled_from(["staging", "production"])
NEWEST = st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("check"), st.sampled_from(["G1", "G1", "G2", "G3"]), st.sampled_from(NAMES), STATUSES),
    st.tuples(
        st.just("decide"), st.sampled_from(["G2", "G3"]), PEOPLE, st.sampled_from(["approved", "approved", "rejected"])
    ),
    st.tuples(st.just("waive"), st.sampled_from(CODES), st.sampled_from([10, 60, 600]), st.booleans(), st.booleans()),
    st.tuples(st.just("grant"), NEWEST),
    st.tuples(st.just("revoke"), NEWEST),
    st.tuples(st.just("deploy"), STAGES),
    st.tuples(st.just("move"), NEWEST, st.sampled_from(["running", "succeeded", "succeeded", "failed"])),
    st.tuples(st.just("heal"), st.just(0), st.just("health"), STATUSES),
    st.tuples(st.just("heal"), NEWEST, st.sampled_from(["health", "health", "tests"]), STATUSES),
    st.tuples(st.just("wait"), st.sampled_from([37, 611, 3607, 86413])),
    st.tuples(st.just("wait"), st.sampled_from([611, 1009])),
    st.tuples(st.just("rule"), PROMOTIONS),
    st.tuples(st.just("withdraw")),
)
CLEARED: list[tuple[Any, ...]] = [
    ("check", "G1", "build", "passed"),
    ("check", "G1", "tests", "passed"),
    *(("decide", code, person, "approved") for code in ("G2", "G3") for person in ("ana", "ben")),
]
STAGED: list[tuple[Any, ...]] = [*CLEARED, ("deploy", "staging"), ("move", 0, "succeeded")]
TWICE: list[tuple[Any, ...]] = [*STAGED, ("deploy", "staging"), ("move", 0, "succeeded")]
HISTORIES = st.builds(
    History,
    checks=st.fixed_dictionaries(
        {
            "G1": st.sampled_from([["build"], ["build", "tests"]]),
            "G2": st.sampled_from([[], [], ["tests"]]),
            "G3": st.sampled_from([[], [], ["build"]]),
            "G4": st.sampled_from([["health"], ["health", "tests"]]),
        }
    ),
    quorum=st.fixed_dictionaries({"G2": st.sampled_from([1, 2, 2, 3]), "G3": st.integers(1, 2)}),
    window_seconds=st.sampled_from([300, 900]),
    promotion=PROMOTIONS,
    # most begin with a release that passed most of what it has to
    steps=st.builds(
        lambda begins, steps: begins + steps,
        st.sampled_from([[], CLEARED, STAGED, TWICE]),
        st.lists(STEPS, max_size=12),
    ),
)


@dataclass
class Replay:
    """One history, happening in both places."""

    world: World
    history: History
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    exceptions: list[tuple[UUID, Waiver]] = field(default_factory=list)
    deployments: list[tuple[UUID, Deployment]] = field(default_factory=list)

    def run(self) -> None:
        """Let it happen, and compare."""
        self.project: UUID = self.world.value("select id from ops.projects")
        self._set_gates()
        rules = self._set_promotion(self.history.promotion)
        self.release = make_release(self.world, self.project)
        self.gates = {code: self.release.gate(code) for code in CODES}
        self.model = Model(gate_rules=self._gate_rules(), rules=rules)
        for name, *arguments in self.history.steps:
            step: Callable[..., None] = getattr(self, f"_{name}")
            step(*arguments)
        self._compare()

    # Steps.

    def _check(self, code: Code, name: str, status: str) -> None:
        query = "insert into ops.gate_checks (gate_id, name, status) values (%s, %s, %s)"
        if self._is_taken(query, self.gates[code], name, status):
            self.model.checks[code].append(Check(name, status, self.now))

    def _is_taken(self, query: str, *parameters: object) -> bool:
        """Tell a fact, and return whether it was taken: a withdrawn release takes none."""
        assert self._is_refused(query, *parameters) == self.model.withdrawn
        return not self.model.withdrawn

    def _decide(self, code: Code, person: str, decision: str) -> None:
        query = "select ops.sign_off_gate(%s, %s, %s, p_approver_id => %s)"
        if self._is_taken(query, self.release.id, code, decision, person):
            self.model.decide(code, person, decision)

    def _waive(self, code: Code, minutes: int, granted: bool, glass_broken: bool) -> None:
        lasts = min(minutes, 60) if glass_broken else minutes
        query = (
            "insert into ops.exceptions (release_id, gate_id, gate_code, release_author, reason, requested_by,"
            " is_break_glass, granted_by, granted_at, created_at, expires_at)"
            " select %s, %s, %s, 'dev', 'urgent', 'eve', %s, case when %s then 'max' end, case when %s then t.now end,"
            " t.now, t.now + make_interval(mins => %s) from (select clock_timestamp() as now) as t"
        )
        given = granted or glass_broken
        values = (self.release.id, self.gates[code], code, glass_broken, given, given, lasts)
        if not self._is_taken(query, *values):
            return
        found = self.world.value("select id from ops.exceptions order by created_at desc limit 1")
        waiver = Waiver(self.now + timedelta(minutes=lasts), granted=given, glass_broken=glass_broken)
        self.model.waivers[code].append(waiver)
        self.exceptions.append((found, waiver))

    def _grant(self, place: int) -> None:
        if not self.exceptions:
            return
        exception, waiver = self.exceptions[-1 - place % len(self.exceptions)]
        gone = waiver.revoked or self.now >= waiver.expires_at or (self.model.withdrawn and not waiver.granted)
        assert self._is_refused("select ops.grant_exception(%s)", exception) == gone
        waiver.granted = waiver.granted or not gone

    def _revoke(self, place: int) -> None:
        if self.exceptions:
            exception, waiver = self.exceptions[-1 - place % len(self.exceptions)]
            self.world.rows("select ops.revoke_exception(%s)", exception)
            waiver.revoked = True

    def _deploy(self, stage: str) -> None:
        """Write a deployment past every function: what the gates do not allow is refused all the same."""
        eligible = all(self._requirements(stage).values())
        query = (
            "insert into ops.deployments (project_id, release_id, stage, image_digest, git_shas, requested_by,"
            " no_backup_reason) values (%s, %s, %s, %s, %s, 'owner', 'none')"
        )
        values = (self.project, self.release.id, stage, IMAGE, json.dumps(SHAS))
        assert self._is_refused(query, *values) == (not eligible)
        if eligible:
            found = self.world.value("select id from ops.deployments order by created_at desc limit 1")
            deployment = Deployment(stage)
            self.model.deployments.append(deployment)
            self.deployments.append((found, deployment))

    def _move(self, place: int, status: str) -> None:
        if self.deployments:
            found, deployment = self.deployments[-1 - place % len(self.deployments)]
            ended = deployment.status in ("succeeded", "failed") and deployment.status != status
            stale = (deployment.status, status) == ("pending", "running") and not all(
                self._requirements(deployment.stage).values()
            )
            refused = self._is_refused("select ops.record_deployment_status(%s, %s)", found, status)
            assert refused == (ended or stale)
            if not refused and deployment.status != status:
                deployment.status = status
                deployment.ended_at = self.now if status == "succeeded" else None

    def _heal(self, place: int, name: str, status: str) -> None:
        if self.deployments:
            found, deployment = self.deployments[-1 - place % len(self.deployments)]
            self.world.rows(
                "select ops.record_gate_check(%s, 'G4', %s, %s, p_deployment_id => %s)",
                self.release.id, name, status, found,
            )  # fmt: skip
            deployment.checks.append(Check(name, status, self.now))

    def _wait(self, seconds: int) -> None:
        let_time_pass(self.world, f"{seconds} seconds")
        self.now += timedelta(seconds=seconds)

    def _rule(self, promotion: Promotion) -> None:
        self.model.rules = self._set_promotion(promotion)

    def _withdraw(self) -> None:
        self.world.rows("select ops.withdraw_release(%s)", self.release.id)
        self.model.withdrawn = True

    # Rules.

    def _set_gates(self) -> None:
        rules = {f"{code.lower()}_checks": names for code, names in self.history.checks.items()}
        quorum = {f"{code.lower()}_quorum": people for code, people in self.history.quorum.items()}
        self._set_policy("gates", rules | quorum | {"g4_window_seconds": self.history.window_seconds})

    def _gate_rules(self) -> Rules:
        window = timedelta(seconds=self.history.window_seconds)
        return Rules(checks=self.history.checks, quorum=self.history.quorum, window=window)

    def _set_promotion(self, promotion: Promotion) -> Rules:
        freezes = [_window(freeze) for freeze in promotion.freezes]
        flags = {
            "staging_requires_g2": promotion.staging_requires_g2,
            "production_requires_g4": promotion.production_requires_g4,
        }
        self._set_policy("promotion", {**flags, "freeze_windows": freezes})
        return Rules(checks={}, quorum={}, window=timedelta(), freezes=freezes, **flags)

    def _set_policy(self, policy_type: str, rules: dict[str, Any]) -> None:
        self.world.rows("select ops.set_policy(%s, %s, %s)", self.project, policy_type, json.dumps(rules))

    # Answers.

    def _requirements(self, stage: str) -> dict[str, bool]:
        return self.model.requirements(stage, self.now, calendar=datetime.now(UTC))

    def _compare(self) -> None:
        told = {
            row["gate_code"]: (row["merit"], row["status"])
            for row in self.world.rows("select * from ops.v_gate_status where release_id = %s", self.release.id)
        }
        assert told == {code: (self.model.merit(code, self.now), self.model.status(code, self.now)) for code in CODES}
        assert {code: self.release.evaluate(code) for code in CODES} == {code: told[code][1] for code in CODES}
        for stage in ("staging", "production"):
            rows = self.world.rows("select * from ops.explain_promotion(%s, %s)", self.release.id, stage)
            met = self._requirements(stage)
            assert {row["requirement"]: row["is_met"] for row in rows} == met, rows
            assert all(row["detail"] for row in rows)
            assert self.release.eligible(stage) == all(met.values())
        self._compare_reports()

    def _compare_reports(self) -> None:
        """Compare what the views for people say."""
        (row,) = self.world.rows("select * from ops.v_promotion_eligibility where release_id = %s", self.release.id)
        for stage in ("staging", "production"):
            assert row[f"eligible_for_{stage}"] == all(self._requirements(stage).values())
        rows = self.world.rows("select * from ops.v_deployment_history")
        told = {row["deployment_id"]: (row["status"], row["g4_status"]) for row in rows}
        assert told == {found: (d.status, self.model.health(d, self.now)) for found, d in self.deployments}
        rows = self.world.rows("select exception_id, status from ops.v_exception_status")
        assert {row["exception_id"]: row["status"] for row in rows} == {
            found: waiver.state(self.now) for found, waiver in self.exceptions
        }

    def _is_refused(self, query: str, *parameters: object) -> bool:
        """Try it, and return whether the database says that this is not the time for it."""
        try:
            with self.world.connection.transaction():
                self.world.connection.execute(query.encode(), parameters)
        except psycopg.Error as error:
            if error.sqlstate != "PT409":
                raise
            return True
        return False


def _window(freeze: Freeze) -> dict[str, str]:
    """Return the freeze as a policy holds it."""
    begins, ends, zone = freeze
    moments = [datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (begins, ends)]
    if zone is None:
        texts = [moment.isoformat(timespec="seconds") for moment in moments]
        return {"from": texts[0], "to": texts[1], "reason": "audit"}
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    texts = [f"{DAYS[moment.weekday()]} {moment:%H:%M}" for moment in local]
    return {"from": texts[0], "to": texts[1], "time_zone": zone, "reason": "weekend"}
