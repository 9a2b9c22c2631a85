"""Traces for OpenTelemetry, in the words of its conventions for generative AI.

    POST /v1/chat/completions          the request, joined to the caller's trace
    └── whetstone.question             the question: interaction id, release, status
        ├── retrieval whetstone        passages found
        │   └── embeddings <encoder>   the question's vector
        └── chat <generator>           the answer: tokens, time to the first piece

A question's spans are written when it has ended, from the times it carries, so that tracing costs nothing on the way.
"""

import time
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from rag.domain import Interaction, InteractionStatus
from rag.running.observing import Observer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, Tracer

_MS = 1_000_000  # nanoseconds


class Tracing(Observer):
    """Writes a trace of each request and its question."""

    def __init__(self, exporter: "SpanExporter", *, content: bool = False, at_once: bool = False) -> None:
        """Send spans to `exporter`, in batches from a thread of its own, or `at_once` as each ends: for tests.

        `content` says whether questions and answers may stand in them; by default only sizes and ids do.
        """
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        processor: SpanProcessor = SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter)
        # Not the global provider: a service that is embedded elsewhere must not take that over.
        self._provider = TracerProvider(resource=Resource.create({"service.name": "whetstone"}))
        self._provider.add_span_processor(processor)
        self._tracer: Tracer = self._provider.get_tracer("whetstone")
        self._content = content

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application with a span around each request."""
        return _traced(app, self._tracer)

    @override
    def interaction(self, interaction: Interaction) -> None:
        """Write the spans of a question that has ended, below the request's where there is one."""
        end = time.time_ns()
        start = end - int(interaction.total_ms * _MS)
        question = self._tracer.start_span("whetstone.question", start_time=start)
        question.set_attributes(
            {
                "whetstone.interaction.id": interaction.id,
                "whetstone.release": interaction.release,
                "whetstone.epoch": interaction.epoch,
                "whetstone.status": interaction.status.value,
                "whetstone.auxiliary": interaction.auxiliary,
                "whetstone.degraded": interaction.degraded,
                "whetstone.tenant": interaction.tenant,
                "whetstone.language_unknown": interaction.language_unknown,
            }
        )
        if interaction.support is not None:
            question.set_attribute("whetstone.support", interaction.support)
        if self._content:
            question.set_attribute("gen_ai.input.messages", interaction.question)
            question.set_attribute("gen_ai.output.messages", interaction.answer)
        retrieved = start + int(interaction.retrieve_ms * _MS)
        if interaction.retrieve_ms:
            self._retrieval(question, interaction, start, retrieved)
        if interaction.generate_ms:
            self._chat(question, interaction, end - int(interaction.generate_ms * _MS), end)
        _close(question, interaction, end)

    @override
    def request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Nothing: the request's span is written around the application."""

    def close(self) -> None:
        """Send what is held, for a few seconds at most."""
        self._provider.force_flush(timeout_millis=3_000)
        self._provider.shutdown()

    def _retrieval(self, question: "Span", interaction: Interaction, start: int, end: int) -> None:
        span = self._child(question, "retrieval whetstone", start)
        span.set_attributes(
            {
                "gen_ai.operation.name": "retrieval",
                "gen_ai.provider.name": "whetstone",
                "gen_ai.data_source.id": interaction.release,
                "whetstone.hits": len(interaction.hits),
            }
        )
        if interaction.hits:
            span.set_attribute("whetstone.nearest_score", max(hit.score for hit in interaction.hits))
        if self._content:
            span.set_attribute("gen_ai.retrieval.query.text", interaction.rewritten or interaction.question)
        if interaction.embed_ms:
            embedding = self._child(span, "embeddings whetstone", start)
            embedding.set_attributes(
                {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "whetstone"}
            )
            embedding.end(start + int(interaction.embed_ms * _MS))
        span.end(end)

    def _chat(self, question: "Span", interaction: Interaction, start: int, end: int) -> None:
        provider, _, model = interaction.generator.partition(":")
        span = self._child(question, f"chat {model or provider}", start)
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider or "whetstone",
            "gen_ai.request.model": model or provider,
            "gen_ai.usage.input_tokens": interaction.prompt_tokens,
            "gen_ai.usage.output_tokens": interaction.completion_tokens,
        }
        if interaction.first_token_ms:
            waited = interaction.first_token_ms - (interaction.total_ms - interaction.generate_ms)
            attributes["gen_ai.response.time_to_first_chunk"] = max(0.0, waited) / 1_000
        span.set_attributes(attributes)
        _close(span, interaction, end)

    def _child(self, parent: "Span", name: str, start: int) -> "Span":
        from opentelemetry.trace import set_span_in_context

        return self._tracer.start_span(name, context=set_span_in_context(parent), start_time=start)


def otlp(endpoint: str, *, content: bool = False) -> Tracing:
    """Trace to a collector that takes OTLP over HTTP at `endpoint`, e.g. ``http://127.0.0.1:4318``."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return Tracing(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5), content=content)


def _traced(app: ASGIApp, tracer: "Tracer") -> ASGIApp:
    """Return `app` with a span around each request, joined to the caller's by its traceparent header."""

    async def traced(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ("/healthz", "/readyz", "/metrics"):
            await app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, Status, StatusCode, use_span
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        span = tracer.start_span(
            scope["method"],
            context=TraceContextTextMapPropagator().extract(carrier),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": scope["method"]},
        )

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= 500:
                    span.set_status(Status(StatusCode.ERROR))
            await send(message)

        with use_span(span, end_on_exit=True):
            try:
                await app(scope, receive, watched)
            finally:
                if route := getattr(scope.get("route"), "path", ""):
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.route", route)

    return traced


def _close(span: "Span", interaction: Interaction, end: int) -> None:
    if interaction.status == InteractionStatus.FAILED:
        from opentelemetry.trace import Status, StatusCode

        # The class only: a message may quote what somebody asked.
        kind = interaction.error.partition(":")[0]
        span.set_attribute("error.type", kind)
        span.set_status(Status(StatusCode.ERROR, kind))
    span.end(end)
