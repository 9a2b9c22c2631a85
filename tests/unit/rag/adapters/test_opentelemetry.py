"""Traces, as an exporter gets them."""

import asyncio
import http.server
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext
from starlette.types import Receive, Scope, Send

from rag.adapters.opentelemetry import Tracing, otlp
from rag.domain import Interaction, InteractionStatus

AnInteraction = Callable[..., Interaction]


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Keeps what it is sent."""
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Iterator[Tracing]:
    """Traces into the exporter at once."""
    traces = Tracing(exporter, at_once=True)
    yield traces
    traces.close()


def spans(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    """Return the spans by name; of equal names the last."""
    return {span.name: span for span in exporter.get_finished_spans()}


def milliseconds(span: ReadableSpan) -> float:
    """Return how long a span took."""
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1_000_000


def context(span: ReadableSpan) -> SpanContext:
    """Return a span's ids."""
    found = span.get_span_context()
    assert found is not None
    return found


def parent(span: ReadableSpan) -> int | None:
    """Return the id of the span above, where there is one."""
    return span.parent.span_id if span.parent else None


def test_a_question_is_a_tree_of_spans_with_the_times_it_took(
    tracing: Tracing, exporter: InMemorySpanExporter, an_interaction: AnInteraction
) -> None:
    """Retrieval holds the embedding, the chat stands beside it, and all durations are the interaction's."""
    tracing.interaction(an_interaction())
    found = spans(exporter)
    question, retrieval = found["whetstone.question"], found["retrieval whetstone"]
    embedding, chat = found["embeddings whetstone"], found["chat small"]
    assert parent(retrieval) == parent(chat) == context(question).span_id
    assert parent(embedding) == context(retrieval).span_id
    took = [milliseconds(span) for span in (question, retrieval, embedding, chat)]
    assert took == pytest.approx([100, 6, 3, 94], abs=0.01)
    assert chat.attributes is not None
    said = {name: chat.attributes[f"gen_ai.{name}"] for name in ("operation.name", "provider.name")}
    assert said == {"operation.name": "chat", "provider.name": "openai"}
    assert chat.attributes["gen_ai.usage.input_tokens"] == 120
    assert chat.attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(0.044)


def test_a_trace_tells_how_likely_the_passages_answer(
    tracing: Tracing, exporter: InMemorySpanExporter, an_interaction: AnInteraction
) -> None:
    """With the question's other facts; what was not judged has no number."""
    tracing.interaction(an_interaction(support=0.42, language_unknown=True))
    judged = spans(exporter)["whetstone.question"].attributes or {}
    exporter.clear()
    tracing.interaction(an_interaction(support=None))
    other = spans(exporter)["whetstone.question"].attributes or {}

    assert (judged["whetstone.support"], judged["whetstone.language_unknown"]) == (0.42, True)
    assert "whetstone.support" not in other
    assert other["whetstone.language_unknown"] is False


def test_no_text_of_anybody_stands_in_a_trace_unless_it_is_asked_for(an_interaction: AnInteraction) -> None:
    """Neither question nor answer nor an error's message, which may quote them."""
    failed = an_interaction(status=InteractionStatus.FAILED, error="UpstreamFailed: What is a whetstone?")
    for content in (False, True):
        exporter = InMemorySpanExporter()
        traces = Tracing(exporter, content=content, at_once=True)
        traces.interaction(failed)
        traces.close()
        said = "".join(span.to_json() for span in exporter.get_finished_spans())
        assert ("What is a whetstone?" in said) is content
        assert ("A stone that sharpens" in said) is content
        assert "UpstreamFailed" in said


def test_a_request_joins_the_callers_trace_and_the_question_hangs_below_it(
    tracing: Tracing, exporter: InMemorySpanExporter, an_interaction: AnInteraction
) -> None:
    """The traceparent header is honoured, and a failure of the service marks the span."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/v1/x":
            tracing.interaction(an_interaction())
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask() -> None:
        transport = httpx.ASGITransport(tracing.around(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get("/v1/x", headers={"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})
            await client.get("/healthz")

    asyncio.run(ask())
    found = spans(exporter)
    request = found["GET"]
    assert f"{context(request).trace_id:032x}" == "a" * 32
    assert f"{parent(request):016x}" == "b" * 16
    assert parent(found["whetstone.question"]) == context(request).span_id
    assert not request.status.is_ok
    assert sum(span.name == "GET" for span in exporter.get_finished_spans()) == 1


def test_spans_reach_a_collector_over_http(an_interaction: AnInteraction) -> None:
    """A collector on loopback gets them at /v1/traces, in protobuf, by the time tracing is closed."""
    got: list[tuple[str, bytes]] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        traces = otlp(f"http://127.0.0.1:{server.server_port}/")
        traces.interaction(an_interaction())
        traces.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [path for path, _ in got] == ["/v1/traces"]
    sent = ExportTraceServiceRequest.FromString(got[0][1])
    names = {
        span.name for spans in sent.resource_spans for scope in spans.scope_spans for span in scope.spans
    }
    assert names == {"whetstone.question", "retrieval whetstone", "embeddings whetstone", "chat small"}
