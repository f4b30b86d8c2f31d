"""The sensor that tells a collector of traces: each ended run once, nothing lost, and from the record alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from uuid import UUID

import dagster as dg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from odooops_dagster.control import ControlPlane
from odooops_dagster.model import Fence
from odooops_dagster.model.runs import Fault
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep import trace
from sensors import traces as sensor
from tests.web_servers import QuietServer

TOKEN = "t0k3n-of-a-collector"


class Collector(QuietServer):
    """Takes traces over OTLP/HTTP as a collector does: reads the protobuf, and refuses who brings no token."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.answers: list[int] = []
        self.refuses = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, body: bytes) -> ExportTraceServiceResponse:
        """Keep the spans, and answer how many are refused."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        answer = ExportTraceServiceResponse()
        if self.refuses:
            answer.partial_success.rejected_spans = self.refuses
            answer.partial_success.error_message = "too old"
        return answer


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        """Answer as OTLP/HTTP says."""
        body = self.rfile.read(int(self.headers["content-length"]))
        is_right = (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
        status = 200 if is_right else 404
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            status = 401
        if self.server.answers:
            status = self.server.answers.pop(0)
        told = self.server.take(body).SerializeToString() if status == 200 else b""
        self.send_response(status)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that is told nothing yet."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(collector: Collector) -> Settings:
    """The settings of a platform that tells it."""
    return Settings(otlp_endpoint=f"{collector.url}/", otlp_headers=f"Authorization=Bearer {TOKEN}")  # type: ignore[arg-type]


class Ticks:
    """The sensor with its cursor, as Dagster keeps it."""

    def __init__(self, control: ControlPlane, settings: Settings) -> None:
        self._control, self._settings = control, settings
        self.cursor: str | None = None

    def tick(self) -> str:
        """Evaluate the sensor and return what it says."""
        context = dg.build_sensor_context(cursor=self.cursor)
        answer = sensor.traces(context, control=self._control, settings=self._settings)
        assert isinstance(answer, dg.SensorResult)
        self.cursor = answer.cursor
        assert answer.skip_reason is not None
        return str(answer.skip_reason.skip_message)


@pytest.fixture
def ticks(control: ControlPlane, settings: Settings) -> Ticks:
    """The sensor after its first tick."""
    ticks = Ticks(control, settings)
    assert ticks.tick() == "no run has ended"
    return ticks


@pytest.fixture
def project(control: ControlPlane) -> UUID:
    """A project."""
    return control.projects.create("shop", repo_url="https://github.com/acme/shop", odoo_version="19.0").id


def queue(control: ControlPlane, project: UUID, branch: str = "feature/a") -> UUID:
    """Queue a run."""
    return control.runs.queue(project, env=branch, git_sha="a" * 40, ref=f"refs/heads/{branch}")


def begin(control: ControlPlane) -> Fence:
    """Start the next run."""
    (claimed,) = control.runs.claim("w1", limit=1, lease_seconds=60)
    fence = Fence(run_id=claimed.id, attempt=claimed.attempt, worker_id="w1")
    control.runs.start(fence, dagster_run_id=str(claimed.id))
    return fence


def end(control: ControlPlane, fence: Fence, *, fault: Fault | None = None) -> None:
    """End the run after its first step, which succeeded; with a fault it failed at the second."""
    control.lineage.record(
        fence, asset_key="source", partition_key="shop/feature/a", code_version="1", data_version="1", inputs={}
    )
    reason = "The test test_tax failed." if fault else None
    control.runs.complete(fence, exit_code=1 if fault else 0, error_message=reason, fault=fault)


def by_name(collector: Collector) -> dict[str, Span]:
    """Return what the collector has."""
    assert len({(span.trace_id, span.span_id) for span in collector.spans}) == len(collector.spans)
    return {span.name: span for span in collector.spans}


def attributes(span: Span) -> dict[str, str]:
    """Return a span's attributes."""
    return {each.key: each.value.string_value for each in span.attributes}


def test_a_run_that_succeeded_is_one_trace(
    control: ControlPlane, project: UUID, ticks: Ticks, collector: Collector
) -> None:
    """The run's id is the trace's, and its parts follow each other without a gap."""
    run_id = queue(control, project)
    assert ticks.tick() == "no run has ended"
    end(control, begin(control))
    assert ticks.tick() == "1 told"
    run = control.runs.get(run_id)
    spans = by_name(collector)
    assert set(spans) == {f"RUN {run.kind}", "queue", "source"}
    root = spans[f"RUN {run.kind}"]
    assert (UUID(bytes=root.trace_id), root.parent_span_id, root.kind) == (run_id, b"", Span.SPAN_KIND_SERVER)
    assert all(part.parent_span_id == root.span_id for name, part in spans.items() if name != root.name)
    assert attributes(root) | {
        "cicd.pipeline.name": run.kind,
        "cicd.pipeline.run.id": "shop#1",
        "cicd.pipeline.result": "success",
        "vcs.ref.head.revision": "a" * 40,
    } == attributes(root)
    assert root.start_time_unix_nano == spans["queue"].start_time_unix_nano == nanoseconds(run.created_at)
    assert spans["queue"].end_time_unix_nano == spans["source"].start_time_unix_nano == nanoseconds(run.started_at)
    assert root.end_time_unix_nano == nanoseconds(run.finished_at)


def nanoseconds(moment: datetime | None) -> int:
    """Return a moment as traces have it, to the microsecond."""
    assert moment is not None
    return round(moment.timestamp() * 1_000_000) * 1000


@pytest.mark.parametrize(("fault", "result"), [("project", "failure"), ("platform", "error")])
@pytest.mark.usefixtures("project")
def test_a_failed_run_says_whose_fault_it_was_and_where(
    control: ControlPlane, ticks: Ticks, collector: Collector, fault: Fault, result: str
) -> None:
    """The run and its unfinished step are errors with the run's sentence; the step before it is none."""
    queue(control, control.projects.get("shop").id)
    end(control, begin(control), fault=fault)
    assert ticks.tick() == "1 told"
    spans = by_name(collector)
    told = {name: (span.status.code, span.status.message) for name, span in spans.items()}
    error = (2, "The test test_tax failed.")
    (root,) = (name for name in spans if name.startswith("RUN "))
    assert told == {root: error, "queue": (0, ""), "source": (0, ""), "unfinished step": error}
    assert attributes(spans[root])["cicd.pipeline.result"] == result


def test_a_run_that_was_canceled_while_it_waited_has_only_waited(
    control: ControlPlane, project: UUID, ticks: Ticks, collector: Collector
) -> None:
    """It is no error."""
    control.runs.cancel(queue(control, project))
    assert ticks.tick() == "1 told"
    assert {attributes(span).get("cicd.pipeline.task.run.result") for span in by_name(collector).values()} == {
        None,
        "cancellation",
    }
    assert all(span.status.code == 0 for span in collector.spans)


def test_each_run_is_told_once_whenever_it_ends(
    control: ControlPlane, project: UUID, ticks: Ticks, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that works longer than the sensor looks back, those that end in the same tick, and more than one reading."""
    monkeypatch.setattr(trace, "_AT_ONCE", 4)
    monkeypatch.setattr(trace, "_LATE", timedelta(0))
    for number in range(9):
        queue(control, project, f"feature/{number}")
    slow = begin(control)
    assert ticks.tick() == "no run has ended"
    others = [begin(control) for _ in range(8)]
    for fence in others:
        end(control, fence)
    said = [ticks.tick() for _ in range(6)]
    assert sum(int(words.split()[0]) for words in said if words.endswith("told")) == 8
    end(control, slow)
    assert [ticks.tick() for _ in range(3)] == ["1 told", "no run has ended", "no run has ended"]
    assert len({span.trace_id for span in collector.spans}) == 9
    by_name(collector)


def test_what_the_collector_does_not_take_is_told_again(
    control: ControlPlane, project: UUID, ticks: Ticks, collector: Collector
) -> None:
    """While it is busy: that is said without the token, and does not move the place on the record."""
    queue(control, project)
    end(control, begin(control))
    for status in (429, 502, 503, 504):
        collector.answers = [status]
        assert ticks.tick() == f"0 told: the collector of traces answers {status}"
    assert ticks.tick() == "1 told"
    assert len(by_name(collector)) == 3


def test_what_the_collector_refuses_stops_no_later_trace(
    control: ControlPlane, project: UUID, ticks: Ticks, collector: Collector
) -> None:
    """A refusal is for good, as OTLP has it: it is said, and what ends afterwards is told."""
    queue(control, project)
    end(control, begin(control))
    collector.answers = [400]
    assert ticks.tick() == "1 told: the collector of traces refused 1 trace(s): it answers 400"
    queue(control, project, "feature/b")
    end(control, begin(control))
    collector.refuses = 1
    assert ticks.tick() == "1 told: the collector of traces refused 1 span(s): 'too old'"
    collector.refuses, collector.spans = 0, []
    queue(control, project, "feature/c")
    end(control, begin(control))
    assert ticks.tick() == "1 told"
    assert len(by_name(collector)) == 3


def test_a_collector_that_is_not_there_costs_no_run(
    control: ControlPlane, project: UUID, collector: Collector, settings: Settings
) -> None:
    """Also where it is missing from the first tick on, while a run is at work."""
    ticks = Ticks(control, settings.model_copy(update={"otlp_endpoint": "http://127.0.0.1:9"}))
    queue(control, project)
    ticks.tick()
    end(control, begin(control))
    assert ticks.tick() == "0 told: the collector of traces does not answer: ConnectError"
    there = Ticks(control, settings)
    there.cursor = ticks.cursor
    assert there.tick() == "1 told"
    assert len(by_name(collector)) == 3


def test_without_a_collector_it_says_how_to_name_one(control: ControlPlane) -> None:
    """Somebody may start the sensor in Dagster's pages."""
    assert Ticks(control, Settings()).tick() == "no collector is named: set ODOOOPS_OTLP_ENDPOINT, then ops up"
    assert sensor.traces.default_status == dg.DefaultSensorStatus.STOPPED


@pytest.mark.parametrize("text", ["token", "=x", "a=b,c", "a b=c"])
def test_headers_that_are_none_are_refused(text: str) -> None:
    """The message does not quote them."""
    with pytest.raises(ValueError, match="this is no list of headers; write name=value,name=value") as refused:
        Settings(otlp_headers=text)  # type: ignore[arg-type]
    assert text not in str(refused.value).replace("name=value", "")


def test_headers_go_to_no_network_in_clear_text() -> None:
    """A token would be read on the way; on this machine nobody is between."""
    with pytest.raises(ValueError, match="would go in clear text") as refused:
        Settings(otlp_endpoint="http://collector.example:4318", otlp_headers=f"Authorization={TOKEN}")  # type: ignore[arg-type]
    assert TOKEN not in str(refused.value)
    for endpoint in ("https://collector.example", "http://localhost:4318", "http://[::1]:4318"):
        assert Settings(otlp_endpoint=endpoint, otlp_headers="a=b").collector_headers == {"a": "b"}  # type: ignore[arg-type]
    assert Settings(otlp_endpoint="http://collector.example:4318").otlp_headers is None
